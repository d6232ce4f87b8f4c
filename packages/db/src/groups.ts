// Groups of a directory. No directory is connected, so there are none; where they will be read from
// is here.
import { sql } from 'kysely'
import type { ResourceSource } from './list-resources.ts'
import {
  type CommonRow,
  commonFields,
  type ResourceCommon,
  text,
  toCommon,
} from './resource-fields.ts'

export interface Group extends ResourceCommon {
  readonly name: string
  readonly authProvider: 'ldap'
  readonly authID: string
}

interface GroupRow extends CommonRow {
  readonly name: string
  readonly auth_provider: 'ldap'
  readonly auth_id: string
}

export const GROUPS: ResourceSource<Group> = {
  from: sql`(
    select users.id, users.account_id, users.version, users.labels, users.created_at,
      users.modified_at, users.created_by, users.modified_by, users.id as user_id,
      ''::text as name, ''::text as auth_provider, ''::text as auth_id
    from users where false) as groups`,
  columns: sql`groups.*`,
  isVisible: sql`true`,
  id: sql`groups.id`,
  accountID: sql`groups.account_id`,
  createdAt: sql`groups.created_at`,
  parents: { userID: sql`groups.user_id`, groupID: sql`groups.id` },
  fields: {
    ...commonFields('groups'),
    name: text(sql`groups.name`),
    authProvider: text(sql`groups.auth_provider`),
    authID: text(sql`groups.auth_id`),
  },
  toResource: (row: GroupRow) => ({
    ...toCommon(row),
    name: row.name,
    authProvider: row.auth_provider,
    authID: row.auth_id,
  }),
}
