// What changes clouds and clusters, and what speaks against it.
import type { Label } from '@holdfast/domain'
import { sql } from 'kysely'
import type { Queries } from './transaction.ts'

export interface NewCloud {
  readonly id: string
  readonly accountID: string
  readonly name: string
  readonly cloudType: string
  readonly defaultBucketID?: string
  readonly credentialID?: string
  readonly version: string
  readonly labels: readonly Label[]
  readonly createdBy: string
  readonly now: Date
}

export async function insertCloud({ queries }: Queries, cloud: NewCloud): Promise<void> {
  await queries
    .insertInto('clouds')
    .values({
      id: cloud.id,
      account_id: cloud.accountID,
      name: cloud.name,
      cloud_type: cloud.cloudType,
      default_bucket_id: cloud.defaultBucketID ?? null,
      credential_id: cloud.credentialID ?? null,
      version: cloud.version,
      labels: JSON.stringify(cloud.labels),
      created_by: cloud.createdBy,
      created_at: cloud.now,
      modified_at: cloud.now,
    })
    .execute()
}

interface Change {
  readonly version: string
  readonly name?: string
  readonly defaultBucketID?: string
  readonly labels?: readonly Label[]
  readonly modifiedBy: string
  readonly now: Date
}

export interface CloudChange extends Change {
  readonly credentialID?: string
}

/** What is absent stays. */
export async function updateCloud(
  { queries }: Queries,
  { id, change }: { readonly id: string; readonly change: CloudChange },
): Promise<void> {
  const { credentialID } = change
  await queries
    .updateTable('clouds')
    .set({
      ...columnsOf(change),
      ...(credentialID === undefined ? {} : { credential_id: credentialID }),
    })
    .where('id', '=', id)
    .execute()
}

export interface ClusterChange extends Change {
  readonly defaultStorageClassID?: string
  /** Now, or not any more. */
  readonly isManaged?: boolean
}

/** What is absent stays. */
export async function updateCluster(
  { queries }: Queries,
  { id, change }: { readonly id: string; readonly change: ClusterChange },
): Promise<void> {
  const { defaultStorageClassID: classID, isManaged, now } = change
  await queries
    .updateTable('clusters')
    .set({
      ...columnsOf(change),
      ...(classID === undefined ? {} : { default_storage_class_id: classID }),
      ...(isManaged === undefined
        ? {}
        : {
            managed_state: isManaged ? 'managed' : 'unmanaged',
            managed_at: isManaged ? now : null,
            // A default of a cluster that is not managed would keep its bucket from being deleted.
            ...(isManaged ? {} : { default_bucket_id: null }),
          }),
    })
    .where('id', '=', id)
    .execute()
  if (classID === undefined) return
  await sql`
    update storage_classes set is_default = (id = ${classID}), modified_at = ${now}
    where cluster_id = ${id} and is_default <> (id = ${classID})
  `.execute(queries)
}

function columnsOf({ version, name, defaultBucketID, labels, modifiedBy, now }: Change) {
  return {
    version,
    modified_by: modifiedBy,
    modified_at: now,
    ...(name === undefined ? {} : { name }),
    ...(defaultBucketID === undefined ? {} : { default_bucket_id: defaultBucketID }),
    ...(labels === undefined ? {} : { labels: JSON.stringify(labels) }),
  }
}

/** Call in a transaction: holds off every other change of clouds and clusters of the account. */
export async function lockClouds({ queries }: Queries, accountID: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`clouds ${accountID}`}, 0))`.execute(
    queries,
  )
}

/** Call after `lockClouds`. */
export async function isCloudNameTaken(
  { queries }: Queries,
  wanted: { readonly accountID: string; readonly name: string; readonly exceptID?: string },
): Promise<boolean> {
  const { rows } = await sql`
    select 1 from clouds where account_id = ${wanted.accountID} and name = ${wanted.name}
      and deleted_at is null and id is distinct from ${wanted.exceptID ?? null}::uuid
  `.execute(queries)
  return rows.length > 0
}

/** Names of the managed clusters of a cloud. */
export async function listManagedNames(
  { queries }: Queries,
  cloudID: string,
): Promise<readonly string[]> {
  const rows = await queries
    .selectFrom('clusters')
    .select('name')
    .where('cloud_id', '=', cloudID)
    .where('managed_state', '=', 'managed')
    .where('deleted_at', 'is', null)
    .orderBy('created_at')
    .execute()
  return rows.map(({ name }) => name)
}

/** Hides the cloud and all of its clusters. Their rows stay: copies refer to them. */
export async function hideCloud(
  { queries }: Queries,
  { id, now }: { readonly id: string; readonly now: Date },
): Promise<void> {
  const { rows } = await sql<{ id: string }>`
    select id from clusters where cloud_id = ${id} and deleted_at is null
  `.execute(queries)
  for (const cluster of rows) await hideCluster({ queries }, { id: cluster.id, now })
  await sql`
    update clouds set deleted_at = ${now}, default_bucket_id = null where id = ${id}
  `.execute(queries)
}

/** Hides the cluster with its namespaces and volumes. The rows stay: copies refer to them. */
export async function hideCluster(
  { queries }: Queries,
  { id, now }: { readonly id: string; readonly now: Date },
): Promise<void> {
  await sql`
    update clusters set deleted_at = ${now}, default_bucket_id = null where id = ${id}
  `.execute(queries)
  await sql`
    update namespaces set namespace_state = 'removed', modified_at = ${now}
    where cluster_id = ${id} and namespace_state <> 'removed'
  `.execute(queries)
  await sql`
    update volumes set state = 'removed', modified_at = ${now}
    where cluster_id = ${id} and state <> 'removed'
  `.execute(queries)
}

/** Whether the cluster has a class with this id. */
export async function hasStorageClass(
  { queries }: Queries,
  { clusterID, id }: { readonly clusterID: string; readonly id: string },
): Promise<boolean> {
  const row = await queries
    .selectFrom('storage_classes')
    .select('id')
    .where('cluster_id', '=', clusterID)
    .where('id', '=', id)
    .executeTakeFirst()
  return row !== undefined
}
