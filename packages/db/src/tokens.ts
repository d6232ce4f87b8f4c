// Tokens as users see them. The secret is known to its user alone; a revoked token is gone.
import type { Label } from '@holdfast/domain'
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

export interface Token extends ResourceCommon {
  readonly userID: string
  readonly name: string
  readonly lastUsedAt?: Date
}

interface TokenRow extends CommonRow {
  readonly user_id: string
  readonly name: string
  readonly last_used_at: Date | null
}

/** Of each user their own; owners and admins see those of all. */
export const TOKENS: ResourceSource<Token> = {
  from: sql`tokens`,
  columns: sql`tokens.*`,
  isVisible: sql`tokens.revoked_at is null`,
  isVisibleTo: ({ userID, role }) =>
    sql`(tokens.user_id = ${userID} or ${sql.lit(role === 'owner' || role === 'admin')})`,
  limitedTo: ({ userID }) => ({ rows: sql`tokens.user_id = ${userID}` }),
  id: sql`tokens.id`,
  accountID: sql`tokens.account_id`,
  createdAt: sql`tokens.created_at`,
  parents: { userID: sql`tokens.user_id` },
  fields: {
    ...commonFields('tokens'),
    name: text(sql`tokens.name`),
    userID: text(sql`tokens.user_id`),
    lastUsedAt: instant(sql`tokens.last_used_at`),
  },
  toResource: (row: TokenRow) => ({
    ...toCommon(row),
    userID: row.user_id,
    name: row.name,
    ...(row.last_used_at === null ? {} : { lastUsedAt: row.last_used_at }),
  }),
}

export interface GivenToken {
  readonly id: string
  readonly accountID: string
  readonly userID: string
  readonly name: string
  readonly version: string
  readonly labels: readonly Label[]
  readonly secretHash: Uint8Array
  readonly createdBy: string
  readonly now: Date
}

export async function insertGivenToken({ queries }: Queries, token: GivenToken): Promise<void> {
  await queries
    .insertInto('tokens')
    .values({
      id: token.id,
      account_id: token.accountID,
      user_id: token.userID,
      name: token.name,
      version: token.version,
      labels: JSON.stringify(token.labels),
      secret_hash: Buffer.from(token.secretHash),
      created_by: token.createdBy,
      created_at: token.now,
      modified_at: token.now,
    })
    .execute()
}

export interface TokenChange {
  readonly id: string
  readonly version: string
  readonly name?: string
  readonly labels?: readonly Label[]
  readonly modifiedBy: string
  readonly now: Date
}

export async function updateToken({ queries }: Queries, change: TokenChange): Promise<void> {
  const { name, labels } = change
  await queries
    .updateTable('tokens')
    .set({
      version: change.version,
      modified_by: change.modifiedBy,
      modified_at: change.now,
      ...(name === undefined ? {} : { name }),
      ...(labels === undefined ? {} : { labels: JSON.stringify(labels) }),
    })
    .where('id', '=', change.id)
    .execute()
}

/** Call in a transaction: holds off every other change of the token until its end. */
export async function lockToken({ queries }: Queries, id: string): Promise<void> {
  await sql`select 1 from tokens where id = ${id} for update`.execute(queries)
}

/** It stops working at once and for good. */
export async function revokeToken(
  { queries }: Queries,
  { accountID, id, now }: { readonly accountID: string; readonly id: string; readonly now: Date },
): Promise<void> {
  await queries
    .updateTable('tokens')
    .set({ revoked_at: now, modified_at: now })
    .where('id', '=', id)
    .where('account_id', '=', accountID)
    .where('revoked_at', 'is', null)
    .execute()
}

/**
 * Revokes what others than the user and `exceptBy` made for them: whoever made a token for somebody
 * must not gain by what that user is given later.
 */
export async function revokeTokensOfOthers(
  { queries }: Queries,
  tokens: { readonly userID: string; readonly exceptBy: string; readonly now: Date },
): Promise<void> {
  await queries
    .updateTable('tokens')
    .set({ revoked_at: tokens.now, modified_at: tokens.now })
    .where('user_id', '=', tokens.userID)
    .where('created_by', 'not in', [tokens.userID, tokens.exceptBy, NIL_ID])
    .where('revoked_at', 'is', null)
    .execute()
}

const NIL_ID = '00000000-0000-0000-0000-000000000000'
