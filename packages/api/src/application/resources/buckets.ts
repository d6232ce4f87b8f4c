// Buckets: where backups are kept.
import { BUCKETS, type Bucket } from '@holdfast/db'
import { type Static, Type } from 'typebox'
import { changeBucket, createBucket, removeBucket } from '../../operations/change-bucket.ts'
import { PLAIN_INTERNAL_PROBLEMS } from '../internal-problems.ts'
import type { ResourceDefinition } from '../resource-definition.ts'
import { lowerId } from '../sent-values.ts'
import {
  COMMON_FIELDS,
  IdSchema,
  MetadataSchema,
  SentIdSchema,
  SentMetadataSchema,
  StateDetailSchema,
  toWireMetadata,
  toWireStateDetails,
} from '../shared-schemas.ts'

const VERSIONS = ['1.0', '1.1', '1.2'] as const
const CLOSED = { additionalProperties: false } as const
const TYPE = 'application/astra-bucket'
const STATES = ['pending', 'available', 'failed', 'removed', 'unknown']

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

const ServerSchema = Type.String({
  maxLength: 1023,
  description: 'https://host[:port] or http://host[:port]; a bare host is reached over https.',
})
const BucketNameSchema = Type.String({ maxLength: 63 })
const PathSchema = Type.String({
  maxLength: 4095,
  description: 'A directory of the machine that the service runs on. For owners.',
})

/** Of providers that this version refuses; their members are known all the same. */
const REFUSED_PROVIDERS = {
  gcp: Type.Optional(Type.Object({ bucketName: Type.String({ maxLength: 63 }) }, CLOSED)),
  azure: Type.Optional(
    Type.Object(
      {
        storageAccount: Type.String({ maxLength: 63 }),
        bucketName: Type.String({ maxLength: 63 }),
      },
      CLOSED,
    ),
  ),
}

const ParametersSchema = Type.Object(
  {
    s3: Type.Optional(
      Type.Object({ serverURL: ServerSchema, bucketName: BucketNameSchema }, CLOSED),
    ),
    ...REFUSED_PROVIDERS,
    local: Type.Optional(Type.Object({ path: PathSchema }, CLOSED)),
  },
  { ...CLOSED, description: 'The member of its provider: s3 for aws and every *-s3, or local.' },
)

const ChangedParametersSchema = Type.Object(
  {
    s3: Type.Optional(
      Type.Object(
        { serverURL: Type.Optional(ServerSchema), bucketName: Type.Optional(BucketNameSchema) },
        CLOSED,
      ),
    ),
    ...REFUSED_PROVIDERS,
    local: Type.Optional(Type.Object({ path: Type.Optional(PathSchema) }, CLOSED)),
  },
  CLOSED,
)

const NameSchema = Type.String({ minLength: 1, maxLength: 256 })

const CreateSchema = Type.Object(
  {
    type: Type.Literal(TYPE),
    version: Type.Enum([...VERSIONS]),
    name: Type.Optional(NameSchema),
    credentialID: SentIdSchema,
    provider: Type.Enum(PROVIDERS),
    bucketParameters: ParametersSchema,
    metadata: Type.Optional(SentMetadataSchema),
  },
  CLOSED,
)

const UpdateSchema = Type.Object(
  {
    type: Type.Literal(TYPE),
    version: Type.Enum([...VERSIONS]),
    id: Type.Optional(SentIdSchema),
    name: Type.Optional(NameSchema),
    credentialID: Type.Optional(SentIdSchema),
    // What the service decides; sent back by clients, and not looked at.
    state: Type.Optional(Type.Enum(STATES)),
    stateDetails: Type.Optional(Type.Array(StateDetailSchema)),
    provider: Type.Optional(Type.Enum(PROVIDERS)),
    bucketParameters: Type.Optional(ChangedParametersSchema),
    metadata: Type.Optional(SentMetadataSchema),
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
      type: Type.Literal(TYPE),
      version: Type.Enum([...VERSIONS]),
      id: IdSchema,
      name: NameSchema,
      credentialID: IdSchema,
      state: Type.Enum(STATES),
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
    type: TYPE,
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
      create: {
        permission: 'manage-buckets',
        description:
          'It is pending until it was tried: written to, read, listed and deleted from. For admins and owners; a directory (local) for owners alone.',
        body: CreateSchema,
        problems: [57, 82],
        run: (context, { caller, body }) => {
          const { name, metadata, ...sent } = body as Static<typeof CreateSchema>
          return createBucket(context, caller, {
            version: sent.version,
            provider: sent.provider,
            parameters: sent.bucketParameters,
            credentialID: lowerId(sent.credentialID),
            labels: metadata?.labels ?? [],
            ...(name === undefined ? {} : { name }),
          })
        },
      },
      update: {
        permission: 'manage-buckets',
        description:
          'What is sent replaces what was, and the bucket is tried again at once. With another place its data must have been moved there.',
        body: UpdateSchema,
        problems: [57, 82],
        run: (context, { caller, id, body, checkPreconditions }) => {
          const sent = body as Static<typeof UpdateSchema>
          const { name, provider, credentialID, metadata } = sent
          return changeBucket(context, caller, {
            id,
            version: sent.version,
            checkPreconditions,
            ...(name === undefined ? {} : { name }),
            ...(provider === undefined ? {} : { provider }),
            ...(sent.bucketParameters === undefined
              ? {}
              : { parameters: readChanged(sent.bucketParameters) }),
            ...(credentialID === undefined ? {} : { credentialID: lowerId(credentialID) }),
            ...(metadata?.labels === undefined ? {} : { labels: metadata.labels }),
          })
        },
      },
      remove: {
        permission: 'manage-buckets',
        description: 'What is in it stays there. Refused while something uses it.',
        problems: [83, 84, 175],
        run: (context, { caller, id }) => removeBucket(context, caller, id),
      },
    },
  ],
}

function readChanged(sent: Static<typeof ChangedParametersSchema>) {
  const { s3, local, ...others } = sent
  return {
    ...others,
    ...(s3 === undefined ? {} : { s3: withoutAbsent(s3) }),
    ...(local === undefined ? {} : { local: withoutAbsent(local) }),
  }
}

/** JSON knows no undefined members; the types of the schema do. */
function withoutAbsent<Members extends object>(
  members: Members,
): { readonly [Name in keyof Members]?: Exclude<Members[Name], undefined> } {
  return members as { readonly [Name in keyof Members]?: Exclude<Members[Name], undefined> }
}
