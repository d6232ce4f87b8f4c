// The snapshot that a live clone takes of its source: a task of its own, written together with that
// of the clone, which waits for it and deletes it afterwards.
import { setTimeout as delay } from 'node:timers/promises'
import {
  findBackupUsingSnapshot,
  findCopyFacts,
  insertTask,
  inTransaction,
  isBeingRestored,
  lockAppRow,
  markApplicationSnapshotDeleting,
  type WorkflowTask,
} from '@holdfast/db'
import { type CloneInput, newTask } from './new-task.ts'
import { type Runtime, uuidFrom } from './runtime.ts'
import type { StepScope } from './step.ts'
import { WorkflowError } from './workflow-failure.ts'

const POLL_MS = 200

/** Fails with `source-not-copied` when the snapshot did. */
export async function awaitSourceSnapshot(
  { execution, signal }: StepScope,
  snapshotID: string,
): Promise<void> {
  const { database } = execution.runtime
  for (;;) {
    const snapshot = await findCopyFacts(database, { kind: 'snapshot', id: snapshotID })
    if (snapshot === undefined || snapshot.isDeleted) {
      throw new WorkflowError({ code: 'copy-not-found', copyID: snapshotID })
    }
    if (snapshot.state === 'completed') return
    if (!['pending', 'discovering', 'running'].includes(snapshot.state)) {
      const reason = snapshot.stateUnready.join(' ') || `it is ${snapshot.state}`
      throw new WorkflowError({ code: 'source-not-copied', reason })
    }
    await delay(POLL_MS, undefined, { signal })
  }
}

/**
 * Its deletion is a task of its own; one that is still being taken is cancelled by that. A snapshot
 * that somebody else has begun to use meanwhile is theirs to delete.
 */
export async function dropSourceSnapshot(runtime: Runtime, clone: WorkflowTask): Promise<void> {
  const { source, isOwnSnapshot } = clone.input as CloneInput
  if (!isOwnSnapshot) return
  const snapshotID = source.id
  const taskID = uuidFrom('deletion of the source of', clone.id)
  await inTransaction(runtime.database, async (transaction) => {
    const snapshot = await findCopyFacts(transaction, { kind: 'snapshot', id: snapshotID })
    if (snapshot === undefined || snapshot.isDeleted) return
    await lockAppRow(transaction, snapshot.appID)
    const isRestored = await isBeingRestored(transaction, snapshotID, clone.id)
    if (isRestored || (await findBackupUsingSnapshot(transaction, snapshotID))) {
      runtime.log.warn('The snapshot of a clone is in use and stays', { snapshotID })
      return
    }
    await markApplicationSnapshotDeleting(transaction, { snapshotID, now: runtime.now() })
    const origin = { accountID: clone.accountID, appID: snapshot.appID }
    await insertTask(
      transaction,
      newTask(taskID, { ...origin, kind: 'delete-snapshot', snapshotID }),
    )
  })
}
