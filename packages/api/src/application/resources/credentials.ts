// Credentials: secrets that the service uses for its users. What they hold is taken and never
// shown.
import { CREDENTIALS, type Credential } from '@holdfast/db'
import { type Static, Type } from 'typebox'
import {
  changeCredential,
  createCredential,
  removeCredential,
} from '../../operations/change-credential.ts'
import { KEY_TYPES } from '../../operations/key-store-rules.ts'
import { PLAIN_INTERNAL_PROBLEMS } from '../internal-problems.ts'
import type { ResourceDefinition } from '../resource-definition.ts'
import {
  COMMON_FIELDS,
  IdSchema,
  MetadataSchema,
  SentIdSchema,
  SentMetadataSchema,
  TimeSchema,
  TrueFalseSchema,
  toWireMetadata,
  toWireTime,
} from '../shared-schemas.ts'

const VERSIONS = ['1.0', '1.1'] as const
const CLOSED = { additionalProperties: false } as const
const TYPE = 'application/astra-credential'

const NameSchema = Type.String({
  minLength: 1,
  maxLength: 127,
  description: 'Of a passwordHash: the id of its user.',
})
const KeyTypeSchema = Type.Enum([...KEY_TYPES])

const KeyStoreSchema = Type.Object(
  {},
  {
    additionalProperties: Type.String({
      pattern: '^([A-Za-z0-9+/]{4})*(([A-Za-z0-9+/]{2})==|([A-Za-z0-9+/]{3})=)?$',
    }),
    maxProperties: 64,
    description:
      'Every value in base64; sealed, and never shown. s3: accessKey and accessSecret, if needed sessionToken, certificateAuthority (PEM), region, addressing (path or virtual-host). passwordHash: cleartext, change. apikey: apikey. kubeconfig: base64, which holds JSON. certificate: certificate. privkey: privkey.',
  },
)

/** What both bodies may hold beside what they must. */
const OPTIONAL_MEMBERS = {
  keyType: Type.Optional(KeyTypeSchema),
  valid: Type.Optional(TrueFalseSchema),
  validFromTimestamp: Type.Optional(TimeSchema),
  validUntilTimestamp: Type.Optional(TimeSchema),
  metadata: Type.Optional(SentMetadataSchema),
}

const CreateSchema = Type.Object(
  {
    type: Type.Literal(TYPE),
    version: Type.Enum([...VERSIONS]),
    name: NameSchema,
    keyStore: KeyStoreSchema,
    ...OPTIONAL_MEMBERS,
  },
  CLOSED,
)

const UpdateSchema = Type.Object(
  {
    type: Type.Literal(TYPE),
    version: Type.Enum([...VERSIONS]),
    id: Type.Optional(SentIdSchema),
    name: NameSchema,
    keyStore: KeyStoreSchema,
    ...OPTIONAL_MEMBERS,
  },
  CLOSED,
)

export const credentials: ResourceDefinition<Credential> = {
  name: 'credential',
  plural: 'credentials',
  vendor: 'astra',
  title: 'credential',
  versions: VERSIONS,
  kind: 'credential',
  source: CREDENTIALS,
  response: Type.Object(
    {
      type: Type.Literal(TYPE),
      version: Type.Enum([...VERSIONS]),
      id: IdSchema,
      name: NameSchema,
      keyType: Type.Optional(KeyTypeSchema),
      valid: TrueFalseSchema,
      validFromTimestamp: Type.Optional(TimeSchema),
      validUntilTimestamp: Type.Optional(TimeSchema),
      metadata: MetadataSchema,
    },
    CLOSED,
  ),
  fields: {
    ...COMMON_FIELDS,
    name: 'name',
    keyType: 'keyType',
    valid: 'isValid',
    validFromTimestamp: 'validFrom',
    validUntilTimestamp: 'validUntil',
  },
  toWire: (credential) => ({
    type: TYPE,
    version: credential.version,
    id: credential.id,
    name: credential.name,
    ...(credential.keyType === undefined ? {} : { keyType: credential.keyType }),
    valid: String(credential.isValid),
    ...(credential.validFrom === undefined
      ? {}
      : { validFromTimestamp: toWireTime(credential.validFrom) }),
    ...(credential.validUntil === undefined
      ? {}
      : { validUntilTimestamp: toWireTime(credential.validUntil) }),
    metadata: toWireMetadata(credential),
  }),
  internalProblems: PLAIN_INTERNAL_PROBLEMS,
  collections: [
    {
      path: '/accounts/:account_id/core/v1/credentials',
      itemParameter: 'credential_id',
      parents: [],
      create: {
        permission: 'manage-credentials',
        description: 'Keeps a secret for the service to use. For admins and owners.',
        body: CreateSchema,
        problems: [39, 44, 63, 81],
        run: (context, { caller, body }) => {
          const sent = body as Static<typeof CreateSchema>
          const { metadata } = sent
          return createCredential(context, caller, {
            ...readMembers(sent),
            labels: metadata?.labels ?? [],
          })
        },
      },
      update: {
        permission: 'manage-credentials',
        description:
          'Replaces the key store. What uses the credential uses the new one from then on; buckets are verified anew. A type that was given once stays.',
        body: UpdateSchema,
        problems: [39, 44, 63, 81],
        run: (context, { caller, id, body, checkPreconditions }) => {
          const sent = body as Static<typeof UpdateSchema>
          const { metadata } = sent
          return changeCredential(context, caller, {
            ...readMembers(sent),
            id,
            ...(metadata?.labels === undefined ? {} : { labels: metadata.labels }),
            checkPreconditions,
          })
        },
      },
      remove: {
        permission: 'manage-credentials',
        description:
          'Buckets that use it fail. The password of a user goes with the user alone (problem 10).',
        problems: [10],
        run: (context, { caller, id }) => removeCredential(context, caller, id),
      },
    },
  ],
}

function readMembers(sent: Static<typeof CreateSchema>) {
  const { name, version, keyType, valid, validFromTimestamp, validUntilTimestamp } = sent
  return {
    name,
    version,
    keyStore: sent.keyStore as Readonly<Record<string, string>>,
    ...(keyType === undefined ? {} : { keyType }),
    ...(valid === undefined ? {} : { isValid: valid === 'true' }),
    ...(validFromTimestamp === undefined ? {} : { validFrom: readTime(validFromTimestamp) }),
    ...(validUntilTimestamp === undefined ? {} : { validUntil: readTime(validUntilTimestamp) }),
  }
}

/** Conforms to `TimeSchema`, which takes a comma before fractions of a second, too. */
function readTime(text: string): Date {
  return new Date(text.replace(',', '.'))
}
