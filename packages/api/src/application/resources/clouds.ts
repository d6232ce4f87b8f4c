// Clouds: groups of clusters.
import { CLOUDS, type Cloud } from '@holdfast/db'
import { Type } from 'typebox'
import { PLAIN_INTERNAL_PROBLEMS } from '../internal-problems.ts'
import type { ResourceDefinition } from '../resource-definition.ts'
import {
  COMMON_FIELDS,
  IdSchema,
  MetadataSchema,
  toWireMetadata,
  toWireUnready,
  UnreadySchema,
} from '../shared-schemas.ts'

const VERSIONS = ['1.0', '1.1'] as const

export const PLACE_STATES = [
  'pending',
  'discovering',
  'provisioning',
  'running',
  'failed',
  'removed',
  'unknown',
]

export const clouds: ResourceDefinition<Cloud> = {
  name: 'cloud',
  plural: 'clouds',
  vendor: 'astra',
  title: 'cloud',
  versions: VERSIONS,
  kind: 'cloud',
  source: CLOUDS,
  response: Type.Object(
    {
      type: Type.Literal('application/astra-cloud'),
      version: Type.Enum([...VERSIONS]),
      id: IdSchema,
      name: Type.String({ minLength: 1, maxLength: 63 }),
      state: Type.Enum(PLACE_STATES),
      stateUnready: UnreadySchema,
      cloudType: Type.Enum(['gcp', 'azure', 'aws', 'private']),
      defaultBucketID: Type.Optional(IdSchema),
      metadata: MetadataSchema,
    },
    { additionalProperties: false },
  ),
  fields: {
    ...COMMON_FIELDS,
    name: 'name',
    state: 'state',
    stateUnready: 'stateUnready',
    cloudType: 'cloudType',
    defaultBucketID: 'defaultBucketID',
  },
  toWire: (cloud) => ({
    type: 'application/astra-cloud',
    version: cloud.version,
    id: cloud.id,
    name: cloud.name,
    state: cloud.state,
    stateUnready: toWireUnready(cloud.stateUnready),
    cloudType: cloud.cloudType,
    ...(cloud.defaultBucketID === undefined ? {} : { defaultBucketID: cloud.defaultBucketID }),
    metadata: toWireMetadata(cloud),
  }),
  internalProblems: PLAIN_INTERNAL_PROBLEMS,
  collections: [
    {
      path: '/accounts/:account_id/topology/v1/clouds',
      itemParameter: 'cloud_id',
      parents: [],
    },
  ],
}
