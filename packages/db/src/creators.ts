// Who made something, by name: the users and API keys of an account, also those that are gone.
import type { RoleCapabilities } from '@holdfast/domain'
import { type SqlBool, sql } from 'kysely'
import { isApiKey } from './is-api-key.ts'
import type { Viewer } from './list-resources.ts'
import type { Queries } from './transaction.ts'

export interface CreatingUser {
  readonly id: string
  readonly firstName: string
  readonly lastName: string
  readonly email: string
  readonly createdAt: Date
  readonly modifiedAt: Date
}

export interface CreatingApiKey {
  readonly id: string
  readonly name: string
  readonly ips: readonly string[] | null
  /** None of one that let go of its role when it was deleted. */
  readonly capabilities: RoleCapabilities
  readonly createdBy: string | null
  readonly isByApiKey: boolean
  readonly createdAt: Date
  readonly modifiedAt: Date
  readonly deletedAt: Date | null
}

export interface Creators {
  readonly users: readonly CreatingUser[]
  readonly apiKeys: readonly CreatingApiKey[]
}

/** Those of `ids` that the viewer may see; ids of nobody are left out. */
export async function listCreators(
  { queries }: Queries,
  wanted: {
    readonly accountID: string
    readonly ids: ReadonlySet<string>
    readonly viewer: Viewer
  },
): Promise<Creators> {
  const { accountID, viewer } = wanted
  const ids = sql`${[...wanted.ids]}::uuid[]`
  // Who reaches a part of the account sees of its people nobody but themselves.
  const { reach } = viewer
  const seesAll = reach === undefined || reach.isUnlimited
  const isSeen = seesAll ? sql<SqlBool>`true` : sql<SqlBool>`people.id = ${viewer.userID}`
  const users = await sql<CreatingUser>`
    select id, first_name as "firstName", last_name as "lastName", email,
      created_at as "createdAt", modified_at as "modifiedAt"
    from users as people where account_id = ${accountID} and id = any(${ids}) and ${isSeen}
  `.execute(queries)
  const apiKeys = await sql<CreatingApiKey>`
    select people.id, people.name, people.ips, jsonb_build_object(
        'all', coalesce(roles.has_all_capabilities, false),
        'specific', coalesce(roles.capabilities, '[]')) as capabilities,
      people.created_by as "createdBy", people.created_at as "createdAt",
      ${isApiKey(sql`people.created_by`)} as "isByApiKey",
      people.modified_at as "modifiedAt", people.deleted_at as "deletedAt"
    from api_keys as people left join hub_roles as roles on roles.id = people.role_id
    where people.account_id = ${accountID} and people.id = any(${ids}) and ${isSeen}
  `.execute(queries)
  return { users: users.rows, apiKeys: apiKeys.rows }
}
