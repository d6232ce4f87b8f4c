// Application snapshots: reading, creating and deleting their rows.
import type { CopyState, Label } from '@holdfast/domain'
import { sql } from 'kysely'
import type { ResourceSource } from './list-resources.ts'
import { isCopyHeld } from './namespace-reach.ts'
import {
  type CommonRow,
  commonFields,
  instant,
  json,
  type ResourceCommon,
  text,
  toCommon,
} from './resource-fields.ts'
import type { StateDetail } from './state-detail.ts'
import type { Queries } from './transaction.ts'

export interface ApplicationSnapshot extends ResourceCommon {
  readonly appID: string
  readonly name: string
  readonly bucketID: string
  readonly scheduleID?: string
  readonly snapshotAppAsset?: string
  readonly state: CopyState
  readonly stateUnready: readonly string[]
  readonly stateDetails: readonly StateDetail[]
  readonly hookState?: string
  readonly hookStateDetails?: readonly StateDetail[]
  readonly takenAt?: Date
  /** The backup that took it for itself. */
  readonly takenByBackupID?: string
}

interface ApplicationSnapshotRow extends CommonRow {
  readonly app_id: string
  readonly name: string
  readonly bucket_id: string
  readonly schedule_id: string | null
  readonly snapshot_app_asset: string | null
  readonly state: CopyState
  readonly state_unready: readonly string[]
  readonly state_details: readonly StateDetail[]
  readonly hook_state: string | null
  readonly hook_state_details: readonly StateDetail[] | null
  readonly taken_at: Date | null
  readonly taken_by_backup_id: string | null
}

export const APPLICATION_SNAPSHOTS: ResourceSource<ApplicationSnapshot> = {
  from: sql`application_snapshots as snapshots`,
  columns: sql`snapshots.*`,
  isVisible: sql`snapshots.deleted_at is null and snapshots.hidden_at is null`,
  limitedTo: ({ reach }) => ({ rows: isCopyHeld(reach, 'snapshots') }),
  id: sql`snapshots.id`,
  accountID: sql`snapshots.account_id`,
  createdAt: sql`snapshots.created_at`,
  parents: { appID: sql`snapshots.app_id`, snapshotID: sql`snapshots.id` },
  fields: {
    ...commonFields('snapshots'),
    name: text(sql`snapshots.name`),
    bucketID: text(sql`snapshots.bucket_id`),
    scheduleID: text(sql`snapshots.schedule_id`),
    snapshotAppAsset: text(
      sql`case when snapshots.state = 'completed' then snapshots.snapshot_app_asset end`,
    ),
    state: text(sql`snapshots.state`),
    stateUnready: json(sql`snapshots.state_unready`),
    stateDetails: json(sql`snapshots.state_details`),
    hookState: text(sql`snapshots.hook_state`),
    hookStateDetails: json(sql`snapshots.hook_state_details`),
    takenAt: instant(sql`snapshots.taken_at`),
  },
  toResource: toApplicationSnapshot,
}

function toApplicationSnapshot(row: ApplicationSnapshotRow): ApplicationSnapshot {
  return {
    ...toCommon(row),
    appID: row.app_id,
    name: row.name,
    bucketID: row.bucket_id,
    ...(row.schedule_id === null ? {} : { scheduleID: row.schedule_id }),
    ...(row.snapshot_app_asset === null ? {} : { snapshotAppAsset: row.snapshot_app_asset }),
    state: row.state,
    stateUnready: row.state_unready,
    stateDetails: row.state_details,
    ...(row.hook_state === null
      ? {}
      : { hookState: row.hook_state, hookStateDetails: row.hook_state_details ?? [] }),
    ...(row.taken_at === null ? {} : { takenAt: row.taken_at }),
    ...(row.taken_by_backup_id === null ? {} : { takenByBackupID: row.taken_by_backup_id }),
  }
}

export interface NewApplicationSnapshot {
  readonly id: string
  readonly accountID: string
  readonly appID: string
  readonly name: string
  readonly bucketID: string
  /** The schedule that makes it. */
  readonly scheduleID?: string
  readonly version: string
  readonly labels: readonly Label[]
  readonly createdBy: string
  readonly now: Date
}

/** False when the name is taken by another snapshot of the app that users can see. */
export async function insertApplicationSnapshot(
  { queries }: Queries,
  snapshot: NewApplicationSnapshot,
): Promise<boolean> {
  const inserted = await queries
    .insertInto('application_snapshots')
    .values({
      id: snapshot.id,
      account_id: snapshot.accountID,
      app_id: snapshot.appID,
      name: snapshot.name,
      bucket_id: snapshot.bucketID,
      schedule_id: snapshot.scheduleID ?? null,
      version: snapshot.version,
      labels: JSON.stringify(snapshot.labels),
      created_at: snapshot.now,
      modified_at: snapshot.now,
      created_by: snapshot.createdBy,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['app_id', 'name'])
        .where('deleted_at', 'is', null)
        .where('hidden_at', 'is', null)
        .doNothing(),
    )
    .executeTakeFirst()
  return inserted.numInsertedOrUpdatedRows === 1n
}

export interface LockedApplicationSnapshot {
  readonly id: string
  readonly appID: string
  readonly name: string
  readonly state: CopyState
}

/** Holds the row until the transaction ends; undefined when it does not exist for the account. */
export async function lockApplicationSnapshot(
  { queries }: Queries,
  wanted: { readonly accountID: string; readonly snapshotID: string; readonly appID?: string },
): Promise<LockedApplicationSnapshot | undefined> {
  let query = queries
    .selectFrom('application_snapshots')
    .select(['id', 'app_id', 'name', 'state'])
    .where('id', '=', wanted.snapshotID)
    .where('account_id', '=', wanted.accountID)
    .where('deleted_at', 'is', null)
    .where('hidden_at', 'is', null)
    .forNoKeyUpdate()
  if (wanted.appID !== undefined) query = query.where('app_id', '=', wanted.appID)
  const row = await query.executeTakeFirst()
  return row && { id: row.id, appID: row.app_id, name: row.name, state: row.state as CopyState }
}

/**
 * The backup that has not ended and reads this snapshot, or took it. One that was deleted while it
 * ran counts until its workflow has ended: it may still be reading.
 */
export async function findBackupUsingSnapshot(
  { queries }: Queries,
  snapshotID: string,
): Promise<{ readonly id: string; readonly name: string } | undefined> {
  const { rows } = await sql<{ id: string; name: string }>`
    select backups.id, backups.name from backups
    where backups.state in ('pending', 'discovering', 'running')
      and (backups.snapshot_id = ${snapshotID} or backups.id = (
        select taken_by_backup_id from application_snapshots where id = ${snapshotID}))
    limit 1
  `.execute(queries)
  return rows[0]
}

/** Its name and itself stay until its data is gone. */
export async function markApplicationSnapshotDeleting(
  { queries }: Queries,
  { snapshotID, now }: { readonly snapshotID: string; readonly now: Date },
): Promise<void> {
  await queries
    .updateTable('application_snapshots')
    .set({ state: 'deleting', modified_at: now })
    .where('id', '=', snapshotID)
    .execute()
}
