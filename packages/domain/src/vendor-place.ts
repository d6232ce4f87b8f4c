// What the fields of an integration mean for a bucket and its credential, and the other way round.
import {
  type IntegrationVendor,
  isIntegrationVendor,
  VENDOR_DEFINITIONS,
  type VendorDefinition,
} from './integration-vendors.ts'
import { awsRegionOf, isAwsEndpoint, isS3Provider, readServerURL } from './s3-place.ts'

/** What is absent or null was not said. */
export type VendorValues = Readonly<Record<string, string | null | undefined>>

export interface IntegrationValues {
  readonly auth: VendorValues
  readonly extra: VendorValues
}

export interface VendorFault {
  readonly group: 'auth' | 'extra'
  readonly field: string
  readonly reason: string
  /** It is not there. */
  readonly isMissing: boolean
}

/** Where an integration keeps its backups, in the terms of a bucket and a credential of type s3. */
export type VendorPlace =
  | {
      readonly kind: 's3'
      readonly provider: 'aws' | 'generic-s3'
      readonly serverURL: string
      readonly bucketName: string
      /** Empty, or with a slash at its end. */
      readonly prefix: string
      /** Entries of a key store, decoded; those that are undefined must not be in it. */
      readonly keys: Readonly<Record<string, string | undefined>>
    }
  | { readonly kind: 'local'; readonly path: string }

/** Every fault at once; names of fields, never values. */
export function readVendorPlace(
  vendor: IntegrationVendor,
  values: IntegrationValues,
): { readonly place: VendorPlace } | { readonly faults: readonly VendorFault[] } {
  const definition = VENDOR_DEFINITIONS[vendor]
  const faults = (['auth', 'extra'] as const).flatMap((group) =>
    faultsOf(group, definition, values[group]),
  )
  if (faults.length > 0) return { faults }
  const auth = said(values.auth)
  const extra = said(values.extra)
  if (vendor === 'holdfast-local') return { place: { kind: 'local', path: extra.path ?? '' } }
  const serverURL = serverURLOf(vendor, auth, extra)
  if (serverURL === undefined) {
    const reason = 'is needed, since the key ID does not tell it'
    return { faults: [{ group: 'auth', field: 'region', reason, isMissing: true }] }
  }
  const { value = '', reason = '' } = readServerURL(serverURL, 'generic-s3')
  if (value === '') {
    return { faults: [{ group: 'extra', field: 'endpoint', reason, isMissing: false }] }
  }
  const told = regionToldBy(value)
  if (told !== undefined && auth.region !== undefined && told !== auth.region) {
    const reason = `is not ${told}, which is that of the endpoint`
    return { faults: [{ group: 'auth', field: 'region', reason, isMissing: false }] }
  }
  const isAws = isAwsEndpoint(value)
  return {
    place: {
      kind: 's3',
      provider: isAws ? 'aws' : 'generic-s3',
      serverURL,
      bucketName: extra.bucket ?? '',
      prefix: prefixOf(extra.prefix),
      keys: {
        accessKey: auth.key_id,
        accessSecret: auth.secret,
        // Where the name of Amazon's host says it, a second place for it could only differ.
        region: isAws && told !== undefined ? undefined : (auth.region ?? told),
        ...(vendor === 'coreweave' ? { addressing: 'virtual-host' } : {}),
      },
    },
  }
}

function prefixOf(said = ''): string {
  const text = said.replace(/^\/+|\/+$/g, '')
  return text === '' ? '' : `${text}/`
}

function faultsOf(
  group: 'auth' | 'extra',
  definition: VendorDefinition,
  values: VendorValues,
): VendorFault[] {
  const fields = definition[group]
  const faults: VendorFault[] = []
  for (const [field, value] of Object.entries(said(values))) {
    // Every object has members that nobody gave it, such as constructor.
    const known = Object.hasOwn(fields, field) ? fields[field] : undefined
    if (known === undefined) {
      const reason = `is no field of ${definition.vendor}`
      faults.push({ group, field, reason, isMissing: false })
    } else if (known.regex !== undefined && !new RegExp(known.regex).test(value)) {
      faults.push({ group, field, reason: `must match ${known.regex}`, isMissing: false })
    }
  }
  for (const [field, { isRequired }] of Object.entries(fields)) {
    if (!isRequired || (values[field] ?? '') !== '') continue
    faults.push({ group, field, reason: `is required for ${definition.vendor}`, isMissing: true })
  }
  return faults
}

/** An empty text is as good as none. */
function said(values: VendorValues): Readonly<Record<string, string>> {
  const entries = Object.entries(values).flatMap(([field, value]) =>
    typeof value === 'string' && value !== '' ? [[field, value] as const] : [],
  )
  return Object.fromEntries(entries)
}

function serverURLOf(
  vendor: Exclude<IntegrationVendor, 'holdfast-local'>,
  auth: Readonly<Record<string, string>>,
  extra: Readonly<Record<string, string>>,
): string | undefined {
  if (extra.endpoint !== undefined) return extra.endpoint
  switch (vendor) {
    case 'aws-s3':
      return awsServerOf(auth.region ?? '')
    case 'backblaze-b2': {
      const found = auth.region ?? backblazeRegionOfKey(auth.key_id ?? '')
      return found && `https://s3.${found}.${BACKBLAZE}`
    }
    case 'vultr':
      return `https://${auth.region}.${VULTR}`
    case 'coreweave':
      return undefined
    default: {
      const never: never = vendor
      return never
    }
  }
}

function awsServerOf(region: string): string {
  return `https://s3.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`
}

const BACKBLAZE = 'backblazeb2.com'
const VULTR = 'vultrobjects.com'

/**
 * Scripts name no region, since Backblaze's own API needs none. The IDs of its keys begin with the
 * number of the cluster that they are of; a wrong guess is found by the verification.
 */
const BACKBLAZE_REGIONS: Readonly<Record<string, string>> = {
  '000': 'us-west-000',
  '001': 'us-west-001',
  '002': 'us-west-002',
  '003': 'eu-central-003',
  '004': 'us-west-004',
  '005': 'us-east-005',
  '006': 'ca-east-006',
}

function backblazeRegionOfKey(keyID: string): string | undefined {
  return BACKBLAZE_REGIONS[keyID.slice(0, 3)]
}

/** The region that the name of an S3 server tells. */
export function regionToldBy(serverURL: string): string | undefined {
  const { value } = readServerURL(serverURL, 'generic-s3')
  if (value === undefined) return undefined
  const { hostname } = new URL(value)
  return awsRegionOf(hostname) ?? regionWithin(hostname, BACKBLAZE) ?? regionWithin(hostname, VULTR)
}

function regionWithin(hostname: string, domain: string): string | undefined {
  if (!hostname.endsWith(`.${domain}`)) return undefined
  const name = hostname.slice(0, -domain.length - 1).replace(/^s3\./, '')
  return name.includes('.') ? undefined : name
}

function isHostOf(serverURL: string, domain: string): boolean {
  const { value } = readServerURL(serverURL, 'generic-s3')
  return value !== undefined && new URL(value).hostname.endsWith(`.${domain}`)
}

/** A bucket as this dialect or the other one made it. */
export interface BucketAsKept {
  readonly provider: string
  readonly bucketParameters: {
    readonly s3?: { readonly serverURL: string; readonly bucketName: string }
    readonly local?: { readonly path: string }
  }
  /** As which vendor's it was made here. */
  readonly vendor?: string
  readonly prefix?: string
}

/** Of a bucket that was made in the other dialect, the one that its server is of. */
export function vendorOf({ provider, bucketParameters, vendor }: BucketAsKept): IntegrationVendor {
  if (!isS3Provider(provider)) return 'holdfast-local'
  if (provider !== 'aws' && vendor !== undefined && isIntegrationVendor(vendor)) return vendor
  const serverURL = bucketParameters.s3?.serverURL ?? ''
  if (isHostOf(serverURL, BACKBLAZE)) return 'backblaze-b2'
  return isHostOf(serverURL, VULTR) ? 'vultr' : 'aws-s3'
}

/** What its fields hold; nothing of its credential is among it. */
export function shownValuesOf(bucket: BucketAsKept): {
  readonly auth: Readonly<Record<string, string>>
  readonly extra: Readonly<Record<string, string>>
} {
  const { s3, local } = bucket.bucketParameters
  if (local !== undefined) return { auth: {}, extra: { path: local.path } }
  if (s3 === undefined) return { auth: {}, extra: {} }
  const { serverURL, bucketName } = s3
  const region = regionToldBy(serverURL)
  const auth: Readonly<Record<string, string>> = region === undefined ? {} : { region }
  const vendor = vendorOf(bucket)
  const isSaid =
    serverURL === '' || (vendor !== 'holdfast-local' && serverURLOf(vendor, auth, {}) === serverURL)
  const prefix = bucket.prefix?.replace(/\/$/, '') ?? ''
  return {
    auth,
    extra: {
      bucket: bucketName,
      ...(prefix === '' ? {} : { prefix }),
      ...(isSaid ? {} : { endpoint: serverURL }),
    },
  }
}
