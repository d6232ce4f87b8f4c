// What restores and clones have in common: which volumes a copy has, and how each is staged beside
// its place, verified and counted.
import {
  type CopyRef,
  findAppFacts,
  insertObligation,
  listBackupVolumes,
  listClusterRefs,
  listCopyAssets,
  listVolumeSnapshots,
  type VolumeSnapshotRecord,
} from '@holdfast/db'
import {
  type EntryCount,
  type Location,
  type RestoreFilter,
  type SnapshotStrategy,
  selectVolumes,
} from '@holdfast/domain'
import type { PrepareRestoreRequest, VolumeSnapshotHandle } from '@holdfast/platforms'
import { factsOfSource } from './copy-of-task.ts'
import { appIDOf, type Execution, logTask } from './execution.ts'
import { openRepository } from './open-repository.ts'
import { logicalPathOf } from './repository-labels.ts'
import { runMover } from './run-mover.ts'
import { type StepScope, step } from './step.ts'
import { withTurn } from './turn.ts'
import { appContext, repositoryTurn } from './workflow-context.ts'
import { WorkflowError } from './workflow-failure.ts'

export interface PlannedVolume {
  /** Where it goes. */
  readonly namespace: string
  readonly key: string
  /** The namespace that it was copied from, where that is another one. */
  readonly copiedFrom?: string
  readonly strategy: SnapshotStrategy
  readonly expected: EntryCount
  readonly from:
    | {
        readonly kind: 'repository'
        readonly repositoryID: string
        readonly repositorySnapshotID: string
      }
    | {
        readonly kind: 'volume-snapshot'
        readonly handle: VolumeSnapshotHandle
        /** On which it lies, where that is not the cluster of the app that is restored. */
        readonly clusterID?: string
      }
}

export interface StagedTarget extends PlannedVolume {
  readonly targetPath: string
}

/** The volumes of a completed copy that the filter selects, each for its own namespace. */
export async function planCopy(
  scope: StepScope,
  source: CopyRef,
  filter: RestoreFilter | undefined,
): Promise<PlannedVolume[]> {
  const { execution } = scope
  const volumes = await volumesOf(scope, source)
  if (filter === undefined) return volumes
  const assets = await listCopyAssets(execution.runtime.database, source)
  const selected = selectVolumes(volumes, assets, filter)
  const left = volumes.length - selected.length
  await logTask(execution, 'info', `The filter leaves ${left} of ${volumes.length} volumes out.`)
  return selected
}

/** Owes the staging first. Logs what the platform warns of. */
export async function prepareStaging(
  scope: StepScope,
  plan: readonly PlannedVolume[],
  request: Pick<PrepareRestoreRequest, 'namespaces' | 'newNamespaces' | 'allowInUse'>,
): Promise<StagedTarget[]> {
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
  const volumes = plan.map(({ namespace, key, strategy, expected }) => ({
    namespace,
    key,
    strategy,
    expectedBytes: expected.bytes,
    expectedEntries: expected.entries,
  }))
  const staging = await platform.prepareRestore(
    { id: execution.taskID, volumes, ...request },
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

/** Each in a step of its own; the task's progress is that of all of them. */
export async function stageVolumes(
  execution: Execution,
  volumes: readonly StagedTarget[],
): Promise<void> {
  const totalBytes = volumes.reduce((sum, { expected }) => sum + expected.bytes, 0)
  let before = 0
  for (const volume of volumes) {
    const done = before
    await step(execution, 'restore-volume', async (scope) => {
      const report = (bytesDone: number) =>
        scope.report({ bytesDone: done + bytesDone, totalBytes })
      await stageVolume(scope, volume, report)
    })
    before += volume.expected.bytes
  }
}

/** `report` gets the bytes of this volume that are done. */
async function stageVolume(
  scope: StepScope,
  volume: StagedTarget,
  report: (bytesDone: number) => void,
): Promise<void> {
  const { from } = volume
  if (from.kind === 'repository') return await stageFromRepository(scope, volume, from, report)
  const { execution, signal } = scope
  const { platform } = await appContext(scope, appIDOf(execution))
  const location = await locateElsewhere(scope, from)
  const { namespace, key } = volume
  const request = { id: execution.taskID, namespace, key, handle: from.handle }
  // The platform verifies what it staged against the snapshot itself.
  await platform.stageSnapshot(
    { ...request, ...(location === undefined ? {} : { location }) },
    signal,
  )
}

async function volumesOf(scope: StepScope, source: CopyRef): Promise<PlannedVolume[]> {
  const { database } = scope.execution.runtime
  const facts = await factsOfSource(scope, source)
  if (source.kind === 'snapshot') {
    const clusterID = await clusterElsewhere(scope, facts.appID)
    const volumes = await listVolumeSnapshots(database, source.id)
    return volumes.map((volume) => planVolumeSnapshot(volume, clusterID))
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

/** The cluster of a snapshot's app, when it is another one than that of the app to be restored. */
async function clusterElsewhere(
  { execution }: StepScope,
  sourceAppID: string,
): Promise<string | undefined> {
  const { database } = execution.runtime
  const source = await findAppFacts(database, sourceAppID)
  const target = await findAppFacts(database, appIDOf(execution))
  return source?.cluster.id === target?.cluster.id ? undefined : source?.cluster.id
}

function planVolumeSnapshot(
  volume: VolumeSnapshotRecord,
  clusterID: string | undefined,
): PlannedVolume {
  const { namespace, key, strategy, handle, repositoryID, repositorySnapshotID } = volume
  const expected = volume.coverage?.captured ?? { entries: 0, bytes: 0 }
  if (handle !== undefined) {
    const elsewhere = clusterID === undefined ? {} : { clusterID }
    const from = { kind: 'volume-snapshot' as const, handle, ...elsewhere }
    return { namespace, key, strategy, expected, from }
  }
  if (repositoryID === undefined || repositorySnapshotID === undefined) {
    throw new Error(`The volume ${volume.id} of a completed snapshot has no data.`)
  }
  const from = { kind: 'repository' as const, repositoryID, repositorySnapshotID }
  return { namespace, key, strategy, expected, from }
}

/** Where another cluster of this machine has the snapshot. */
async function locateElsewhere(
  { execution }: StepScope,
  { clusterID, handle }: Extract<PlannedVolume['from'], { kind: 'volume-snapshot' }>,
): Promise<Extract<Location, { kind: 'directory' }> | undefined> {
  if (clusterID === undefined) return undefined
  const { database, platformOf } = execution.runtime
  const clusters = await listClusterRefs(database)
  const cluster = clusters.find(({ id }) => id === clusterID)
  const platform = cluster && platformOf(cluster)
  if (platform === undefined) {
    throw new WorkflowError({ code: 'cluster-unreachable', cluster: clusterID })
  }
  const location = await platform.locateSnapshot(handle)
  if (location.kind !== 'directory') throw new Error('A snapshot on a host is a directory.')
  return location
}

async function stageFromRepository(
  scope: StepScope,
  volume: StagedTarget,
  from: Extract<PlannedVolume['from'], { kind: 'repository' }>,
  report: (bytesDone: number) => void,
): Promise<void> {
  const { execution } = scope
  const { mover } = await appContext(scope, appIDOf(execution))
  const name = `/${volume.namespace}/${volume.key}`
  const copied = { namespace: volume.copiedFrom ?? volume.namespace, key: volume.key }
  const { restored } = await withTurn(
    repositoryTurn(scope, from.repositoryID, 'shared'),
    async () => {
      const result = await runMover(
        { ...mover, volume: name, onProgress: ({ bytesDone }) => report(bytesDone) },
        {
          kind: 'restore',
          repository: await openRepository(execution.runtime, from.repositoryID),
          repositorySnapshotID: from.repositorySnapshotID,
          logicalPath: logicalPathOf(copied),
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
