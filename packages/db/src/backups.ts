// Backups: reading, creating and deleting their rows.
import type { CopyState, Label } from '@holdfast/domain'
import { sql } from 'kysely'
import { insertContainerBackups } from './instance-rows.ts'
import type { ResourceSource } from './list-resources.ts'
import { isCopyHeld } from './namespace-reach.ts'
import {
  type CommonRow,
  commonFields,
  instant,
  json,
  number,
  type ResourceCommon,
  required,
  text,
  toCommon,
} from './resource-fields.ts'
import type { StateDetail } from './state-detail.ts'
import type { Queries } from './transaction.ts'

/** `volumes`: a copy of volumes; `stream`: what a command wrote. */
export type BackupKind = 'volumes' | 'stream'

export interface Backup extends ResourceCommon {
  readonly kind: BackupKind
  readonly appID: string
  readonly name: string
  readonly bucketID: string
  readonly snapshotID?: string
  readonly scheduleID?: string
  readonly state: CopyState
  readonly stateUnready: readonly string[]
  readonly stateDetails: readonly StateDetail[]
  readonly hookState?: string
  readonly hookStateDetails?: readonly StateDetail[]
  /** The consistency point of its snapshot. */
  readonly takenAt?: Date
  readonly totalBytes?: number
  readonly bytesDone?: number
  readonly percentDone?: number
}

interface BackupRow extends CommonRow {
  readonly kind: BackupKind
  readonly app_id: string
  readonly name: string
  readonly bucket_id: string
  readonly snapshot_id: string | null
  readonly schedule_id: string | null
  readonly state: CopyState
  readonly state_unready: readonly string[]
  readonly state_details: readonly StateDetail[]
  readonly hook_state: string | null
  readonly hook_state_details: readonly StateDetail[] | null
  readonly taken_at: Date | null
  readonly total_bytes: number | null
  readonly bytes_done: number | null
  readonly percent_done: number | null
}

export const BACKUPS: ResourceSource<Backup> = {
  from: sql`backups`,
  columns: sql`backups.*`,
  isVisible: sql`backups.deleted_at is null and backups.hidden_at is null`,
  limitedTo: ({ reach }) => ({ rows: isCopyHeld(reach, 'backups') }),
  id: sql`backups.id`,
  accountID: sql`backups.account_id`,
  createdAt: sql`backups.created_at`,
  parents: { appID: sql`backups.app_id`, backupID: sql`backups.id` },
  fields: {
    ...commonFields('backups'),
    name: required(text(sql`backups.name`)),
    bucketID: text(sql`backups.bucket_id`),
    snapshotID: text(sql`backups.snapshot_id`),
    scheduleID: text(sql`backups.schedule_id`),
    state: text(sql`backups.state`),
    stateUnready: json(sql`backups.state_unready`),
    stateDetails: json(sql`backups.state_details`),
    hookState: text(sql`backups.hook_state`),
    hookStateDetails: json(sql`backups.hook_state_details`),
    takenAt: instant(sql`backups.taken_at`),
    totalBytes: number(sql`backups.total_bytes`),
    bytesDone: number(sql`backups.bytes_done`),
    percentDone: number(sql`backups.percent_done`),
  },
  toResource: toBackup,
}

function toBackup(row: BackupRow): Backup {
  return {
    ...toCommon(row),
    appID: row.app_id,
    kind: row.kind,
    name: row.name,
    bucketID: row.bucket_id,
    ...(row.snapshot_id === null ? {} : { snapshotID: row.snapshot_id }),
    ...(row.schedule_id === null ? {} : { scheduleID: row.schedule_id }),
    state: row.state,
    stateUnready: row.state_unready,
    stateDetails: row.state_details,
    ...(row.hook_state === null
      ? {}
      : { hookState: row.hook_state, hookStateDetails: row.hook_state_details ?? [] }),
    ...(row.taken_at === null ? {} : { takenAt: row.taken_at }),
    ...(row.total_bytes === null ? {} : { totalBytes: row.total_bytes }),
    ...(row.bytes_done === null ? {} : { bytesDone: row.bytes_done }),
    ...(row.percent_done === null ? {} : { percentDone: row.percent_done }),
  }
}

export interface NewBackup {
  readonly id: string
  readonly accountID: string
  readonly appID: string
  readonly name: string
  readonly bucketID: string
  readonly snapshotID?: string
  /** The schedule that makes it. */
  readonly scheduleID?: string
  /** A copy of volumes when absent. */
  readonly kind?: BackupKind
  readonly version: string
  readonly labels: readonly Label[]
  readonly createdBy: string
  readonly now: Date
}

/** False when the name is taken by another backup of the app that users can see. */
export async function insertBackup({ queries }: Queries, backup: NewBackup): Promise<boolean> {
  const inserted = await queries
    .insertInto('backups')
    .values({
      id: backup.id,
      account_id: backup.accountID,
      app_id: backup.appID,
      name: backup.name,
      bucket_id: backup.bucketID,
      snapshot_id: backup.snapshotID ?? null,
      schedule_id: backup.scheduleID ?? null,
      kind: backup.kind ?? 'volumes',
      version: backup.version,
      labels: JSON.stringify(backup.labels),
      created_at: backup.now,
      modified_at: backup.now,
      created_by: backup.createdBy,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['app_id', 'name'])
        .where('deleted_at', 'is', null)
        .where('hidden_at', 'is', null)
        .doNothing(),
    )
    .executeTakeFirst()
  if (inserted.numInsertedOrUpdatedRows !== 1n) return false
  const { id: backupID, accountID, appID, kind = 'volumes' } = backup
  await insertContainerBackups({ queries }, { accountID, appID, backupID, kind })
  return true
}

export interface LockedBackup {
  readonly id: string
  readonly appID: string
  readonly name: string
  readonly state: CopyState
}

/** Holds the row until the transaction ends; undefined when it does not exist for the account. */
export async function lockBackup(
  { queries }: Queries,
  wanted: { readonly accountID: string; readonly backupID: string; readonly appID?: string },
): Promise<LockedBackup | undefined> {
  let query = queries
    .selectFrom('backups')
    .select(['id', 'app_id', 'name', 'state'])
    .where('id', '=', wanted.backupID)
    .where('account_id', '=', wanted.accountID)
    .where('deleted_at', 'is', null)
    .where('hidden_at', 'is', null)
    .forNoKeyUpdate()
  if (wanted.appID !== undefined) query = query.where('app_id', '=', wanted.appID)
  const row = await query.executeTakeFirst()
  return row && { id: row.id, appID: row.app_id, name: row.name, state: row.state as CopyState }
}

/** From here on the backup does not exist for users; its data goes in the background. */
export async function markBackupDeleted(
  { queries }: Queries,
  { backupID, now }: { readonly backupID: string; readonly now: Date },
): Promise<void> {
  await queries.updateTable('backups').set({ deleted_at: now }).where('id', '=', backupID).execute()
}
