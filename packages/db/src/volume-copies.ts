// The copies of single volumes that a backup or an application snapshot consists of.
import type {
  Consistency,
  CopyWarning,
  EntryCount,
  Hole,
  MissedEntry,
  SnapshotStrategy,
} from '@holdfast/domain'
import { type RawBuilder, sql } from 'kysely'
import type { FieldExpression, LimitedViewer, ResourceSource } from './list-resources.ts'
import { isCopyHeld } from './namespace-reach.ts'
import { instant, json, number, type ResourceCommon, text } from './resource-fields.ts'

export interface VolumeCopy extends ResourceCommon {
  readonly namespace: string
  readonly key: string
  readonly strategy: SnapshotStrategy
  readonly consistency: Consistency
  readonly holes: readonly Hole[]
  readonly takenAt?: Date
  readonly repositorySnapshotID?: string
  /** Absent until it was counted. */
  readonly expected?: EntryCount
  readonly captured?: EntryCount
  readonly missed: readonly MissedEntry[]
  readonly missedCount: number
  readonly warnings: readonly CopyWarning[]
  readonly warningCount: number
}

interface VolumeCopyRow {
  readonly id: string
  readonly account_id: string
  readonly copied_at: Date
  readonly namespace: string
  readonly key: string
  readonly strategy: SnapshotStrategy
  readonly consistency: Consistency
  readonly holes: readonly Hole[]
  readonly taken_at: Date | null
  readonly repository_snapshot_id: string | null
  readonly expected_entries: number | null
  readonly expected_bytes: number | null
  readonly captured_entries: number | null
  readonly captured_bytes: number | null
  readonly missed: readonly MissedEntry[]
  readonly missed_count: number
  readonly warnings: readonly CopyWarning[]
  readonly warning_count: number
}

export const BACKUP_VOLUMES: ResourceSource<VolumeCopy> = {
  from: sql`backup_volumes as volumes join backups as copies on copies.id = volumes.backup_id`,
  ...sourceOfVolumeCopies(),
  parents: { backupID: sql`volumes.backup_id` },
}

export const SNAPSHOT_VOLUMES: ResourceSource<VolumeCopy> = {
  from: sql`volume_snapshots as volumes
    join application_snapshots as copies on copies.id = volumes.snapshot_id`,
  ...sourceOfVolumeCopies(),
  parents: { snapshotID: sql`volumes.snapshot_id` },
}

function sourceOfVolumeCopies() {
  return {
    columns: sql`volumes.*, copies.account_id, copies.created_at as copied_at`,
    isVisible: sql<boolean>`true`,
    limitedTo: ({ reach }: LimitedViewer) => ({ rows: isCopyHeld(reach, 'copies') }),
    id: sql`volumes.id`,
    accountID: sql`copies.account_id`,
    createdAt: sql`copies.created_at`,
    fields: fieldsOfVolumeCopies(),
    toResource: toVolumeCopy,
  }
}

function fieldsOfVolumeCopies(): Readonly<Record<string, FieldExpression>> {
  return {
    id: text(sql`volumes.id`),
    name: text(sql`volumes.namespace || '/' || volumes.key`),
    namespace: text(sql`volumes.namespace`),
    key: text(sql`volumes.key`),
    strategy: text(sql`volumes.strategy`),
    consistency: text(sql`volumes.consistency`),
    holes: json(sql`volumes.holes`),
    takenAt: instant(sql`volumes.taken_at`),
    repositorySnapshotID: text(sql`volumes.repository_snapshot_id`),
    expected: json(countJson(sql`volumes.expected_entries`, sql`volumes.expected_bytes`)),
    captured: json(countJson(sql`volumes.captured_entries`, sql`volumes.captured_bytes`)),
    missed: json(sql`volumes.missed`),
    missedCount: number(sql`volumes.missed_count`),
    warnings: json(sql`volumes.warnings`),
    warningCount: number(sql`volumes.warning_count`),
  }
}

function countJson(entries: RawBuilder<unknown>, bytes: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`case when ${entries} is not null
    then jsonb_build_object('entries', ${entries}, 'bytes', ${bytes}) end`
}

function toVolumeCopy(row: VolumeCopyRow): VolumeCopy {
  const expected = toCount(row.expected_entries, row.expected_bytes)
  const captured = toCount(row.captured_entries, row.captured_bytes)
  return {
    id: row.id,
    accountID: row.account_id,
    version: '1.0',
    labels: [],
    createdAt: row.copied_at,
    modifiedAt: row.copied_at,
    createdBy: '00000000-0000-0000-0000-000000000000',
    namespace: row.namespace,
    key: row.key,
    strategy: row.strategy,
    consistency: row.consistency,
    holes: row.holes,
    ...(row.taken_at === null ? {} : { takenAt: row.taken_at }),
    ...(row.repository_snapshot_id === null
      ? {}
      : { repositorySnapshotID: row.repository_snapshot_id }),
    ...(expected === undefined ? {} : { expected }),
    ...(captured === undefined ? {} : { captured }),
    missed: row.missed,
    missedCount: row.missed_count,
    warnings: row.warnings,
    warningCount: row.warning_count,
  }
}

function toCount(entries: number | null, bytes: number | null): EntryCount | undefined {
  return entries === null || bytes === null ? undefined : { entries, bytes }
}
