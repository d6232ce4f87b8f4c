// Which copies are being restored from right now.
import { sql } from 'kysely'
import type { Queries } from './transaction.ts'

/**
 * True while a restore or a clone reads this backup or application snapshot, or is about to.
 * `exceptTaskID`: the one that asks.
 */
export async function isBeingRestored(
  { queries }: Queries,
  copyID: string,
  exceptTaskID: string | null = null,
): Promise<boolean> {
  const { rows } = await sql<{ found: boolean }>`
    select exists (
      select 1 from tasks where kind in ('restore', 'clone')
        and state in ('notStarted', 'running', 'cancelling')
        and input #>> '{source,id}' = ${copyID} and id is distinct from ${exceptTaskID}::uuid
    ) as found
  `.execute(queries)
  return rows[0]?.found ?? false
}
