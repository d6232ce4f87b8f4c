// Buckets, and what the choice of one for a new copy needs.
import {
  type BucketCandidate,
  INTEGRATION_STATE_OF_BUCKET,
  isS3Provider,
  readServerURL,
  type S3Place,
} from '@holdfast/domain'
import { type SqlBool, sql } from 'kysely'
import { hexIDOf } from './container-ids.ts'
import { isApiKey } from './is-api-key.ts'
import type { ResourceSource } from './list-resources.ts'
import { isBucketNeeded } from './namespace-reach.ts'
import {
  type CommonRow,
  commonFields,
  exactInstant,
  json,
  type ResourceCommon,
  text,
  toCommon,
} from './resource-fields.ts'
import type { StateDetail } from './state-detail.ts'
import { wordFor } from './state-expression.ts'
import type { Queries } from './transaction.ts'

export interface Bucket extends ResourceCommon {
  readonly name: string
  readonly credentialID: string
  readonly state: BucketCandidate['state']
  readonly stateDetails: readonly StateDetail[]
  readonly provider: string
  readonly bucketParameters: BucketParameters
  /** As an integration it is known by it: unique among the account's buckets. */
  readonly identifier: string
  /** Where it was made as an integration. */
  readonly vendor?: string
  /** Below which it keeps everything: empty, or with a slash at its end. */
  readonly prefix: string
  readonly isByApiKey: boolean
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
  readonly identifier: string | null
  readonly vendor: string | null
  readonly prefix: string
  readonly is_by_api_key: boolean
}

export const BUCKETS: ResourceSource<Bucket> = {
  from: sql`buckets`,
  columns: sql`buckets.*,
    ${isApiKey(sql`buckets.created_by`)} as is_by_api_key`,
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
    identifier: text(sql`buckets.identifier`),
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
    identifier: row.identifier ?? hexIDOf(row.id),
    ...(row.vendor === null ? {} : { vendor: row.vendor }),
    prefix: row.prefix,
    isByApiKey: row.is_by_api_key,
  }
}

/** As the container dialect lists them: by its states, and by times to their fractions. */
export const INTEGRATIONS: ResourceSource<Bucket> = {
  ...BUCKETS,
  fields: {
    ...BUCKETS.fields,
    state: text(wordFor(sql`buckets.state`, INTEGRATION_STATE_OF_BUCKET)),
    createdAt: exactInstant(sql`buckets.created_at`),
    modifiedAt: exactInstant(sql`buckets.modified_at`),
  },
}

/** Those whose name or identifier holds `search`, whatever the case. */
export function integrationsMatching(search: string): ResourceSource<Bucket> {
  const texts = sql`concat_ws(' ', buckets.name, buckets.identifier)`
  const isFound = sql<SqlBool>`strpos(lower(${texts}), lower(${search})) > 0`
  return { ...INTEGRATIONS, isVisible: sql`(${INTEGRATIONS.isVisible} and ${isFound})` }
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
