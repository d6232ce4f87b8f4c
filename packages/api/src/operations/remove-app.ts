// Takes an app out of protection: it and its copies leave every view, their data is kept.
import {
  APPS,
  findResource,
  hideApp,
  inTransaction,
  listUnendedSnapshotTasks,
  lockApp,
  requestTaskCancel,
} from '@holdfast/db'
import type { Caller } from './caller.ts'
import type { OperationContext } from './operation-context.ts'
import { OperationError } from './operation-failure.ts'
import { refuseBusyApp } from './refuse-busy-app.ts'
import { tellApp } from './tell-app.ts'

/** A snapshot that is being taken is cancelled: nobody could see it any more. */
export async function removeApp(
  context: OperationContext,
  caller: Caller,
  appID: string,
): Promise<void> {
  const { accountID, userID } = caller
  await inTransaction(context.database, async (transaction) => {
    await lockApp(transaction, { accountID, appID })
    const scope = { accountID, parents: {} }
    const app = await findResource(transaction, APPS, { scope, id: appID })
    if (app === undefined) throw new OperationError({ code: 'not-found', kind: 'app', id: appID })
    refuseBusyApp(app)
    if (app.hasUnendedBackup) throw new OperationError({ code: 'app-backup-running', appID })
    for (const taskID of await listUnendedSnapshotTasks(transaction, appID)) {
      await requestTaskCancel(transaction, { accountID, taskID, userID })
    }
    await hideApp(transaction, { appID, now: context.now() })
    const told = { app, caller, eventID: context.newID(), now: context.now() }
    await tellApp(transaction, 'removed', told)
  })
}
