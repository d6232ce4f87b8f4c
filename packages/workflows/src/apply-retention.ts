// Deletes what a schedule does not keep, through the same deletions that users ask for.
import {
  findBackupUsingSnapshot,
  findSchedule,
  insertTask,
  inTransaction,
  isBeingRestored,
  listScheduledCopies,
  lockApp,
  lockApplicationSnapshot,
  lockBackup,
  markApplicationSnapshotDeleting,
  markBackupDeleted,
  type Queries,
} from '@holdfast/db'
import {
  decideRetention,
  decideStreamRetention,
  durationMsOf,
  type RetentionDecision,
  type RetentionReason,
} from '@holdfast/domain'
import { appIDOf, type Execution, logTask } from './execution.ts'
import { newTask } from './new-task.ts'
import { uuidFrom } from './runtime.ts'
import type { StepScope } from './step.ts'

/** A schedule that is gone keeps everything: its copies are their owner's affair from then on. */
export async function applyRetention({ execution, signal }: StepScope): Promise<void> {
  const decided = await decide(execution.runtime.database, execution)
  if (decided === undefined) return
  for (const kind of ['snapshot', 'backup'] as const) {
    for (const decision of kind === 'snapshot' ? decided.snapshots : decided.backups) {
      if (decision.keep) continue
      signal.throwIfAborted()
      await remove(execution, kind, decision)
    }
  }
}

async function decide(queries: Queries, { runtime, task }: Execution) {
  const schedule = await findSchedule(queries, task.resourceID)
  if (schedule === undefined) return undefined
  const { id: scheduleID, snapshotRetention, backupRetention, streamRetention } = schedule
  const now = runtime.now()
  if (schedule.times.cronString === undefined) {
    const copies = await listScheduledCopies(queries, { scheduleID, kind: 'volumes' })
    return decideRetention({ ...copies, snapshotRetention, backupRetention, now })
  }
  const { backups } = await listScheduledCopies(queries, { scheduleID, kind: 'stream' })
  const retentionMs = streamRetention === undefined ? undefined : durationMsOf(streamRetention)
  return { snapshots: [], backups: decideStreamRetention({ backups, retentionMs, now }) }
}

async function remove(
  execution: Execution,
  kind: 'snapshot' | 'backup',
  { id, reason }: RetentionDecision,
): Promise<void> {
  const name = await inTransaction(execution.runtime.database, (transaction) =>
    requestDeletion(transaction, execution, { kind, id }),
  )
  if (name === undefined) return
  await logTask(execution, 'info', `The ${kind} ${name} is deleted: ${wordsOf(reason)}.`)
}

function wordsOf(reason: RetentionReason): string {
  if (reason === 'beyond-count') return 'beyond the number that is kept'
  return reason === 'beyond-age' ? 'older than backups are kept' : 'a failed one'
}

/** Its name; undefined when it is gone already, or in use since it was judged. */
async function requestDeletion(
  transaction: Queries,
  execution: Execution,
  { kind, id }: { readonly kind: 'snapshot' | 'backup'; readonly id: string },
): Promise<string | undefined> {
  const { accountID } = execution.task
  const appID = appIDOf(execution)
  // The app's row first, as every operation does: whoever takes two locks takes them in one order.
  if ((await lockApp(transaction, { accountID, appID })) === undefined) return undefined
  // Judged once more: what was to outlive this one may have been deleted meanwhile.
  const decided = await decide(transaction, execution)
  const decisions = kind === 'backup' ? decided?.backups : decided?.snapshots
  if (decisions?.find((decision) => decision.id === id)?.keep !== false) return undefined
  if (await isBeingRestored(transaction, id)) return undefined
  const now = execution.runtime.now()
  const origin = { accountID, appID }
  const taskID = uuidFrom('retention', execution.taskID, id)
  if (kind === 'backup') {
    const backup = await lockBackup(transaction, { ...origin, backupID: id })
    if (backup === undefined) return undefined
    await markBackupDeleted(transaction, { backupID: id, now })
    await insertTask(
      transaction,
      newTask(taskID, { ...origin, kind: 'delete-backup', backupID: id }),
    )
    return backup.name
  }
  const snapshot = await lockApplicationSnapshot(transaction, { ...origin, snapshotID: id })
  if (snapshot === undefined || snapshot.state === 'deleting') return undefined
  if ((await findBackupUsingSnapshot(transaction, id)) !== undefined) return undefined
  await markApplicationSnapshotDeleting(transaction, { snapshotID: id, now })
  await insertTask(
    transaction,
    newTask(taskID, { ...origin, kind: 'delete-snapshot', snapshotID: id }),
  )
  return snapshot.name
}
