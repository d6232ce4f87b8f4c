// Tokens: what programs send to act as a user.
import { TOKENS, type Token } from '@holdfast/db'
import { type Static, Type } from 'typebox'
import {
  changeToken,
  createToken,
  type NewToken,
  removeToken,
} from '../../operations/change-token.ts'
import { PLAIN_INTERNAL_PROBLEMS } from '../internal-problems.ts'
import { GROUP, USER } from '../parents.ts'
import type { Collection, ResourceDefinition } from '../resource-definition.ts'
import { lowerId } from '../sent-values.ts'
import {
  COMMON_FIELDS,
  IdSchema,
  MetadataSchema,
  SentIdSchema,
  SentMetadataSchema,
  toWireMetadata,
} from '../shared-schemas.ts'
import { plainText } from './people-schemas.ts'

const VERSIONS = ['1.0'] as const
const CLOSED = { additionalProperties: false } as const
const TYPE = 'application/astra-token'

const NameSchema = plainText({ minLength: 1, maxLength: 63 })

const CreateSchema = Type.Object(
  {
    type: Type.Literal(TYPE),
    version: Type.Enum([...VERSIONS]),
    name: NameSchema,
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
    userID: Type.Optional(SentIdSchema),
    metadata: Type.Optional(SentMetadataSchema),
  },
  CLOSED,
)

const methods: Pick<Collection<Token>, 'create' | 'update' | 'remove'> = {
  create: {
    permission: 'manage-own-tokens',
    description:
      'Answers the secret as token, once and never again. It acts as the user in the path: oneself, or, for those who manage people, somebody with no higher role than their own.',
    body: CreateSchema,
    problems: [],
    run: (context, { caller, parents, body }) => {
      const { version, name, metadata } = body as Static<typeof CreateSchema>
      return createToken(context, caller, {
        userID: parents.userID ?? caller.userID,
        version,
        name,
        labels: metadata?.labels ?? [],
      })
    },
  },
  update: {
    permission: 'manage-own-tokens',
    description: 'Renames the token.',
    body: UpdateSchema,
    problems: [],
    run: (context, { caller, id, body, checkPreconditions }) => {
      const { version, name, userID, metadata } = body as Static<typeof UpdateSchema>
      return changeToken(context, caller, {
        id,
        version,
        checkPreconditions,
        ...(name === undefined ? {} : { name }),
        ...(userID === undefined ? {} : { userID: lowerId(userID) }),
        ...(metadata?.labels === undefined ? {} : { labels: metadata.labels }),
      })
    },
  },
  remove: {
    permission: 'manage-own-tokens',
    description: 'Revokes the token: it stops working at once and for good.',
    problems: [],
    run: (context, { caller, id }) => removeToken(context, caller, id),
  },
}

export const tokens: ResourceDefinition<Token> = {
  name: 'token',
  plural: 'tokens',
  vendor: 'astra',
  title: 'token',
  versions: VERSIONS,
  kind: 'token',
  source: TOKENS,
  response: Type.Object(
    {
      type: Type.Literal(TYPE),
      version: Type.Enum([...VERSIONS]),
      id: IdSchema,
      name: Type.String({ minLength: 1, maxLength: 63 }),
      userID: IdSchema,
      token: Type.Optional(
        Type.String({ description: 'The secret; only where the token is made.' }),
      ),
      metadata: MetadataSchema,
    },
    CLOSED,
  ),
  fields: { ...COMMON_FIELDS, name: 'name', userID: 'userID' },
  toWire: (token: Token | NewToken) => ({
    type: TYPE,
    version: token.version,
    id: token.id,
    name: token.name,
    userID: token.userID,
    ...('secret' in token ? { token: token.secret } : {}),
    metadata: toWireMetadata(token),
  }),
  internalProblems: PLAIN_INTERNAL_PROBLEMS,
  collections: [
    {
      path: '/accounts/:account_id/core/v1/users/:user_id/tokens',
      itemParameter: 'token_id',
      parents: [USER],
      ...methods,
    },
    {
      path: '/accounts/:account_id/core/v1/groups/:group_id/users/:user_id/tokens',
      itemParameter: 'token_id',
      parents: [GROUP, USER],
      ...methods,
    },
  ],
}
