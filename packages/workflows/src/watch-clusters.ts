// Looks after clusters that nobody looks at: that one cannot be reached is told before a backup
// fails for it, and so is its return.
import {
  inTransaction,
  listClusterRefs,
  recordClusterReachable,
  recordClusterUnreachable,
} from '@holdfast/db'
import type { Platform } from '@holdfast/platforms'
import type { Runtime } from './runtime.ts'

/** A cluster that does not answer must not keep the others from being looked at. */
const ANSWER_TIMEOUT_MS = 20_000

export async function watchClusters(runtime: Runtime): Promise<void> {
  const { database, closing } = runtime
  for (const cluster of await listClusterRefs(database)) {
    const platform = runtime.platformOf(cluster)
    if (platform === undefined) continue
    const reason = await reasonUnreachable(platform, closing)
    if (closing.aborted) return
    await inTransaction(database, (transaction) => {
      const seen = { clusterID: cluster.id, now: runtime.now() }
      return reason === undefined
        ? recordClusterReachable(transaction, seen)
        : recordClusterUnreachable(transaction, { ...seen, reason })
    })
  }
}

async function reasonUnreachable(
  platform: Platform,
  closing: AbortSignal,
): Promise<string | undefined> {
  const signal = AbortSignal.any([closing, AbortSignal.timeout(ANSWER_TIMEOUT_MS)])
  try {
    // Of no namespace: that it answers is all that is asked.
    await platform.discover({ namespaces: [] }, signal)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
