// Who acts: what an account begins with, and whom a token stands for.
import { sql } from 'kysely'
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
  readonly userID: string
  readonly accountID: string
  readonly email: string
  /** False: the user or the account is switched off. */
  readonly isEnabled: boolean
  /** The highest role that a binding gives; undefined without any. */
  readonly role?: Role
  readonly grants: readonly Grant[]
}

/** What one role binding gives. */
export interface Grant {
  readonly role: Role
  /** `roleConstraints` of the binding. */
  readonly constraints: readonly string[]
}

/**
 * Undefined: no such token, or it was revoked. Notes when the token was used, to the minute: not
 * every request must become a write.
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

/** For a statement that joins `users` and `accounts`. */
export const PRINCIPAL_COLUMNS = sql`
  users.id as "userID", users.account_id as "accountID", users.email,
  users.is_enabled and users.state = 'active' and accounts.is_enabled
    and accounts.state = 'active' as "isEnabled",
  coalesce((
    select jsonb_agg(jsonb_build_object(
      'role', bindings.role, 'constraints', bindings.role_constraints))
    from role_bindings as bindings
    where bindings.user_id = users.id and bindings.account_id = users.account_id
  ), '[]') as grants`

export type PrincipalRow = Omit<Principal, 'role'>

export function toPrincipal(row: PrincipalRow): Principal {
  const role = highestRole(row.grants.map((grant) => grant.role))
  return { ...row, ...(role === undefined ? {} : { role }) }
}

/** Undefined when there is none among `roles`. */
export function highestRole(roles: readonly Role[]): Role | undefined {
  return ROLES.findLast((role) => roles.includes(role))
}
