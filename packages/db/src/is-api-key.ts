// Whether what made a row was an API key, and not a user: both have ids of their own.
import { type RawBuilder, type SqlBool, sql } from 'kysely'

/** `id` is a column with the id of whoever made the row. */
export function isApiKey(id: RawBuilder<unknown>): RawBuilder<SqlBool> {
  return sql<SqlBool>`exists (select 1 from api_keys where api_keys.id = ${id})`
}
