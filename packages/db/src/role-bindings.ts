// Role bindings: which role a user has, and where.
import type { Label } from '@holdfast/domain'
import { sql } from 'kysely'
import type { ResourceSource } from './list-resources.ts'
import type { Role } from './principals.ts'
import {
  type CommonRow,
  commonFields,
  json,
  type ResourceCommon,
  text,
  toCommon,
} from './resource-fields.ts'
import type { Queries } from './transaction.ts'

export interface RoleBinding extends ResourceCommon {
  readonly userID: string
  readonly role: Role
  readonly roleConstraints: readonly string[]
}

interface RoleBindingRow extends CommonRow {
  readonly user_id: string
  readonly role: Role
  readonly role_constraints: readonly string[]
}

const NIL_ID = '00000000-0000-0000-0000-000000000000'

export const ROLE_BINDINGS: ResourceSource<RoleBinding> = {
  from: sql`role_bindings as bindings`,
  columns: sql`bindings.*`,
  isVisible: sql`true`,
  limitedTo: ({ userID }) => ({ rows: sql`bindings.user_id = ${userID}` }),
  id: sql`bindings.id`,
  accountID: sql`bindings.account_id`,
  createdAt: sql`bindings.created_at`,
  // No binding is for a group: below one there are none.
  parents: { userID: sql`bindings.user_id`, groupID: sql`null::uuid` },
  fields: {
    ...commonFields('bindings'),
    principalType: text(sql`'user'`),
    userID: text(sql`bindings.user_id`),
    groupID: text(sql.lit(NIL_ID)),
    accountID: text(sql`bindings.account_id`),
    role: text(sql`bindings.role`),
    roleConstraints: json(sql`bindings.role_constraints`),
  },
  toResource: (row: RoleBindingRow) => ({
    ...toCommon(row),
    userID: row.user_id,
    role: row.role,
    roleConstraints: row.role_constraints,
  }),
}

export interface GivenRole {
  readonly id: string
  readonly accountID: string
  readonly userID: string
  readonly role: Role
  readonly roleConstraints: readonly string[]
  readonly version: string
  readonly labels: readonly Label[]
  readonly createdBy: string
  readonly now: Date
}

export async function insertGivenRole({ queries }: Queries, given: GivenRole): Promise<void> {
  await queries
    .insertInto('role_bindings')
    .values({
      id: given.id,
      account_id: given.accountID,
      user_id: given.userID,
      role: given.role,
      role_constraints: JSON.stringify(given.roleConstraints),
      version: given.version,
      labels: JSON.stringify(given.labels),
      created_by: given.createdBy,
      created_at: given.now,
      modified_at: given.now,
    })
    .execute()
}

export interface RoleChange {
  readonly id: string
  readonly version: string
  readonly role: Role
  readonly roleConstraints?: readonly string[]
  readonly labels?: readonly Label[]
  readonly modifiedBy: string
  readonly now: Date
}

export async function updateRoleBinding({ queries }: Queries, change: RoleChange): Promise<void> {
  const { roleConstraints, labels } = change
  await queries
    .updateTable('role_bindings')
    .set({
      version: change.version,
      role: change.role,
      modified_by: change.modifiedBy,
      modified_at: change.now,
      ...(roleConstraints === undefined
        ? {}
        : { role_constraints: JSON.stringify(roleConstraints) }),
      ...(labels === undefined ? {} : { labels: JSON.stringify(labels) }),
    })
    .where('id', '=', change.id)
    .execute()
}

/** Answers how many bindings the user has left. */
export async function deleteRoleBinding(
  { queries }: Queries,
  { id, userID }: { readonly id: string; readonly userID: string },
): Promise<number> {
  await queries.deleteFrom('role_bindings').where('id', '=', id).execute()
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from role_bindings where user_id = ${userID}
  `.execute(queries)
  return Number(rows[0]?.count ?? 0)
}
