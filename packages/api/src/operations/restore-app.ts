// Accepts a restore in place: checked and written down in one transaction, then its workflow.
import {
  APPLICATION_SNAPSHOTS,
  APPS,
  type App,
  BACKUPS,
  type BackupKind,
  type CopyRef,
  findContainerBackupPolicy,
  findResource,
  insertTask,
  inTransaction,
  lockApp,
  type Queries,
  updateApp,
} from '@holdfast/db'
import type { RestoreFilter } from '@holdfast/domain'
import {
  newTask,
  type RestoreInput,
  type StreamBackupInput,
  type StreamRestoreInput,
  streamCommandOf,
} from '@holdfast/workflows'
import { type Caller, scopeOf } from './caller.ts'
import type { OperationContext } from './operation-context.ts'
import { OperationError } from './operation-failure.ts'
import { refuseBusyApp } from './refuse-busy-app.ts'
import { selectVolumesOfCopy } from './restore-selection.ts'

export interface BackupToRestore {
  readonly appID: string
  readonly backupID: string
  /** `Holdfast-In-Use: allow`; means nothing for what a command restores. */
  readonly isInUseAllowed: boolean
}

/** The caller knows that it replaces what is there. */
export async function requestRestore(
  context: OperationContext,
  caller: Caller,
  { appID, backupID, isInUseAllowed }: BackupToRestore,
): Promise<{ readonly taskID: string }> {
  const { accountID, userID } = caller
  const taskID = context.newID()
  await inTransaction(context.database, async (transaction) => {
    await lockApp(transaction, { accountID, appID })
    const app = await findResource(transaction, APPS, { scope: scopeOf(caller), id: appID })
    if (app === undefined) throw new OperationError({ code: 'not-found', kind: 'app', id: appID })
    const copy = { kind: 'backup', id: backupID } as const
    const restore = await acceptRestore(transaction, caller, { app, copy, isInUseAllowed })
    await updateApp(transaction, appID, {
      state: 'restoring',
      stateDetails: [],
      modifiedBy: userID,
      now: context.now(),
    })
    await insertTask(transaction, newTask(taskID, { accountID, appID, userID, ...restore }))
  })
  await context.workflows.startTask(taskID)
  return { taskID }
}

export interface RestoreWish {
  /** Whose row is locked. */
  readonly app: App
  readonly copy: CopyRef
  readonly isInUseAllowed: boolean
  readonly restoreFilter?: RestoreFilter
}

/** The task's request, without its origin. */
export type AcceptedRestore =
  | ({ readonly kind: 'restore' } & RestoreInput)
  | ({ readonly kind: 'stream-restore' } & StreamRestoreInput)

/** Decides whether it may begin now; the app is `restoring` from then on. */
export async function acceptRestore(
  transaction: Queries,
  caller: Caller,
  { app, copy, isInUseAllowed, restoreFilter }: RestoreWish,
): Promise<AcceptedRestore> {
  const kind = await checkSource(transaction, caller, { app, copy })
  refuseBusyApp(app)
  if (app.hasUnendedBackup || app.hasUnendedSnapshot) {
    throw new OperationError({ code: 'copies-unended', appID: app.id })
  }
  const former = {
    formerState: app.state,
    ...(app.stateDetails.length === 0 ? {} : { formerStateDetails: app.stateDetails }),
  }
  if (kind === 'stream') {
    if (restoreFilter !== undefined) throw filterOfStream()
    const command = await findRestoreCommand(transaction, app.id)
    return {
      kind: 'stream-restore',
      source: { kind: 'backup', id: copy.id },
      ...command,
      ...former,
    }
  }
  const restore = { kind: 'restore', source: copy, isInUseAllowed, ...former } as const
  if (restoreFilter === undefined) return restore
  await selectVolumesOfCopy(transaction, copy, restoreFilter)
  return { ...restore, restoreFilter }
}

function filterOfStream(): OperationError {
  const reason = 'selects of volumes: what a command wrote is restored whole, or not at all'
  return new OperationError({
    code: 'invalid-request',
    members: [{ name: 'restoreFilter', reason }],
  })
}

/** Fails with `restore-command-missing`. */
async function findRestoreCommand(transaction: Queries, appID: string): Promise<StreamBackupInput> {
  const policy = await findContainerBackupPolicy(transaction, appID)
  if (policy?.restore === undefined) {
    throw new OperationError({ code: 'restore-command-missing', appID })
  }
  return streamCommandOf(policy.restore, policy.modifiedBy)
}

async function checkSource(
  transaction: Queries,
  caller: Caller,
  { app, copy }: Pick<RestoreWish, 'app' | 'copy'>,
): Promise<BackupKind> {
  if (copy.kind === 'snapshot') {
    await checkSnapshot(transaction, caller, { app, id: copy.id })
    return 'volumes'
  }
  return checkBackup(transaction, caller, { app, id: copy.id })
}

interface NamedCopy {
  readonly app: App
  readonly id: string
}

async function checkBackup(
  transaction: Queries,
  caller: Caller,
  { app, id }: NamedCopy,
): Promise<BackupKind> {
  const scope = scopeOf(caller)
  const backup = await findResource(transaction, BACKUPS, { scope, id })
  if (backup === undefined) throw new OperationError({ code: 'backup-not-found', backupID: id })
  if (backup.appID !== app.id) {
    throw new OperationError({ code: 'copy-of-other-app', copyID: id, appID: app.id })
  }
  if (backup.state === 'completed') return backup.kind
  throw new OperationError({ code: 'backup-not-restorable', backupID: id, state: backup.state })
}

async function checkSnapshot(
  transaction: Queries,
  caller: Caller,
  { app, id }: NamedCopy,
): Promise<void> {
  const scope = scopeOf(caller)
  const snapshot = await findResource(transaction, APPLICATION_SNAPSHOTS, { scope, id })
  if (snapshot === undefined) {
    throw new OperationError({ code: 'snapshot-not-found', snapshotID: id, appID: app.id })
  }
  if (snapshot.appID !== app.id) {
    throw new OperationError({ code: 'copy-of-other-app', copyID: id, appID: app.id })
  }
  if (snapshot.state === 'completed') return
  throw new OperationError({
    code: 'snapshot-not-restorable',
    snapshotID: id,
    state: snapshot.state,
  })
}
