// Restores an app in place.
//
// The operation has set the app to `restoring`. planned → prepared: space, permissions and users
// of the volumes checked, empty staging made → every volume staged and counted → past the commit:
// no cancel any more → exchanged, all volumes or none → the app is `ready` → the replaced trees are
// gone → ended.
//
// A failure before the exchange, or in it, removes the staging and leaves the data untouched: the
// app is `failed` and says why. A cancel puts it back to its former state. A crash between two
// exchanges rolls forward with the repeated step.
import {
  deleteObligation,
  endAppRestore,
  findCopyFacts,
  insertObligation,
  listBackupVolumes,
  listVolumeSnapshots,
  passCommit,
  type VolumeSnapshotRecord,
} from '@holdfast/db'
import type { EntryCount, SnapshotStrategy } from '@holdfast/domain'
import type { VolumeSnapshotHandle } from '@holdfast/platforms'
import {
  appIDOf,
  type Execution,
  logTask,
  registerTaskWorkflow,
  type TaskOutcome,
} from './execution.ts'
import { stateDetailsOf } from './failure-sentence.ts'
import type { RestoreInput } from './new-task.ts'
import { openRepository } from './open-repository.ts'
import { logicalPathOf } from './repository-labels.ts'
import { runMover } from './run-mover.ts'
import { type StepScope, step } from './step.ts'
import {
  completeTask,
  failedOutcome,
  failTask,
  failureToEndWith,
  SHIELDED,
  throwRefusedCommit,
  undo,
} from './task-end.ts'
import { withTurn } from './turn.ts'
import { appContext, repositoryTurn } from './workflow-context.ts'
import { WorkflowError, type WorkflowFailure } from './workflow-failure.ts'

interface PlannedVolume {
  readonly namespace: string
  readonly key: string
  readonly strategy: SnapshotStrategy
  readonly expected: EntryCount
  readonly from:
    | {
        readonly kind: 'repository'
        readonly repositoryID: string
        readonly repositorySnapshotID: string
      }
    | { readonly kind: 'volume-snapshot'; readonly handle: VolumeSnapshotHandle }
}

interface StagedTarget extends PlannedVolume {
  readonly targetPath: string
}

export const restoreWorkflow = registerTaskWorkflow('restore', runRestore)

async function runRestore(execution: Execution): Promise<TaskOutcome> {
  try {
    const plan = await step(execution, 'plan-restore', planRestore)
    const staged = await step(execution, 'prepare-restore', (scope) => prepare(scope, plan))
    const totalBytes = sumOfBytes(staged)
    for (const [at, volume] of staged.entries()) {
      const before = sumOfBytes(staged.slice(0, at))
      await step(execution, 'restore-volume', async (scope) => {
        const report = (bytesDone: number) =>
          scope.report({ bytesDone: before + bytesDone, totalBytes })
        await restoreVolume(scope, volume, report)
      })
    }
    await step(execution, 'pass-commit', passPointOfNoReturn)
    await step(execution, 'commit-restore', exchange, SHIELDED)
  } catch (error) {
    return await endFailed(execution, failureToEndWith(error))
  }
  await step(execution, 'app-ready', ({ execution }) => endApp(execution, 'ready', []), SHIELDED)
  await undo(execution, 'finish-restore', finish)
  await step(execution, 'end-restore', completeTask, SHIELDED)
  return { state: 'completed' }
}

/** A namespace that was taken out of the app since may be another app's now. */
async function planRestore(scope: StepScope): Promise<PlannedVolume[]> {
  const { app } = await appContext(scope, appIDOf(scope.execution))
  const plan = await planVolumes(scope)
  const foreign = plan.find(({ namespace }) => !app.namespaces.includes(namespace))
  if (foreign === undefined) return plan
  throw new WorkflowError({ code: 'namespace-not-of-app', namespace: foreign.namespace })
}

async function planVolumes(scope: StepScope): Promise<PlannedVolume[]> {
  const { database } = scope.execution.runtime
  const { source } = inputOf(scope.execution)
  const facts = await findCopyFacts(database, source)
  if (facts === undefined || facts.isDeleted) {
    throw new WorkflowError({ code: 'copy-not-found', copyID: source.id })
  }
  if (facts.state !== 'completed') {
    throw new WorkflowError({
      code: 'copy-not-completed',
      copyID: source.id,
      state: facts.state,
    })
  }
  if (source.kind === 'snapshot') {
    const volumes = await listVolumeSnapshots(database, source.id)
    return volumes.map(planVolumeSnapshot)
  }
  const volumes = await listBackupVolumes(database, source.id)
  return volumes.map((volume) => {
    const { namespace, key, strategy, coverage, repositorySnapshotID } = volume
    if (coverage === undefined || repositorySnapshotID === undefined) {
      throw new Error(`The volume ${volume.id} of a completed backup has no data.`)
    }
    const repositoryID = facts.repositoryID ?? ''
    const from = { kind: 'repository' as const, repositoryID, repositorySnapshotID }
    return { namespace, key, strategy, expected: coverage.captured, from }
  })
}

function planVolumeSnapshot(volume: VolumeSnapshotRecord): PlannedVolume {
  const { namespace, key, strategy, handle, repositoryID, repositorySnapshotID } = volume
  const expected = volume.coverage?.captured ?? { entries: 0, bytes: 0 }
  if (handle !== undefined) {
    return { namespace, key, strategy, expected, from: { kind: 'volume-snapshot', handle } }
  }
  if (repositoryID === undefined || repositorySnapshotID === undefined) {
    throw new Error(`The volume ${volume.id} of a completed snapshot has no data.`)
  }
  const from = { kind: 'repository' as const, repositoryID, repositorySnapshotID }
  return { namespace, key, strategy, expected, from }
}

async function prepare(scope: StepScope, plan: readonly PlannedVolume[]): Promise<StagedTarget[]> {
  const { execution, signal } = scope
  const { app, platform } = await appContext(scope, appIDOf(execution))
  await insertObligation(execution.runtime.database, {
    id: execution.taskID,
    taskID: execution.taskID,
    workflowID: execution.workflowID,
    boot: execution.runtime.boot,
    clusterID: app.cluster.id,
    kind: 'staging',
    resource: `app:${app.id}`,
    detail: {},
  })
  await scope.point('owed')
  const staging = await platform.prepareRestore(
    {
      id: execution.taskID,
      volumes: plan.map(({ namespace, key, strategy, expected }) => ({
        namespace,
        key,
        strategy,
        expectedBytes: expected.bytes,
        expectedEntries: expected.entries,
      })),
      namespaces: app.namespaces,
      allowInUse: inputOf(execution).isInUseAllowed,
    },
    signal,
  )
  for (const warning of staging.warnings) await logTask(execution, 'warning', warning.message)
  return plan.map((volume) => {
    const target = staging.volumes.find(
      ({ namespace, key }) => namespace === volume.namespace && key === volume.key,
    )
    if (target === undefined) throw new Error(`No staging for ${volume.namespace}/${volume.key}.`)
    return { ...volume, targetPath: target.targetPath }
  })
}

function sumOfBytes(volumes: readonly PlannedVolume[]): number {
  return volumes.reduce((sum, { expected }) => sum + expected.bytes, 0)
}

/** `report` gets the bytes of this volume that are done. */
async function restoreVolume(
  scope: StepScope,
  volume: StagedTarget,
  report: (bytesDone: number) => void,
): Promise<void> {
  const { from } = volume
  if (from.kind === 'repository') return await restoreFromRepository(scope, volume, from, report)
  const { execution, signal } = scope
  const { platform } = await appContext(scope, appIDOf(execution))
  // The platform verifies what it staged against the snapshot itself.
  await platform.stageSnapshot(
    {
      id: execution.taskID,
      namespace: volume.namespace,
      key: volume.key,
      handle: from.handle,
    },
    signal,
  )
}

async function restoreFromRepository(
  scope: StepScope,
  volume: StagedTarget,
  from: Extract<PlannedVolume['from'], { kind: 'repository' }>,
  report: (bytesDone: number) => void,
): Promise<void> {
  const { execution } = scope
  const { mover } = await appContext(scope, appIDOf(execution))
  const name = `/${volume.namespace}/${volume.key}`
  const { restored } = await withTurn(
    repositoryTurn(scope, from.repositoryID, 'shared'),
    async () => {
      const result = await runMover(
        { ...mover, volume: name, onProgress: ({ bytesDone }) => report(bytesDone) },
        {
          kind: 'restore',
          repository: await openRepository(execution.runtime, from.repositoryID),
          repositorySnapshotID: from.repositorySnapshotID,
          logicalPath: logicalPathOf(volume),
          targetPath: volume.targetPath,
        },
      )
      for (const warning of result.warnings) await logTask(execution, 'warning', warning.message)
      return result
    },
  )
  const { expected } = volume
  if (restored.entries !== expected.entries || restored.bytes !== expected.bytes) {
    throw new WorkflowError({
      code: 'restore-incomplete',
      expected: expected.entries,
      found: restored.entries,
      volume: name,
    })
  }
}

async function passPointOfNoReturn(scope: StepScope): Promise<void> {
  const { execution } = scope
  if (!(await passCommit(execution.runtime.database, execution))) await throwRefusedCommit(scope)
}

async function exchange(scope: StepScope): Promise<void> {
  const { platform } = await appContext(scope, appIDOf(scope.execution))
  await platform.commitRestore(scope.execution.taskID, scope.signal)
}

async function finish(scope: StepScope): Promise<void> {
  const { execution } = scope
  const { platform } = await appContext(scope, appIDOf(execution))
  await platform.finishRestore(execution.taskID, scope.signal)
  await deleteObligation(execution.runtime.database, execution.taskID)
}

async function endFailed(execution: Execution, failure: WorkflowFailure): Promise<TaskOutcome> {
  await undo(execution, 'rollback-restore', async (scope) => {
    const { platform } = await appContext(scope, appIDOf(execution))
    await platform.rollbackRestore(execution.taskID, scope.signal)
    await deleteObligation(execution.runtime.database, execution.taskID)
  })
  await step(
    execution,
    'fail-restore',
    async (scope) => {
      const { formerState } = inputOf(execution)
      const isCancelled = failure.code === 'cancelled'
      if (isCancelled) await endApp(execution, formerState, [])
      else await endApp(execution, 'failed', stateDetailsOf(failure))
      await failTask(scope, failure)
    },
    SHIELDED,
  )
  return failedOutcome(failure)
}

async function endApp(
  execution: Execution,
  state: RestoreInput['formerState'],
  stateDetails: ReturnType<typeof stateDetailsOf>,
): Promise<void> {
  const appID = appIDOf(execution)
  await endAppRestore(execution.runtime.database, execution, { appID, state, stateDetails })
}

function inputOf({ task }: Execution): RestoreInput {
  return task.input as RestoreInput
}
