// Users: those who may act in an account, as users see them and as they are changed.
import type { Label } from '@holdfast/domain'
import { sql } from 'kysely'
import type { PostalAddress } from './accounts.ts'
import type { ResourceSource } from './list-resources.ts'
import { highestRole, type Role } from './principals.ts'
import {
  type CommonRow,
  commonFields,
  instant,
  json,
  type ResourceCommon,
  text,
  toCommon,
} from './resource-fields.ts'
import type { Queries } from './transaction.ts'

export const USER_STATES = ['pending', 'active', 'suspended'] as const
export type UserState = (typeof USER_STATES)[number]
export const AUTH_PROVIDERS = ['cloud-central', 'local', 'ldap'] as const
export type AuthProvider = (typeof AUTH_PROVIDERS)[number]

export interface UserProfile {
  readonly authID?: string
  readonly firstName: string
  readonly lastName: string
  readonly companyName?: string
  readonly phone?: string
  readonly postalAddress?: PostalAddress
}

export interface User extends ResourceCommon, UserProfile {
  readonly state: UserState
  readonly isEnabled: boolean
  readonly authProvider: AuthProvider
  readonly email: string
  readonly sendsWelcomeEmail: boolean
  readonly enabledAt?: Date
  /** When a token or a session of theirs was used last. */
  readonly lastActAt?: Date
  /** The highest one, whatever it reaches. */
  readonly role?: Role
}

interface UserRow extends CommonRow {
  readonly state: UserState
  readonly is_enabled: boolean
  readonly auth_id: string | null
  readonly auth_provider: AuthProvider
  readonly first_name: string
  readonly last_name: string
  readonly company_name: string | null
  readonly email: string
  readonly phone: string | null
  readonly postal_address: PostalAddress | null
  readonly send_welcome_email: boolean
  readonly enabled_at: Date | null
  readonly last_act: Date | null
  readonly roles: readonly Role[]
}

const LAST_ACT = sql`greatest(
  (select max(tokens.last_used_at) from tokens where tokens.user_id = users.id),
  (select max(sessions.last_used_at) from sessions where sessions.user_id = users.id))`

export const USERS: ResourceSource<User> = {
  from: sql`users`,
  columns: sql`users.*, ${LAST_ACT} as last_act, coalesce((
    select jsonb_agg(bindings.role) from role_bindings as bindings
    where bindings.user_id = users.id), '[]') as roles`,
  isVisible: sql`true`,
  limitedTo: ({ userID }) => ({ rows: sql`users.id = ${userID}` }),
  id: sql`users.id`,
  accountID: sql`users.account_id`,
  createdAt: sql`users.created_at`,
  parents: { userID: sql`users.id` },
  fields: {
    ...commonFields('users'),
    state: text(sql`users.state`),
    isEnabled: text(sql`users.is_enabled`),
    authID: text(sql`users.auth_id`),
    authProvider: text(sql`users.auth_provider`),
    firstName: text(sql`users.first_name`),
    lastName: text(sql`users.last_name`),
    companyName: text(sql`users.company_name`),
    email: text(sql`users.email`),
    phone: text(sql`users.phone`),
    postalAddress: json(sql`users.postal_address`),
    sendWelcomeEmail: text(sql`users.send_welcome_email`),
    enabledAt: instant(sql`users.enabled_at`),
    lastActAt: instant(LAST_ACT),
  },
  toResource: toUser,
}

function toUser(row: UserRow): User {
  const role = highestRole(row.roles)
  return {
    ...toCommon(row),
    state: row.state,
    isEnabled: row.is_enabled,
    ...(row.auth_id === null ? {} : { authID: row.auth_id }),
    authProvider: row.auth_provider,
    firstName: row.first_name,
    lastName: row.last_name,
    ...(row.company_name === null ? {} : { companyName: row.company_name }),
    email: row.email,
    ...(row.phone === null ? {} : { phone: row.phone }),
    ...(row.postal_address === null ? {} : { postalAddress: row.postal_address }),
    sendsWelcomeEmail: row.send_welcome_email,
    ...(row.enabled_at === null ? {} : { enabledAt: row.enabled_at }),
    ...(row.last_act === null ? {} : { lastActAt: row.last_act }),
    ...(role === undefined ? {} : { role }),
  }
}

export interface InvitedUser extends UserProfile {
  readonly id: string
  readonly accountID: string
  readonly version: string
  readonly email: string
  readonly labels: readonly Label[]
  readonly createdBy: string
  readonly now: Date
}

/** A local one, active and switched on; without a role binding they may nothing. */
export async function insertInvitedUser({ queries }: Queries, user: InvitedUser): Promise<void> {
  await queries
    .insertInto('users')
    .values({
      id: user.id,
      account_id: user.accountID,
      version: user.version,
      email: user.email,
      auth_id: user.authID ?? user.email,
      first_name: user.firstName,
      last_name: user.lastName,
      company_name: user.companyName ?? null,
      phone: user.phone ?? null,
      postal_address: user.postalAddress ? JSON.stringify(user.postalAddress) : null,
      enabled_at: user.now,
      labels: JSON.stringify(user.labels),
      created_by: user.createdBy,
      created_at: user.now,
      modified_at: user.now,
    })
    .execute()
}

export interface UserChange extends Partial<UserProfile> {
  readonly id: string
  readonly version: string
  readonly state?: UserState
  readonly isEnabled?: boolean
  readonly enabledAt?: Date
  readonly email?: string
  readonly labels?: readonly Label[]
  readonly modifiedBy: string
  readonly now: Date
}

export async function updateUser({ queries }: Queries, change: UserChange): Promise<void> {
  const { state, isEnabled, enabledAt, email, labels, postalAddress } = change
  const { authID, firstName, lastName, companyName, phone } = change
  await queries
    .updateTable('users')
    .set({
      version: change.version,
      modified_by: change.modifiedBy,
      modified_at: change.now,
      ...(state === undefined ? {} : { state }),
      ...(isEnabled === undefined ? {} : { is_enabled: isEnabled }),
      ...(enabledAt === undefined ? {} : { enabled_at: enabledAt }),
      ...(email === undefined ? {} : { email }),
      ...(authID === undefined ? {} : { auth_id: authID }),
      ...(firstName === undefined ? {} : { first_name: firstName }),
      ...(lastName === undefined ? {} : { last_name: lastName }),
      ...(companyName === undefined ? {} : { company_name: companyName }),
      ...(phone === undefined ? {} : { phone }),
      ...(postalAddress === undefined ? {} : { postal_address: JSON.stringify(postalAddress) }),
      ...(labels === undefined ? {} : { labels: JSON.stringify(labels) }),
    })
    .where('id', '=', change.id)
    .execute()
}

/** Addresses are compared as mail systems do: without regard to case. */
export async function isEmailTaken(
  { queries }: Queries,
  wanted: { readonly accountID: string; readonly email: string; readonly exceptID?: string },
): Promise<boolean> {
  const { rows } = await sql`
    select 1 from users where account_id = ${wanted.accountID}
      and lower(email) = lower(${wanted.email})
      and id is distinct from ${wanted.exceptID ?? null}::uuid
  `.execute(queries)
  return rows.length > 0
}

/** With tokens, sessions, role bindings, marks and the password's credential. */
export async function deleteUser(
  { queries }: Queries,
  { accountID, id }: { readonly accountID: string; readonly id: string },
): Promise<void> {
  for (const table of ['tokens', 'sessions', 'role_bindings'] as const) {
    await queries
      .deleteFrom(table)
      .where('user_id', '=', id)
      .where('account_id', '=', accountID)
      .execute()
  }
  await queries
    .deleteFrom('credentials')
    .where('account_id', '=', accountID)
    .where('key_type', '=', 'passwordHash')
    .where('name', '=', id)
    .execute()
  await queries
    .deleteFrom('users')
    .where('id', '=', id)
    .where('account_id', '=', accountID)
    .execute()
}

/** Who can run the account: an active user who is owner without constraints. */
export async function countOwners({ queries }: Queries, accountID: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from users
    where account_id = ${accountID} and is_enabled and state = 'active' and exists (
      select 1 from role_bindings as bindings where bindings.user_id = users.id
        and bindings.role = 'owner' and bindings.role_constraints ? '*')
  `.execute(queries)
  return Number(rows[0]?.count ?? 0)
}
