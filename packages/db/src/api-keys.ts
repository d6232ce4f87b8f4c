// API keys: programs that act for themselves, with a role of the container dialect. Only the hash of
// the secret is kept; whom a secret stands for is found in `principals.ts`.
import { sql } from 'kysely'
import { uuidRangeOf } from './container-ids.ts'
import type { Queries } from './transaction.ts'

export interface ApiKey {
  readonly id: string
  readonly accountID: string
  readonly name: string
  readonly roleID: string
  /** Addresses and networks; absent: it may come from anywhere. */
  readonly ips?: readonly string[]
  readonly createdBy?: string
  readonly isByApiKey: boolean
  readonly createdAt: Date
  readonly modifiedAt: Date
  readonly lastUsedAt?: Date
}

interface ApiKeyRow {
  readonly id: string
  readonly account_id: string
  readonly name: string
  readonly role_id: string
  readonly ips: readonly string[] | null
  readonly created_by: string | null
  readonly is_by_api_key: boolean
  readonly created_at: Date
  readonly modified_at: Date
  readonly last_used_at: Date | null
}

const SELECTED = sql`select keys.*,
    exists (select 1 from api_keys as makers where makers.id = keys.created_by) as is_by_api_key
  from api_keys as keys`

/** Those that are not deleted, the oldest first. */
export async function listApiKeys(
  { queries }: Queries,
  accountID: string,
): Promise<readonly ApiKey[]> {
  const { rows } = await sql<ApiKeyRow>`
    ${SELECTED} where keys.account_id = ${accountID} and keys.deleted_at is null
    order by keys.created_at, keys.id
  `.execute(queries)
  return rows.map(toApiKey)
}

/** By the first 24 digits of its id; a deleted one is not found. */
export async function findApiKey(
  { queries }: Queries,
  { accountID, hexID }: { readonly accountID: string; readonly hexID: string },
): Promise<ApiKey | undefined> {
  const range = uuidRangeOf(hexID)
  if (range === undefined) return undefined
  const { rows } = await sql<ApiKeyRow>`
    ${SELECTED} where keys.account_id = ${accountID} and keys.deleted_at is null
      and keys.id between ${range.first}::uuid and ${range.last}::uuid
    limit 1
  `.execute(queries)
  return rows[0] && toApiKey(rows[0])
}

/** Is it the id of an API key, be it a deleted one? */
export async function isApiKey({ queries }: Queries, id: string): Promise<boolean> {
  const row = await queries
    .selectFrom('api_keys')
    .select('id')
    .where('id', '=', id)
    .executeTakeFirst()
  return row !== undefined
}

export interface NewApiKey {
  readonly id: string
  readonly accountID: string
  readonly name: string
  readonly roleID: string
  readonly ips: readonly string[] | undefined
  /** SHA-256 of the secret; the secret itself is never stored. */
  readonly secretHash: Uint8Array
  readonly createdBy: string
  readonly now: Date
}

export async function insertApiKey({ queries }: Queries, key: NewApiKey): Promise<void> {
  await queries
    .insertInto('api_keys')
    .values({
      id: key.id,
      account_id: key.accountID,
      name: key.name,
      role_id: key.roleID,
      ips: key.ips === undefined ? null : JSON.stringify(key.ips),
      secret_hash: Buffer.from(key.secretHash),
      created_by: key.createdBy,
      created_at: key.now,
      modified_at: key.now,
    })
    .execute()
}

export interface ApiKeyChange {
  readonly id: string
  readonly name?: string
  readonly roleID?: string
  /** `null`: it may come from anywhere. */
  readonly ips?: readonly string[] | null
  readonly now: Date
}

export async function updateApiKey({ queries }: Queries, change: ApiKeyChange): Promise<void> {
  const { name, roleID, ips } = change
  await queries
    .updateTable('api_keys')
    .set({
      modified_at: change.now,
      ...(name === undefined ? {} : { name }),
      ...(roleID === undefined ? {} : { role_id: roleID }),
      ...(ips === undefined ? {} : { ips: ips === null ? null : JSON.stringify(ips) }),
    })
    .where('id', '=', change.id)
    .execute()
}

/** It stops working at once and for good. Its name is kept for what it did. */
export async function deleteApiKey(
  { queries }: Queries,
  { id, now }: { readonly id: string; readonly now: Date },
): Promise<void> {
  await queries
    .updateTable('api_keys')
    .set({ deleted_at: now, modified_at: now })
    .where('id', '=', id)
    .execute()
}

function toApiKey(row: ApiKeyRow): ApiKey {
  return {
    id: row.id,
    accountID: row.account_id,
    name: row.name,
    roleID: row.role_id,
    ...(row.ips === null ? {} : { ips: row.ips }),
    ...(row.created_by === null ? {} : { createdBy: row.created_by }),
    isByApiKey: row.is_by_api_key,
    createdAt: row.created_at,
    modifiedAt: row.modified_at,
    ...(row.last_used_at === null ? {} : { lastUsedAt: row.last_used_at }),
  }
}
