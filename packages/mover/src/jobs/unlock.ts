// Removes the locks of holders that are known to have ended. Takes no lock itself.
import type { MoverResults } from '@holdfast/domain'
import { failureOf, type LockRecord, listLocks } from '@holdfast/engine'
import type { JobContext } from '../job-context.ts'
import { backendOf, masterKeyOf } from '../open-repository.ts'
import type { JobOf } from './job-of.ts'

export async function runUnlock(
  job: JobOf<'unlock'>,
  context: JobContext,
): Promise<MoverResults['unlock']> {
  const { clock, signal } = context
  const backend = backendOf(context, job.repository.store)
  const key = masterKeyOf(job.repository)
  let removed = 0
  for (const lock of await listLocks({ backend, key, clock }, signal)) {
    if (!isEnded(job, lock)) continue
    try {
      await backend.remove({ kind: 'locks', name: lock.id }, signal)
      removed += 1
    } catch (error) {
      if (failureOf(error, 'object-not-found') === undefined) throw error
    }
  }
  return { removed }
}

function isEnded({ lockHostnames, holderPIDs }: JobOf<'unlock'>, lock: LockRecord): boolean {
  if (!lockHostnames.includes(lock.hostname)) return false
  return holderPIDs === undefined || holderPIDs.includes(lock.pid)
}
