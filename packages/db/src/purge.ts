// Purging what is in the trash: what is due, what of an app must go, and the end of its rows.
import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { CopyRef } from './copy-states.ts'
import type { Queries } from './transaction.ts'

/** Apps in the trash whose time is up, the longest waiting first. */
export async function listAppsToPurge(
  { queries }: Queries,
  { now, limit }: { readonly now: Date; readonly limit: number },
): Promise<{ readonly appID: string; readonly accountID: string }[]> {
  const rows = await queries
    .selectFrom('apps')
    .select(['id', 'account_id'])
    .where('hidden_at', 'is not', null)
    .where('purge_after', '<=', now)
    .where('state', '<>', 'deleting')
    .orderBy('purge_after')
    .limit(limit)
    .execute()
  return rows.map((row) => ({ appID: row.id, accountID: row.account_id }))
}

/**
 * From now on the app is being purged and nothing brings it back. False when it is not in the trash
 * (any more). Call in a transaction that holds its row.
 */
export async function markAppPurging({ queries }: Queries, appID: string): Promise<boolean> {
  const updated = await queries
    .updateTable('apps')
    .set({ state: 'deleting', modified_at: sql`now()` })
    .where('id', '=', appID)
    .where('hidden_at', 'is not', null)
    .where('state', '<>', 'deleting')
    .executeTakeFirst()
  return updated.numUpdatedRows > 0n
}

export async function isAppBeingPurged({ queries }: Queries, appID: string): Promise<boolean> {
  const found = await queries
    .selectFrom('apps')
    .select('id')
    .where('id', '=', appID)
    .where('hidden_at', 'is not', null)
    .where('state', '=', 'deleting')
    .executeTakeFirst()
  return found !== undefined
}

/**
 * The hidden copies of an app that nobody deletes yet. A snapshot that a backup took goes with that
 * backup's end; one that is still there then was left behind.
 */
export async function listHiddenCopies({ queries }: Queries, appID: string): Promise<CopyRef[]> {
  const { rows } = await sql<CopyRef>`
    select 'backup' as kind, id from backups
      where app_id = ${appID} and hidden_at is not null and deleted_at is null
    union all
    select 'snapshot', id from application_snapshots
      where app_id = ${appID} and hidden_at is not null and deleted_at is null
        and application_snapshots.state <> 'deleting' and not exists (select 1 from tasks
          where kind = 'backup' and resource_id = taken_by_backup_id
            and tasks.state in ('notStarted', 'running', 'cancelling'))
  `.execute(queries)
  return rows.map(({ kind, id }) => ({ kind, id }))
}

/** Apps of which nothing but their rows is left. Those that wait for something hold up no other. */
export async function listAppsBeingPurged(
  { queries }: Queries,
  limit: number,
): Promise<readonly string[]> {
  const rows = await queries
    .selectFrom('apps')
    .select('id')
    .where('hidden_at', 'is not', null)
    .where('state', '=', 'deleting')
    .where(sql<SqlBool>`not ${isSomethingLeft(sql`apps.id`)}`)
    .orderBy('modified_at')
    .limit(limit)
    .execute()
  return rows.map(({ id }) => id)
}

/**
 * Removes the rows of an app that is being purged, and of its copies, once nothing of their data is
 * left: every copy deleted, every deletion completed, no task under way, nothing owed. A backup that
 * was restored from the trash keeps them until it is deleted, too. Its tasks stay as history. True
 * when the rows are gone. Call in a transaction. Repeating it is harmless.
 */
export async function removePurgedApp({ queries }: Queries, appID: string): Promise<boolean> {
  const { rows } = await sql<{ id: string }>`
    select id from apps where id = ${appID} and hidden_at is not null and state = 'deleting'
      for update
  `.execute(queries)
  if (rows.length === 0) return false
  const left = await sql<{ found: boolean }>`
    select ${isSomethingLeft(sql`${appID}`)} as found
  `.execute(queries)
  if (left.rows[0]?.found !== false) return false
  await deleteRows({ queries }, appID)
  return true
}

/** Of the app that `appID` names in a statement. */
function isSomethingLeft(appID: RawBuilder<unknown>): RawBuilder<SqlBool> {
  return sql<SqlBool>`(
    exists (select 1 from backups where app_id = ${appID} and deleted_at is null)
    or exists (select 1 from application_snapshots where app_id = ${appID} and deleted_at is null)
    or exists (select 1 from tasks where app_id = ${appID}
      and state in ('notStarted', 'running', 'cancelling'))
    or exists (select 1 from tasks failed where failed.app_id = ${appID}
      and failed.kind in ('delete-backup', 'delete-snapshot') and failed.state = 'failed'
      and not exists (select 1 from tasks later where later.resource_id = failed.resource_id
        and later.kind = failed.kind and later.state = 'completed'))
    or exists (select 1 from obligations join tasks on tasks.id = obligations.task_id
      where tasks.app_id = ${appID}))`
}

async function deleteRows({ queries }: Queries, appID: string): Promise<void> {
  const backups = sql`(select id from backups where app_id = ${appID})`
  const snapshots = sql`(select id from application_snapshots where app_id = ${appID})`
  for (const statement of [
    sql`delete from app_assets where app_id = ${appID} or backup_id in ${backups}
      or snapshot_id in ${snapshots}`,
    sql`delete from backup_volumes where backup_id in ${backups}`,
    sql`delete from volume_snapshots where snapshot_id in ${snapshots}`,
    sql`delete from backups where app_id = ${appID}`,
    sql`delete from application_snapshots where app_id = ${appID}`,
    sql`delete from schedules where app_id = ${appID}`,
    sql`delete from execution_hooks where app_id = ${appID}`,
    sql`update tasks set app_id = null where app_id = ${appID}`,
    sql`delete from apps where id = ${appID}`,
  ]) {
    await statement.execute(queries)
  }
}
