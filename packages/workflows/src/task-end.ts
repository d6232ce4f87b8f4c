// How workflows end: the last steps of a task, and what becomes of a failure.
import { findTaskSignal, isPastCommit, type StateDetail } from '@holdfast/db'
import { endAndTellTask } from './end-task.ts'
import { type Execution, logTask, type TaskOutcome } from './execution.ts'
import { sentencesOf, stateDetailsOf } from './failure-sentence.ts'
import { OvertakenError } from './heartbeat.ts'
import { persist } from './runtime.ts'
import { type StepOptions, type StepScope, step } from './step.ts'
import type { StepName } from './step-names.ts'
import { failureOf, WorkflowError, type WorkflowFailure } from './workflow-failure.ts'

export const SHIELDED: StepOptions = { isShielded: true }

export async function completeTask({ execution }: StepScope): Promise<void> {
  await endAndTellTask(execution.runtime, execution, {
    state: 'completed',
    failure: null,
    stateDetails: [],
  })
}

export async function failTask(
  { execution }: StepScope,
  failure: WorkflowFailure,
  stateDetails: readonly StateDetail[] = stateDetailsOf(failure),
): Promise<void> {
  await endAndTellTask(execution.runtime, execution, {
    state: failure.code === 'cancelled' ? 'cancelled' : 'failed',
    failure,
    stateDetails,
  })
}

export function failedOutcome(failure: WorkflowFailure): TaskOutcome {
  return { state: failure.code === 'cancelled' ? 'cancelled' : 'failed', failure }
}

/**
 * A shielded step that undoes something. Its failure is logged and does not change how the task
 * ends. What it could not undo on the platform stays written down as an obligation, and the sweep
 * tries again; what stayed in a repository goes when the copy is deleted.
 */
export async function undo(
  execution: Execution,
  name: StepName,
  work: (scope: StepScope) => Promise<void>,
): Promise<void> {
  try {
    await step(execution, name, work, SHIELDED)
  } catch (error) {
    rethrowIfLost(error)
    const [sentence] = sentencesOf(failureOf(error))
    await logTask(execution, 'warning', `${name} could not be finished now: ${sentence}`)
  }
}

/** The failure that a workflow ends with; an execution that may not write any more ends at once. */
export function failureToEndWith(error: unknown): WorkflowFailure {
  rethrowIfLost(error)
  return failureOf(error)
}

/**
 * A step can fail after its commit statement was carried out (the database went away before the
 * step was recorded). What users saw completed is never undone. Asked outside of steps, since the
 * answer is the same in every execution.
 */
export async function isCommitted({ runtime, taskID }: Execution): Promise<boolean> {
  return await persist(runtime, () => isPastCommit(runtime.database, taskID))
}

/** A commit statement changed nothing: says why. */
export async function throwRefusedCommit({ execution }: StepScope): Promise<never> {
  const signal = await findTaskSignal(execution.runtime.database, execution)
  if (signal === undefined) throw new OvertakenError('Another execution of the task took over.')
  // Without a cancel of the task, its resource was deleted meanwhile, which cancels it.
  const cancelledBy = signal.cancelRequestedBy
  throw new WorkflowError({
    code: 'cancelled',
    ...(cancelledBy === undefined ? {} : { cancelledBy }),
  })
}

function rethrowIfLost(error: unknown): void {
  if (!(error instanceof Error)) return
  if (error.name === 'OvertakenError' || error.name === 'DBOSWorkflowConflictError') throw error
}
