// Accepts a backup of what an app's command writes: its row and its task in one transaction, then
// the workflow. No schedule counts it, and none removes it.
import {
  BACKUPS,
  type Backup,
  findContainerBackupPolicy,
  findResource,
  insertBackup,
  insertTask,
  inTransaction,
  lockApp,
} from '@holdfast/db'
import type { Label } from '@holdfast/domain'
import { newTask, streamCommandOf } from '@holdfast/workflows'
import type { Caller } from './caller.ts'
import { chooseBucket } from './choose-bucket.ts'
import type { OperationContext } from './operation-context.ts'
import { OperationError } from './operation-failure.ts'
import { systemNameOf } from './system-name.ts'

export interface StreamBackupRequest {
  readonly appID: string
  readonly name?: string
  /** Absent: the configured one, or chosen where none is. */
  readonly bucketID?: string
  readonly version: string
  readonly labels: readonly Label[]
}

/** Fails with `backup-command-missing` where no command is configured. */
export async function createStreamBackup(
  context: OperationContext,
  caller: Caller,
  request: StreamBackupRequest,
): Promise<Backup> {
  const { accountID, userID } = caller
  const { appID, version, labels } = request
  const id = context.newID()
  const taskID = context.newID()
  const now = context.now()
  const name = request.name ?? systemNameOf('backup', id, now)
  const backup = await inTransaction(context.database, async (transaction) => {
    const app = await lockApp(transaction, { accountID, appID })
    if (app === undefined) throw new OperationError({ code: 'not-found', kind: 'app', id: appID })
    const policy = await findContainerBackupPolicy(transaction, appID)
    if (policy === undefined) throw new OperationError({ code: 'backup-command-missing', appID })
    const named = request.bucketID === undefined ? {} : { bucketID: request.bucketID, caller }
    const configured = policy.bucketID === undefined ? {} : { bucketID: policy.bucketID }
    const wish = { accountID, app, mayUseAny: true, ...configured, ...named }
    const bucketID = await chooseBucket(transaction, wish)
    const origin = { id, accountID, appID, bucketID, name, version, labels, createdBy: userID, now }
    if (!(await insertBackup(transaction, { ...origin, kind: 'stream' }))) {
      throw new OperationError({ code: 'backup-name-taken', appID, name })
    }
    const command = streamCommandOf(policy.backup, policy.modifiedBy)
    const task = { kind: 'stream-backup', accountID, appID, userID, backupID: id } as const
    await insertTask(transaction, newTask(taskID, { ...task, ...command }))
    return findResource(transaction, BACKUPS, { scope: { accountID, parents: {} }, id })
  })
  if (backup === undefined) throw new RangeError(`The backup ${id} was written and is not there.`)
  await context.workflows.startTask(taskID)
  return backup
}
