// Restores an app by giving a kept stream to its restore command.
//
// The operation has set the app to `restoring`. planned: the stream is there, and the command may
// run → a snapshot of the app is taken, and named in the log → the command is noted as begun →
// it runs in a mover, which gives it the stream → noted as ended well: no cancel any more → the
// app's hooks after a restore → the app is `ready` → ended.
//
// Nothing undoes what a command did but the snapshot, and that only when somebody asks for it. So a
// command that was interrupted, by a crash, a cancel or a repository that was away, is not run a
// second time: the app is `failed` and says which snapshot undoes it. Until the command begins a
// failure leaves the data untouched, and a cancel puts the app back to its former state.
import { setTimeout as delay } from 'node:timers/promises'
import {
  beginTaskCommand,
  type CopyFacts,
  endTaskCommand,
  findTaskCommand,
  forgetTaskCommand,
  isPassingDatabaseFailure,
  textOfDetails,
} from '@holdfast/db'
import { STREAM_PATH } from '@holdfast/domain'
import {
  locateAppCommand,
  logCommandFailure,
  logCommandStart,
  logCommandSuccess,
} from './app-command.ts'
import { factsOfSource } from './copy-of-task.ts'
import { endApp } from './exchange-copy.ts'
import {
  appIDOf,
  type Execution,
  logTask,
  registerTaskWorkflow,
  type TaskOutcome,
} from './execution.ts'
import { sentencesOf, stateDetailsOf } from './failure-sentence.ts'
import { OvertakenError } from './heartbeat.ts'
import { type HookPlan, planAppHooks } from './hook-plan.ts'
import type { StreamRestoreInput } from './new-task.ts'
import { openRepository } from './open-repository.ts'
import { type FailedEvent, runMover } from './run-mover.ts'
import { dataLeftByCommand, takeSafetySnapshot } from './safety-snapshot.ts'
import { type StepScope, step } from './step.ts'
import {
  completeTask,
  failedOutcome,
  failTask,
  failureToEndWith,
  isCommitted,
  SHIELDED,
  throwRefusedCommit,
} from './task-end.ts'
import { withTurn } from './turn.ts'
import { runRestoreHooks } from './with-hooks.ts'
import { appContext, repositoryTurn } from './workflow-context.ts'
import { failureOf, isRetryable, WorkflowError, type WorkflowFailure } from './workflow-failure.ts'

export const streamRestoreWorkflow = registerTaskWorkflow('stream-restore', runStreamRestore)

async function runStreamRestore(execution: Execution): Promise<TaskOutcome> {
  let hooks: HookPlan | null
  try {
    const { bucketID } = await step(execution, 'plan-restore', planRestore)
    await takeSafetySnapshot(execution, bucketID)
    hooks = await step(execution, 'run-restore-command', runRestoreCommand)
  } catch (error) {
    const failure = failureToEndWith(error)
    if (!(await isCommitted(execution))) return await endFailed(execution, failure)
    // The command ended well, and then the step could not be recorded. Hooks are in the database.
    hooks = { action: 'restore' }
  }
  const failedHooks = await runRestoreHooks(execution, hooks, 'restore-hooks')
  await step(execution, 'app-ready', () => endApp(execution, 'ready', failedHooks), SHIELDED)
  await step(execution, 'end-restore', completeTask, SHIELDED)
  return { state: 'completed' }
}

/** Refused or gone: nothing runs, and no snapshot is taken. */
async function planRestore(scope: StepScope): Promise<{ readonly bucketID: string }> {
  const { bucketID } = await findStream(scope)
  await locateAppCommand(scope, inputOf(scope.execution))
  return { bucketID }
}

type StreamFacts = CopyFacts & {
  readonly repositoryID: string
  readonly stream: NonNullable<CopyFacts['stream']>
}

async function findStream(scope: StepScope): Promise<StreamFacts> {
  const { id } = inputOf(scope.execution).source
  const facts = await factsOfSource(scope, { kind: 'backup', id })
  const { repositoryID, stream } = facts
  if (repositoryID === undefined || stream === undefined) {
    throw new Error(`The backup ${id} has no stream.`)
  }
  return { ...facts, repositoryID, stream }
}

/** Answers which hooks run then. */
async function runRestoreCommand(scope: StepScope): Promise<HookPlan | null> {
  const { execution } = scope
  const { database } = execution.runtime
  const { hasEndedWell } = await findTaskCommand(database, execution.taskID)
  if (!hasEndedWell) await giveStream(scope)
  return await planAppHooks(scope, 'restore')
}

async function giveStream(scope: StepScope): Promise<void> {
  const { execution } = scope
  const { runtime } = execution
  const input = inputOf(execution)
  const { repositoryID, stream, name } = await findStream(scope)
  const { mover } = await appContext(scope, appIDOf(execution))
  await withTurn(repositoryTurn(scope, repositoryID, 'shared'), async (giveTurn) => {
    // Looked at in the turn, which a former execution may have left and which is given back here.
    await refuseInterrupted(execution)
    const { location, namespace } = await locateAppCommand(scope, input)
    try {
      await runMover(
        {
          ...mover,
          onProgress: scope.report,
          // Its lock in the repository stands against a prune all the same.
          onStalled: giveTurn,
          onStarting: async () => {
            await noteBegin(scope)
            await scope.point('command-noted')
            await logCommandStart(execution, 'restore', { namespace, command: input.command })
            await logTask(
              execution,
              'info',
              `It is given the backup ${name}: ${stream.sizeBytes} bytes.`,
            )
          },
          onResult: async ({ command }) => {
            await noteEnd(scope)
            await logCommandSuccess(execution, 'restore', command)
          },
          onNotStarted: () => forgetTaskCommand(runtime.database, execution),
          onFailed: (failed) => noteFailure(execution, failed),
        },
        {
          kind: 'stream-restore',
          repository: await openRepository(runtime, repositoryID),
          repositorySnapshotID: stream.repositorySnapshotID,
          logicalPath: STREAM_PATH,
          target: location,
          ...(input.timeoutMs === undefined ? {} : { timeoutMs: input.timeoutMs }),
        },
      )
    } catch (error) {
      await refuseSecondRun(scope, error)
    }
  })
}

async function refuseInterrupted({ runtime, taskID }: Execution): Promise<void> {
  const { hasBegun } = await findTaskCommand(runtime.database, taskID)
  if (!hasBegun) return
  const reason = 'the service ended while it ran'
  throw new WorkflowError({ code: 'command-interrupted', reason })
}

/** From here on nobody knows whether the command ran, until its mover says so. */
async function noteBegin(scope: StepScope): Promise<void> {
  const { execution } = scope
  const begin = await beginTaskCommand(execution.runtime.database, execution)
  if (begin === 'refused') await throwRefusedCommit(scope)
  if (begin === 'began-before') {
    throw new OvertakenError('Another execution of the task runs the command.')
  }
}

/** Waits for a database that is away: what is not noted would count as interrupted. */
async function noteEnd(scope: StepScope): Promise<void> {
  const { execution } = scope
  const { database, closing } = execution.runtime
  for (;;) {
    try {
      if (!(await endTaskCommand(database, execution))) await throwRefusedCommit(scope)
      return
    } catch (error) {
      if (closing.aborted || !isPassingDatabaseFailure(error)) throw error
      await delay(DATABASE_PAUSE_MS, undefined, { signal: closing })
    }
  }
}

const DATABASE_PAUSE_MS = 500

async function noteFailure(execution: Execution, failed: FailedEvent): Promise<void> {
  await logCommandFailure(execution, 'restore', failed)
  const { failure, command, isUnanswered } = failed
  const isNotStarted = failure.code === 'command-failed' && failure.end.kind === 'not-started'
  const hasRun = failure.code === 'command-failed' ? !isNotStarted : command !== undefined
  if (hasRun || isUnanswered === true) return
  await forgetTaskCommand(execution.runtime.database, execution)
}

/** What may pass by itself is tried again only where the command did not begin. */
async function refuseSecondRun({ execution, signal }: StepScope, error: unknown): Promise<never> {
  const failure = failureOf(error)
  if (signal.aborted || !isRetryable(failure)) throw error
  const { hasBegun } = await findTaskCommand(execution.runtime.database, execution.taskID)
  if (!hasBegun) throw error
  const [reason = failure.code] = sentencesOf(failure)
  throw new WorkflowError({ code: 'command-interrupted', reason }, error)
}

async function endFailed(execution: Execution, failure: WorkflowFailure): Promise<TaskOutcome> {
  const ended = await step(execution, 'fail-restore', (scope) => fail(scope, failure), SHIELDED)
  return failedOutcome(ended)
}

/** Answers what the task failed with: a command that was cancelled has failed. */
async function fail(scope: StepScope, failure: WorkflowFailure): Promise<WorkflowFailure> {
  const { execution } = scope
  const { runtime, taskID } = execution
  const { formerState, formerStateDetails = [] } = inputOf(execution)
  const { hasBegun } = await findTaskCommand(runtime.database, taskID)
  if (!hasBegun) {
    const isCancelled = failure.code === 'cancelled'
    if (isCancelled) await endApp(execution, formerState, formerStateDetails)
    else await endApp(execution, 'failed', stateDetailsOf(failure))
    await failTask(scope, failure)
    return failure
  }
  const [reason = failure.code] = sentencesOf(failure)
  const ended: WorkflowFailure =
    failure.code === 'cancelled' ? { code: 'command-interrupted', reason } : failure
  const details = [...stateDetailsOf(ended), ...(await dataLeftByCommand(runtime, taskID))]
  await logTask(execution, 'error', textOfDetails(details))
  await endApp(execution, 'failed', details)
  await failTask(scope, ended, details)
  return ended
}

function inputOf({ task }: Execution): StreamRestoreInput {
  return task.input as StreamRestoreInput
}
