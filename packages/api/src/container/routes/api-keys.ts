// API keys of the hub.
import { type ApiKey, findApiKey, hexIDOf, listApiKeys, listHubRoles } from '@holdfast/db'
import { type Static, Type } from 'typebox'
import type { Caller } from '../../operations/caller.ts'
import {
  type ApiKeyChangeRequest,
  changeApiKey,
  createApiKey,
  removeApiKey,
} from '../../operations/change-api-key.ts'
import type { OperationContext } from '../../operations/operation-context.ts'
import { OperationError } from '../../operations/operation-failure.ts'
import { ApiKeySchema, RoleSchema } from '../hub-schemas.ts'
import type { RouteDefinition } from '../route-definition.ts'
import { creatorScopeOf, toDateTime } from '../scalars.ts'
import { IdSchema, nullable, printableText } from '../schemas.ts'
import { isAmong, matchesSearch, pageOf, type SortValues } from '../small-list.ts'
import { toRole } from './roles.ts'

const CLOSED = { additionalProperties: false } as const
const TAG = 'api-keys'
const PATH = '/v1/hubs/current/api-keys'
const LIVE = 'live'

const NameMember = printableText({ minLength: 1, maxLength: 255 })
const IpsMember = Type.Optional(
  nullable(
    Type.Array(Type.String(), {
      description:
        'Addresses and networks (192.0.2.0/24, 2001:db8::/32) that the key may be used from; from anywhere when null or empty.',
    }),
  ),
)
const CreateApiKeyBody = Type.Object(
  { name: NameMember, role_id: IdSchema, ips: IpsMember },
  CLOSED,
)
const UpdateApiKeyBody = Type.Object(
  { name: Type.Optional(NameMember), role_id: Type.Optional(IdSchema), ips: IpsMember },
  CLOSED,
)

const SORTED_BY: SortValues<ApiKey> = {
  id: ({ id }) => id,
  name: ({ name }) => name,
  // What is listed is live.
  'state.current': () => LIVE,
  'events.created': ({ createdAt }) => createdAt,
  'events.updated': ({ modifiedAt }) => modifiedAt,
}

export const API_KEYS_ROUTES: readonly RouteDefinition[] = [
  {
    method: 'GET',
    path: PATH,
    operationID: 'getApiKeys',
    summary: 'List API keys',
    tag: TAG,
    capability: 'api-keys-manage',
    query: { sort: Object.keys(SORTED_BY), filter: ['state', 'search'], isPaged: true },
    success: { status: 200, data: Type.Array(ApiKeySchema) },
    run: async ({ database }, { caller, query }) => {
      const { state: states, search } = query.filter
      const keys = (await listApiKeys(database, caller.accountID)).filter(
        ({ name }) => isAmong(states, LIVE) && matchesSearch(search, [name]),
      )
      return { data: pageOf(keys, query, SORTED_BY).map((key) => toApiKey(key)) }
    },
  },
  {
    method: 'POST',
    path: PATH,
    operationID: 'createApiKey',
    summary: 'Make an API key',
    description:
      'The secret is in this answer and never shown again. The role may not be higher than that of the caller, nor have what the caller does not have. A key with a list of addresses makes none.',
    tag: TAG,
    capability: 'api-keys-manage',
    body: CreateApiKeyBody,
    success: { status: 201, data: ApiKeySchema },
    run: async (context, { caller, body }) => {
      const { name, role_id: roleHexID, ips } = body as Static<typeof CreateApiKeyBody>
      const request = { name, roleHexID, ...(ips === undefined ? {} : { ips }) }
      const { secret, ...key } = await createApiKey(context, caller, request)
      return { data: { ...toApiKey(key), secret } }
    },
  },
  {
    method: 'GET',
    path: `${PATH}/:apikeyId`,
    operationID: 'getAPIKey',
    summary: 'Read an API key',
    tag: TAG,
    capability: 'api-keys-manage',
    query: { include: ['roles'] },
    success: {
      status: 200,
      data: ApiKeySchema,
      includes: Type.Object(
        {
          roles: Type.Record(Type.String(), RoleSchema),
          'roles:identifiers': Type.Record(Type.String(), IdSchema),
        },
        CLOSED,
      ),
    },
    run: async (context, { caller, params, query }) => {
      const { accountID } = caller
      const hexID = params.apikeyId ?? ''
      const key = await findApiKey(context.database, { accountID, hexID })
      if (key === undefined) {
        throw new OperationError({ code: 'not-found', kind: 'API key', id: hexID })
      }
      if (!query.include.has('roles')) return { data: toApiKey(key) }
      return { data: toApiKey(key), includes: await includeRole(context, caller, key) }
    },
  },
  {
    method: 'PATCH',
    path: `${PATH}/:apikeyId`,
    operationID: 'updateAPIKey',
    summary: 'Change an API key',
    description: 'What is absent stays. The secret never changes: make another key, and delete it.',
    tag: TAG,
    capability: 'api-keys-manage',
    body: UpdateApiKeyBody,
    success: { status: 200, data: ApiKeySchema },
    run: async (context, { caller, params, body }) => {
      const { name, role_id: roleHexID, ips } = body as Static<typeof UpdateApiKeyBody>
      const change: ApiKeyChangeRequest = {
        hexID: params.apikeyId ?? '',
        ...(name === undefined ? {} : { name }),
        ...(roleHexID === undefined ? {} : { roleHexID }),
        ...(ips === undefined ? {} : { ips }),
      }
      return { data: toApiKey(await changeApiKey(context, caller, change)) }
    },
  },
  {
    method: 'DELETE',
    path: `${PATH}/:apikeyId`,
    operationID: 'deleteAPIKey',
    summary: 'Delete an API key',
    description: 'It stops working at once.',
    tag: TAG,
    capability: 'api-keys-manage',
    success: { status: 200, data: ApiKeySchema },
    run: async (context, { caller, params }) => {
      return { data: toApiKey(await removeApiKey(context, caller, params.apikeyId ?? '')) }
    },
  },
]

/** By id, and its id by its identifier. */
async function includeRole({ database }: OperationContext, { accountID }: Caller, key: ApiKey) {
  const roles = (await listHubRoles(database, accountID)).filter(({ id }) => id === key.roleID)
  return {
    roles: Object.fromEntries(roles.map((role) => [hexIDOf(role.id), toRole(role)])),
    'roles:identifiers': Object.fromEntries(
      roles.map(({ id, identifier }) => [identifier, hexIDOf(id)]),
    ),
  }
}

/** With an empty secret, since only its hash is kept. */
function toApiKey(key: ApiKey & { readonly deletedAt?: Date }) {
  const { id, accountID, createdBy, isByApiKey, createdAt, modifiedAt, deletedAt } = key
  return {
    id: hexIDOf(id),
    hub_id: hexIDOf(accountID),
    name: key.name,
    creator: creatorScopeOf({ accountID, createdBy, isApiKey: isByApiKey }),
    secret: '',
    role_id: hexIDOf(key.roleID),
    ips: key.ips ?? null,
    state: {
      current: deletedAt === undefined ? LIVE : 'deleted',
      changed: toDateTime(deletedAt ?? createdAt),
    },
    events: {
      created: toDateTime(createdAt),
      updated: toDateTime(modifiedAt),
      deleted: toDateTime(deletedAt),
    },
  }
}
