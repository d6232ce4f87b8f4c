// `includes.creators`: who made the resources of an answer, by kind and id.
import {
  type CreatingApiKey,
  type CreatingUser,
  type Creators,
  hexIDOf,
  listCreators,
} from '@holdfast/db'
import { Type } from 'typebox'
import { type Caller, viewerOf } from '../operations/caller.ts'
import type { OperationContext } from '../operations/operation-context.ts'
import { creatorScopeOf, toDateTime } from './scalars.ts'
import { CreatorScopeSchema, eventsSchema, IdSchema, nullable, stateSchema } from './schemas.ts'

const CLOSED = { additionalProperties: false } as const

const AccountSchema = Type.Object(
  {
    id: IdSchema,
    name: Type.Object({ first: Type.String(), last: Type.String() }, CLOSED),
    email: Type.Object({ address: Type.String() }, CLOSED),
    two_factor_auth: Type.Object({ verified: Type.Boolean() }, CLOSED),
    events: eventsSchema('created', 'updated', 'deleted'),
  },
  CLOSED,
)

const ApiKeyCreatorSchema = Type.Object(
  {
    id: IdSchema,
    name: Type.String(),
    creator: CreatorScopeSchema,
    hub_id: IdSchema,
    permissions: Type.Object(
      { all_environments: Type.Boolean(), environments: Type.Array(Type.Never()) },
      CLOSED,
    ),
    capabilities: Type.Object({ all: Type.Boolean(), specific: Type.Array(Type.String()) }, CLOSED),
    ips: nullable(Type.Array(Type.String())),
    state: stateSchema(['live', 'deleted']),
    events: eventsSchema('created', 'updated', 'deleted'),
  },
  CLOSED,
)

/** Neither employees nor visitors nor environments make anything here. */
export const IncludedCreatorsSchema = Type.Object(
  {
    accounts: Type.Record(Type.String(), AccountSchema),
    api_keys: Type.Record(Type.String(), ApiKeyCreatorSchema),
    employees: Type.Object({}, CLOSED),
    visitors: Type.Object({}, CLOSED),
    environments: Type.Object({}, CLOSED),
  },
  CLOSED,
)

/** `ids`: of users and API keys, as rows name who made them; undefined and nil are nobody's. */
export async function includeCreators(
  { database }: OperationContext,
  caller: Caller,
  ids: Iterable<string | undefined>,
) {
  const wanted = new Set([...ids].filter((id) => id !== undefined))
  const { accountID } = caller
  const creators: Creators =
    wanted.size === 0
      ? { users: [], apiKeys: [] }
      : await listCreators(database, { accountID, ids: wanted, viewer: viewerOf(caller) })
  return {
    accounts: byID(creators.users.map(toAccount)),
    api_keys: byID(creators.apiKeys.map((key) => toApiKeyCreator(accountID, key))),
    employees: {},
    visitors: {},
    environments: {},
  }
}

function toAccount({ id, firstName, lastName, email, createdAt, modifiedAt }: CreatingUser) {
  return {
    id: hexIDOf(id),
    name: { first: firstName, last: lastName },
    email: { address: email },
    two_factor_auth: { verified: false },
    events: eventsOf({ createdAt, modifiedAt }),
  }
}

function toApiKeyCreator(accountID: string, key: CreatingApiKey) {
  const { createdBy, isByApiKey, deletedAt, modifiedAt } = key
  return {
    id: hexIDOf(key.id),
    name: key.name,
    creator: creatorScopeOf({
      accountID,
      createdBy: createdBy ?? undefined,
      isApiKey: isByApiKey,
    }),
    hub_id: hexIDOf(accountID),
    permissions: { all_environments: true, environments: [] },
    capabilities: { all: key.capabilities.all, specific: [...key.capabilities.specific] },
    ips: key.ips,
    state: {
      current: deletedAt === null ? 'live' : 'deleted',
      changed: toDateTime(deletedAt ?? modifiedAt),
    },
    events: eventsOf(key),
  }
}

function eventsOf(of: {
  readonly createdAt: Date
  readonly modifiedAt: Date
  readonly deletedAt?: Date | null
}) {
  return {
    created: toDateTime(of.createdAt),
    updated: toDateTime(of.modifiedAt),
    deleted: toDateTime(of.deletedAt ?? undefined),
  }
}

function byID<Resource extends { readonly id: string }>(
  resources: readonly Resource[],
): Readonly<Record<string, Resource>> {
  return Object.fromEntries(resources.map((resource) => [resource.id, resource]))
}
