// Begins deletions again that failed and that nobody can ask for again. The new task is of the
// same kind and is started as every other is.
import {
  type FailedDeletion,
  insertTask,
  inTransaction,
  listFailedDeletions,
  lockFailedDeletion,
} from '@holdfast/db'
import { newTask } from './new-task.ts'
import type { Runtime } from './runtime.ts'

/** The next round takes the next ones. */
const AT_ONCE_MAX = 20

export async function beginFailedDeletionsAgain(runtime: Runtime): Promise<void> {
  const { database, log } = runtime
  for (const failed of await listFailedDeletions(database, AT_ONCE_MAX)) {
    if (runtime.closing.aborted) return
    const taskID = runtime.randomUUID()
    const hasBegun = await inTransaction(database, async (transaction) => {
      if (!(await lockFailedDeletion(transaction, failed))) return false
      await insertTask(transaction, newTask(taskID, requestOf(failed)))
      return true
    })
    if (hasBegun) log.info('A deletion that failed begins again', { taskID })
  }
}

/** Without a user: the system itself acts. */
function requestOf({ kind, resourceID, accountID, appID }: FailedDeletion) {
  const origin = { accountID, appID }
  if (kind === 'delete-backup') return { ...origin, kind, backupID: resourceID }
  return { ...origin, kind, snapshotID: resourceID }
}
