// The description of a backup or an application snapshot, written into its bucket's repository.
import {
  type AppFacts,
  type BackupVolumeRecord,
  type CopyFacts,
  type CopyRef,
  findRestoreHooks,
  listBackupVolumes,
  listCopyAssets,
  listRunnableHooks,
  listVolumeSnapshots,
  type RunnableHook,
  recordRestoreHooks,
  type VolumeSnapshotRecord,
} from '@holdfast/db'
import {
  BACKUP_DESCRIPTION_VERSION,
  type BackupDescription,
  type DescribedHook,
  type DescribedResource,
  type DescribedVolume,
  STREAM_PATH,
} from '@holdfast/domain'
import { factsOfCopy } from './copy-of-task.ts'
import { openRepository } from './open-repository.ts'
import { descriptionLabel } from './repository-labels.ts'
import { runMover } from './run-mover.ts'
import type { StepScope } from './step.ts'
import { withTurn } from './turn.ts'
import { appContext, repositoryTurn } from './workflow-context.ts'

/** Answers the id of the description's snapshot in the repository. */
export async function describeCopy(
  scope: StepScope,
  copy: CopyRef,
  repositoryID: string,
  /** Of a backup that keeps the stream of one. */
  command?: string,
): Promise<string> {
  const { runtime } = scope.execution
  const facts = await factsOfCopy(scope, copy)
  const { app, mover } = await appContext(scope, facts.appID, copy)
  // A clone reads them from the row, which outlives the app's hooks.
  const hooks = await listRunnableHooks(runtime.database, { appID: app.id, action: 'restore' })
  await recordRestoreHooks(runtime.database, copy, hooks)
  const description = await buildDescription(scope, app, facts, command)
  return await withTurn(repositoryTurn(scope, repositoryID, 'shared'), async () => {
    const written = await runMover(mover, {
      kind: 'describe',
      repository: await openRepository(runtime, repositoryID),
      label: descriptionLabel({ app, copy, time: description.backup.takenAt }),
      description,
    })
    return written.repositorySnapshotID
  })
}

export async function buildDescription(
  { execution }: StepScope,
  app: AppFacts,
  copy: CopyFacts,
  command?: string,
): Promise<BackupDescription> {
  const { database, now } = execution.runtime
  const volumes =
    copy.kind === 'backup'
      ? await listBackupVolumes(database, copy.id)
      : await listVolumeSnapshots(database, copy.id)
  return {
    formatVersion: BACKUP_DESCRIPTION_VERSION,
    account: { id: app.accountID, name: app.accountName },
    cluster: app.cluster,
    app: { id: app.id, name: app.name, definition: app.definition, labels: app.labels },
    backup: {
      id: copy.id,
      kind: copy.kind,
      name: copy.name,
      labels: copy.labels,
      createdAt: copy.createdAt.toISOString(),
      takenAt: (copy.takenAt ?? copy.createdAt).toISOString(),
      describedAt: now().toISOString(),
      ...(copy.snapshotID === undefined ? {} : { snapshotID: copy.snapshotID }),
      ...(copy.scheduleID === undefined ? {} : { scheduleID: copy.scheduleID }),
      ...(copy.hookState === undefined
        ? {}
        : { hookState: copy.hookState, hookStateDetails: copy.hookStateDetails }),
    },
    restoreHooks: (await findRestoreHooks(database, copy)).map(toDescribedHook),
    resources: (await listCopyAssets(database, copy)).map(toDescribedResource),
    volumes: volumes.map((volume) => toDescribedVolume(copy.kind, volume)),
    ...(copy.stream === undefined || command === undefined
      ? {}
      : { stream: { command, ...copy.stream, path: STREAM_PATH } }),
  }
}

function toDescribedHook(hook: RunnableHook): DescribedHook {
  const { id, name, matchingCriteria, source, mayRunAsRoot } = hook
  const hookArguments = hook.arguments
  return {
    id,
    name,
    action: 'restore',
    stage: 'post',
    matchingCriteria,
    arguments: hookArguments,
    source,
    mayRunAsRoot,
  }
}

function toDescribedResource(asset: DescribedResource): DescribedResource {
  const { assetID, group, version, kind, name, namespace, createdAt, manifest } = asset
  return {
    assetID,
    group,
    version,
    kind,
    name,
    ...(namespace === undefined ? {} : { namespace }),
    createdAt,
    ...(manifest === undefined ? {} : { manifest }),
  }
}

function toDescribedVolume(
  kind: CopyRef['kind'],
  volume: BackupVolumeRecord | VolumeSnapshotRecord,
): DescribedVolume {
  const none = { entries: 0, bytes: 0 }
  return {
    namespace: volume.namespace,
    key: volume.key,
    strategy: volume.strategy,
    consistency: volume.consistency,
    holes: volume.holes,
    expected: volume.coverage?.expected ?? none,
    captured: volume.coverage?.captured ?? none,
    warnings: volume.coverage?.warnings ?? [],
    warningCount: volume.coverage?.warningCount ?? 0,
    // A snapshot's volumes lie where the app runs, not in the repository that holds this.
    ...(kind === 'backup' && volume.repositorySnapshotID !== undefined
      ? { repositorySnapshotID: volume.repositorySnapshotID }
      : {}),
  }
}
