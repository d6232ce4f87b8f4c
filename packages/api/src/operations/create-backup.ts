// Accepts a backup: its row and its task in one transaction, then the workflow.
import {
  APPLICATION_SNAPSHOTS,
  BACKUPS,
  type Backup,
  findResource,
  insertBackup,
  insertTask,
  inTransaction,
  lockApp,
  type Queries,
} from '@holdfast/db'
import type { Label } from '@holdfast/domain'
import { newTask } from '@holdfast/workflows'
import { type Caller, scopeOf } from './caller.ts'
import { chooseBucket } from './choose-bucket.ts'
import type { OperationContext } from './operation-context.ts'
import { OperationError } from './operation-failure.ts'
import { systemNameOf } from './system-name.ts'

export interface BackupRequest {
  readonly appID: string
  readonly name?: string
  readonly bucketID?: string
  readonly snapshotID?: string
  readonly version: string
  readonly labels: readonly Label[]
}

export async function createBackup(
  context: OperationContext,
  caller: Caller,
  request: BackupRequest,
): Promise<Backup> {
  const { accountID } = caller
  const id = context.newID()
  const taskID = context.newID()
  const now = context.now()
  const name = request.name ?? systemNameOf('backup', id, now)
  const backup = await inTransaction(context.database, async (transaction) => {
    const app = await lockApp(transaction, { accountID, appID: request.appID })
    if (app === undefined) {
      throw new OperationError({ code: 'not-found', kind: 'app', id: request.appID })
    }
    const { bucketID, snapshotID, version, labels } = request
    if (snapshotID !== undefined) {
      await checkSource(transaction, caller, { appID: app.id, snapshotID })
    }
    const chosenID = await chooseBucket(transaction, {
      accountID,
      app,
      ...(bucketID === undefined ? {} : { bucketID, caller }),
      mayUseAny: true,
    })
    const isInserted = await insertBackup(transaction, {
      id,
      accountID,
      appID: app.id,
      name,
      bucketID: chosenID,
      ...(snapshotID === undefined ? {} : { snapshotID }),
      version,
      labels,
      createdBy: caller.userID,
      now,
    })
    if (!isInserted) throw new OperationError({ code: 'backup-name-taken', appID: app.id, name })
    const task = { kind: 'backup', accountID, appID: app.id, userID: caller.userID } as const
    await insertTask(transaction, newTask(taskID, { ...task, backupID: id }))
    return findResource(transaction, BACKUPS, { scope: { accountID, parents: {} }, id })
  })
  if (backup === undefined) throw new RangeError(`The backup ${id} was written and is not there.`)
  await context.workflows.startTask(taskID)
  return backup
}

/** The snapshot must be a completed one of this app. */
async function checkSource(
  transaction: Queries,
  caller: Caller,
  { appID, snapshotID }: { readonly appID: string; readonly snapshotID: string },
): Promise<void> {
  const snapshot = await findResource(transaction, APPLICATION_SNAPSHOTS, {
    scope: { ...scopeOf(caller), parents: { appID } },
    id: snapshotID,
  })
  if (snapshot === undefined) {
    throw new OperationError({ code: 'snapshot-not-found', snapshotID, appID })
  }
  if (snapshot.state === 'completed') return
  throw new OperationError({ code: 'snapshot-not-completed', snapshotID, state: snapshot.state })
}
