// Where the objects of a bucket are and how they are reached: parameters and credential together.
// Computed at each use, so that another address or other keys count from the next job on.
import { join } from 'node:path'
import { isS3Provider, type RepositoryStore, readS3Keys, s3StoreOf } from '@holdfast/domain'
import { s3PlaceOf, toBucketParameters } from './buckets.ts'
import { type KeyStore, type OpenedCredential, openCredential } from './credentials.ts'
import type { Sealing } from './sealing.ts'
import type { Queries } from './transaction.ts'

export interface BucketStoreRequest {
  readonly bucketID: string
  /** Below which the repository is. */
  readonly prefix: string
  readonly mayReachPrivateNetworks: boolean
  /** Credentials are valid for a time. */
  readonly now: Date
}

export type BucketStoreAnswer =
  | { readonly store: RepositoryStore; readonly refusal?: undefined }
  | { readonly store?: undefined; readonly refusal: BucketStoreRefusal }

/** Why the bucket cannot be reached with what the database holds. */
export interface BucketStoreRefusal {
  readonly code:
    | 'bucket-gone'
    | 'provider-not-supported'
    | 'parameters-invalid'
    | 'credential-gone'
    | 'credential-not-valid'
    | 'credential-incomplete'
  readonly bucket: string
  /** A sentence; no secret is in it. */
  readonly reason: string
}

/** Keys included: for a mover's job, never for a log or a step's output. */
export async function openBucketStore(
  database: Queries,
  sealing: Sealing,
  request: BucketStoreRequest,
): Promise<BucketStoreAnswer> {
  const { bucketID, prefix } = request
  const row = await database.queries
    .selectFrom('buckets')
    .select(['name', 'account_id', 'provider', 'bucket_parameters', 'credential_id'])
    .where('id', '=', bucketID)
    .executeTakeFirst()
  if (row === undefined) return refuse(bucketID, 'bucket-gone', 'The bucket is not there any more.')
  const parameters = toBucketParameters(row.bucket_parameters)
  const bucket = row.name
  if (row.provider === 'local') {
    const { local } = parameters
    if (local === undefined) return refuse(bucket, 'parameters-invalid', 'It names no directory.')
    return { store: { kind: 'local', path: join(local.path, prefix) } }
  }
  if (!isS3Provider(row.provider)) {
    const reason = `Its provider ${row.provider} is not supported.`
    return refuse(bucket, 'provider-not-supported', reason)
  }
  const place = s3PlaceOf(row.provider, parameters)
  if (place === undefined) return refuse(bucket, 'parameters-invalid', 'It names no S3 server.')
  const credential = await openCredential(database, sealing, {
    accountID: row.account_id,
    id: row.credential_id,
  })
  if (credential === undefined) {
    return refuse(bucket, 'credential-gone', `Its credential ${row.credential_id} was deleted.`)
  }
  const unusable = credentialRefusal(credential, request.now)
  if (unusable !== undefined) return refuse(bucket, 'credential-not-valid', unusable)
  const read = readS3Keys(decodeKeyStore(credential.keyStore))
  if ('faults' in read) {
    const faults = read.faults.map(({ name, reason }) => `${name} ${reason}`).join('; ')
    return refuse(bucket, 'credential-incomplete', `Its credential cannot be used: ${faults}.`)
  }
  const { mayReachPrivateNetworks } = request
  return { store: s3StoreOf({ ...place, keys: read.keys, prefix, mayReachPrivateNetworks }) }
}

/** Why a credential must not be used at this time; undefined when it may be. */
export function credentialRefusal(
  {
    isValid,
    validFrom,
    validUntil,
  }: Pick<OpenedCredential, 'isValid' | 'validFrom' | 'validUntil'>,
  now: Date,
): string | undefined {
  if (!isValid) return 'Its credential is marked as not valid.'
  if (validFrom !== undefined && now < validFrom) {
    return `Its credential is valid from ${validFrom.toISOString()} on.`
  }
  if (validUntil !== undefined && now > validUntil) {
    return `Its credential was valid until ${validUntil.toISOString()}.`
  }
  return undefined
}

/** The values as text. */
export function decodeKeyStore(keyStore: KeyStore): Record<string, string> {
  const entries = Object.entries(keyStore)
  return Object.fromEntries(
    entries.map(([name, value]) => [name, Buffer.from(value, 'base64').toString('utf8')]),
  )
}

function refuse(
  bucket: string,
  code: BucketStoreRefusal['code'],
  reason: string,
): BucketStoreAnswer {
  return { refusal: { code, bucket, reason } }
}
