// Who acts: what an account begins with, and whom a token or an API key stands for.
import { applicationRoleOf, DEFAULT_ROLE_OF_USER, type RoleCapabilities } from '@holdfast/domain'
import { type RawBuilder, sql } from 'kysely'
import { insertDefaultRoles } from './default-roles.ts'
import type { Queries } from './transaction.ts'

export const ROLES = ['viewer', 'member', 'admin', 'owner'] as const
export type Role = (typeof ROLES)[number]

export interface NewAccount {
  readonly id: string
  readonly name: string
  readonly now: Date
}

export async function insertAccount({ queries }: Queries, account: NewAccount): Promise<void> {
  await queries
    .insertInto('accounts')
    .values({
      id: account.id,
      name: account.name,
      enabled_at: account.now,
      created_at: account.now,
      modified_at: account.now,
    })
    .execute()
  await insertDefaultRoles({ queries }, { accountID: account.id, now: account.now })
}

export interface NewUser {
  readonly id: string
  readonly accountID: string
  readonly email: string
  readonly firstName: string
  readonly lastName: string
  readonly now: Date
}

export async function insertUser({ queries }: Queries, user: NewUser): Promise<void> {
  await queries
    .insertInto('users')
    .values({
      id: user.id,
      account_id: user.accountID,
      email: user.email,
      first_name: user.firstName,
      last_name: user.lastName,
      created_at: user.now,
      modified_at: user.now,
    })
    .execute()
}

export interface NewRoleBinding {
  readonly id: string
  readonly accountID: string
  readonly userID: string
  readonly role: Role
  readonly now: Date
}

export async function insertRoleBinding(
  { queries }: Queries,
  binding: NewRoleBinding,
): Promise<void> {
  await queries
    .insertInto('role_bindings')
    .values({
      id: binding.id,
      account_id: binding.accountID,
      user_id: binding.userID,
      role: binding.role,
      created_at: binding.now,
      modified_at: binding.now,
    })
    .execute()
}

export interface NewToken {
  readonly id: string
  readonly accountID: string
  readonly userID: string
  readonly name: string
  /** SHA-256 of the secret; the secret itself is never stored. */
  readonly secretHash: Uint8Array
  readonly now: Date
}

export async function insertToken({ queries }: Queries, token: NewToken): Promise<void> {
  await queries
    .insertInto('tokens')
    .values({
      id: token.id,
      account_id: token.accountID,
      user_id: token.userID,
      name: token.name,
      secret_hash: Buffer.from(token.secretHash),
      created_by: token.userID,
      created_at: token.now,
      modified_at: token.now,
    })
    .execute()
}

/** Every token of the user stops working now. Answers how many did. */
export async function revokeTokensOfUser(
  { queries }: Queries,
  { userID, now }: { readonly userID: string; readonly now: Date },
): Promise<number> {
  const revoked = await queries
    .updateTable('tokens')
    .set({ revoked_at: now, modified_at: now })
    .where('user_id', '=', userID)
    .where('revoked_at', 'is', null)
    .executeTakeFirst()
  return Number(revoked.numUpdatedRows)
}

/** The user and their account can be used again, unless the account is being deleted. */
export async function switchOn(
  { queries }: Queries,
  {
    accountID,
    userID,
    now,
  }: { readonly accountID: string; readonly userID: string; readonly now: Date },
): Promise<void> {
  await queries
    .updateTable('users')
    .set({ is_enabled: true, state: 'active', enabled_at: now, modified_at: now })
    .where('id', '=', userID)
    .execute()
  await queries
    .updateTable('accounts')
    .set({ is_enabled: true, enabled_at: now, modified_at: now })
    .where('id', '=', accountID)
    .where('is_enabled', '=', false)
    .execute()
}

/** Who calls, and what they may. */
export interface Principal {
  /** Of an API key: its id, which is no user's. */
  readonly userID: string
  readonly accountID: string
  /** How events name them; of an API key: `API key <name>`. */
  readonly email: string
  /** False: the user or the account is switched off. */
  readonly isEnabled: boolean
  /** The highest role that a binding gives; undefined without any. */
  readonly role?: Role
  readonly grants: readonly Grant[]
  readonly apiKeyID?: string
  /** Addresses and networks that the API key may come from; anywhere when absent. */
  readonly ips?: readonly string[]
  /** Of an API key: what the users of its account are in the container dialect, by their role. */
  readonly hubRolesOfUsers?: HubRolesOfUsers
}

export type HubRolesOfUsers = Readonly<Partial<Record<Role, HeldHubRole>>>

/** What one role binding gives, or an API key. */
export interface Grant {
  /** In the application dialect; absent: an API key that can do nothing there. */
  readonly role?: Role
  /** `roleConstraints` of the binding. */
  readonly constraints: readonly string[]
  readonly hubRole: HeldHubRole
}

/** In the container dialect. */
export interface HeldHubRole {
  readonly rank: number
  readonly capabilities: RoleCapabilities
}

/**
 * Undefined: no such token, or it was revoked. Notes when it was used, to the minute: not every
 * request must become a write.
 */
export async function findPrincipal(
  { queries }: Queries,
  secretHash: Uint8Array,
): Promise<Principal | undefined> {
  const hash = Buffer.from(secretHash)
  const { rows } = await sql<PrincipalRow>`
    with used as (
      update tokens set last_used_at = now()
      where secret_hash = ${hash} and revoked_at is null
        and (last_used_at is null or last_used_at < now() - interval '1 minute')
    )
    select ${PRINCIPAL_COLUMNS}
    from tokens join users on users.id = tokens.user_id
      join accounts on accounts.id = users.account_id
    where tokens.secret_hash = ${hash} and tokens.revoked_at is null
  `.execute(queries)
  return rows[0] && toPrincipal(rows[0])
}

/** As `findPrincipal`, by the secret of an API key. */
export async function findApiKeyPrincipal(
  { queries }: Queries,
  secretHash: Uint8Array,
): Promise<Principal | undefined> {
  const hash = Buffer.from(secretHash)
  const { rows } = await sql<ApiKeyRow>`
    with used as (
      update api_keys set last_used_at = now()
      where secret_hash = ${hash} and deleted_at is null
        and (last_used_at is null or last_used_at < now() - interval '1 minute')
    )
    select keys.id, keys.account_id as "accountID", keys.name, keys.ips,
      accounts.is_enabled and accounts.state = 'active' as "isEnabled",
      ${hubRoleOf('hub')} as "hubRole",
      (select jsonb_object_agg(pair.key, ${hubRoleOf('others')})
        from jsonb_each_text(${JSON.stringify(DEFAULT_ROLE_OF_USER)}::jsonb) as pair
          join hub_roles as others on others.account_id = keys.account_id
            and others.default_identifier = pair.value) as "hubRolesOfUsers"
    from api_keys as keys join hub_roles as hub on hub.id = keys.role_id
      join accounts on accounts.id = keys.account_id
    where keys.secret_hash = ${hash} and keys.deleted_at is null
  `.execute(queries)
  return rows[0] && toApiKeyPrincipal(rows[0])
}

/** For a statement that joins `users` and `accounts`. */
export const PRINCIPAL_COLUMNS = sql`
  users.id as "userID", users.account_id as "accountID", users.email,
  users.is_enabled and users.state = 'active' and accounts.is_enabled
    and accounts.state = 'active' as "isEnabled",
  coalesce((
    select jsonb_agg(jsonb_build_object(
      'role', bindings.role, 'constraints', bindings.role_constraints,
      'hubRole', ${hubRoleOf('hub')}))
    from role_bindings as bindings
      left join hub_roles as hub on hub.account_id = bindings.account_id
        and hub.default_identifier
          = ${JSON.stringify(DEFAULT_ROLE_OF_USER)}::jsonb ->> bindings.role
    where bindings.user_id = users.id and bindings.account_id = users.account_id
  ), '[]') as grants`

export type PrincipalRow = Omit<Principal, 'role' | 'apiKeyID' | 'ips'>

export function toPrincipal(row: PrincipalRow): Principal {
  const role = highestRole(row.grants.flatMap((grant) => grant.role ?? []))
  return { ...row, ...(role === undefined ? {} : { role }) }
}

interface ApiKeyRow {
  readonly id: string
  readonly accountID: string
  readonly name: string
  readonly ips: readonly string[] | null
  readonly isEnabled: boolean
  readonly hubRole: HeldHubRole
  readonly hubRolesOfUsers: HubRolesOfUsers | null
}

function toApiKeyPrincipal(row: ApiKeyRow): Principal {
  const { id, accountID, name, ips, isEnabled, hubRole, hubRolesOfUsers } = row
  const role = applicationRoleOf(hubRole.capabilities)
  const roles = role === undefined ? {} : { role }
  return {
    userID: id,
    accountID,
    email: `API key ${name}`,
    isEnabled,
    ...roles,
    grants: [{ ...roles, constraints: ['*'], hubRole }],
    apiKeyID: id,
    hubRolesOfUsers: hubRolesOfUsers ?? {},
    ...(ips === null ? {} : { ips }),
  }
}

/** Of an account without the row, nothing is given. */
function hubRoleOf(alias: string): RawBuilder<unknown> {
  const column = (name: string) => sql.ref(`${alias}.${name}`)
  return sql`jsonb_build_object('rank', coalesce(${column('rank')}, 0),
    'capabilities', jsonb_build_object(
      'all', coalesce(${column('has_all_capabilities')}, false),
      'specific', coalesce(${column('capabilities')}, '[]')))`
}

/** Undefined when there is none among `roles`. */
export function highestRole(roles: readonly Role[]): Role | undefined {
  return ROLES.findLast((role) => roles.includes(role))
}
