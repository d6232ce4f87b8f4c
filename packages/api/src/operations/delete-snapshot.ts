// Deletes an application snapshot: `deleting` until its data is gone.
import {
  findBackupUsingSnapshot,
  insertTask,
  inTransaction,
  isBeingRestored,
  lockApp,
  lockApplicationSnapshot,
  markApplicationSnapshotDeleting,
} from '@holdfast/db'
import { newTask } from '@holdfast/workflows'
import type { Caller } from './caller.ts'
import type { OperationContext } from './operation-context.ts'
import { OperationError } from './operation-failure.ts'

export interface SnapshotToDelete {
  readonly snapshotID: string
  readonly appID: string
}

/** Asking again while it is `deleting` changes nothing. */
export async function deleteSnapshot(
  context: OperationContext,
  caller: Caller,
  { snapshotID, appID }: SnapshotToDelete,
): Promise<void> {
  const { accountID } = caller
  const taskID = context.newID()
  const isNew = await inTransaction(context.database, async (transaction) => {
    const app = await lockApp(transaction, { accountID, appID })
    const wanted = { accountID, snapshotID, appID }
    const snapshot = app && (await lockApplicationSnapshot(transaction, wanted))
    if (snapshot === undefined) {
      throw new OperationError({ code: 'not-found', kind: 'snapshot', id: snapshotID })
    }
    if (snapshot.state === 'deleting') return false
    const user = await findBackupUsingSnapshot(transaction, snapshotID)
    if (user !== undefined) {
      const { id: backupID, name: backupName } = user
      throw new OperationError({ code: 'snapshot-in-use', snapshotID, backupID, backupName })
    }
    if (await isBeingRestored(transaction, snapshotID)) {
      throw new OperationError({ code: 'copy-being-restored', copyID: snapshotID, appID })
    }
    await markApplicationSnapshotDeleting(transaction, { snapshotID, now: context.now() })
    const task = { accountID, appID, userID: caller.userID, snapshotID }
    await insertTask(transaction, newTask(taskID, { kind: 'delete-snapshot', ...task }))
    return true
  })
  if (isNew) await context.workflows.startTask(taskID)
}
