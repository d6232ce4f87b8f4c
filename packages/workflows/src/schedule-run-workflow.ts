// One run of a schedule.
//
// running → its snapshot is taken, in a child workflow → a backup is made of it, in another one →
// what the schedule does not keep is being deleted, as tasks of their own → completed.
//
// A schedule that keeps no snapshots leaves the snapshot to the backup, which takes one for itself
// and drops it: so the volumes are read once, straight into the bucket. One that follows a cron
// string keeps what the app's backup command writes, and nothing else. A copy that failed or was
// cancelled ends the run, which says why; retention never removes the last good copy, so it runs
// then as well.
import { DBOS } from '@dbos-inc/dbos-sdk'
import { endScheduleRun, workflowIDOf } from '@holdfast/db'
import { applyRetention } from './apply-retention.ts'
import { backupWorkflow } from './backup-workflow.ts'
import { type Execution, registerTaskWorkflow, type TaskOutcome } from './execution.ts'
import { sentencesOf } from './failure-sentence.ts'
import type { ScheduleRunInput } from './new-task.ts'
import { requestScheduledCopy, scheduledCopyIDs } from './request-scheduled-copy.ts'
import { snapshotWorkflow } from './snapshot-workflow.ts'
import { type StepScope, step } from './step.ts'
import { streamBackupWorkflow } from './stream-backup-workflow.ts'
import {
  completeTask,
  failedOutcome,
  failTask,
  failureToEndWith,
  SHIELDED,
  undo,
} from './task-end.ts'
import { WorkflowError } from './workflow-failure.ts'

const RESULT_POLL_MS = 200

const WORKFLOWS = {
  snapshot: snapshotWorkflow,
  backup: backupWorkflow,
  'stream-backup': streamBackupWorkflow,
} as const

export const scheduleRunWorkflow = registerTaskWorkflow('schedule-run', runSchedule)

async function runSchedule(execution: Execution): Promise<TaskOutcome> {
  const input = execution.task.input as ScheduleRunInput
  const { snapshotRetention, backupRetention, isStream = false } = input
  const takesSnapshot = snapshotRetention !== '0'
  try {
    if (takesSnapshot) {
      await step(execution, 'request-snapshot', () =>
        requestScheduledCopy(execution, { kind: 'snapshot' }),
      )
      await runCopy(execution, 'snapshot')
    }
    if (backupRetention !== '0') {
      const { id } = scheduledCopyIDs(execution.taskID, 'snapshot')
      const source = takesSnapshot ? { snapshotID: id } : {}
      await step(execution, 'request-backup', () =>
        requestScheduledCopy(execution, { kind: 'backup', ...source, isStream }),
      )
      await runCopy(execution, isStream ? 'stream-backup' : 'backup')
    }
  } catch (error) {
    const failure = failureToEndWith(error)
    await undo(execution, 'apply-retention', applyRetention)
    await step(
      execution,
      'fail-run',
      async (scope) => {
        await endRun(scope, { state: 'failed', reason: sentencesOf(failure).join(' ') })
        await failTask(scope, failure)
      },
      SHIELDED,
    )
    return failedOutcome(failure)
  }
  await undo(execution, 'apply-retention', applyRetention)
  await step(
    execution,
    'end-run',
    async (scope) => {
      await endRun(scope, { state: 'completed' })
      await completeTask(scope)
    },
    SHIELDED,
  )
  return { state: 'completed' }
}

/** A cancel of the run is one of its copy, which looks at it. */
async function runCopy(execution: Execution, kind: keyof typeof WORKFLOWS): Promise<void> {
  const copy = kind === 'snapshot' ? 'snapshot' : 'backup'
  const { taskID } = scheduledCopyIDs(execution.taskID, copy)
  const workflowID = workflowIDOf(kind, taskID)
  const child = await DBOS.startWorkflow(WORKFLOWS[kind], { workflowID })(taskID)
  const outcome = await child.getResult({ pollingIntervalMs: RESULT_POLL_MS })
  if (outcome.state !== 'completed') throw new WorkflowError(outcome.failure)
}

async function endRun(
  { execution }: StepScope,
  end: { readonly state: 'completed' | 'failed'; readonly reason?: string },
): Promise<void> {
  const { database, now } = execution.runtime
  await endScheduleRun(database, { ...end, taskID: execution.taskID, now: now() })
}
