// Clouds: groups of clusters.
import { CLOUDS, type Cloud } from '@holdfast/db'
import { type Static, Type } from 'typebox'
import { changeCloud, createCloud, removeCloud } from '../../operations/change-cloud.ts'
import { PLAIN_INTERNAL_PROBLEMS } from '../internal-problems.ts'
import type { ResourceDefinition } from '../resource-definition.ts'
import { lowerId } from '../sent-values.ts'
import {
  COMMON_FIELDS,
  IdSchema,
  MetadataSchema,
  PlaceNameSchema,
  SentIdSchema,
  SentMetadataSchema,
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

const TYPE = 'application/astra-cloud'
const CLOSED = { additionalProperties: false } as const

const CLOUD_TYPES = ['gcp', 'azure', 'aws', 'private']

/** Clients write GCP, Azure and AWS. */
const SentCloudTypeSchema = Type.String({
  pattern: '^([gG][cC][pP]|[aA][zZ][uU][rR][eE]|[aA][wW][sS]|[pP][rR][iI][vV][aA][tT][eE])$',
  description: 'In any case. Only private clouds can be made.',
})

const CreateSchema = Type.Object(
  {
    type: Type.Literal(TYPE),
    version: Type.Enum([...VERSIONS]),
    name: PlaceNameSchema,
    cloudType: SentCloudTypeSchema,
    credentialID: Type.Optional(SentIdSchema),
    defaultBucketID: Type.Optional(SentIdSchema),
    metadata: Type.Optional(SentMetadataSchema),
  },
  CLOSED,
)

const UpdateSchema = Type.Object(
  {
    type: Type.Literal(TYPE),
    version: Type.Enum([...VERSIONS]),
    id: Type.Optional(SentIdSchema),
    name: Type.Optional(PlaceNameSchema),
    cloudType: Type.Optional(SentCloudTypeSchema),
    credentialID: Type.Optional(SentIdSchema),
    defaultBucketID: Type.Optional(SentIdSchema),
    // Sent back by clients that change what they read; what they say does not count.
    state: Type.Optional(Type.Enum(PLACE_STATES)),
    stateUnready: Type.Optional(UnreadySchema),
    metadata: Type.Optional(SentMetadataSchema),
  },
  CLOSED,
)

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
      type: Type.Literal(TYPE),
      version: Type.Enum([...VERSIONS]),
      id: IdSchema,
      name: Type.String({ minLength: 1, maxLength: 63 }),
      state: Type.Enum(PLACE_STATES),
      stateUnready: UnreadySchema,
      cloudType: Type.Enum(CLOUD_TYPES),
      credentialID: Type.Optional(IdSchema),
      defaultBucketID: Type.Optional(IdSchema),
      metadata: MetadataSchema,
    },
    CLOSED,
  ),
  fields: {
    ...COMMON_FIELDS,
    name: 'name',
    state: 'state',
    stateUnready: 'stateUnready',
    cloudType: 'cloudType',
    credentialID: 'credentialID',
    defaultBucketID: 'defaultBucketID',
  },
  toWire: (cloud) => ({
    type: TYPE,
    version: cloud.version,
    id: cloud.id,
    name: cloud.name,
    state: cloud.state,
    stateUnready: toWireUnready(cloud.stateUnready),
    cloudType: cloud.cloudType,
    ...(cloud.credentialID === undefined ? {} : { credentialID: cloud.credentialID }),
    ...(cloud.defaultBucketID === undefined ? {} : { defaultBucketID: cloud.defaultBucketID }),
    metadata: toWireMetadata(cloud),
  }),
  internalProblems: PLAIN_INTERNAL_PROBLEMS,
  collections: [
    {
      path: '/accounts/:account_id/topology/v1/clouds',
      itemParameter: 'cloud_id',
      parents: [],
      create: {
        permission: 'manage-clouds',
        body: CreateSchema,
        problems: [108, 140],
        run: (context, { caller, body }) => {
          const { metadata, ...sent } = body as Static<typeof CreateSchema>
          return createCloud(context, caller, {
            version: sent.version,
            name: sent.name,
            cloudType: sent.cloudType.toLowerCase(),
            ...sentReferences(sent),
            labels: metadata?.labels ?? [],
          })
        },
      },
      update: {
        permission: 'manage-clouds',
        description: 'Looks at the clusters of the account anew, too.',
        body: UpdateSchema,
        problems: [108, 140],
        run: (context, { caller, id, body, checkPreconditions }) => {
          const { name, cloudType, metadata, ...sent } = body as Static<typeof UpdateSchema>
          return changeCloud(context, caller, {
            id,
            version: sent.version,
            checkPreconditions,
            ...sentReferences(sent),
            ...(name === undefined ? {} : { name }),
            ...(cloudType === undefined ? {} : { cloudType: cloudType.toLowerCase() }),
            ...(metadata?.labels === undefined ? {} : { labels: metadata.labels }),
          })
        },
      },
      remove: {
        permission: 'manage-clouds',
        description: 'Its clusters, none of which may be managed, go with it.',
        problems: [141],
        run: (context, { caller, id }) => removeCloud(context, caller, id),
      },
    },
  ],
}

function sentReferences({
  credentialID,
  defaultBucketID,
}: {
  readonly credentialID?: string
  readonly defaultBucketID?: string
}) {
  return {
    ...(credentialID === undefined ? {} : { credentialID: lowerId(credentialID) }),
    ...(defaultBucketID === undefined ? {} : { defaultBucketID: lowerId(defaultBucketID) }),
  }
}
