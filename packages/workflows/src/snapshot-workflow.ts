// Takes an application snapshot.
//
// pending → (its app is not being restored) → discovering → (its turn at the app) → running: the
// hooks before it → the volumes that they made → per volume the platform's own snapshot → the hooks after it → its turn is given
// back → the volumes without one are read into the local snapshot repository → the description is
// in the bucket → completed.
//
// One that a restore takes before it changes its app is not kept waiting by that restore.
//
// One that a backup takes for itself finds the volumes that the backup discovered, and those that
// hooks made since, which it adds to the backup; it copies no volume, writes no description and stays `running`: it belongs to the backup, which drops it.
//
// A failure or a cancel before the commit takes everything back → failed. The turn covers what is
// quiesced. The reading of the `copy` strategy comes after it, since it is live anyway; but where
// hooks hold the app still, it is read before those that let it go, also for a backup, which then
// copies it from there.
import {
  advanceCopy,
  type CopyFacts,
  type CopyRef,
  commitSnapshot,
  findAppFacts,
  insertBackupVolumes,
  insertCopyAssets,
  insertVolumeSnapshots,
  listBackupVolumes,
  listCopyAssets,
  listHookRuns,
  listVolumeSnapshots,
  recordLocalCopy,
  recordVolumeSnapshot,
  setSnapshotTaken,
} from '@holdfast/db'
import type { SnapshotStrategy } from '@holdfast/domain'
import { awaitApp } from './await-app.ts'
import { ensureRepositoryOfCopy, factsOfCopy, failCopyAndTask } from './copy-of-task.ts'
import { describeCopy } from './describe-copy.ts'
import { discoverApp, discoverNewVolumes } from './discover-volumes.ts'
import { dropSnapshotData } from './drop-snapshot.ts'
import { ensureRepository } from './ensure-repository.ts'
import { appIDOf, type Execution, registerTaskWorkflow, type TaskOutcome } from './execution.ts'
import { type HookPlan, planAppHooks } from './hook-plan.ts'
import { isSafetySnapshot, takingBackupTaskID } from './new-task.ts'
import { openRepository } from './open-repository.ts'
import { volumeLabel } from './repository-labels.ts'
import { runMover } from './run-mover.ts'
import { uuidFrom } from './runtime.ts'
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
import { giveTurn, takeTurn, withTurn } from './turn.ts'
import { oweVolumeSnapshot, releaseVolumeSnapshots } from './volume-snapshot-obligation.ts'
import { withHooks } from './with-hooks.ts'
import { appContext, repositoryTurn } from './workflow-context.ts'
import { WorkflowError, type WorkflowFailure } from './workflow-failure.ts'

interface VolumeToTake {
  readonly id: string
  readonly namespace: string
  readonly key: string
  readonly strategy: SnapshotStrategy
}

export const snapshotWorkflow = registerTaskWorkflow('snapshot', runSnapshot)

async function runSnapshot(execution: Execution): Promise<TaskOutcome> {
  const snapshotID = execution.task.resourceID
  const isOfBackup = takingBackupTaskID(execution.task) !== null
  try {
    const isAwaited = isOfBackup || isSafetySnapshot(execution.task)
    if (!isAwaited) await awaitApp(execution, appIDOf(execution), ref(snapshotID))
    await step(execution, 'begin-snapshot', () => begin(execution, snapshotID))
    const volumes = await step(execution, 'discover', (scope) => discover(scope, snapshotID))
    const hooks = await step(execution, 'take-turn', (scope) => enter(scope, snapshotID))
    let present = volumes
    await holdStill(execution, hooks, async () => {
      if (hooks) present = await step(execution, 'discover-new', (scope) => add(scope, snapshotID))
      for (const volume of present.filter(({ strategy }) => strategy !== 'copy')) {
        await step(execution, 'take-volume-snapshot', (scope) => take(scope, snapshotID, volume))
      }
      if (hooks) await copyVolumes(execution, snapshotID, present)
    })
    await step(execution, 'give-turn', (scope) => leave(scope, snapshotID))
    if (!isOfBackup) {
      if (!hooks) await copyVolumes(execution, snapshotID, volumes)
      await describe(execution, snapshotID)
    }
  } catch (error) {
    const failure = failureToEndWith(error)
    if (!(await isCommitted(execution))) return await endFailed(execution, snapshotID, failure)
  }
  await step(execution, 'end-snapshot', (scope) => end(scope, snapshotID), SHIELDED)
  return { state: 'completed' }
}

/**
 * The app is quiet while `work` runs. What makes it so and outlives this service, such as a lease
 * that ends by itself, is taken inside the hooks, around `work`.
 */
async function holdStill(
  execution: Execution,
  plan: HookPlan | null | undefined,
  work: () => Promise<void>,
): Promise<void> {
  const names = { before: 'pre-snapshot-hooks', after: 'post-snapshot-hooks' } as const
  await withHooks(execution, { plan, ...names, isStrict: true, hasTurn: true }, work)
}

async function copyVolumes(
  execution: Execution,
  snapshotID: string,
  volumes: readonly VolumeToTake[],
): Promise<void> {
  const copied = volumes.filter(({ strategy }) => strategy === 'copy')
  if (copied.length === 0) return
  const localID = await step(execution, 'ensure-local-repository', ensureLocal)
  for (const volume of copied) {
    await step(execution, 'copy-volume', (scope) => copy(scope, snapshotID, volume, localID))
  }
}

async function describe(execution: Execution, snapshotID: string): Promise<void> {
  const repositoryID = await step(execution, 'ensure-repository', (scope) =>
    ensureRepositoryOfCopy(scope, ref(snapshotID)),
  )
  const descriptionID = await step(execution, 'describe-snapshot', (scope) =>
    describeCopy(scope, ref(snapshotID), repositoryID),
  )
  await step(execution, 'complete-snapshot', (scope) => complete(scope, snapshotID, descriptionID))
}

async function begin(execution: Execution, snapshotID: string): Promise<void> {
  await advanceCopy(execution.runtime.database, execution, {
    ...ref(snapshotID),
    to: 'discovering',
  })
}

async function discover(scope: StepScope, snapshotID: string): Promise<VolumeToTake[]> {
  const { database } = scope.execution.runtime
  const facts = await factsOfCopy(scope, ref(snapshotID))
  if (facts.takenByBackupID === undefined) {
    const context = await appContext(scope, facts.appID, ref(snapshotID))
    const found = await discoverApp(context, snapshotID, scope.signal)
    await insertVolumeSnapshots(database, snapshotID, found.volumes)
    await insertCopyAssets(
      database,
      { ...ref(snapshotID), accountID: facts.accountID },
      found.assets,
    )
  } else {
    if (await hasBackupHooks(scope)) await addNewVolumes(scope, facts)
    await takeOverBackup(scope, facts, facts.takenByBackupID)
  }
  return await volumesOf(scope, snapshotID)
}

async function volumesOf({ execution }: StepScope, snapshotID: string): Promise<VolumeToTake[]> {
  const volumes = await listVolumeSnapshots(execution.runtime.database, snapshotID)
  return volumes.map(({ id, namespace, key, strategy }) => ({ id, namespace, key, strategy }))
}

/** Those before a backup ran after it had discovered its volumes. */
async function hasBackupHooks({ execution }: StepScope): Promise<boolean> {
  const backupTaskID = takingBackupTaskID(execution.task)
  if (backupTaskID === null) return false
  return (await listHookRuns(execution.runtime.database, backupTaskID)).length > 0
}

async function add(scope: StepScope, snapshotID: string): Promise<VolumeToTake[]> {
  const facts = await factsOfCopy(scope, ref(snapshotID))
  await addNewVolumes(scope, facts)
  if (facts.takenByBackupID !== undefined) {
    await takeOverBackup(scope, facts, facts.takenByBackupID)
  }
  return await volumesOf(scope, snapshotID)
}

/** To the backup, where this snapshot is one's own. */
async function addNewVolumes(scope: StepScope, facts: CopyFacts): Promise<void> {
  const { database } = scope.execution.runtime
  const backupID = facts.takenByBackupID
  const copy: CopyRef = backupID === undefined ? ref(facts.id) : { kind: 'backup', id: backupID }
  const context = await appContext(scope, facts.appID, copy)
  const found = await discoverNewVolumes(context, copy.id, scope.signal)
  const insert = copy.kind === 'backup' ? insertBackupVolumes : insertVolumeSnapshots
  await insert(database, copy.id, found.volumes)
  await insertCopyAssets(database, { ...copy, accountID: facts.accountID }, found.assets)
}

/** What the backup discovered, so that both speak of the same volumes. */
async function takeOverBackup(
  { execution }: StepScope,
  facts: CopyFacts,
  backupID: string,
): Promise<void> {
  const { database } = execution.runtime
  const volumes = await listBackupVolumes(database, backupID)
  const assets = await listCopyAssets(database, { kind: 'backup', id: backupID })
  await insertVolumeSnapshots(
    database,
    facts.id,
    volumes.map((volume) => ({
      ...volume,
      id: uuidFrom(facts.id, volume.namespace, volume.key),
      estimatedBytes: volume.totalBytes ?? 0,
    })),
  )
  await insertCopyAssets(
    database,
    { ...ref(facts.id), accountID: facts.accountID },
    assets.map((asset) => ({ ...asset, id: uuidFrom(facts.id, asset.id) })),
  )
}

/** Answers which hooks run; one that a former version recorded answered nothing, and has none. */
async function enter(scope: StepScope, snapshotID: string): Promise<HookPlan | null | undefined> {
  const { execution } = scope
  const { database } = execution.runtime
  const facts = await factsOfCopy(scope, ref(snapshotID))
  await takeTurn({ ...appTurn(execution, facts.appID), signal: scope.signal })
  await advanceCopy(database, execution, { ...ref(snapshotID), to: 'running' })
  if (facts.takenByBackupID !== undefined) {
    const backup = { kind: 'backup', id: facts.takenByBackupID } as const
    await advanceCopy(database, execution, { ...backup, to: 'running' })
  }
  return await planAppHooks(scope, 'snapshot')
}

async function take(scope: StepScope, snapshotID: string, volume: VolumeToTake): Promise<void> {
  const { execution, signal } = scope
  const facts = await factsOfCopy(scope, ref(snapshotID))
  const { app, platform } = await appContext(scope, facts.appID)
  if (volume.strategy === 'copy') throw new Error('The copy strategy takes no volume snapshot.')
  await oweVolumeSnapshot(execution, app.cluster.id, { id: volume.id, snapshotID })
  await scope.point('owed')
  const taken = await platform.snapshotVolume(
    {
      id: volume.id,
      namespace: volume.namespace,
      key: volume.key,
      strategy: volume.strategy,
    },
    signal,
  )
  await scope.point('taken')
  await recordVolumeSnapshot(execution.runtime.database, execution, volume.id, taken)
}

async function leave(scope: StepScope, snapshotID: string): Promise<void> {
  const { execution } = scope
  const { database, now } = execution.runtime
  const facts = await factsOfCopy(scope, ref(snapshotID))
  const volumes = await listVolumeSnapshots(database, snapshotID)
  // Nothing after the earliest copy is sure to be in all of them. Volumes that are yet to be read
  // are read from now on.
  const times = volumes.map((volume) => volume.takenAt ?? now()).map((time) => time.getTime())
  const takenAt = facts.takenAt ?? new Date(Math.min(now().getTime(), ...times))
  await setSnapshotTaken(database, execution, { snapshotID, takenAt })
  await giveTurn(appTurn(execution, facts.appID))
}

async function ensureLocal(scope: StepScope): Promise<string> {
  const { app, mover } = await appContext(scope, appIDOf(scope.execution))
  return await ensureRepository(mover, app.accountID, {
    kind: 'cluster',
    clusterID: app.cluster.id,
  })
}

async function copy(
  scope: StepScope,
  snapshotID: string,
  volume: VolumeToTake,
  repositoryID: string,
): Promise<void> {
  const { execution } = scope
  const { runtime } = execution
  const { app, platform, mover } = await appContext(scope, appIDOf(execution), ref(snapshotID))
  await withTurn(repositoryTurn(scope, repositoryID, 'shared'), async () => {
    const source = await platform.locateVolume(volume)
    if (source.kind !== 'directory') throw new Error('A live volume is a directory.')
    const takenAt = runtime.now().toISOString()
    const result = await runMover(
      { ...mover, volume: `/${volume.namespace}/${volume.key}`, onProgress: scope.report },
      {
        kind: 'backup',
        repository: await openRepository(runtime, repositoryID),
        source,
        label: volumeLabel({
          app,
          copy: ref(snapshotID),
          volume,
          attempt: execution.attempt,
          time: takenAt,
        }),
      },
    )
    const recorded = { ...result, takenAt, repositoryID }
    await recordLocalCopy(runtime.database, execution, volume.id, recorded)
    if (result.missedCount > 0) {
      throw new WorkflowError({
        code: 'copy-incomplete',
        missed: result.missed,
        missedCount: result.missedCount,
        volume: `/${volume.namespace}/${volume.key}`,
      })
    }
  })
}

async function complete(
  scope: StepScope,
  snapshotID: string,
  descriptionSnapshotID: string,
): Promise<void> {
  const { execution } = scope
  const { database } = execution.runtime
  const [root] = await listCopyAssets(database, ref(snapshotID))
  const app = await findAppFacts(database, appIDOf(execution))
  const hasCommitted = await commitSnapshot(database, execution, {
    snapshotID,
    descriptionSnapshotID,
    rootAssetID: root?.id,
    definition: app?.definition ?? {},
  })
  if (!hasCommitted) await throwRefusedCommit(scope)
}

/** The volume snapshots of one that a backup took stay owed: they live as long as the backup. */
async function end(scope: StepScope, snapshotID: string): Promise<void> {
  const { runtime, task } = scope.execution
  if (takingBackupTaskID(task) === null) await releaseVolumeSnapshots(runtime, snapshotID)
  await completeTask(scope)
}

async function endFailed(
  execution: Execution,
  snapshotID: string,
  failure: WorkflowFailure,
): Promise<TaskOutcome> {
  await undo(execution, 'undo-snapshot', async (scope) => {
    const appID = appIDOf(execution)
    await giveTurn(appTurn(execution, appID))
    await dropSnapshotData(scope, await appContext(scope, appID), snapshotID)
  })
  await step(
    execution,
    'fail-snapshot',
    async (scope) => {
      await failCopyAndTask(scope, ref(snapshotID), failure)
    },
    SHIELDED,
  )
  return failedOutcome(failure)
}

function ref(id: string): { readonly kind: 'snapshot'; readonly id: string } {
  return { kind: 'snapshot', id }
}

/** Phases of an app that must not overlap queue here. */
function appTurn({ runtime, workflowID, taskID }: Execution, appID: string) {
  return {
    runtime,
    workflowID,
    taskID,
    name: 'quiet',
    resource: `app:${appID}`,
    mode: 'exclusive' as const,
  }
}
