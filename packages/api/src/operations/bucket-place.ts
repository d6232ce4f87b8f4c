// Where a bucket is, read from what a request says of it.
import { isIP } from 'node:net'
import { posix } from 'node:path'
import { type BucketParameters, type KnownBucket, s3PlaceOf } from '@holdfast/db'
import {
  BUCKET_PROVIDERS,
  type BucketProvider,
  isAwsEndpoint,
  isBucketName,
  isS3Provider,
  readServerURL,
  type S3Provider,
} from '@holdfast/domain'
import { refusalOf } from '@holdfast/network'
import { type InvalidMember, OperationError } from './operation-failure.ts'

/** What a request says; members of other providers may be among it. */
export interface SentBucketParameters extends BucketParameters {
  readonly gcp?: object
  readonly azure?: object
}

export interface BucketPlaceRequest {
  readonly provider: string
  readonly parameters: SentBucketParameters
}

export interface BucketPlace {
  readonly provider: BucketProvider
  readonly bucketParameters: BucketParameters
  /** The provider's own name of it. */
  readonly providerName: string
}

/** Fails with `invalid-request`, and with `bucket-server-mismatch`. */
export function readBucketPlace({ provider, parameters }: BucketPlaceRequest): BucketPlace {
  const known = BUCKET_PROVIDERS.find((one) => one === provider)
  if (known === undefined) {
    const reason = `${provider} is not supported by this version; use ${BUCKET_PROVIDERS.join(', ')}`
    throw invalid([{ name: 'provider', reason }])
  }
  refuseOtherMembers(known, parameters)
  return isS3Provider(known) ? readS3Place(known, parameters.s3) : readLocalPlace(parameters.local)
}

/** The same for two buckets that are one and the same, however they are written. */
export function placeKeyOf({
  provider,
  bucketParameters,
  prefix = '',
}: Pick<KnownBucket, 'provider' | 'bucketParameters'> & { readonly prefix?: string }): string {
  const { local } = bucketParameters
  if (local !== undefined) return `local ${posix.resolve('/', local.path)}`
  const s3 = s3PlaceOf(provider, bucketParameters)
  return s3 === undefined ? 'nowhere' : `s3 ${s3.endpoint} ${s3.bucketName}/${prefix}`
}

/** Of two buckets on one server. */
export function serverOf({
  provider,
  bucketParameters,
}: Pick<KnownBucket, 'provider' | 'bucketParameters'>): string | undefined {
  return s3PlaceOf(provider, bucketParameters)?.endpoint
}

function refuseOtherMembers(provider: BucketProvider, parameters: SentBucketParameters): void {
  const own = isS3Provider(provider) ? 's3' : provider
  const members: InvalidMember[] = Object.keys(parameters)
    .filter((name) => name !== own)
    .map((name) => ({ name: `bucketParameters.${name}`, reason: `is not for ${provider}` }))
  if (!(own in parameters)) {
    members.push({ name: `bucketParameters.${own}`, reason: `is required for ${provider}` })
  }
  if (members.length > 0) throw invalid(members)
}

function readS3Place(provider: S3Provider, s3: BucketParameters['s3']): BucketPlace {
  const { serverURL = '', bucketName = '' } = s3 ?? {}
  const members: InvalidMember[] = []
  const { value: endpoint, reason } = readServerURL(serverURL, provider)
  if (endpoint === undefined) members.push({ name: SERVER_MEMBER, reason })
  else if (isNeverReached(endpoint)) {
    members.push({ name: SERVER_MEMBER, reason: 'names an address that is never connected to' })
  }
  if (!isBucketName(bucketName)) {
    const rule = 'must have 3 to 63 letters, digits, dots, hyphens and underscores'
    members.push({ name: 'bucketParameters.s3.bucketName', reason: rule })
  }
  if (endpoint === undefined || members.length > 0) throw invalid(members)
  refuseMismatch(provider, endpoint)
  return {
    provider,
    bucketParameters: { s3: { serverURL, bucketName } },
    providerName: bucketName,
  }
}

const SERVER_MEMBER = 'bucketParameters.s3.serverURL'

/** The rest is decided with each connection, on the address that the name has then. */
function isNeverReached(endpoint: string): boolean {
  const host = new URL(endpoint).hostname.replace(/^\[|\]$/g, '')
  return isIP(host) !== 0 && refusalOf(host, { mayReachPrivateNetworks: true }) !== undefined
}

/** What the name of the server gives away; what its answers do is found by the verification. */
function refuseMismatch(provider: S3Provider, endpoint: string): void {
  const isAws = isAwsEndpoint(endpoint)
  const isMismatch =
    provider === 'aws' ? !isAws : isAws && ['ontap-s3', 'storagegrid-s3'].includes(provider)
  if (!isMismatch) return
  throw new OperationError({ code: 'bucket-server-mismatch', provider, server: endpoint })
}

function readLocalPlace(local: BucketParameters['local']): BucketPlace {
  const { path = '' } = local ?? {}
  if (!posix.isAbsolute(path) || path.split('/').includes('..')) {
    const reason = 'must be the absolute path of a directory, without ..'
    throw invalid([{ name: LOCAL_MEMBER, reason }])
  }
  const normalised = posix.resolve('/', path)
  return {
    provider: 'local',
    bucketParameters: { local: { path: normalised } },
    providerName: posix.basename(normalised),
  }
}

export const LOCAL_MEMBER = 'bucketParameters.local.path'

function invalid(members: readonly InvalidMember[]): OperationError {
  return new OperationError({ code: 'invalid-request', members })
}
