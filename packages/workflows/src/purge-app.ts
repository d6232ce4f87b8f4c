// Purges an app of the trash: every copy is deleted by a task of its own, durably, and when the last
// of them has ended the rows of the app go. What fails begins again by itself.
import {
  insertTask,
  inTransaction,
  isBeingRestored,
  listAppsBeingPurged,
  listAppsToPurge,
  listHiddenCopies,
  lockAppRow,
  markApplicationSnapshotDeleting,
  markAppPurging,
  markBackupDeleted,
  type Queries,
  removePurgedApp,
} from '@holdfast/db'
import { endAndTellTask } from './end-task.ts'
import { newTask } from './new-task.ts'
import type { Runtime } from './runtime.ts'
import type { StepScope } from './step.ts'

export interface PurgeRequest {
  readonly appID: string
  readonly accountID: string
  /** Absent when its time is up. */
  readonly userID?: string
  readonly now: Date
  readonly newID: () => string
}

export type PurgeAnswer =
  | { readonly code: 'begun'; readonly taskIDs: readonly string[] }
  /** A restore or a clone reads one of its copies. */
  | { readonly code: 'in-use'; readonly copyID: string }
  | { readonly code: 'not-in-trash' }

/**
 * Call in a transaction. The tasks are started by the caller after it, or by the sweep. Of an app
 * without copies the rows are removed by `removePurgedApp` afterwards.
 */
export async function beginPurge(
  transaction: Queries,
  { appID, accountID, userID, now, newID }: PurgeRequest,
): Promise<PurgeAnswer> {
  await lockAppRow(transaction, appID)
  const copies = await listHiddenCopies(transaction, appID)
  for (const { id: copyID } of copies) {
    if (await isBeingRestored(transaction, copyID)) return { code: 'in-use', copyID }
  }
  if (!(await markAppPurging(transaction, appID))) return { code: 'not-in-trash' }
  const origin = { accountID, appID, ...(userID === undefined ? {} : { userID }) }
  const taskIDs: string[] = []
  for (const { kind, id } of copies) {
    const taskID = newID()
    if (kind === 'backup') {
      await markBackupDeleted(transaction, { backupID: id, now })
      await insertTask(
        transaction,
        newTask(taskID, { ...origin, kind: 'delete-backup', backupID: id }),
      )
    } else {
      await markApplicationSnapshotDeleting(transaction, { snapshotID: id, now })
      await insertTask(
        transaction,
        newTask(taskID, { ...origin, kind: 'delete-snapshot', snapshotID: id }),
      )
    }
    taskIDs.push(taskID)
  }
  return { code: 'begun', taskIDs }
}

/**
 * Completes the task of a deletion. With the last one of an app that is being purged go the rows of
 * the app: whoever sees that all is done sees nothing of it any more.
 */
export async function completeDeletion({ execution }: StepScope): Promise<void> {
  const { runtime, task } = execution
  const end = { state: 'completed', failure: null, stateDetails: [] } as const
  await endAndTellTask(runtime, execution, end, async (transaction) => {
    // Null when a former try has removed it already.
    if (task.appID !== null) await removePurgedApp(transaction, task.appID)
  })
}

/** The next round takes the next ones. */
const AT_ONCE_MAX = 20

/** What is due is begun, what has come to its end is removed. */
export async function purgeTrash(runtime: Runtime): Promise<void> {
  const { database, log } = runtime
  const now = runtime.now()
  for (const due of await listAppsToPurge(database, { now, limit: AT_ONCE_MAX })) {
    if (runtime.closing.aborted) return
    const request = { ...due, now, newID: runtime.randomUUID }
    const answer = await inTransaction(database, (transaction) => beginPurge(transaction, request))
    if (answer.code === 'begun') log.info('An app leaves the trash for good', { appID: due.appID })
  }
  for (const appID of await listAppsBeingPurged(database, AT_ONCE_MAX)) {
    if (runtime.closing.aborted) return
    await inTransaction(database, (transaction) => removePurgedApp(transaction, appID))
  }
}
