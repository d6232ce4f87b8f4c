// The vendors of object storage that the container dialect's integrations can be of, and their fields.
// The dialect's documents list neither; clients read both from the definitions that are answered.

export const INTEGRATION_VENDORS = [
  'aws-s3',
  'backblaze-b2',
  'vultr',
  'coreweave',
  'holdfast-local',
] as const
export type IntegrationVendor = (typeof INTEGRATION_VENDORS)[number]

export function isIntegrationVendor(vendor: string): vendor is IntegrationVendor {
  return (INTEGRATION_VENDORS as readonly string[]).includes(vendor)
}

export interface VendorField {
  readonly name: string
  readonly isRequired: boolean
  readonly regex?: string
  readonly description: string
}

export interface VendorDefinition {
  readonly vendor: IntegrationVendor
  readonly name: string
  readonly url: string
  readonly auth: Readonly<Record<string, VendorField>>
  readonly extra: Readonly<Record<string, VendorField>>
}

const BUCKET_REGEX = '^[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]$'
const REGION_REGEX = '^[a-z0-9-]{1,63}$'
const VISIBLE_REGEX = '^[!-~]+$'

const KEYS = {
  key_id: {
    name: 'Key ID',
    isRequired: true,
    regex: VISIBLE_REGEX,
    description: 'The public part of the key that opens the bucket. It is never shown again.',
  },
  secret: {
    name: 'Secret',
    isRequired: true,
    regex: VISIBLE_REGEX,
    description: 'The secret part of the key. It is never shown again.',
  },
} as const

const BUCKET = {
  bucket: {
    name: 'Bucket',
    isRequired: true,
    regex: BUCKET_REGEX,
    description: 'It must exist; what is in it already is left alone.',
  },
} as const

const PREFIX = {
  prefix: {
    name: 'Prefix',
    isRequired: false,
    regex: '^/?[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*/?$',
    description: 'Everything is kept below it, such as site/backups. It cannot be changed.',
  },
} as const

function region(isRequired: boolean, description: string) {
  return { region: { name: 'Region', isRequired, regex: REGION_REGEX, description } }
}

function endpoint(isRequired: boolean, description: string) {
  return { endpoint: { name: 'Endpoint', isRequired, description } }
}

export const VENDOR_DEFINITIONS: Readonly<Record<IntegrationVendor, VendorDefinition>> = {
  'aws-s3': {
    vendor: 'aws-s3',
    name: 'Amazon S3 and compatible servers',
    url: 'https://aws.amazon.com/s3/',
    auth: { ...KEYS, ...region(true, 'Such as eu-west-1; of another server, what it expects.') },
    extra: {
      ...BUCKET,
      ...PREFIX,
      ...endpoint(false, 'https://host[:port] of a compatible server; Amazon when absent.'),
    },
  },
  'backblaze-b2': {
    vendor: 'backblaze-b2',
    name: 'Backblaze B2',
    url: 'https://www.backblaze.com/cloud-storage',
    auth: {
      ...KEYS,
      ...region(false, 'Such as us-west-004. When absent, as the first digits of the key say.'),
    },
    extra: {
      ...BUCKET,
      ...PREFIX,
      ...endpoint(false, 'The S3 endpoint that the bucket is shown with.'),
    },
  },
  vultr: {
    vendor: 'vultr',
    name: 'Vultr Object Storage',
    url: 'https://www.vultr.com/products/object-storage/',
    auth: { ...KEYS, ...region(true, 'Such as ewr1: the first part of the hostname.') },
    extra: { ...BUCKET, ...PREFIX },
  },
  coreweave: {
    vendor: 'coreweave',
    name: 'CoreWeave Object Storage',
    url: 'https://www.coreweave.com/products/storage',
    auth: { ...KEYS, ...region(true, 'Such as us-east-04a.') },
    extra: { ...BUCKET, ...PREFIX, ...endpoint(true, 'Such as https://cwobject.com.') },
  },
  'holdfast-local': {
    vendor: 'holdfast-local',
    name: 'Directory of the machine that the service runs on',
    url: 'https://restic.readthedocs.io/',
    auth: {},
    extra: {
      path: {
        name: 'Path',
        isRequired: true,
        regex: '^/',
        description: 'An absolute path. For owners alone.',
      },
    },
  },
}
