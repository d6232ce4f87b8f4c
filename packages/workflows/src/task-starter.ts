// Starts the workflows of committed tasks: at once when asked, and by a sweep for those whose
// service died between the commit and the start. Starting twice is harmless: the workflow id is
// the task's.
import { DBOS } from '@dbos-inc/dbos-sdk'
import { findTask, listTasksNotStarted, type WorkflowTask } from '@holdfast/db'
import type { TaskKind } from '@holdfast/domain'
import { backupWorkflow } from './backup-workflow.ts'
import { cloneWorkflow } from './clone-workflow.ts'
import { deleteBackupWorkflow } from './delete-backup-workflow.ts'
import { deleteSnapshotWorkflow } from './delete-snapshot-workflow.ts'
import type { TaskOutcome } from './execution.ts'
import { moveWorkflow } from './move-workflow.ts'
import { restoreWorkflow } from './restore-workflow.ts'
import type { Runtime } from './runtime.ts'
import { scheduleRunWorkflow } from './schedule-run-workflow.ts'
import { snapshotWorkflow } from './snapshot-workflow.ts'
import { streamBackupWorkflow } from './stream-backup-workflow.ts'
import { streamRestoreWorkflow } from './stream-restore-workflow.ts'
import { verifyBucketWorkflow } from './verify-bucket-workflow.ts'

const TASKS_AT_ONCE_MAX = 100

/** Of the kinds that have one: what is done with its request is final when it is written. */
const WORKFLOWS: Readonly<Partial<Record<TaskKind, (taskID: string) => Promise<TaskOutcome>>>> = {
  snapshot: snapshotWorkflow,
  backup: backupWorkflow,
  move: moveWorkflow,
  restore: restoreWorkflow,
  clone: cloneWorkflow,
  'delete-snapshot': deleteSnapshotWorkflow,
  'delete-backup': deleteBackupWorkflow,
  'schedule-run': scheduleRunWorkflow,
  'stream-backup': streamBackupWorkflow,
  'stream-restore': streamRestoreWorkflow,
  'verify-bucket': verifyBucketWorkflow,
}

/** Never fails: what cannot start now is found by the next sweep. */
export async function startTask(runtime: Runtime, taskID: string): Promise<void> {
  if (runtime.closing.aborted) return
  try {
    const task = await findTask(runtime.database, taskID)
    if (task !== undefined) await startWorkflow(task)
  } catch (error) {
    runtime.log.warn('A task could not be started yet', { taskID, reason: String(error) })
  }
}

export async function startTasksNotStarted(runtime: Runtime): Promise<void> {
  for (const task of await listTasksNotStarted(runtime.database, TASKS_AT_ONCE_MAX)) {
    if (runtime.closing.aborted) return
    await startWorkflow(task)
  }
}

async function startWorkflow(task: WorkflowTask): Promise<void> {
  const workflow = WORKFLOWS[task.kind]
  if (workflow === undefined) throw new Error(`A task of kind ${task.kind} has no workflow.`)
  await DBOS.startWorkflow(workflow, { workflowID: task.workflowID })(task.id)
}
