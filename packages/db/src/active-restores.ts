// Which copies are being restored from right now, and what never came back.
import { sql } from 'kysely'
import type { Queries } from './transaction.ts'

/**
 * True while a restore or a clone reads this backup or application snapshot, or is about to: until
 * its app has become `ready` or `failed`. What its task clears away afterwards needs no copy, and
 * whoever saw the app `ready` may delete the copy. `exceptTaskID`: the one that asks.
 */
export async function isBeingRestored(
  { queries }: Queries,
  copyID: string,
  exceptTaskID: string | null = null,
): Promise<boolean> {
  const { rows } = await sql<{ found: boolean }>`
    select exists (
      select 1 from tasks join apps on apps.id = tasks.app_id
      where tasks.kind in ('restore', 'stream-restore', 'clone')
        and tasks.state in ('notStarted', 'running', 'cancelling')
        and apps.state in ('provisioning', 'discovering', 'restoring')
        and tasks.input #>> '{source,id}' = ${copyID}
        and tasks.id is distinct from ${exceptTaskID}::uuid
    ) as found
  `.execute(queries)
  return rows[0]?.found ?? false
}

/** Was the app to be made from a copy, and did its data never come? */
export async function hasNeverBeenFilled({ queries }: Queries, appID: string): Promise<boolean> {
  const { rows } = await sql<{ found: boolean }>`
    select exists (select 1 from tasks where app_id = ${appID} and kind = 'clone'
        and state in ('failed', 'cancelled'))
      and not exists (select 1 from tasks where app_id = ${appID}
        and kind in ('restore', 'stream-restore') and state = 'completed') as found
  `.execute(queries)
  return rows[0]?.found ?? false
}
