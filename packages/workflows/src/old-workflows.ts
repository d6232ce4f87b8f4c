// Removes the records of workflows that ended long ago; their tasks stay.
import { DBOS } from '@dbos-inc/dbos-sdk'
import type { Runtime } from './runtime.ts'

/**
 * Longer than any workflow runs: one that waits for the result of a child would wait for ever
 * when the child's record were gone.
 */
const KEPT_MS = 30 * 24 * 3600 * 1000
/** Of one round, so that a round after a long time stays short. */
const AT_ONCE_MAX = 500

export async function removeOldWorkflows(runtime: Runtime): Promise<void> {
  const old = await DBOS.listWorkflows({
    status: ['SUCCESS', 'ERROR', 'CANCELLED'],
    completedBefore: new Date(runtime.now().getTime() - KEPT_MS).toISOString(),
    limit: AT_ONCE_MAX,
    loadInput: false,
    loadOutput: false,
  })
  if (old.length > 0) await DBOS.deleteWorkflows(old.map(({ workflowID }) => workflowID))
}
