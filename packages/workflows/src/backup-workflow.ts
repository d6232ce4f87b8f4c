// Makes a backup of an app.
//
// pending → (its app is not being restored) → discovering → its own snapshot is taken, unless one
// was given → running: every volume moves into the bucket's repository, each in a child workflow
// → verified: what was expected was captured → described: the last write to the repository →
// completed, in one statement. Its own hooks run before its snapshot is taken and after what was
// captured is verified. Then the backup's further attempts are forgotten and its own
// snapshot goes.
//
// A failure or a cancel before the commit forgets what reached the repository, drops the snapshot
// → failed. After the commit nothing can fail it.
import { DBOS } from '@dbos-inc/dbos-sdk'
import {
  advanceCopy,
  type CopyFacts,
  findCopyFacts,
  insertBackupVolumes,
  insertCopyAssets,
  insertSnapshotOfBackup,
  insertTask,
  listBackupVolumes,
  listCopyAssets,
  listHookRuns,
  listVolumeSnapshots,
  setBackupHooks,
  takeOverSnapshot,
  workflowIDOf,
} from '@holdfast/db'
import { awaitApp } from './await-app.ts'
import { dropOwnSnapshot, forgetOtherAttempts } from './backup-leftovers.ts'
import {
  commitBackupOfTask,
  ensureRepositoryOfCopy,
  factsOfCopy,
  factsOfSource,
  failCopyAndTask,
} from './copy-of-task.ts'
import { describeCopy } from './describe-copy.ts'
import { discoverApp } from './discover-volumes.ts'
import { appIDOf, type Execution, registerTaskWorkflow, type TaskOutcome } from './execution.ts'
import { forgetCopy } from './forget-copy.ts'
import { type HookPlan, planAppHooks } from './hook-plan.ts'
import { moveWorkflow } from './move-workflow.ts'
import { newMoveTask, newSnapshotTask } from './new-task.ts'
import { hookStateDetail } from './run-planned-hook.ts'
import { uuidFrom } from './runtime.ts'
import { snapshotWorkflow } from './snapshot-workflow.ts'
import { type StepScope, step } from './step.ts'
import {
  completeTask,
  failedOutcome,
  failureToEndWith,
  isCommitted,
  SHIELDED,
  throwRefusedCommit,
  undo,
} from './task-end.ts'
import { withHooks } from './with-hooks.ts'
import { appContext } from './workflow-context.ts'
import { WorkflowError, type WorkflowFailure } from './workflow-failure.ts'

/**
 * Moves are started from here by any worker. The bound keeps a backup of very many volumes from
 * starting all of them; how many movers work is another one (`mover-slots.ts`), since a move that
 * waits in this queue could not be cancelled.
 */
export const MOVE_QUEUE = 'holdfast-moves'
export const MOVES_PER_WORKER_MAX = 64

const RESULT_POLL_MS = 100

export const backupWorkflow = registerTaskWorkflow('backup', runBackup)

async function runBackup(execution: Execution): Promise<TaskOutcome> {
  const backupID = execution.task.resourceID
  try {
    await awaitApp(execution, appIDOf(execution), ref(backupID))
    await step(execution, 'begin-backup', () => begin(execution, backupID))
    const found = await step(execution, 'discover', (scope) => discover(scope, backupID))
    const around = {
      plan: found.hooks,
      before: 'pre-backup-hooks',
      after: 'post-backup-hooks',
      isStrict: false,
      hasTurn: false,
    } as const
    const { repositoryID, totalBytes } = await withHooks(execution, around, () =>
      copyApp(execution, backupID, found),
    )
    const descriptionID = await step(execution, 'describe-backup', (scope) =>
      describeCopy(scope, ref(backupID), repositoryID),
    )
    await step(execution, 'commit-backup', (scope) =>
      commitBackupOfTask(scope, { backupID, descriptionID, totalBytes }),
    )
  } catch (error) {
    const failure = failureToEndWith(error)
    if (!(await isCommitted(execution))) return await endFailed(execution, backupID, failure)
  }
  await undo(execution, 'forget-other-attempts', (scope) => forgetOtherAttempts(scope, backupID))
  await undo(execution, 'drop-snapshot', (scope) => dropOwnSnapshot(scope, backupID))
  await step(execution, 'end-backup', completeTask, SHIELDED)
  return { state: 'completed' }
}

interface Found {
  readonly hasSnapshot: boolean
  /** Absent in what a former version recorded. */
  readonly hooks?: HookPlan | null
}

async function copyApp(execution: Execution, backupID: string, { hasSnapshot }: Found) {
  if (!hasSnapshot) await takeSnapshot(execution, backupID)
  const repositoryID = await step(execution, 'ensure-repository', (scope) =>
    ensureRepositoryOfCopy(scope, ref(backupID)),
  )
  await moveVolumes(execution, backupID)
  const totalBytes = await step(execution, 'verify-backup', (scope) => verify(scope, backupID))
  return { repositoryID, totalBytes }
}

async function begin(execution: Execution, backupID: string): Promise<void> {
  await advanceCopy(execution.runtime.database, execution, { ...ref(backupID), to: 'discovering' })
}

async function discover(scope: StepScope, backupID: string): Promise<Found> {
  const hasSnapshot = await discoverVolumes(scope, backupID)
  return { hasSnapshot, hooks: await planAppHooks(scope, 'backup') }
}

/** Answers whether the backup was given a snapshot. */
async function discoverVolumes(scope: StepScope, backupID: string): Promise<boolean> {
  const { database } = scope.execution.runtime
  const facts = await factsOfCopy(scope, ref(backupID))
  const copy = { ...ref(backupID), accountID: facts.accountID }
  // One that this backup took in a former execution is not a given one.
  const given = facts.snapshotID === undefined ? undefined : await givenSnapshot(scope, facts)
  if (given !== undefined) {
    const snapshot = { kind: 'snapshot', id: given } as const
    const volumes = await listVolumeSnapshots(database, given)
    const assets = await listCopyAssets(database, snapshot)
    await insertBackupVolumes(
      database,
      backupID,
      volumes.map((volume) => ({
        ...volume,
        id: uuidFrom(backupID, volume.namespace, volume.key),
        estimatedBytes: volume.coverage?.captured.bytes ?? 0,
      })),
    )
    const own = assets.map((asset) => ({ ...asset, id: uuidFrom(backupID, asset.id) }))
    await insertCopyAssets(database, copy, own)
    return true
  }
  const context = await appContext(scope, facts.appID, ref(backupID))
  const found = await discoverApp(context, backupID, scope.signal)
  await insertBackupVolumes(database, backupID, found.volumes)
  await insertCopyAssets(database, copy, found.assets)
  return false
}

async function givenSnapshot(scope: StepScope, facts: CopyFacts): Promise<string | undefined> {
  const id = facts.snapshotID ?? ''
  const { database } = scope.execution.runtime
  const snapshot = await findCopyFacts(database, { kind: 'snapshot', id })
  if (snapshot?.takenByBackupID === facts.id) return undefined
  await factsOfSource(scope, { kind: 'snapshot', id })
  return id
}

async function takeSnapshot(execution: Execution, backupID: string): Promise<void> {
  const snapshotID = uuidFrom('snapshot of backup', backupID)
  const taskID = uuidFrom('snapshot task of', execution.taskID)
  await step(execution, 'create-snapshot', async (scope) => {
    const { database } = execution.runtime
    const snapshot = { id: snapshotID, name: `backup-${backupID}`, backupID }
    if (!(await insertSnapshotOfBackup(database, execution, snapshot))) {
      await throwRefusedCommit(scope)
    }
    await scope.point('row-inserted')
    await insertTask(database, newSnapshotTask(taskID, execution.task, snapshotID))
  })
  const child = await DBOS.startWorkflow(snapshotWorkflow, {
    workflowID: workflowIDOf('snapshot', taskID),
  })(taskID)
  const outcome = await child.getResult({ pollingIntervalMs: RESULT_POLL_MS })
  if (outcome.state !== 'completed') throw new WorkflowError(outcome.failure)
}

async function moveVolumes(execution: Execution, backupID: string): Promise<void> {
  const taskIDs = await step(execution, 'prepare-moves', (scope) => prepareMoves(scope, backupID))
  const moves = []
  for (const taskID of taskIDs) {
    const start = DBOS.startWorkflow(moveWorkflow, {
      workflowID: workflowIDOf('move', taskID),
      queueName: MOVE_QUEUE,
    })
    moves.push(await start(taskID))
  }
  // All are waited for: nothing of a failed backup may still write when it is undone.
  const outcomes: TaskOutcome[] = []
  const broken: unknown[] = []
  for (const move of moves) {
    await move.getResult({ pollingIntervalMs: RESULT_POLL_MS }).then(
      (outcome) => outcomes.push(outcome),
      (error: unknown) => broken.push(error),
    )
  }
  if (broken.length > 0) throw broken[0]
  const failures = outcomes.flatMap((outcome) =>
    outcome.state === 'completed' ? [] : [outcome.failure],
  )
  // The others were asked to stop because of the one that failed.
  const cause =
    failures.find((failure) => failure.code !== 'cancelled') ??
    failures.find((failure) => failure.code === 'cancelled' && failure.cancelledBy !== undefined) ??
    failures[0]
  if (cause !== undefined) throw new WorkflowError(cause)
}

async function prepareMoves(scope: StepScope, backupID: string): Promise<string[]> {
  const { execution } = scope
  const { database } = execution.runtime
  const facts = await factsOfCopy(scope, ref(backupID))
  const volumes = await listBackupVolumes(database, backupID)
  const { snapshotID } = facts
  if (snapshotID !== undefined) {
    await takeOverSnapshot(database, execution, { backupID, snapshotID })
  }
  await advanceCopy(database, execution, { ...ref(backupID), to: 'running' })
  const taskIDs: string[] = []
  for (const [at, volume] of volumes.entries()) {
    const taskID = uuidFrom('move task of', execution.taskID, volume.id)
    await insertTask(database, newMoveTask(taskID, execution.task, { volume, orderHint: at + 1 }))
    taskIDs.push(taskID)
  }
  return taskIDs
}

/** Answers the sum of all bytes. Completed with an expected entry missing is impossible. */
async function verify({ execution }: StepScope, backupID: string): Promise<number> {
  const volumes = await listBackupVolumes(execution.runtime.database, backupID)
  let totalBytes = 0
  for (const { namespace, key, coverage, repositorySnapshotID } of volumes) {
    const volume = `/${namespace}/${key}`
    if (coverage === undefined || repositorySnapshotID === undefined) {
      throw new WorkflowError({ code: 'copy-incomplete', missed: [], missedCount: 1, volume })
    }
    const { expected, captured, missed, missedCount } = coverage
    const lacking = Math.max(missedCount, expected.entries - captured.entries)
    if (lacking > 0 || expected.bytes !== captured.bytes) {
      throw new WorkflowError({
        code: 'copy-incomplete',
        missed,
        missedCount: Math.max(lacking, 1),
        volume,
      })
    }
    totalBytes += captured.bytes
  }
  return totalBytes
}

async function endFailed(
  execution: Execution,
  backupID: string,
  failure: WorkflowFailure,
): Promise<TaskOutcome> {
  await undo(execution, 'undo-backup', async (scope) => {
    await forgetCopy(scope, ref(backupID))
  })
  await undo(execution, 'drop-snapshot', (scope) => dropOwnSnapshot(scope, backupID))
  await step(
    execution,
    'fail-backup',
    async (scope) => {
      await takeOverFailedHooks(scope, backupID)
      await failCopyAndTask(scope, ref(backupID), failure)
    },
    SHIELDED,
  )
  return failedOutcome(failure)
}

/** A backup whose own snapshot failed by a hook says so as that does. */
async function takeOverFailedHooks(scope: StepScope, backupID: string): Promise<void> {
  const { database } = scope.execution.runtime
  const { snapshotID } = await factsOfCopy(scope, ref(backupID))
  if (snapshotID === undefined) return
  const snapshot = await findCopyFacts(database, { kind: 'snapshot', id: snapshotID })
  if (snapshot?.hookState !== 'failed') return
  const runs = await listHookRuns(database, scope.execution.taskID)
  const failed = runs.filter(({ state }) => state === 'failed').map(hookStateDetail)
  await setBackupHooks(database, scope.execution, { backupID, failed })
}

function ref(id: string): { readonly kind: 'backup'; readonly id: string } {
  return { kind: 'backup', id }
}
