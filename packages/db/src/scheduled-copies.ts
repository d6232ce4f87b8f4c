// What a schedule made and still has, for the judgement of what goes.
import type { ScheduledCopy } from '@holdfast/domain'
import { sql } from 'kysely'
import type { BackupKind } from './backups.ts'
import type { Queries } from './transaction.ts'

interface CopyRow {
  readonly id: string
  readonly state: ScheduledCopy['state']
  readonly created_at: Date
  readonly is_in_use: boolean
}

const IS_BEING_RESTORED = sql`exists (
  select 1 from tasks where tasks.kind in ('restore', 'stream-restore', 'clone')
    and tasks.state in ('notStarted', 'running', 'cancelling')
    and tasks.input #>> '{source,id}' = copies.id::text)`

/**
 * What users see of them; a snapshot that a backup took for itself goes with that. Of its backups
 * those of one kind: what a schedule made by another rule is not judged by its present one.
 */
export async function listScheduledCopies(
  { queries }: Queries,
  { scheduleID, kind }: { readonly scheduleID: string; readonly kind: BackupKind },
): Promise<{
  readonly snapshots: readonly ScheduledCopy[]
  readonly backups: readonly ScheduledCopy[]
}> {
  const snapshots = await sql<CopyRow>`
    select copies.id, copies.state, copies.created_at, ${IS_BEING_RESTORED} or exists (
      select 1 from backups where backups.snapshot_id = copies.id
        and backups.state in ('pending', 'discovering', 'running')) as is_in_use
    from application_snapshots as copies
    where copies.schedule_id = ${scheduleID} and copies.taken_by_backup_id is null
      and copies.deleted_at is null and copies.hidden_at is null
  `.execute(queries)
  const backups = await sql<CopyRow>`
    select copies.id, copies.state, copies.created_at, ${IS_BEING_RESTORED} as is_in_use
    from backups as copies
    where copies.schedule_id = ${scheduleID} and copies.kind = ${kind}
      and copies.deleted_at is null and copies.hidden_at is null
  `.execute(queries)
  return { snapshots: snapshots.rows.map(toCopy), backups: backups.rows.map(toCopy) }
}

function toCopy(row: CopyRow): ScheduledCopy {
  return { id: row.id, state: row.state, createdAt: row.created_at, isInUse: row.is_in_use }
}
