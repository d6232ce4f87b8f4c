// Deletions that users cannot ask for again: what they deleted is out of their sight, yet its data
// stayed because the deletion failed.
import { sql } from 'kysely'
import type { Queries } from './transaction.ts'

export interface FailedDeletion {
  readonly kind: 'delete-backup' | 'delete-snapshot'
  /** Of the backup or application snapshot. */
  readonly resourceID: string
  readonly accountID: string
  readonly appID: string
}

interface FailedDeletionRow {
  readonly kind: FailedDeletion['kind']
  readonly resource_id: string
  readonly account_id: string
  readonly app_id: string
}

/**
 * Those that may begin again by now, the longest waiting first. The pauses grow from fifteen
 * minutes to a day, so that a bucket that is gone for good does not fill the list of tasks.
 */
export async function listFailedDeletions(
  { queries }: Queries,
  limit: number,
): Promise<FailedDeletion[]> {
  const { rows } = await sql<FailedDeletionRow>`
    select t.kind, t.resource_id, t.account_id, t.app_id from tasks t
    where t.kind in ('delete-backup', 'delete-snapshot') and t.state = 'failed'
      and t.app_id is not null
      and not exists (select 1 from tasks later where later.resource_id = t.resource_id
        and later.kind = t.kind and later.created_at > t.created_at)
      and t.ended_at < now() - least(interval '1 day', greatest(interval '15 minutes',
        (t.ended_at - (select min(first.created_at) from tasks first
          where first.resource_id = t.resource_id and first.kind = t.kind)) / 8))
      and case t.kind
        when 'delete-backup' then exists (select 1 from backups
          where id = t.resource_id and deleted_at is not null)
        else exists (select 1 from application_snapshots
          where id = t.resource_id and deleted_at is null
            and (state = 'deleting' or (state = 'failed' and hidden_at is not null and exists (
              select 1 from apps where apps.id = app_id and apps.state = 'deleting'))))
      end
    order by t.ended_at
    limit ${limit}
  `.execute(queries)
  return rows.map((row) => ({
    kind: row.kind,
    resourceID: row.resource_id,
    accountID: row.account_id,
    appID: row.app_id,
  }))
}

/**
 * Holds what is to be deleted until the transaction ends. False when it is being deleted already:
 * of two services that begin again at once one must see what the other did.
 */
export async function lockFailedDeletion(
  { queries }: Queries,
  { kind, resourceID }: FailedDeletion,
): Promise<boolean> {
  const table = sql.table(kind === 'delete-backup' ? 'backups' : 'application_snapshots')
  await sql`select id from ${table} where id = ${resourceID} for no key update`.execute(queries)
  const { rows } = await sql<{ state: string }>`
    select state from tasks where resource_id = ${resourceID} and kind = ${kind}
    order by created_at desc limit 1
  `.execute(queries)
  return rows[0]?.state === 'failed'
}
