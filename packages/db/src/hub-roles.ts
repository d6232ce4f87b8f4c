// Roles of the container dialect: those that every account begins with, and its own.
import { DEFAULT_ROLE_OF_USER, type RoleCapabilities } from '@holdfast/domain'
import { sql } from 'kysely'
import { uuidRangeOf } from './container-ids.ts'
import type { Queries } from './transaction.ts'

export interface HubRole {
  readonly id: string
  readonly accountID: string
  /** Unique in the account. */
  readonly identifier: string
  readonly name?: string
  readonly rank: number
  readonly isRoot: boolean
  /** The default role that it is. */
  readonly defaultIdentifier?: string
  readonly capabilities: RoleCapabilities
  readonly extra: Readonly<Record<string, string>>
  /** Absent: it was there from the beginning. */
  readonly createdBy?: string
  readonly isByApiKey: boolean
  readonly createdAt: Date
  readonly modifiedAt: Date
  /** How many users and API keys have it. */
  readonly counts: { readonly members: number; readonly apiKeys: number }
}

interface HubRoleRow {
  readonly id: string
  readonly account_id: string
  readonly identifier: string
  readonly name: string | null
  readonly rank: number
  readonly is_root: boolean
  readonly default_identifier: string | null
  readonly has_all_capabilities: boolean
  readonly capabilities: RoleCapabilities['specific']
  readonly extra: Readonly<Record<string, string>> | null
  readonly created_by: string | null
  readonly is_by_api_key: boolean
  readonly created_at: Date
  readonly modified_at: Date
  readonly members: number
  readonly api_keys: number
}

const SELECTED = sql`select roles.*,
    exists (select 1 from api_keys as keys where keys.id = roles.created_by) as is_by_api_key,
    (select count(distinct bindings.user_id)::integer from role_bindings as bindings
      where bindings.account_id = roles.account_id and roles.default_identifier
        = ${JSON.stringify(DEFAULT_ROLE_OF_USER)}::jsonb ->> bindings.role) as members,
    (select count(*)::integer from api_keys as keys
      where keys.role_id = roles.id and keys.deleted_at is null) as api_keys
  from hub_roles as roles`

/** The oldest first; there are never many. */
export async function listHubRoles(
  { queries }: Queries,
  accountID: string,
): Promise<readonly HubRole[]> {
  const { rows } = await sql<HubRoleRow>`
    ${SELECTED} where roles.account_id = ${accountID} order by roles.created_at, roles.rank desc,
      roles.id
  `.execute(queries)
  return rows.map(toHubRole)
}

/** By the first 24 digits of its id. */
export async function findHubRole(
  { queries }: Queries,
  { accountID, hexID }: { readonly accountID: string; readonly hexID: string },
): Promise<HubRole | undefined> {
  const range = uuidRangeOf(hexID)
  if (range === undefined) return undefined
  const { rows } = await sql<HubRoleRow>`
    ${SELECTED} where roles.account_id = ${accountID}
      and roles.id between ${range.first}::uuid and ${range.last}::uuid
    limit 1
  `.execute(queries)
  return rows[0] && toHubRole(rows[0])
}

export interface HubRoleFacts {
  readonly identifier: string
  readonly name: string | undefined
  readonly rank: number
  readonly capabilities: RoleCapabilities
  readonly extra: Readonly<Record<string, string>>
}

export interface NewHubRole extends HubRoleFacts {
  readonly id: string
  readonly accountID: string
  readonly createdBy: string
  readonly now: Date
}

export async function insertHubRole({ queries }: Queries, role: NewHubRole): Promise<void> {
  await queries
    .insertInto('hub_roles')
    .values({
      ...columnsOf(role),
      id: role.id,
      account_id: role.accountID,
      created_by: role.createdBy,
      created_at: role.now,
      modified_at: role.now,
    })
    .execute()
}

export async function updateHubRole(
  { queries }: Queries,
  { id, now, ...facts }: HubRoleFacts & { readonly id: string; readonly now: Date },
): Promise<void> {
  await queries
    .updateTable('hub_roles')
    .set({ ...columnsOf(facts), modified_at: now })
    .where('id', '=', id)
    .execute()
}

/** API keys that are deleted let go of it: their names are kept, and what they were is not. */
export async function deleteHubRole({ queries }: Queries, id: string): Promise<void> {
  await queries
    .updateTable('api_keys')
    .set({ role_id: null })
    .where('role_id', '=', id)
    .where('deleted_at', 'is not', null)
    .execute()
  await queries.deleteFrom('hub_roles').where('id', '=', id).execute()
}

function columnsOf({ identifier, name, rank, capabilities, extra }: HubRoleFacts) {
  return {
    identifier,
    name: name ?? null,
    rank,
    has_all_capabilities: capabilities.all,
    capabilities: JSON.stringify(capabilities.specific),
    extra: JSON.stringify(extra),
  }
}

function toHubRole(row: HubRoleRow): HubRole {
  return {
    id: row.id,
    accountID: row.account_id,
    identifier: row.identifier,
    ...(row.name === null ? {} : { name: row.name }),
    rank: row.rank,
    isRoot: row.is_root,
    ...(row.default_identifier === null ? {} : { defaultIdentifier: row.default_identifier }),
    capabilities: { all: row.has_all_capabilities, specific: row.capabilities },
    extra: row.extra ?? {},
    ...(row.created_by === null ? {} : { createdBy: row.created_by }),
    isByApiKey: row.is_by_api_key,
    createdAt: row.created_at,
    modifiedAt: row.modified_at,
    counts: { members: row.members, apiKeys: row.api_keys },
  }
}
