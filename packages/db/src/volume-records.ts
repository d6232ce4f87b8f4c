// Rows of `volume_snapshots` and `backup_volumes`: what was copied of each volume, and how. What an
// overtaken execution wants to record changes nothing.
import type {
  Consistency,
  CopyWarning,
  EntryCount,
  Hole,
  MissedEntry,
  SnapshotStrategy,
} from '@holdfast/domain'
import type { Selectable } from 'kysely'
import type { Schema } from './schema.ts'
import { isCurrentExecution, type TaskExecution } from './tasks.ts'
import type { Queries } from './transaction.ts'

export interface NewVolumeCopy {
  readonly id: string
  readonly namespace: string
  readonly key: string
  readonly strategy: SnapshotStrategy
  readonly consistency: Consistency
  readonly holes: readonly Hole[]
  readonly estimatedBytes: number
}

/** What a mover says of a volume that it read. */
export interface VolumeCoverage {
  readonly expected: EntryCount
  readonly captured: EntryCount
  readonly missed: readonly MissedEntry[]
  readonly missedCount: number
  readonly warnings: readonly CopyWarning[]
  readonly warningCount: number
}

interface VolumeCopyBase {
  readonly id: string
  readonly namespace: string
  readonly key: string
  readonly strategy: SnapshotStrategy
  readonly consistency: Consistency
  readonly holes: readonly Hole[]
  readonly takenAt: Date | undefined
  /** Absent until a mover has read the volume. */
  readonly coverage: VolumeCoverage | undefined
  readonly repositorySnapshotID: string | undefined
}

export interface VolumeSnapshotRecord extends VolumeCopyBase {
  readonly snapshotID: string
  /** The platform's; absent for the copy strategy and before it is taken. */
  readonly handle: Readonly<Record<string, string | number | boolean>> | undefined
  /** The local snapshot repository, for the copy strategy. */
  readonly repositoryID: string | undefined
}

export interface BackupVolumeRecord extends VolumeCopyBase {
  readonly backupID: string
  readonly totalBytes: number | undefined
  readonly bytesDone: number
}

/** Volumes that are there already keep their row. */
export async function insertVolumeSnapshots(
  { queries }: Queries,
  snapshotID: string,
  volumes: readonly NewVolumeCopy[],
): Promise<void> {
  if (volumes.length === 0) return
  await queries
    .insertInto('volume_snapshots')
    .values(
      volumes.map((volume) => ({
        ...toCommonColumns(volume),
        snapshot_id: snapshotID,
        estimated_bytes: volume.estimatedBytes,
      })),
    )
    .onConflict((conflict) => conflict.columns(['snapshot_id', 'namespace', 'key']).doNothing())
    .execute()
}

export async function insertBackupVolumes(
  { queries }: Queries,
  backupID: string,
  volumes: readonly NewVolumeCopy[],
): Promise<void> {
  if (volumes.length === 0) return
  await queries
    .insertInto('backup_volumes')
    .values(
      volumes.map((volume) => ({
        ...toCommonColumns(volume),
        backup_id: backupID,
        total_bytes: volume.estimatedBytes,
      })),
    )
    .onConflict((conflict) => conflict.columns(['backup_id', 'namespace', 'key']).doNothing())
    .execute()
}

/** By namespace and key. */
export async function listVolumeSnapshots(
  { queries }: Queries,
  snapshotID: string,
): Promise<VolumeSnapshotRecord[]> {
  const rows = await queries
    .selectFrom('volume_snapshots')
    .selectAll()
    .where('snapshot_id', '=', snapshotID)
    .orderBy('namespace')
    .orderBy('key')
    .execute()
  return rows.map(toVolumeSnapshot)
}

export async function listBackupVolumes(
  { queries }: Queries,
  backupID: string,
): Promise<BackupVolumeRecord[]> {
  const rows = await queries
    .selectFrom('backup_volumes')
    .selectAll()
    .where('backup_id', '=', backupID)
    .orderBy('namespace')
    .orderBy('key')
    .execute()
  return rows.map(toBackupVolume)
}

export async function findBackupVolume(
  { queries }: Queries,
  id: string,
): Promise<BackupVolumeRecord | undefined> {
  const row = await queries
    .selectFrom('backup_volumes')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst()
  return row && toBackupVolume(row)
}

/** Ids of volume snapshots whose application snapshot still stands; for the search for orphans. */
export async function listLiveVolumeSnapshotIDs(
  { queries }: Queries,
  ids: readonly string[],
): Promise<string[]> {
  if (ids.length === 0) return []
  const rows = await queries
    .selectFrom('volume_snapshots')
    .select('id')
    .where('id', 'in', [...ids])
    .execute()
  return rows.map((row) => row.id)
}

export async function recordVolumeSnapshot(
  { queries }: Queries,
  execution: TaskExecution,
  id: string,
  taken: {
    readonly handle: object
    readonly takenAt: string
    readonly consistency: Consistency
    readonly holes: readonly Hole[]
  },
): Promise<void> {
  await queries
    .updateTable('volume_snapshots')
    .set({
      handle: JSON.stringify(taken.handle),
      taken_at: taken.takenAt,
      consistency: taken.consistency,
      holes: JSON.stringify(taken.holes),
    })
    .where('id', '=', id)
    .where(isCurrentExecution(execution))
    .execute()
}

export interface RecordedCopy extends VolumeCoverage {
  readonly repositorySnapshotID: string
  readonly takenAt: string
  readonly holes: readonly Hole[]
}

/** The copy strategy: where the volume's data is in the local snapshot repository. */
export async function recordLocalCopy(
  { queries }: Queries,
  execution: TaskExecution,
  id: string,
  copy: RecordedCopy & { readonly repositoryID: string },
): Promise<void> {
  await queries
    .updateTable('volume_snapshots')
    .set({
      ...toCoverageColumns(copy),
      repository_id: copy.repositoryID,
      repository_snapshot_id: copy.repositorySnapshotID,
      taken_at: copy.takenAt,
      holes: JSON.stringify(copy.holes),
    })
    .where('id', '=', id)
    .where(isCurrentExecution(execution))
    .execute()
}

export async function recordMovedVolume(
  { queries }: Queries,
  execution: TaskExecution,
  id: string,
  copy: RecordedCopy & { readonly addedBytes: number },
): Promise<void> {
  await queries
    .updateTable('backup_volumes')
    .set({
      ...toCoverageColumns(copy),
      repository_snapshot_id: copy.repositorySnapshotID,
      taken_at: copy.takenAt,
      holes: JSON.stringify(copy.holes),
      added_bytes: copy.addedBytes,
    })
    .where('id', '=', id)
    .where(isCurrentExecution(execution))
    .execute()
}

export async function deleteVolumeSnapshots(
  { queries }: Queries,
  snapshotID: string,
): Promise<void> {
  await queries.deleteFrom('volume_snapshots').where('snapshot_id', '=', snapshotID).execute()
}

export async function deleteBackupVolumes({ queries }: Queries, backupID: string): Promise<void> {
  await queries.deleteFrom('backup_volumes').where('backup_id', '=', backupID).execute()
}

function toCommonColumns(volume: NewVolumeCopy) {
  return {
    id: volume.id,
    namespace: volume.namespace,
    key: volume.key,
    strategy: volume.strategy,
    consistency: volume.consistency,
    holes: JSON.stringify(volume.holes),
  }
}

function toCoverageColumns(coverage: VolumeCoverage) {
  return {
    expected_entries: coverage.expected.entries,
    expected_bytes: coverage.expected.bytes,
    captured_entries: coverage.captured.entries,
    captured_bytes: coverage.captured.bytes,
    missed: JSON.stringify(coverage.missed),
    missed_count: coverage.missedCount,
    warnings: JSON.stringify(coverage.warnings),
    warning_count: coverage.warningCount,
  }
}

function toVolumeSnapshot(row: Selectable<Schema['volume_snapshots']>): VolumeSnapshotRecord {
  return {
    ...toBase(row),
    snapshotID: row.snapshot_id,
    handle: (row.handle ?? undefined) as VolumeSnapshotRecord['handle'],
    repositoryID: row.repository_id ?? undefined,
  }
}

function toBackupVolume(row: Selectable<Schema['backup_volumes']>): BackupVolumeRecord {
  return {
    ...toBase(row),
    backupID: row.backup_id,
    totalBytes: row.total_bytes ?? undefined,
    bytesDone: row.bytes_done,
  }
}

type BaseRow = Pick<
  Selectable<Schema['volume_snapshots']>,
  keyof Schema['volume_snapshots'] & keyof Schema['backup_volumes']
>

function toBase(row: BaseRow): VolumeCopyBase {
  return {
    id: row.id,
    namespace: row.namespace,
    key: row.key,
    strategy: row.strategy as SnapshotStrategy,
    consistency: row.consistency as Consistency,
    holes: row.holes as readonly Hole[],
    takenAt: row.taken_at ?? undefined,
    coverage: toCoverage(row),
    repositorySnapshotID: row.repository_snapshot_id ?? undefined,
  }
}

function toCoverage(row: BaseRow): VolumeCoverage | undefined {
  const { expected_entries, expected_bytes, captured_entries, captured_bytes } = row
  if (expected_entries === null || expected_bytes === null) return undefined
  if (captured_entries === null || captured_bytes === null) return undefined
  return {
    expected: { entries: expected_entries, bytes: expected_bytes },
    captured: { entries: captured_entries, bytes: captured_bytes },
    missed: row.missed as readonly MissedEntry[],
    missedCount: row.missed_count,
    warnings: row.warnings as readonly CopyWarning[],
    warningCount: row.warning_count,
  }
}
