// Every column that holds sealed values, and what concerns all of them: with which keys they were
// sealed, and sealing them anew after the master key was changed.
import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Sealing } from './sealing.ts'
import type { Queries } from './transaction.ts'

export interface SealedColumn {
  readonly table: string
  readonly column: string
}

/** The rows of each table are known by `id`; a value's context is `<table>.<column>:<id>`. */
export const SEALED_COLUMNS: readonly SealedColumn[] = [
  { table: 'repositories', column: 'sealed_secrets' },
  { table: 'repositories', column: 'sealed_polynomial' },
  { table: 'credentials', column: 'sealed_key_store' },
  { table: 'webhooks', column: 'sealed_secret' },
]

/** Of the keys that sealed values were sealed with; none while nothing is sealed. */
export async function listSealingKeyIDs({ queries }: Queries): Promise<string[]> {
  const { rows } = await sql<{ keyID: string }>`
    select distinct "keyID" from (${usedKeyIDs()}) as sealed order by "keyID"
  `.execute(queries)
  return rows.map(({ keyID }) => keyID)
}

/** A condition: no value was sealed with a key that is none of these. */
export function isSealedOnlyWith(keyIDs: readonly string[]): RawBuilder<SqlBool> {
  return sql<SqlBool>`not exists (
    select 1 from (${usedKeyIDs()}) as sealed where "keyID" not in (${sql.join(keyIDs)})
  )`
}

function usedKeyIDs(): RawBuilder<unknown> {
  const selects = SEALED_COLUMNS.map(
    ({ table, column }) => sql`
      select encode(${keyIDOf(column)}, 'hex') as "keyID" from ${sql.table(table)}
      where ${sql.ref(column)} is not null`,
  )
  return sql`${sql.join(selects, sql` union all `)}`
}

/** Few enough to hold, many enough that statements do not count. */
const BATCH_ROWS = 100

/**
 * Seals everything with the newest key that is sealed with an older one; answers how many values
 * that were. Each value is one statement: an interruption anywhere leaves nothing half done, and
 * a repetition goes on with what is left.
 */
export async function sealAllAnew({ queries }: Queries, sealing: Sealing): Promise<number> {
  let count = 0
  for (const { table, column } of SEALED_COLUMNS) {
    for (;;) {
      const { rows } = await sql<{ id: string; sealed: Buffer }>`
        select id, ${sql.ref(column)} as sealed from ${sql.table(table)}
        where ${sql.ref(column)} is not null
          and ${keyIDOf(column)} <> decode(${sealing.keyID}, 'hex')
        order by id limit ${BATCH_ROWS}
      `.execute(queries)
      if (rows.length === 0) break
      for (const { id, sealed } of rows) {
        const context = `${table}.${column}:${id}`
        const anew = sealing.seal(sealing.unseal(sealed, context), context)
        await sql`
          update ${sql.table(table)} set ${sql.ref(column)} = ${anew}
          where id = ${id} and ${sql.ref(column)} = ${sealed}
        `.execute(queries)
        count += 1
      }
    }
  }
  return count
}

/** See the format in `sealing.ts`: the id stands behind the version. */
function keyIDOf(column: string): RawBuilder<unknown> {
  return sql`substring(${sql.ref(column)} from 2 for 8)`
}
