// Buckets: where backups are kept.
import { BUCKETS, type Bucket } from '@holdfast/db'
import { Type } from 'typebox'
import { PLAIN_INTERNAL_PROBLEMS } from '../internal-problems.ts'
import type { ResourceDefinition } from '../resource-definition.ts'
import {
  COMMON_FIELDS,
  IdSchema,
  MetadataSchema,
  StateDetailSchema,
  toWireMetadata,
  toWireStateDetails,
} from '../shared-schemas.ts'

const VERSIONS = ['1.0', '1.1', '1.2'] as const
const CLOSED = { additionalProperties: false } as const

const PROVIDERS = [
  'ontap-s3',
  'storagegrid-s3',
  'generic-s3',
  'gcp',
  'azure',
  'aws',
  // A directory of the machine that the service runs on.
  'local',
]

const ParametersSchema = Type.Object(
  {
    s3: Type.Optional(Type.Object({ serverURL: Type.String(), bucketName: Type.String() }, CLOSED)),
    gcp: Type.Optional(Type.Object({ bucketName: Type.String() }, CLOSED)),
    azure: Type.Optional(
      Type.Object({ storageAccount: Type.String(), bucketName: Type.String() }, CLOSED),
    ),
    local: Type.Optional(Type.Object({ path: Type.String() }, CLOSED)),
  },
  CLOSED,
)

export const buckets: ResourceDefinition<Bucket> = {
  name: 'bucket',
  plural: 'buckets',
  vendor: 'astra',
  title: 'bucket',
  versions: VERSIONS,
  kind: 'bucket',
  source: BUCKETS,
  response: Type.Object(
    {
      type: Type.Literal('application/astra-bucket'),
      version: Type.Enum([...VERSIONS]),
      id: IdSchema,
      name: Type.String({ minLength: 1, maxLength: 256 }),
      credentialID: IdSchema,
      state: Type.Enum(['pending', 'available', 'failed', 'removed', 'unknown']),
      stateDetails: Type.Array(StateDetailSchema),
      provider: Type.Enum(PROVIDERS),
      bucketParameters: ParametersSchema,
      metadata: MetadataSchema,
    },
    CLOSED,
  ),
  fields: {
    ...COMMON_FIELDS,
    name: 'name',
    credentialID: 'credentialID',
    state: 'state',
    stateDetails: 'stateDetails',
    provider: 'provider',
    bucketParameters: 'bucketParameters',
  },
  toWire: (bucket) => ({
    type: 'application/astra-bucket',
    version: bucket.version,
    id: bucket.id,
    name: bucket.name,
    credentialID: bucket.credentialID,
    state: bucket.state,
    stateDetails: toWireStateDetails(bucket.stateDetails),
    provider: bucket.provider,
    bucketParameters: bucket.bucketParameters,
    metadata: toWireMetadata(bucket),
  }),
  internalProblems: PLAIN_INTERNAL_PROBLEMS,
  collections: [
    {
      path: '/accounts/:account_id/topology/v1/buckets',
      itemParameter: 'bucket_id',
      parents: [],
    },
  ],
}
