// Which rows a viewer with a limited reach sees: conditions over namespaces, apps and their copies,
// and over what these need.
//
// Every one of them is made of uncorrelated lists of ids where it can be, so that PostgreSQL builds
// a list once and walks the indexes of a page as it does for everybody else.
import type { NamespaceReach } from '@holdfast/domain'
import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Queries } from './transaction.ts'

type Condition = RawBuilder<SqlBool>

const YES = sql<SqlBool>`true`
const NO = sql<SqlBool>`false`

/** The row `alias` of `namespaces` as a resource. */
export function isNamespaceSeen(reach: NamespaceReach, alias: string): Condition {
  if (reach.isUnlimited || reach.seesAll || reach.holdsAll) return YES
  return anyOf([
    isAmong(sql.ref(`${alias}.id`), [...reach.seenIDs, ...reach.heldIDs]),
    hasLabel(reach, alias),
  ])
}

/** The row `alias` of `namespaces` and everything below it. */
export function isNamespaceHeld(reach: NamespaceReach, alias: string): Condition {
  if (reach.isUnlimited || reach.holdsAll) return YES
  return anyOf([isAmong(sql.ref(`${alias}.id`), reach.heldIDs), hasLabel(reach, alias)])
}

/** The namespace with this name on this cluster, as far as it was ever seen. */
export function isNamedNamespaceHeld(
  reach: NamespaceReach,
  clusterID: RawBuilder<unknown>,
  name: RawBuilder<unknown>,
): Condition {
  if (reach.isUnlimited || reach.holdsAll) return YES
  return sql`exists (select 1 from namespaces as held where held.cluster_id = ${clusterID}
    and held.name = ${name} and ${isNamespaceHeld(reach, 'held')})`
}

/** The row `alias` of `apps`: every namespace that it is defined by is in reach. */
export function isAppHeld(reach: NamespaceReach, alias: string): Condition {
  const clusterID = sql.ref(`${alias}.cluster_id`)
  return areNamespacesHeld(reach, clusterID, sql.ref(`${alias}.namespace_scoped_resources`))
}

/** What belongs to the app with this id, which may be hidden from users. */
export function belongsToHeldApp(reach: NamespaceReach, appID: RawBuilder<unknown>): Condition {
  if (reach.isUnlimited) return YES
  if (reach.holdsAll) return sql`${appID} is not null`
  return sql`${appID} in (${heldAppIDs(reach)})`
}

/**
 * The row `alias` of `backups` or `application_snapshots`: its app, and what the app was defined by
 * when it was copied, which may be more than now.
 */
export function isCopyHeld(reach: NamespaceReach, alias: string): Condition {
  if (reach.isUnlimited || reach.holdsAll) return YES
  const definition = sql`(${sql.ref(`${alias}.definition`)} -> 'namespaceScopedResources')`
  const clusterID = sql`(select copied.cluster_id from apps as copied
    where copied.id = ${sql.ref(`${alias}.app_id`)})`
  return sql`(${belongsToHeldApp(reach, sql.ref(`${alias}.app_id`))}
    and (${definition} is null or ${areNamespacesHeld(reach, clusterID, definition)}))`
}

/** The cluster with this id: one that a namespace in reach is on. */
export function isClusterNeeded(reach: NamespaceReach, id: RawBuilder<unknown>): Condition {
  return sql`${id} in (select seen.cluster_id from namespaces as seen
    where ${isNamespaceSeen(reach, 'seen')})`
}

/** The cloud with this id: one of such a cluster. */
export function isCloudNeeded(reach: NamespaceReach, id: RawBuilder<unknown>): Condition {
  return sql`${id} in (select near.cloud_id from clusters as near
    where ${isClusterNeeded(reach, sql`near.id`)})`
}

/** The bucket with this id: the default one of such a cluster or cloud, or one with copies in reach. */
export function isBucketNeeded(reach: NamespaceReach, id: RawBuilder<unknown>): Condition {
  return anyOf([
    sql`${id} in (select near.default_bucket_id from clusters as near
      where ${isClusterNeeded(reach, sql`near.id`)})`,
    sql`${id} in (select above.default_bucket_id from clouds as above
      where ${isCloudNeeded(reach, sql`above.id`)})`,
    sql`${id} in (select copies.bucket_id from backups as copies
      where ${belongsToHeldApp(reach, sql`copies.app_id`)})`,
    sql`${id} in (select copies.bucket_id from application_snapshots as copies
      where ${belongsToHeldApp(reach, sql`copies.app_id`)})`,
  ])
}

/** Those of `names` on the cluster that are not held, as one that does not exist is not. */
export async function listNamespacesOutOfReach(
  { queries }: Queries,
  wanted: {
    readonly clusterID: string
    readonly names: readonly string[]
    readonly reach: NamespaceReach
  },
): Promise<readonly string[]> {
  const { clusterID, names, reach } = wanted
  if (reach.isUnlimited || reach.holdsAll) return []
  const { rows } = await sql<{ name: string }>`
    select namespaces.name from namespaces where namespaces.cluster_id = ${clusterID}
      and namespaces.name = any(${[...names]}::text[]) and ${isNamespaceHeld(reach, 'namespaces')}
  `.execute(queries)
  const held = new Set(rows.map(({ name }) => name))
  return names.filter((name) => !held.has(name))
}

function heldAppIDs(reach: NamespaceReach): RawBuilder<unknown> {
  return sql`select held_app.id from apps as held_app where ${isAppHeld(reach, 'held_app')}`
}

/** An app of no namespace is nobody's whose reach is limited. */
function areNamespacesHeld(
  reach: NamespaceReach,
  clusterID: RawBuilder<unknown>,
  definition: RawBuilder<unknown>,
): Condition {
  if (reach.isUnlimited || reach.holdsAll) return YES
  return sql`(jsonb_array_length(${definition}) > 0 and not exists (
    select 1 from jsonb_array_elements(${definition}) as part (value)
    where not ${isNamedNamespaceHeld(reach, clusterID, sql`part.value ->> 'namespace'`)}))`
}

function hasLabel({ heldLabels }: NamespaceReach, alias: string): Condition {
  const carried = sql.ref(`${alias}.kubernetes_labels`)
  return anyOf(heldLabels.map((label) => sql`${carried} @> ${JSON.stringify([label])}::jsonb`))
}

function isAmong(id: RawBuilder<unknown>, ids: readonly string[]): Condition {
  return ids.length === 0 ? NO : sql`${id} = any(${[...ids]}::uuid[])`
}

function anyOf(conditions: readonly Condition[]): Condition {
  const possible = conditions.filter((condition) => condition !== NO)
  return possible.length === 0 ? NO : sql`(${sql.join(possible, sql` or `)})`
}
