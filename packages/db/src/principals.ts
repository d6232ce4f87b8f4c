// Who acts: accounts, users, tokens and role bindings.
import { sql } from 'kysely'
import type { ResourceSource } from './list-resources.ts'
import {
  type CommonRow,
  commonFields,
  instant,
  type ResourceCommon,
  text,
  toCommon,
} from './resource-fields.ts'
import type { Queries } from './transaction.ts'

export const ROLES = ['viewer', 'member', 'admin', 'owner'] as const
export type Role = (typeof ROLES)[number]

export interface Account extends ResourceCommon {
  readonly name: string
  readonly state: string
  readonly isEnabled: boolean
  readonly enabledAt?: Date
}

interface AccountRow extends Omit<CommonRow, 'account_id'> {
  readonly name: string
  readonly state: string
  readonly is_enabled: boolean
  readonly enabled_at: Date | null
}

/** An account contains itself: a caller sees their own and no other. */
export const ACCOUNTS: ResourceSource<Account> = {
  from: sql`accounts`,
  columns: sql`accounts.*`,
  isVisible: sql`true`,
  id: sql`accounts.id`,
  accountID: sql`accounts.id`,
  createdAt: sql`accounts.created_at`,
  parents: {},
  fields: {
    ...commonFields('accounts'),
    name: text(sql`accounts.name`),
    state: text(sql`accounts.state`),
    isEnabled: text(sql`accounts.is_enabled`),
    enabledAt: instant(sql`accounts.enabled_at`),
  },
  toResource: (row: AccountRow) => ({
    ...toCommon({ ...row, account_id: row.id }),
    name: row.name,
    state: row.state,
    isEnabled: row.is_enabled,
    ...(row.enabled_at === null ? {} : { enabledAt: row.enabled_at }),
  }),
}

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

/** Who a token stands for, and what they may. */
export interface Principal {
  readonly userID: string
  readonly accountID: string
  readonly email: string
  /** False: the user or the account is switched off. */
  readonly isEnabled: boolean
  /** The highest role that a binding gives; undefined without any. */
  readonly role?: Role
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
    select users.id as "userID", users.account_id as "accountID", users.email,
      users.is_enabled and users.state = 'active' and accounts.is_enabled
        and accounts.state = 'active' as "isEnabled",
      coalesce((
        select jsonb_agg(bindings.role) from role_bindings as bindings
        where bindings.user_id = users.id and bindings.account_id = users.account_id
      ), '[]') as roles
    from tokens join users on users.id = tokens.user_id
      join accounts on accounts.id = users.account_id
    where tokens.secret_hash = ${hash} and tokens.revoked_at is null
  `.execute(queries)
  const row = rows[0]
  if (row === undefined) return undefined
  const { roles, ...principal } = row
  const role = ROLES.findLast((candidate) => roles.includes(candidate))
  return { ...principal, ...(role === undefined ? {} : { role }) }
}

interface PrincipalRow {
  readonly userID: string
  readonly accountID: string
  readonly email: string
  readonly isEnabled: boolean
  readonly roles: readonly Role[]
}
