// Deletes a backup: gone for users at once, its data in the background.
import {
  BACKUPS,
  findResource,
  insertTask,
  inTransaction,
  isBeingRestored,
  lockAppRow,
  lockBackup,
  markBackupDeleted,
} from '@holdfast/db'
import { newTask } from '@holdfast/workflows'
import type { Caller } from './caller.ts'
import type { OperationContext } from './operation-context.ts'
import { OperationError } from './operation-failure.ts'

export interface BackupToDelete {
  readonly backupID: string
  /** Given when the backup was addressed below an app: it must be that app's. */
  readonly appID?: string
}

/** Answers the task that frees its data. */
export async function deleteBackup(
  context: OperationContext,
  caller: Caller,
  { backupID, appID }: BackupToDelete,
): Promise<{ readonly taskID: string }> {
  const { accountID } = caller
  const taskID = context.newID()
  const missing = new OperationError({ code: 'not-found', kind: 'backup', id: backupID })
  await inTransaction(context.database, async (transaction) => {
    const parents = appID === undefined ? {} : { appID }
    const scope = { accountID, parents }
    const seen = await findResource(transaction, BACKUPS, { scope, id: backupID })
    // The app's row first, as every operation does: whoever takes two locks takes them in one order.
    // It may be gone while a backup of it is not.
    if (seen !== undefined) await lockAppRow(transaction, seen.appID)
    const backup = seen && (await lockBackup(transaction, { accountID, backupID }))
    if (backup === undefined) throw missing
    if (backup.state === 'pending') {
      throw new OperationError({ code: 'backup-pending', backupID, name: backup.name })
    }
    if (await isBeingRestored(transaction, backupID)) {
      throw new OperationError({
        code: 'copy-being-restored',
        copyID: backupID,
        appID: backup.appID,
      })
    }
    await markBackupDeleted(transaction, { backupID, now: context.now() })
    const task = { accountID, appID: backup.appID, userID: caller.userID, backupID }
    await insertTask(transaction, newTask(taskID, { kind: 'delete-backup', ...task }))
  })
  await context.workflows.startTask(taskID)
  return { taskID }
}
