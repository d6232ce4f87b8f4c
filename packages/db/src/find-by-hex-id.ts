// Which row an id of the container dialect stands for, whatever its state: for what is told of it,
// not for what may be done to it.
import { sql } from 'kysely'
import { uuidRangeOf } from './container-ids.ts'
import type { Queries } from './transaction.ts'

const TABLES = {
  account: { table: 'accounts', account: 'id', app: 'null::uuid' },
  app: { table: 'apps', account: 'account_id', app: 'id' },
  bucket: { table: 'buckets', account: 'account_id', app: 'null::uuid' },
  task: { table: 'tasks', account: 'account_id', app: 'app_id' },
  role: { table: 'hub_roles', account: 'account_id', app: 'null::uuid' },
  'api-key': { table: 'api_keys', account: 'account_id', app: 'null::uuid' },
} as const

/** `instance` finds its app, `backup` the backup of the app. */
export type HexIDKind = keyof typeof TABLES | 'instance' | 'backup'

export interface FoundByHexID {
  readonly id: string
  readonly appID?: string
}

/** `accountID`: whose it must be; of anybody when absent. */
export async function findByHexID(
  { queries }: Queries,
  given: { readonly kind: HexIDKind; readonly hexID: string; readonly accountID?: string },
): Promise<FoundByHexID | undefined> {
  const statement = statementOf(given)
  if (statement === undefined) return undefined
  const { rows } = await statement.execute(queries)
  const row = rows[0]
  return row && { id: row.id, ...(row.appID === null ? {} : { appID: row.appID }) }
}

interface FoundRow {
  readonly id: string
  readonly appID: string | null
}

function statementOf({ kind, hexID, accountID }: Parameters<typeof findByHexID>[1]) {
  const range = uuidRangeOf(hexID)
  if (range === undefined) return undefined
  const whose = (column: string) =>
    accountID === undefined ? sql`true` : sql`${sql.ref(column)} = ${accountID}`
  if (kind === 'instance') {
    return sql<FoundRow>`select app_id as id, app_id as "appID" from instances
      where id = ${hexID} and ${whose('account_id')}`
  }
  if (kind === 'backup') {
    return sql<FoundRow>`select backup_id as id, app_id as "appID" from container_backups
      where id = ${hexID} and ${whose('account_id')}`
  }
  const { table, account, app } = TABLES[kind]
  return sql<FoundRow>`select id, ${sql.raw(app)} as "appID" from ${sql.table(table)}
    where id between ${range.first}::uuid and ${range.last}::uuid and ${whose(account)}`
}
