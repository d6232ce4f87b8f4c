// What copies say of their hooks: `hook_state` and the details of those that failed.
import { sql } from 'kysely'
import type { StateDetail } from './state-detail.ts'
import { isCurrentExecution, type TaskExecution } from './tasks.ts'
import type { Queries } from './transaction.ts'

/** The hooks of an application snapshot have ended; `failed` is empty when all went well. */
export async function setSnapshotHooks(
  { queries }: Queries,
  execution: TaskExecution,
  { snapshotID, failed }: { readonly snapshotID: string; readonly failed: readonly StateDetail[] },
): Promise<void> {
  await sql`
    update application_snapshots set hook_state = ${stateOf(failed)},
      hook_state_details = ${JSON.stringify(failed)}::jsonb, modified_at = now()
    where id = ${snapshotID} and ${isCurrentExecution(execution)}
  `.execute(queries)
}

/** A backup's own hooks have ended: their failures are added to those of its snapshot. */
export async function setBackupHooks(
  { queries }: Queries,
  execution: TaskExecution,
  { backupID, failed }: { readonly backupID: string; readonly failed: readonly StateDetail[] },
): Promise<void> {
  const own = JSON.stringify(failed)
  await sql`
    update backups set
      hook_state = case when ${stateOf(failed)} = 'failed' then 'failed'
        else coalesce(snapshot.hook_state, 'success') end,
      hook_state_details = coalesce(snapshot.hook_state_details, '[]') || ${own}::jsonb,
      modified_at = now()
    from backups own left join application_snapshots snapshot on snapshot.id = own.snapshot_id
    where backups.id = ${backupID} and own.id = backups.id and ${isCurrentExecution(execution)}
  `.execute(queries)
}

function stateOf(failed: readonly StateDetail[]): 'failed' | 'success' {
  return failed.length === 0 ? 'success' : 'failed'
}
