// The trash of an account: apps that were removed and their copies, out of sight until they are
// restored, or purged when their time is up.
import { type RawBuilder, sql } from 'kysely'
import type { ResourceSource } from './list-resources.ts'
import { isCopyHeld } from './namespace-reach.ts'
import {
  type CommonRow,
  commonFields,
  instant,
  type ResourceCommon,
  text,
  toCommon,
} from './resource-fields.ts'
import type { Queries } from './transaction.ts'

export type TrashKind = 'app' | 'appBackup' | 'appSnap'

/** Has the id of what it is. */
export interface TrashItem extends ResourceCommon {
  readonly kind: TrashKind
  readonly name: string
  readonly state: string
  /** Its own for an app. */
  readonly appID: string
  readonly appName: string
  readonly clusterID: string
  readonly removedAt: Date
  readonly purgeAt: Date
}

interface TrashRow extends CommonRow {
  readonly kind: TrashKind
  readonly name: string
  readonly state: string
  readonly app_id: string
  readonly app_name: string
  readonly cluster_id: string
  readonly hidden_at: Date
  readonly purge_after: Date
}

/** An app that is `deleting` is being purged, with all that is hidden of it. */
const ITEMS = sql`(
  select 'app' as kind, apps.id, apps.account_id, apps.name, apps.state, apps.id as app_id,
    apps.name as app_name, apps.cluster_id, apps.hidden_at, apps.purge_after,
    null::jsonb as definition,
    ${commonColumns('apps')}
  from apps where apps.hidden_at is not null and apps.state <> 'deleting'
    and apps.purge_after is not null
  union all ${copiesOf('appBackup', 'backups')}
  union all ${copiesOf('appSnap', 'application_snapshots')}
) as trash`

export const TRASH: ResourceSource<TrashItem> = {
  from: ITEMS,
  columns: sql`trash.*`,
  isVisible: sql`true`,
  limitedTo: ({ reach }) => ({ rows: isCopyHeld(reach, 'trash') }),
  id: sql`trash.id`,
  accountID: sql`trash.account_id`,
  createdAt: sql`trash.hidden_at`,
  parents: {},
  fields: {
    ...commonFields('trash'),
    kind: text(sql`trash.kind`),
    name: text(sql`trash.name`),
    state: text(sql`trash.state`),
    appID: text(sql`trash.app_id`),
    appName: text(sql`trash.app_name`),
    clusterID: text(sql`trash.cluster_id`),
    removedAt: instant(sql`trash.hidden_at`),
    purgeAt: instant(sql`trash.purge_after`),
  },
  toResource: (row: TrashRow) => ({
    ...toCommon(row),
    kind: row.kind,
    name: row.name,
    state: row.state,
    appID: row.app_id,
    appName: row.app_name,
    clusterID: row.cluster_id,
    removedAt: row.hidden_at,
    purgeAt: row.purge_after,
  }),
}

function commonColumns(table: string): RawBuilder<unknown> {
  const names = ['labels', 'created_at', 'modified_at', 'created_by', 'modified_by']
  const columns = names.map((name) => sql.ref(`${table}.${name}`))
  return sql`'1.0' as version, ${sql.join(columns)}`
}

function copiesOf(kind: TrashKind, table: string): RawBuilder<unknown> {
  return sql`
    select ${sql.lit(kind)} as kind, copies.id, copies.account_id, copies.name, copies.state,
      copies.app_id, apps.name as app_name, apps.cluster_id, copies.hidden_at,
      copies.purge_after, copies.definition, ${commonColumns('copies')}
    from ${sql.table(table)} as copies join apps on apps.id = copies.app_id
    where copies.hidden_at is not null and copies.purge_after is not null
      and copies.deleted_at is null and copies.state <> 'deleting' and apps.state <> 'deleting'`
}

/** Brings an app and all its hidden copies back. Its schedules stay switched off. */
export async function unhideApp(
  { queries }: Queries,
  { appID, now }: { readonly appID: string; readonly now: Date },
): Promise<void> {
  const shown = { hidden_at: null, purge_after: null, modified_at: now }
  await queries.updateTable('apps').set(shown).where('id', '=', appID).execute()
  for (const copies of ['application_snapshots', 'backups'] as const) {
    await queries
      .updateTable(copies)
      .set(shown)
      .where('app_id', '=', appID)
      .where('hidden_at', 'is not', null)
      .execute()
  }
}

/** The app stays where it is: the backup is listed for the account, and clones can be made of it. */
export async function unhideBackup(
  { queries }: Queries,
  { backupID, now }: { readonly backupID: string; readonly now: Date },
): Promise<void> {
  await queries
    .updateTable('backups')
    .set({ hidden_at: null, purge_after: null, modified_at: now })
    .where('id', '=', backupID)
    .execute()
}
