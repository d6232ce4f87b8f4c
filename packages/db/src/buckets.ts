// Buckets, and what the choice of one for a new copy needs.
import { type BucketCandidate, isS3Provider, readServerURL, type S3Place } from '@holdfast/domain'
import { sql } from 'kysely'
import type { ResourceSource } from './list-resources.ts'
import { isBucketNeeded } from './namespace-reach.ts'
import {
  type CommonRow,
  commonFields,
  json,
  type ResourceCommon,
  text,
  toCommon,
} from './resource-fields.ts'
import type { StateDetail } from './state-detail.ts'
import type { Queries } from './transaction.ts'

export interface Bucket extends ResourceCommon {
  readonly name: string
  readonly credentialID: string
  readonly state: BucketCandidate['state']
  readonly stateDetails: readonly StateDetail[]
  readonly provider: string
  readonly bucketParameters: BucketParameters
}

/** The member that its provider takes; others are not there. */
export interface BucketParameters {
  readonly s3?: { readonly serverURL: string; readonly bucketName: string }
  readonly local?: { readonly path: string }
}

interface BucketRow extends CommonRow {
  readonly name: string
  readonly credential_id: string
  readonly state: BucketCandidate['state']
  readonly state_details: readonly StateDetail[]
  readonly provider: string
  readonly bucket_parameters: object
}

export const BUCKETS: ResourceSource<Bucket> = {
  from: sql`buckets`,
  columns: sql`buckets.*`,
  isVisible: sql`buckets.deleted_at is null`,
  limitedTo: ({ reach }) => ({ rows: isBucketNeeded(reach, sql`buckets.id`) }),
  id: sql`buckets.id`,
  accountID: sql`buckets.account_id`,
  createdAt: sql`buckets.created_at`,
  parents: {},
  fields: {
    ...commonFields('buckets'),
    name: text(sql`buckets.name`),
    credentialID: text(sql`buckets.credential_id`),
    state: text(sql`buckets.state`),
    stateDetails: json(sql`buckets.state_details`),
    provider: text(sql`buckets.provider`),
    bucketParameters: json(sql`buckets.bucket_parameters`),
  },
  toResource: toBucket,
}

function toBucket(row: BucketRow): Bucket {
  return {
    ...toCommon(row),
    name: row.name,
    credentialID: row.credential_id,
    state: row.state,
    stateDetails: row.state_details,
    provider: row.provider,
    bucketParameters: toBucketParameters(row.bucket_parameters),
  }
}

export function toBucketParameters(stored: object): BucketParameters {
  return stored as BucketParameters
}

/** Undefined for other providers, and where the parameters name no server. */
export function s3PlaceOf(provider: string, { s3 }: BucketParameters): S3Place | undefined {
  if (s3 === undefined || !isS3Provider(provider)) return undefined
  const { value: endpoint } = readServerURL(s3.serverURL, provider)
  return endpoint === undefined ? undefined : { endpoint, bucketName: s3.bucketName }
}

export interface BucketChoices {
  readonly buckets: readonly BucketCandidate[]
  readonly clusterDefaultID: string | null
  readonly cloudDefaultID: string | null
}

/** Every bucket of the account, oldest first, and the defaults of the cluster and its cloud. */
export async function listBucketChoices(
  { queries }: Queries,
  { accountID, clusterID }: { readonly accountID: string; readonly clusterID: string },
): Promise<BucketChoices> {
  const buckets = await queries
    .selectFrom('buckets')
    .select(['id', 'state'])
    .where('account_id', '=', accountID)
    .where('deleted_at', 'is', null)
    .orderBy('created_at')
    .orderBy('id')
    .execute()
  const defaults = await queries
    .selectFrom('clusters')
    .innerJoin('clouds', 'clouds.id', 'clusters.cloud_id')
    .select([
      'clusters.default_bucket_id as clusterDefaultID',
      'clouds.default_bucket_id as cloudDefaultID',
    ])
    .where('clusters.id', '=', clusterID)
    .executeTakeFirst()
  return {
    buckets: buckets.map(({ id, state }) => ({ id, state: state as BucketCandidate['state'] })),
    clusterDefaultID: defaults?.clusterDefaultID ?? null,
    cloudDefaultID: defaults?.cloudDefaultID ?? null,
  }
}
