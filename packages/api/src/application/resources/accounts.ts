// Accounts: the caller's own, which is the only one there is for them.
import { ACCOUNTS, type Account } from '@holdfast/db'
import { Type } from 'typebox'
import { PLAIN_INTERNAL_PROBLEMS } from '../internal-problems.ts'
import type { ResourceDefinition } from '../resource-definition.ts'
import {
  COMMON_FIELDS,
  IdSchema,
  MetadataSchema,
  TimeSchema,
  TrueFalseSchema,
  toWireMetadata,
  toWireTime,
} from '../shared-schemas.ts'

const VERSIONS = ['1.0'] as const

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
      type: Type.Literal('application/astra-account'),
      version: Type.Enum([...VERSIONS]),
      id: IdSchema,
      name: Type.String({ minLength: 1, maxLength: 63 }),
      state: Type.Enum(['pending', 'active', 'deletePending']),
      isEnabled: TrueFalseSchema,
      enabledTimestamp: Type.Optional(TimeSchema),
      metadata: MetadataSchema,
    },
    { additionalProperties: false },
  ),
  fields: {
    ...COMMON_FIELDS,
    name: 'name',
    state: 'state',
    isEnabled: 'isEnabled',
    enabledTimestamp: 'enabledAt',
  },
  toWire: (account) => ({
    type: 'application/astra-account',
    version: account.version,
    id: account.id,
    name: account.name,
    state: account.state,
    isEnabled: String(account.isEnabled),
    ...(account.enabledAt === undefined ? {} : { enabledTimestamp: toWireTime(account.enabledAt) }),
    metadata: toWireMetadata(account),
  }),
  internalProblems: PLAIN_INTERNAL_PROBLEMS,
  collections: [{ path: '/accounts', itemParameter: 'account_id', parents: [] }],
}
