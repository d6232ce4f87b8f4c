// Groups of a directory: none while no directory is connected.
import { GROUPS, type Group } from '@holdfast/db'
import { Type } from 'typebox'
import { OperationError } from '../../operations/operation-failure.ts'
import { PLAIN_INTERNAL_PROBLEMS } from '../internal-problems.ts'
import { USER } from '../parents.ts'
import type { Collection, ResourceDefinition } from '../resource-definition.ts'
import {
  COMMON_FIELDS,
  IdSchema,
  MetadataSchema,
  SentIdSchema,
  SentMetadataSchema,
  toWireMetadata,
} from '../shared-schemas.ts'

const VERSIONS = ['1.0', '1.1'] as const
const CLOSED = { additionalProperties: false } as const
const TYPE = 'application/astra-group'

const TextSchema = Type.String({ minLength: 1, maxLength: 2048 })
const ProviderSchema = Type.Enum(['ldap'])

const CreateSchema = Type.Object(
  {
    type: Type.Literal(TYPE),
    version: Type.Enum([...VERSIONS]),
    name: Type.Optional(TextSchema),
    authProvider: ProviderSchema,
    authID: TextSchema,
    metadata: Type.Optional(SentMetadataSchema),
  },
  CLOSED,
)

const UpdateSchema = Type.Object(
  {
    type: Type.Literal(TYPE),
    version: Type.Enum([...VERSIONS]),
    id: Type.Optional(SentIdSchema),
    name: Type.Optional(TextSchema),
    authProvider: Type.Optional(ProviderSchema),
    authID: Type.Optional(TextSchema),
    metadata: Type.Optional(SentMetadataSchema),
  },
  CLOSED,
)

const methods: Pick<Collection<Group>, 'create' | 'update' | 'remove'> = {
  create: {
    permission: 'manage-people',
    description: 'Refused: no directory is connected.',
    body: CreateSchema,
    problems: [],
    run: refuse,
  },
  // Neither is reached: there is no group to name.
  update: { permission: 'manage-people', body: UpdateSchema, problems: [], run: refuse },
  remove: { permission: 'manage-people', problems: [], run: refuse },
}

async function refuse(): Promise<never> {
  throw new OperationError({ code: 'directory-not-connected', member: 'authProvider' })
}

export const groups: ResourceDefinition<Group> = {
  name: 'group',
  plural: 'groups',
  vendor: 'astra',
  title: 'group',
  versions: VERSIONS,
  kind: 'group',
  source: GROUPS,
  response: Type.Object(
    {
      type: Type.Literal(TYPE),
      version: Type.Enum([...VERSIONS]),
      id: IdSchema,
      name: TextSchema,
      authProvider: ProviderSchema,
      authID: TextSchema,
      metadata: MetadataSchema,
    },
    CLOSED,
  ),
  fields: { ...COMMON_FIELDS, name: 'name', authProvider: 'authProvider', authID: 'authID' },
  toWire: (group) => ({
    type: TYPE,
    version: group.version,
    id: group.id,
    name: group.name,
    authProvider: group.authProvider,
    authID: group.authID,
    metadata: toWireMetadata(group),
  }),
  internalProblems: PLAIN_INTERNAL_PROBLEMS,
  collections: [
    {
      path: '/accounts/:account_id/core/v1/groups',
      itemParameter: 'group_id',
      parents: [],
      ...methods,
    },
    {
      path: '/accounts/:account_id/core/v1/users/:user_id/groups',
      itemParameter: 'group_id',
      parents: [USER],
      ...methods,
    },
  ],
}
