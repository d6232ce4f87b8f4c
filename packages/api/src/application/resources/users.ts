// Users: who may act in the account.
import { AUTH_PROVIDERS, USER_STATES, USERS, type User } from '@holdfast/db'
import { type Static, Type } from 'typebox'
import { changeUser, createUser, removeUser } from '../../operations/change-user.ts'
import { PLAIN_INTERNAL_PROBLEMS } from '../internal-problems.ts'
import { GROUP } from '../parents.ts'
import type { Collection, ResourceDefinition, WireResource } from '../resource-definition.ts'
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
import { plainText, postalAddressSchema } from './people-schemas.ts'

const VERSIONS = ['1.0', '1.1', '1.2'] as const
const CLOSED = { additionalProperties: false } as const
const TYPE = 'application/astra-user'

const NameSchema = plainText({ minLength: 0, maxLength: 63 })
const StateSchema = Type.Enum([...USER_STATES])
const ProviderSchema = Type.Enum([...AUTH_PROVIDERS])
const EmailSchema = Type.String({ minLength: 3, maxLength: 320 })

const PROFILE = {
  authID: Type.Optional(Type.String({ maxLength: 2048 })),
  authProvider: Type.Optional(ProviderSchema),
  firstName: Type.Optional(NameSchema),
  lastName: Type.Optional(NameSchema),
  companyName: Type.Optional(plainText({ minLength: 1, maxLength: 63 })),
  phone: Type.Optional(plainText({ minLength: 0, maxLength: 63 })),
  postalAddress: Type.Optional(postalAddressSchema({ postalCodeMax: 63 })),
  sendWelcomeEmail: Type.Optional(TrueFalseSchema),
  lastActTimestamp: Type.Optional(TimeSchema),
} as const

const CreateSchema = Type.Object(
  {
    type: Type.Literal(TYPE),
    version: Type.Enum([...VERSIONS]),
    email: EmailSchema,
    ...PROFILE,
    metadata: Type.Optional(SentMetadataSchema),
  },
  CLOSED,
)

const UpdateSchema = Type.Object(
  {
    type: Type.Literal(TYPE),
    version: Type.Enum([...VERSIONS]),
    id: Type.Optional(SentIdSchema),
    state: Type.Optional(StateSchema),
    isEnabled: Type.Optional(TrueFalseSchema),
    email: Type.Optional(EmailSchema),
    ...PROFILE,
    enableTimestamp: Type.Optional(TimeSchema),
    metadata: Type.Optional(SentMetadataSchema),
  },
  CLOSED,
)

type Sent = Partial<Static<typeof CreateSchema>>

const methods: Pick<Collection<User>, 'create' | 'update' | 'remove'> = {
  create: {
    permission: 'manage-people',
    description:
      'A local user is active at once and may nothing: give them a role binding, and a password as a credential of the type passwordHash, or a token.',
    body: CreateSchema,
    problems: [],
    run: (context, { caller, body }) => {
      const sent = body as Static<typeof CreateSchema>
      return createUser(context, caller, {
        version: sent.version,
        email: sent.email,
        labels: sent.metadata?.labels ?? [],
        ...readProfile(sent),
      })
    },
  },
  update: {
    permission: 'manage-own-user',
    description:
      'Users change what describes themselves; those who manage people change the rest and others.',
    body: UpdateSchema,
    problems: [],
    run: (context, { caller, id, body, checkPreconditions }) => {
      const sent = body as Static<typeof UpdateSchema>
      const { state, isEnabled, email, metadata } = sent
      return changeUser(context, caller, {
        id,
        version: sent.version,
        checkPreconditions,
        ...readProfile(sent),
        ...(state === undefined ? {} : { state }),
        ...(isEnabled === undefined ? {} : { isEnabled: isEnabled === 'true' }),
        ...(email === undefined ? {} : { email }),
        ...(metadata?.labels === undefined ? {} : { labels: metadata.labels }),
      })
    },
  },
  remove: {
    permission: 'manage-people',
    description: 'Their tokens, sessions, role bindings and password go with them.',
    problems: [10],
    run: (context, { caller, id }) => removeUser(context, caller, id),
  },
}

export const users: ResourceDefinition<User> = {
  name: 'user',
  plural: 'users',
  vendor: 'astra',
  title: 'user',
  versions: VERSIONS,
  kind: 'user',
  source: USERS,
  response: Type.Object(
    {
      type: Type.Literal(TYPE),
      version: Type.Enum([...VERSIONS]),
      id: IdSchema,
      state: StateSchema,
      isEnabled: TrueFalseSchema,
      authID: Type.Optional(Type.String()),
      authProvider: ProviderSchema,
      firstName: Type.String({ maxLength: 63 }),
      lastName: Type.String({ maxLength: 63 }),
      companyName: Type.Optional(Type.String({ minLength: 1, maxLength: 63 })),
      email: Type.String(),
      phone: Type.Optional(Type.String()),
      postalAddress: Type.Optional(postalAddressSchema({ postalCodeMax: 63 })),
      sendWelcomeEmail: TrueFalseSchema,
      enableTimestamp: Type.Optional(TimeSchema),
      lastActTimestamp: Type.Optional(TimeSchema),
      metadata: MetadataSchema,
    },
    CLOSED,
  ),
  fields: {
    ...COMMON_FIELDS,
    state: 'state',
    isEnabled: 'isEnabled',
    authID: 'authID',
    authProvider: 'authProvider',
    firstName: 'firstName',
    lastName: 'lastName',
    companyName: 'companyName',
    email: 'email',
    phone: 'phone',
    postalAddress: 'postalAddress',
    sendWelcomeEmail: 'sendWelcomeEmail',
    enableTimestamp: 'enabledAt',
    lastActTimestamp: 'lastActAt',
  },
  toWire,
  internalProblems: PLAIN_INTERNAL_PROBLEMS,
  collections: [
    {
      path: '/accounts/:account_id/core/v1/users',
      itemParameter: 'user_id',
      parents: [],
      ...methods,
    },
    {
      path: '/accounts/:account_id/core/v1/groups/:group_id/users',
      itemParameter: 'user_id',
      parents: [GROUP],
      ...methods,
    },
  ],
}

function readProfile(sent: Sent) {
  const { authID, authProvider, firstName, lastName, companyName, phone, postalAddress } = sent
  return {
    ...(authID === undefined ? {} : { authID }),
    ...(authProvider === undefined ? {} : { authProvider }),
    ...(firstName === undefined ? {} : { firstName }),
    ...(lastName === undefined ? {} : { lastName }),
    ...(companyName === undefined ? {} : { companyName }),
    ...(phone === undefined ? {} : { phone }),
    ...(postalAddress === undefined ? {} : { postalAddress }),
  }
}

function toWire(user: User): WireResource {
  return {
    type: TYPE,
    version: user.version,
    id: user.id,
    state: user.state,
    isEnabled: String(user.isEnabled),
    ...(user.authID === undefined ? {} : { authID: user.authID }),
    authProvider: user.authProvider,
    firstName: user.firstName,
    lastName: user.lastName,
    ...(user.companyName === undefined ? {} : { companyName: user.companyName }),
    email: user.email,
    ...(user.phone === undefined ? {} : { phone: user.phone }),
    ...(user.postalAddress === undefined ? {} : { postalAddress: user.postalAddress }),
    sendWelcomeEmail: String(user.sendsWelcomeEmail),
    ...(user.enabledAt === undefined ? {} : { enableTimestamp: toWireTime(user.enabledAt) }),
    ...(user.lastActAt === undefined ? {} : { lastActTimestamp: toWireTime(user.lastActAt) }),
    metadata: toWireMetadata(user),
  }
}
