// Accounts: the caller's own, and those that its owners are setting up.
import { ACCOUNT_STATES, ACCOUNTS, type Account } from '@holdfast/db'
import { type Static, Type } from 'typebox'
import { changeAccount, createAccount, removeAccount } from '../../operations/change-account.ts'
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
import { AccountContactSchema, plainText } from './people-schemas.ts'

const VERSIONS = ['1.0'] as const
const CLOSED = { additionalProperties: false } as const
const TYPE = 'application/astra-account'

const NameSchema = plainText({ minLength: 1, maxLength: 63 })
const StateSchema = Type.Enum([...ACCOUNT_STATES])

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
    state: Type.Optional(StateSchema),
    isEnabled: Type.Optional(TrueFalseSchema),
    enabledTimestamp: Type.Optional(TimeSchema),
    accountContact: Type.Optional(AccountContactSchema),
    metadata: Type.Optional(SentMetadataSchema),
  },
  CLOSED,
)

export const accounts: ResourceDefinition<Account> = {
  name: 'account',
  plural: 'accounts',
  vendor: 'astra',
  title: 'account',
  versions: VERSIONS,
  kind: 'account',
  source: ACCOUNTS,
  response: Type.Object(
    {
      type: Type.Literal(TYPE),
      version: Type.Enum([...VERSIONS]),
      id: IdSchema,
      name: Type.String({ minLength: 1, maxLength: 63 }),
      state: StateSchema,
      isEnabled: TrueFalseSchema,
      enabledTimestamp: Type.Optional(TimeSchema),
      accountContact: Type.Optional(AccountContactSchema),
      metadata: MetadataSchema,
    },
    CLOSED,
  ),
  fields: {
    ...COMMON_FIELDS,
    name: 'name',
    state: 'state',
    isEnabled: 'isEnabled',
    enabledTimestamp: 'enabledAt',
    accountContact: 'accountContact',
  },
  toWire: (account) => ({
    type: TYPE,
    version: account.version,
    id: account.id,
    name: account.name,
    state: account.state,
    isEnabled: String(account.isEnabled),
    ...(account.enabledAt === undefined ? {} : { enabledTimestamp: toWireTime(account.enabledAt) }),
    ...(account.accountContact === undefined ? {} : { accountContact: account.accountContact }),
    metadata: toWireMetadata(account),
  }),
  internalProblems: PLAIN_INTERNAL_PROBLEMS,
  collections: [
    {
      path: '/accounts',
      itemParameter: 'account_id',
      parents: [],
      create: {
        permission: 'manage-accounts',
        description:
          'A new account is pending and switched off. Owners of the account that made it set it up: its users, their roles and passwords, until it is active.',
        body: CreateSchema,
        problems: [],
        run: (context, { caller, body }) => {
          const { version, name, metadata } = body as Static<typeof CreateSchema>
          return createAccount(context, caller, {
            version,
            name,
            labels: metadata?.labels ?? [],
          })
        },
      },
      update: {
        permission: 'manage-accounts',
        description:
          'Activates a pending account (state "active", isEnabled "true"), renames it, or switches it on or off. An accountContact becomes the first owner of a pending account that has none.',
        body: UpdateSchema,
        problems: [],
        run: (context, { caller, id, body, checkPreconditions }) => {
          const sent = body as Static<typeof UpdateSchema>
          const { name, state, isEnabled, accountContact, metadata } = sent
          return changeAccount(context, caller, {
            id,
            version: sent.version,
            checkPreconditions,
            ...(name === undefined ? {} : { name }),
            ...(state === undefined ? {} : { state }),
            ...(isEnabled === undefined ? {} : { isEnabled: isEnabled === 'true' }),
            ...(accountContact === undefined ? {} : { accountContact }),
            ...(metadata?.labels === undefined ? {} : { labels: metadata.labels }),
          })
        },
      },
      remove: {
        permission: 'manage-accounts',
        description: 'Nobody of the account gets in from now on, and nothing of it is protected.',
        problems: [],
        run: (context, { caller, id }) => removeAccount(context, caller, id),
      },
    },
  ],
}
