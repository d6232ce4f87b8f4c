// Accounts: tenants, strictly apart from each other once they are active.
import type { Label } from '@holdfast/domain'
import { sql } from 'kysely'
import { insertDefaultRoles } from './default-roles.ts'
import type { ResourceSource } from './list-resources.ts'
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

export const ACCOUNT_STATES = ['pending', 'active', 'deletePending'] as const
export type AccountState = (typeof ACCOUNT_STATES)[number]

export interface PostalAddress {
  readonly addressCountry: string
  readonly addressLocality: string
  readonly addressRegion: string
  readonly postalCode: string
  readonly streetAddress1: string
  readonly streetAddress2?: string
}

export interface AccountContact {
  readonly firstName: string
  readonly lastName: string
  readonly companyName?: string
  readonly email: string
  readonly phone?: string
  readonly postalAddress: PostalAddress
}

export interface Account extends ResourceCommon {
  readonly name: string
  readonly state: AccountState
  readonly isEnabled: boolean
  readonly enabledAt?: Date
  readonly accountContact?: AccountContact
}

interface AccountRow extends Omit<CommonRow, 'account_id'> {
  readonly name: string
  readonly state: AccountState
  readonly is_enabled: boolean
  readonly enabled_at: Date | null
  readonly account_contact: AccountContact | null
}

/**
 * An account is read from itself, and until it is active also from the account whose owner made
 * it: `reader` says from which. A viewer with a limited reach sees their own, without its contact.
 */
export const ACCOUNTS: ResourceSource<Account> = {
  from: sql`(
    select accounts.*, accounts.id as reader from accounts
    union all
    select accounts.*, accounts.made_by_account_id as reader from accounts
    where accounts.state = 'pending' and accounts.made_by_account_id is not null) as accounts`,
  columns: sql`accounts.*`,
  isVisible: sql`true`,
  isVisibleTo: ({ role }) => sql`(accounts.id = accounts.reader or ${sql.lit(role === 'owner')})`,
  limitedTo: () => ({
    rows: sql`accounts.id = accounts.reader`,
    columns: sql`accounts.*, null::jsonb as account_contact`,
    // What is not shown must not be found out by filtering either.
    fields: { ...ACCOUNTS.fields, accountContact: json(sql`null::jsonb`) },
  }),
  id: sql`accounts.id`,
  accountID: sql`accounts.reader`,
  createdAt: sql`accounts.created_at`,
  parents: {},
  fields: {
    ...commonFields('accounts'),
    name: text(sql`accounts.name`),
    state: text(sql`accounts.state`),
    isEnabled: text(sql`accounts.is_enabled`),
    enabledAt: instant(sql`accounts.enabled_at`),
    accountContact: json(sql`accounts.account_contact`),
  },
  toResource: (row: AccountRow) => ({
    ...toCommon({ ...row, account_id: row.id }),
    name: row.name,
    state: row.state,
    isEnabled: row.is_enabled,
    ...(row.enabled_at === null ? {} : { enabledAt: row.enabled_at }),
    ...(row.account_contact === null ? {} : { accountContact: row.account_contact }),
  }),
}

export interface PendingAccount {
  readonly id: string
  readonly name: string
  readonly version: string
  readonly labels: readonly Label[]
  /** Whose owners set it up. */
  readonly madeByAccountID: string
  readonly createdBy: string
  readonly now: Date
}

export async function insertPendingAccount(
  { queries }: Queries,
  account: PendingAccount,
): Promise<void> {
  await queries
    .insertInto('accounts')
    .values({
      id: account.id,
      name: account.name,
      state: 'pending',
      is_enabled: false,
      made_by_account_id: account.madeByAccountID,
      version: account.version,
      labels: JSON.stringify(account.labels),
      created_by: account.createdBy,
      created_at: account.now,
      modified_at: account.now,
    })
    .execute()
  await insertDefaultRoles({ queries }, { accountID: account.id, now: account.now })
}

export interface AccountChange {
  readonly id: string
  readonly version: string
  readonly name?: string
  readonly state?: AccountState
  readonly isEnabled?: boolean
  readonly enabledAt?: Date
  readonly accountContact?: AccountContact
  readonly labels?: readonly Label[]
  readonly modifiedBy: string
  readonly now: Date
}

export async function updateAccount({ queries }: Queries, change: AccountChange): Promise<void> {
  const { name, state, isEnabled, enabledAt, accountContact, labels } = change
  await queries
    .updateTable('accounts')
    .set({
      version: change.version,
      modified_by: change.modifiedBy,
      modified_at: change.now,
      ...(name === undefined ? {} : { name }),
      ...(state === undefined ? {} : { state }),
      ...(isEnabled === undefined ? {} : { is_enabled: isEnabled }),
      ...(enabledAt === undefined ? {} : { enabled_at: enabledAt }),
      ...(accountContact === undefined ? {} : { account_contact: JSON.stringify(accountContact) }),
      ...(labels === undefined ? {} : { labels: JSON.stringify(labels) }),
    })
    .where('id', '=', change.id)
    .execute()
}

/** True while owners of the account `maker` may set up the account `id`. */
export async function isSetUpBy(
  { queries }: Queries,
  { id, maker }: { readonly id: string; readonly maker: string },
): Promise<boolean> {
  const row = await queries
    .selectFrom('accounts')
    .select('id')
    .where('id', '=', id)
    .where('made_by_account_id', '=', maker)
    .where('state', '=', 'pending')
    .executeTakeFirst()
  return row !== undefined
}

/** True when there is one with this id, in whatever state. */
export async function isAccountKnown({ queries }: Queries, id: string): Promise<boolean> {
  const row = await queries
    .selectFrom('accounts')
    .select('id')
    .where('id', '=', id)
    .executeTakeFirst()
  return row !== undefined
}

/** Call in a transaction: people and rights of the account change one after the other. */
export async function lockPeople({ queries }: Queries, accountID: string): Promise<void> {
  await sql`select 1 from accounts where id = ${accountID} for no key update`.execute(queries)
}
