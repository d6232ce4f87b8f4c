// Makes a backup of what a command of an app writes.
//
// pending → (its app is not being restored) → discovering: what the app is made of → running: the
// command runs in a mover, which keeps what it writes while it runs → recorded: the result stands
// in the backup's row → described: the last write to the repository → completed, in one statement.
// Then the backup's further attempts are forgotten.
//
// No hooks run around it: the command decides what is consistent. A command that was interrupted,
// by a crash or by a repository that was away, is run again from its beginning. A failure or a
// cancel before the commit ends the command and forgets what reached the repository → failed.
import { advanceCopy, insertCopyAssets, recordStream, writeStreamProgress } from '@holdfast/db'
import {
  locateAppCommand,
  logCommandFailure,
  logCommandStart,
  logCommandSuccess,
} from './app-command.ts'
import { awaitApp } from './await-app.ts'
import {
  commitBackupOfTask,
  ensureRepositoryOfCopy,
  factsOfCopy,
  failCopyAndTask,
} from './copy-of-task.ts'
import { describeCopy } from './describe-copy.ts'
import { discoverAssets } from './discover-volumes.ts'
import {
  appIDOf,
  type Execution,
  logTask,
  registerTaskWorkflow,
  type TaskOutcome,
} from './execution.ts'
import { forgetCopy } from './forget-copy.ts'
import type { StreamBackupInput } from './new-task.ts'
import { openRepository } from './open-repository.ts'
import { streamLabel } from './repository-labels.ts'
import { runMover } from './run-mover.ts'
import { type StepScope, step } from './step.ts'
import {
  completeTask,
  failedOutcome,
  failureToEndWith,
  isCommitted,
  SHIELDED,
  undo,
} from './task-end.ts'
import { withTurn } from './turn.ts'
import { appContext, repositoryTurn } from './workflow-context.ts'
import type { WorkflowFailure } from './workflow-failure.ts'

export const streamBackupWorkflow = registerTaskWorkflow('stream-backup', runStreamBackup)

async function runStreamBackup(execution: Execution): Promise<TaskOutcome> {
  const backupID = execution.task.resourceID
  let hasRunOnce = false
  try {
    await awaitApp(execution, appIDOf(execution), ref(backupID))
    await step(execution, 'begin-backup', (scope) => begin(scope, backupID))
    const repositoryID = await step(execution, 'ensure-repository', (scope) =>
      ensureRepositoryOfCopy(scope, ref(backupID)),
    )
    await step(execution, 'locate-command', (scope) => checkCommand(scope, backupID))
    const tries = await streamCommand(execution, { backupID, repositoryID })
    hasRunOnce = tries === 1
    const descriptionID = await step(execution, 'describe-backup', (scope) =>
      describeCopy(scope, ref(backupID), repositoryID, inputOf(execution).command),
    )
    await step(execution, 'commit-backup', (scope) => commit(scope, backupID, descriptionID))
  } catch (error) {
    const failure = failureToEndWith(error)
    if (!(await isCommitted(execution))) return await endFailed(execution, backupID, failure)
  }
  await undo(execution, 'forget-other-attempts', (scope) =>
    forgetOthers(scope, backupID, { hasRunOnce }),
  )
  await step(execution, 'end-backup', completeTask, SHIELDED)
  return { state: 'completed' }
}

async function begin(scope: StepScope, backupID: string): Promise<void> {
  const { execution } = scope
  const { database } = execution.runtime
  await advanceCopy(database, execution, { ...ref(backupID), to: 'discovering' })
  const { appID, accountID } = await factsOfCopy(scope, ref(backupID))
  const context = await appContext(scope, appID, ref(backupID))
  const assets = await discoverAssets(context, backupID, scope.signal)
  await insertCopyAssets(database, { ...ref(backupID), accountID }, assets)
}

/** A command that may not run at all fails before anybody waits for a repository. */
async function checkCommand(scope: StepScope, backupID: string): Promise<void> {
  const { execution } = scope
  await locateAppCommand(scope, inputOf(execution))
  await advanceCopy(execution.runtime.database, execution, { ...ref(backupID), to: 'running' })
}

interface StreamRun {
  readonly backupID: string
  readonly repositoryID: string
}

/** Answers how often the command was started by the step that recorded its end. */
async function streamCommand(execution: Execution, run: StreamRun): Promise<number> {
  const { backupID } = run
  let tries = 0
  return await step(
    execution,
    'stream-command',
    async (scope) => {
      tries += 1
      await runCommand(scope, run)
      return tries
    },
    {
      writeProgress: (queries, streaming, progress) =>
        writeStreamProgress(queries, { ...streaming, backupID }, progress),
    },
  )
}

async function runCommand(scope: StepScope, { backupID, repositoryID }: StreamRun): Promise<void> {
  const { execution } = scope
  const { runtime } = execution
  const { database } = runtime
  const input = inputOf(execution)
  const { app, mover } = await appContext(scope, appIDOf(execution), ref(backupID))
  await withTurn(repositoryTurn(scope, repositoryID, 'shared'), async (giveTurn) => {
    const { location, namespace } = await locateAppCommand(scope, input)
    const result = await runMover(
      {
        ...mover,
        onProgress: scope.report,
        // Its lock in the repository stands against a prune all the same.
        onStalled: giveTurn,
        onStarting: () =>
          logCommandStart(execution, 'backup', { namespace, command: input.command }),
        onFailed: (failed) => logCommandFailure(execution, 'backup', failed),
      },
      {
        kind: 'stream-backup',
        repository: await openRepository(runtime, repositoryID),
        source: location,
        label: streamLabel({
          app,
          copy: ref(backupID),
          attempt: execution.attempt,
          time: runtime.now().toISOString(),
        }),
        ...(input.timeoutMs === undefined ? {} : { timeoutMs: input.timeoutMs }),
      },
    )
    await scope.point('streamed')
    const { sizeBytes, addedBytes } = result
    const stream = { ...result, backupID, takenAt: new Date(result.takenAt) }
    await recordStream(database, execution, stream)
    await logCommandSuccess(execution, 'backup', result.command)
    await logTask(
      execution,
      'info',
      `${sizeBytes} bytes are kept; ${addedBytes} were added for it.`,
    )
  })
}

async function commit(scope: StepScope, backupID: string, descriptionID: string): Promise<void> {
  const { stream } = await factsOfCopy(scope, ref(backupID))
  if (stream === undefined) throw new Error(`The backup ${backupID} has no stream.`)
  await commitBackupOfTask(scope, { backupID, descriptionID, totalBytes: stream.sizeBytes })
}

/** A command that ran again, or a description that was written again, has left another snapshot. */
async function forgetOthers(
  scope: StepScope,
  backupID: string,
  { hasRunOnce }: { readonly hasRunOnce: boolean },
): Promise<void> {
  if (scope.execution.attempt === 1 && hasRunOnce) return
  const { descriptionSnapshotID, stream } = await factsOfCopy(scope, ref(backupID))
  const kept = [descriptionSnapshotID, stream?.repositorySnapshotID]
  const keepSnapshotIDs = kept.filter((id) => id !== undefined)
  await forgetCopy(scope, ref(backupID), { keepSnapshotIDs })
}

async function endFailed(
  execution: Execution,
  backupID: string,
  failure: WorkflowFailure,
): Promise<TaskOutcome> {
  await undo(execution, 'undo-backup', async (scope) => {
    await forgetCopy(scope, ref(backupID))
  })
  await step(
    execution,
    'fail-backup',
    async (scope) => {
      await failCopyAndTask(scope, ref(backupID), failure)
    },
    SHIELDED,
  )
  return failedOutcome(failure)
}

function inputOf({ task }: Execution): StreamBackupInput {
  return task.input as StreamBackupInput
}

function ref(id: string): { readonly kind: 'backup'; readonly id: string } {
  return { kind: 'backup', id }
}
