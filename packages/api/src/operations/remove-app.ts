// Takes an app out of protection: it and its copies leave every view, their data is kept in the trash.
import {
  APPS,
  findResource,
  hideApp,
  inTransaction,
  listUnendedSnapshotTasks,
  lockApp,
  readSetting,
  removePurgedApp,
  requestTaskCancel,
} from '@holdfast/db'
import { beginPurge } from '@holdfast/workflows'
import type { Caller } from './caller.ts'
import type { OperationContext } from './operation-context.ts'
import { OperationError } from './operation-failure.ts'
import { refuseBusyApp } from './refuse-busy-app.ts'
import { tellApp } from './tell-app.ts'

const DAY_MS = 24 * 3_600_000

/** A snapshot that is being taken is cancelled: nobody could see it any more. */
export async function removeApp(
  context: OperationContext,
  caller: Caller,
  appID: string,
): Promise<void> {
  const { accountID, userID } = caller
  const taskIDs = await inTransaction(context.database, async (transaction) => {
    await lockApp(transaction, { accountID, appID })
    const scope = { accountID, parents: {} }
    const app = await findResource(transaction, APPS, { scope, id: appID })
    if (app === undefined) throw new OperationError({ code: 'not-found', kind: 'app', id: appID })
    refuseBusyApp(app)
    if (app.hasUnendedBackup) throw new OperationError({ code: 'app-backup-running', appID })
    for (const taskID of await listUnendedSnapshotTasks(transaction, appID)) {
      await requestTaskCancel(transaction, { accountID, taskID, userID })
    }
    const now = context.now()
    const { days } = await readSetting(transaction, accountID, 'holdfast.trash')
    const purgeAfter = new Date(now.getTime() + Number(days) * DAY_MS)
    await hideApp(transaction, { appID, now, purgeAfter })
    const told = { app, caller, eventID: context.newID(), now: context.now() }
    await tellApp(transaction, 'removed', told)
    if (purgeAfter > now) return []
    const purge = { appID, accountID, userID, now, newID: context.newID }
    const begun = await beginPurge(transaction, purge)
    // Of an app without copies nothing else is to be waited for.
    await removePurgedApp(transaction, appID)
    // What is in use now is due as soon as it is not.
    return begun.code === 'begun' ? begun.taskIDs : []
  })
  for (const taskID of taskIDs) await context.workflows.startTask(taskID)
}
