// Where a bucket of an S3 server is, and with which keys it is reached: read from what users give.
import type { S3Store } from './s3-store.ts'

export const S3_PROVIDERS = ['aws', 'generic-s3', 'ontap-s3', 'storagegrid-s3'] as const
export type S3Provider = (typeof S3_PROVIDERS)[number]

export const BUCKET_PROVIDERS = [...S3_PROVIDERS, 'local'] as const
/** What this version can keep backups in. */
export type BucketProvider = (typeof BUCKET_PROVIDERS)[number]

export function isS3Provider(provider: string): provider is S3Provider {
  return (S3_PROVIDERS as readonly string[]).includes(provider)
}

export type Read<Value> =
  | { readonly value: Value; readonly reason?: undefined }
  | { readonly value?: undefined; readonly reason: string }

const AWS_ENDPOINT = 'https://s3.amazonaws.com'

/**
 * `https://host[:port]`, lower case, without a default port; https where no scheme is given. The
 * server of `aws` may be left empty.
 */
export function readServerURL(text: string, provider: S3Provider): Read<string> {
  const given = text.trim()
  if (given === '') {
    return provider === 'aws' ? { value: AWS_ENDPOINT } : { reason: 'must name the S3 server' }
  }
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(given) ? given : `https://${given}`)
  if (url === null || url.hostname === '' || /[\s\\]/.test(given)) {
    return { reason: 'must be a host, host:port, or a URL with http:// or https://' }
  }
  if (!['http:', 'https:'].includes(url.protocol)) {
    return { reason: 'must begin with http:// or https://, or be a bare host' }
  }
  if (url.username !== '' || url.password !== '') {
    return { reason: 'must not hold a user or a password; they belong into the credential' }
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || /[?#]/.test(given)) {
    return { reason: 'must name the server alone, without a path or query' }
  }
  return { value: `${url.protocol}//${url.host}` }
}

/** Stricter than some servers, wide enough for what older ones made. */
export function isBucketName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]$/.test(name) && !name.includes('..')
}

/** Whether the server's name says that it is Amazon's. */
export function isAwsEndpoint(endpoint: string): boolean {
  return /(^|\.)amazonaws\.com(\.cn)?$/.test(new URL(endpoint).hostname)
}

const REGION_DEFAULT = 'us-east-1'

/** From names such as `s3.eu-west-1.amazonaws.com`; what a server asks for otherwise. */
export function regionOf(endpoint: string): string {
  return awsRegionOf(new URL(endpoint).hostname) ?? REGION_DEFAULT
}

/** Undefined where the name of the host does not say it. */
export function awsRegionOf(hostname: string): string | undefined {
  const name = /(?:^|\.)s3[.-](?:dualstack\.)?([a-z]{2,}(?:-[a-z0-9]+)+)\.amazonaws\.com/
  return name.exec(hostname)?.[1]
}

/** What a credential says of an S3 server's keys; never logged. */
export type S3Keys = Pick<
  S3Store,
  'accessKeyID' | 'secretAccessKey' | 'sessionToken' | 'certificateAuthority'
> & { readonly region?: string; readonly addressing?: S3Store['addressing'] }

/** Entry of the key store and why it is wrong. */
export interface KeyStoreFault {
  readonly name: string
  readonly reason: string
}

/** `keyStore` with its values decoded. Unknown entries are not looked at. */
export function readS3Keys(
  keyStore: Readonly<Record<string, string>>,
): { readonly keys: S3Keys } | { readonly faults: readonly KeyStoreFault[] } {
  const faults: KeyStoreFault[] = []
  const read = (name: string, pattern: RegExp, rule: string): string | undefined => {
    const value = keyStore[name]
    if (value === undefined || value === '') return undefined
    if (pattern.test(value)) return value
    faults.push({ name, reason: rule })
    return undefined
  }
  const accessKeyID = read('accessKey', VISIBLE, 'must be printable ASCII without spaces')
  const secretAccessKey = read('accessSecret', VISIBLE, 'must be printable ASCII without spaces')
  const sessionToken = read('sessionToken', VISIBLE, 'must be printable ASCII without spaces')
  const certificateAuthority = read('certificateAuthority', PEM, 'must hold certificates in PEM')
  const region = read('region', /^[a-z0-9-]{1,63}$/, 'must be a name such as eu-west-1')
  const addressing = read('addressing', /^(path|virtual-host)$/, 'must be path or virtual-host')
  for (const name of ['accessKey', 'accessSecret']) {
    if ((keyStore[name] ?? '') === '') faults.push({ name, reason: 'is required' })
  }
  if (accessKeyID === undefined || secretAccessKey === undefined || faults.length > 0) {
    return { faults }
  }
  return {
    keys: {
      accessKeyID,
      secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
      ...(certificateAuthority === undefined ? {} : { certificateAuthority }),
      ...(region === undefined ? {} : { region }),
      ...(addressing === undefined
        ? {}
        : { addressing: addressing === 'path' ? 'path' : 'virtual-host' }),
    },
  }
}

const VISIBLE = /^[\x21-\x7e]{1,4096}$/
const PEM = /^\s*(-----BEGIN CERTIFICATE-----[\sA-Za-z0-9+/=]+-----END CERTIFICATE-----\s*)+$/

export interface S3Place {
  readonly endpoint: string
  readonly bucketName: string
}

/** For `restic -r`. */
export function resticURLOf({ endpoint, bucketName }: S3Place, prefix: string): string {
  const parts = [endpoint, bucketName, withoutOuterSlashes(prefix)]
  return `s3:${parts.filter((part) => part !== '').join('/')}`
}

export interface S3StoreInput extends S3Place {
  readonly keys: S3Keys
  readonly prefix: string
  readonly mayReachPrivateNetworks: boolean
}

export function s3StoreOf(input: S3StoreInput): S3Store {
  const { endpoint, bucketName, keys, prefix, mayReachPrivateNetworks } = input
  const { region = regionOf(endpoint), addressing = addressingOf(input), ...rest } = keys
  return {
    kind: 's3',
    endpoint,
    region,
    bucket: bucketName,
    prefix: withoutOuterSlashes(prefix),
    addressing,
    ...rest,
    mayReachPrivateNetworks,
  }
}

/** Amazon is leaving paths; everybody else understands them, and needs no names in DNS for them. */
function addressingOf({ endpoint, bucketName }: S3Place): S3Store['addressing'] {
  // A dot in the bucket's name breaks the match with Amazon's certificate.
  return isAwsEndpoint(endpoint) && /^[a-z0-9-]+$/.test(bucketName) ? 'virtual-host' : 'path'
}

function withoutOuterSlashes(prefix: string): string {
  return prefix.replace(/^\/+|\/+$/g, '')
}
