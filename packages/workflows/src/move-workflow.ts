// Moves one volume of a backup into the bucket's repository.
//
// queued → (its turn at the repositories) → moving → recorded: the result stands in the volume's
// row → ended. A move whose repository snapshot exists is done: the mover finds it by its tags,
// whatever became of its former self. A failed move asks its siblings to stop.
import {
  type BackupVolumeRecord,
  type CopyFacts,
  findBackupVolume,
  findCopyFacts,
  listVolumeSnapshots,
  recordMovedVolume,
  requestChildCancel,
  type VolumeSnapshotRecord,
  writeMoveProgress,
} from '@holdfast/db'
import type { MoverResults, VolumeLocation } from '@holdfast/domain'
import { type Execution, registerTaskWorkflow, type TaskOutcome } from './execution.ts'
import { openRepository } from './open-repository.ts'
import { volumeLabel } from './repository-labels.ts'
import { type MoverContext, runMover } from './run-mover.ts'
import { type StepScope, step } from './step.ts'
import { completeTask, failedOutcome, failTask, failureToEndWith, SHIELDED } from './task-end.ts'
import { withTurn } from './turn.ts'
import { type AppContext, appContext, repositoryTurn } from './workflow-context.ts'
import { WorkflowError } from './workflow-failure.ts'

export const moveWorkflow = registerTaskWorkflow('move', runMove)

async function runMove(execution: Execution): Promise<TaskOutcome> {
  const volumeID = execution.task.resourceID
  try {
    await step(execution, 'move-volume', (scope) => move(scope, volumeID), {
      writeProgress: (queries, moving, progress) =>
        writeMoveProgress(
          queries,
          { ...moving, backupID: backupIDOf(execution), volumeID },
          progress,
        ),
    })
    await step(execution, 'end-move', completeTask, SHIELDED)
    return { state: 'completed' }
  } catch (error) {
    const failure = failureToEndWith(error)
    await step(
      execution,
      'fail-move',
      async (scope) => {
        await failTask(scope, failure)
        const { parentTaskID } = execution.task
        if (parentTaskID === null) return
        await requestChildCancel(execution.runtime.database, parentTaskID)
      },
      SHIELDED,
    )
    return failedOutcome(failure)
  }
}

interface Source {
  readonly from: VolumeLocation
  /** RFC 3339: the consistency point. */
  readonly takenAt: string
  /** What the source itself covered, when it is a copy. */
  readonly copied: VolumeSnapshotRecord | undefined
}

async function move(scope: StepScope, volumeID: string): Promise<void> {
  const { execution } = scope
  const { runtime } = execution
  const volume = await findBackupVolume(runtime.database, volumeID)
  const backup = { kind: 'backup', id: backupIDOf(execution) } as const
  const facts = await findCopyFacts(runtime.database, backup)
  if (volume === undefined || facts?.repositoryID === undefined) {
    throw new WorkflowError({ code: 'copy-not-found', copyID: backup.id })
  }
  const context = await appContext(scope, facts.appID, backup)
  const mover = {
    ...context.mover,
    volume: `/${volume.namespace}/${volume.key}`,
    onProgress: scope.report,
  }
  const source = await locateSource(scope, context, facts, volume)
  const input = { scope, context, mover, source, volume, repositoryID: facts.repositoryID }
  const result =
    source.from.kind === 'directory'
      ? await readDirectory({ ...input, from: source.from })
      : await copySnapshot({ ...input, from: source.from })
  await scope.point('moved')
  await recordMovedVolume(runtime.database, execution, volume.id, {
    ...result,
    takenAt: source.takenAt,
    holes: result.holes ?? volume.holes,
  })
  const { bytes } = result.captured
  await writeMoveProgress(
    runtime.database,
    { taskID: execution.taskID, attempt: execution.attempt, backupID: backup.id, volumeID },
    { bytesDone: bytes, totalBytes: bytes },
  )
}

async function locateSource(
  { execution }: StepScope,
  { platform }: AppContext,
  facts: CopyFacts,
  volume: BackupVolumeRecord,
): Promise<Source> {
  const { runtime } = execution
  const volumes =
    facts.snapshotID === undefined
      ? []
      : await listVolumeSnapshots(runtime.database, facts.snapshotID)
  const taken = volumes.find((one) => one.namespace === volume.namespace && one.key === volume.key)
  if (taken?.handle !== undefined) {
    const from = await platform.locateSnapshot(taken.handle)
    const takenAt = (taken.takenAt ?? runtime.now()).toISOString()
    return { from, takenAt, copied: undefined }
  }
  if (taken?.repositoryID !== undefined && taken.repositorySnapshotID !== undefined) {
    const from = {
      kind: 'repository' as const,
      repository: await openRepository(runtime, taken.repositoryID),
      repositorySnapshotID: taken.repositorySnapshotID,
    }
    return { from, takenAt: (taken.takenAt ?? runtime.now()).toISOString(), copied: taken }
  }
  // The backup's own snapshot of a volume without snapshots: read once, straight into the bucket.
  const from = await platform.locateVolume(volume)
  return { from, takenAt: runtime.now().toISOString(), copied: undefined }
}

interface MoveInput<From extends VolumeLocation> {
  readonly scope: StepScope
  readonly context: AppContext
  readonly mover: MoverContext
  readonly source: Source
  readonly from: From
  readonly volume: BackupVolumeRecord
  readonly repositoryID: string
}

type Moved = Omit<MoverResults['backup'], 'holes'> & Partial<Pick<MoverResults['backup'], 'holes'>>

async function readDirectory(
  input: MoveInput<Extract<VolumeLocation, { kind: 'directory' }>>,
): Promise<Moved> {
  const { scope, repositoryID } = input
  return await withTurn(repositoryTurn(scope, repositoryID, 'shared'), async () =>
    runMover(input.mover, {
      kind: 'backup',
      repository: await openRepository(scope.execution.runtime, repositoryID),
      source: input.from,
      label: labelOf(input),
    }),
  )
}

async function copySnapshot(
  input: MoveInput<Extract<VolumeLocation, { kind: 'repository' }>>,
): Promise<Moved> {
  const { scope, repositoryID, from } = input
  const result = await withTurn(repositoryTurn(scope, from.repository.id, 'shared'), () =>
    withTurn(repositoryTurn(scope, repositoryID, 'shared'), async () =>
      runMover(input.mover, {
        kind: 'copy',
        from: from.repository,
        repositorySnapshotID: from.repositorySnapshotID,
        to: await openRepository(scope.execution.runtime, repositoryID),
        label: labelOf(input),
      }),
    ),
  )
  const coverage = input.source.copied?.coverage
  return {
    repositorySnapshotID: result.repositorySnapshotID,
    // The copy must hold what the snapshot captured, and the snapshot what was expected of it.
    expected: coverage?.expected ?? result.copied,
    captured: result.copied,
    missed: coverage?.missed ?? [],
    missedCount: coverage?.missedCount ?? 0,
    warnings: coverage?.warnings ?? [],
    warningCount: coverage?.warningCount ?? 0,
    filesNew: 0,
    filesChanged: 0,
    filesUnmodified: 0,
    addedBytes: 0,
  }
}

function labelOf({ scope, context, volume, source }: MoveInput<VolumeLocation>) {
  return volumeLabel({
    app: context.app,
    copy: { kind: 'backup', id: volume.backupID },
    volume,
    attempt: scope.execution.attempt,
    time: source.takenAt,
  })
}

function backupIDOf({ task }: Execution): string {
  return (task.input as { readonly backupID: string }).backupID
}
