// What changes the buckets of an account, and what speaks against it.
import type { Label } from '@holdfast/domain'
import { sql } from 'kysely'
import { freeBucketIdentifier } from './bucket-identifier.ts'
import { type BucketParameters, toBucketParameters } from './buckets.ts'
import type { Queries } from './transaction.ts'

export interface NewBucket {
  readonly id: string
  readonly accountID: string
  readonly name: string
  readonly provider: string
  readonly bucketParameters: BucketParameters
  readonly credentialID: string
  readonly version: string
  readonly labels: readonly Label[]
  /** Made of its name when absent; its caller has seen that it is free. */
  readonly identifier?: string
  /** Where it is made as an integration whose vendor is more than the provider says. */
  readonly vendor?: string
  /** Below which it keeps everything: empty, or with a slash at its end. */
  readonly prefix?: string
  readonly createdBy: string
  readonly now: Date
}

/** It is pending, and to be verified at once. */
export async function insertBucket({ queries }: Queries, bucket: NewBucket): Promise<void> {
  const identifier = bucket.identifier ?? (await freeBucketIdentifier({ queries }, bucket))
  await queries
    .insertInto('buckets')
    .values({
      id: bucket.id,
      account_id: bucket.accountID,
      name: bucket.name,
      provider: bucket.provider,
      bucket_parameters: JSON.stringify(bucket.bucketParameters),
      credential_id: bucket.credentialID,
      state: 'pending',
      verify_after: bucket.now,
      identifier,
      vendor: bucket.vendor ?? null,
      prefix: bucket.prefix ?? '',
      version: bucket.version,
      labels: JSON.stringify(bucket.labels),
      created_at: bucket.now,
      modified_at: bucket.now,
      created_by: bucket.createdBy,
    })
    .execute()
}

export interface BucketChange {
  readonly version: string
  readonly name?: string
  readonly labels?: readonly Label[]
  /** Its caller has seen that it is free. */
  readonly identifier?: string
  /** Makes it pending; absent when it stays where it is. */
  readonly place?: {
    readonly provider: string
    readonly bucketParameters: BucketParameters
    readonly credentialID: string
  }
  /** True: it is pending until it is verified, even where its place stays. */
  readonly isPending: boolean
  readonly modifiedBy: string
  readonly now: Date
}

/** What is absent stays; it is verified at once in any case. */
export async function updateBucket(
  { queries }: Queries,
  { id, change }: { readonly id: string; readonly change: BucketChange },
): Promise<void> {
  const { name, labels, identifier, place, isPending, now } = change
  await queries
    .updateTable('buckets')
    .set({
      version: change.version,
      verify_after: now,
      modified_at: now,
      modified_by: change.modifiedBy,
      ...(name === undefined ? {} : { name }),
      ...(labels === undefined ? {} : { labels: JSON.stringify(labels) }),
      ...(identifier === undefined ? {} : { identifier }),
      ...(place === undefined
        ? {}
        : {
            provider: place.provider,
            bucket_parameters: JSON.stringify(place.bucketParameters),
            credential_id: place.credentialID,
            place_revision: sql<number>`place_revision + 1`,
          }),
      ...(isPending ? { state: 'pending', state_details: JSON.stringify([]) } : {}),
    })
    .where('id', '=', id)
    .execute()
}

/** Users do not see it any more; what is still being removed from it can reach it. */
export async function markBucketDeleted(
  { queries }: Queries,
  { id, now }: { readonly id: string; readonly now: Date },
): Promise<void> {
  await queries.updateTable('buckets').set({ deleted_at: now }).where('id', '=', id).execute()
}

/** Waits for and holds off every other change of which buckets the account has, and where. */
export async function lockBuckets({ queries }: Queries, accountID: string): Promise<void> {
  const lock = sql`select pg_advisory_xact_lock(hashtextextended(${`buckets ${accountID}`}, 0))`
  await lock.execute(queries)
}

/** Holds off everybody who wants to use it. False when the account has no such bucket. */
export function lockBucket(queries: Queries, bucket: BucketKey): Promise<boolean> {
  return lockRow(queries, bucket, 'update')
}

/**
 * To be called in the transaction that writes a reference to the bucket (a default, a schedule, a
 * copy): it is not deleted before that ends. False when the account has no such bucket.
 */
export function holdBucket(queries: Queries, bucket: BucketKey): Promise<boolean> {
  return lockRow(queries, bucket, 'key share')
}

export interface BucketKey {
  readonly accountID: string
  readonly bucketID: string
}

async function lockRow(
  { queries }: Queries,
  { accountID, bucketID }: BucketKey,
  strength: 'update' | 'key share',
): Promise<boolean> {
  const { rows } = await sql`
    select id from buckets
    where id = ${bucketID} and account_id = ${accountID} and deleted_at is null
    for ${sql.raw(strength)}
  `.execute(queries)
  return rows.length > 0
}

export interface KnownBucket {
  readonly id: string
  readonly name: string
  readonly provider: string
  readonly bucketParameters: BucketParameters
  readonly prefix: string
  readonly isDeleted: boolean
}

/** Of the account, deleted ones included, the newest first. */
export async function listKnownBuckets(
  { queries }: Queries,
  accountID: string,
): Promise<KnownBucket[]> {
  const rows = await queries
    .selectFrom('buckets')
    .select(['id', 'name', 'provider', 'bucket_parameters', 'prefix', 'deleted_at'])
    .where('account_id', '=', accountID)
    .orderBy('created_at', 'desc')
    .execute()
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    provider: row.provider,
    bucketParameters: toBucketParameters(row.bucket_parameters),
    prefix: row.prefix,
    isDeleted: row.deleted_at !== null,
  }))
}

/** What refers to a bucket, by number. */
export interface BucketUse {
  /** Those in the trash included. */
  readonly backups: number
  readonly snapshots: number
  readonly schedules: number
  /** Containers whose backups go there, without a schedule that says so as well. */
  readonly containers: number
}

export async function countBucketUse({ queries }: Queries, bucketID: string): Promise<BucketUse> {
  const { rows } = await sql<BucketUse>`
    select
      (select count(*) from backups
        where bucket_id = ${bucketID} and deleted_at is null) as backups,
      (select count(*) from application_snapshots
        where bucket_id = ${bucketID} and deleted_at is null) as snapshots,
      (select count(*) from schedules where bucket_id = ${bucketID}) as schedules,
      (select count(*) from container_backup_policies
        where bucket_id = ${bucketID} and schedule_id is null) as containers
  `.execute(queries)
  return rows[0] ?? { backups: 0, snapshots: 0, schedules: 0, containers: 0 }
}

export interface BucketDefaults {
  /** Name of a cloud whose default it is. */
  readonly cloud: string | undefined
  readonly cluster: string | undefined
}

export async function findBucketDefaults(
  { queries }: Queries,
  bucketID: string,
): Promise<BucketDefaults> {
  const [cloud, cluster] = await Promise.all(
    (['clouds', 'clusters'] as const).map((table) =>
      queries
        .selectFrom(table)
        .select('name')
        .where('default_bucket_id', '=', bucketID)
        .executeTakeFirst(),
    ),
  )
  return { cloud: cloud?.name, cluster: cluster?.name }
}

/**
 * The repository of a deleted bucket goes on in another row that stands for the same place. False
 * when there is none, or when that row has one already.
 */
export async function moveRepository(
  { queries }: Queries,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<boolean> {
  const moved = await sql`
    update repositories set bucket_id = ${to}
    where bucket_id = ${from}
      and not exists (select 1 from repositories as present where present.bucket_id = ${to})
  `.execute(queries)
  return (moved.numAffectedRows ?? 0n) > 0n
}

/** The next backup makes or opens it where the bucket is then. Only for one without any copy. */
export async function forgetRepositoryIsMade(
  { queries }: Queries,
  bucketID: string,
): Promise<void> {
  await queries
    .updateTable('repositories')
    .set({ config_id: null })
    .where('bucket_id', '=', bucketID)
    .execute()
}
