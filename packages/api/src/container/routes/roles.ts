// Roles of the hub. Their task-less changes answer the role; a deletion is a job that is completed
// when it is told of.
import { findHubRole, type HubRole, hexIDOf, listHubRoles } from '@holdfast/db'
import { DEFAULT_ROLES } from '@holdfast/domain'
import { type Static, Type } from 'typebox'
import {
  changeRole,
  createRole,
  type RoleChangeRequest,
  removeRole,
} from '../../operations/change-role.ts'
import { OperationError } from '../../operations/operation-failure.ts'
import { RoleCapabilitiesSchema, RoleSchema } from '../hub-schemas.ts'
import { JobDescriptorSchema } from '../job-schemas.ts'
import { describeJob } from '../job-view.ts'
import type { RouteDefinition } from '../route-definition.ts'
import { creatorScopeOf, toDateTime } from '../scalars.ts'
import { IdentifierSchema, nullable, printableText } from '../schemas.ts'
import { isAmong, matchesSearch, pageOf, type SortValues } from '../small-list.ts'

const CLOSED = { additionalProperties: false } as const
const TAG = 'roles'
const PATH = '/v1/hubs/current/roles'
const LIVE = 'live'

/** Roles are listed as a whole, with all that they hold. */
const EXTRA_COUNT_MAX = 64

const MEMBERS = {
  name: Type.Optional(nullable(printableText({ maxLength: 255 }))),
  capabilities: Type.Optional(nullable(RoleCapabilitiesSchema)),
  extra: Type.Optional(
    nullable(
      Type.Record(Type.String({ maxLength: 255 }), Type.String({ maxLength: 1023 }), {
        maxProperties: EXTRA_COUNT_MAX,
      }),
    ),
  ),
}
const IdentifierMember = Type.String({
  pattern: '^[A-Za-z0-9][-A-Za-z0-9._]{0,62}$',
  description: 'Letters, digits, and - . _ from the second on; unique in the hub.',
})
const RankMember = Type.Integer({
  minimum: 0,
  maximum: 10,
  description: "Lower than that of the caller's own role.",
})

const CreateRoleBody = Type.Object(
  { identifier: IdentifierMember, rank: RankMember, ...MEMBERS },
  CLOSED,
)
const UpdateRoleBody = Type.Object(
  { identifier: Type.Optional(IdentifierMember), rank: Type.Optional(RankMember), ...MEMBERS },
  CLOSED,
)

const DefaultRoleSchema = Type.Object(
  {
    name: Type.String(),
    identifier: IdentifierSchema,
    root: Type.Boolean(),
    capabilities: RoleCapabilitiesSchema,
  },
  CLOSED,
)

const SORTED_BY: SortValues<HubRole> = {
  id: ({ id }) => id,
  name: ({ name, identifier }) => name ?? identifier,
  identifier: ({ identifier }) => identifier,
  rank: ({ rank }) => rank,
  // It is the same of all.
  'state.current': () => LIVE,
  'events.created': ({ createdAt }) => createdAt,
  'events.updated': ({ modifiedAt }) => modifiedAt,
}

export const ROLES_ROUTES: readonly RouteDefinition[] = [
  {
    method: 'GET',
    path: `${PATH}/defaults`,
    operationID: 'getDefaultHubRoles',
    summary: 'The roles that every hub begins with',
    description: 'As they are in a new hub; those of a hub may have been changed since.',
    tag: TAG,
    capability: 'public',
    success: {
      status: 200,
      data: Type.Array(DefaultRoleSchema),
      meta: Type.Object({}, CLOSED),
    },
    run: async () => ({
      data: DEFAULT_ROLES.map(({ name, identifier, isRoot, capabilities }) => ({
        name,
        identifier,
        root: isRoot,
        capabilities,
      })),
      meta: {},
    }),
  },
  {
    method: 'GET',
    path: PATH,
    operationID: 'getRoles',
    summary: 'List roles',
    tag: TAG,
    capability: 'hubs-roles-manage',
    query: {
      meta: ['counts'],
      sort: Object.keys(SORTED_BY),
      filter: ['identifier', 'search'],
      isPaged: true,
    },
    success: { status: 200, data: Type.Array(RoleSchema) },
    run: async ({ database }, { caller, query }) => {
      const { identifier: identifiers, search } = query.filter
      const roles = (await listHubRoles(database, caller.accountID)).filter(
        ({ identifier, name }) =>
          isAmong(identifiers, identifier) && matchesSearch(search, [identifier, name]),
      )
      return { data: pageOf(roles, query, SORTED_BY).map((role) => toRole(role, query.meta)) }
    },
  },
  {
    method: 'POST',
    path: PATH,
    operationID: 'createRole',
    summary: 'Make a role',
    description:
      'Of a lower rank than the own one, and with nothing that the caller does not have. Without capabilities it has none.',
    tag: TAG,
    capability: 'hubs-roles-manage',
    body: CreateRoleBody,
    success: { status: 201, data: RoleSchema },
    run: async (context, { caller, body }) => {
      const { identifier, rank, ...others } = body as Static<typeof CreateRoleBody>
      const role = await createRole(context, caller, { identifier, rank, ...toFacts(others) })
      return { data: toRole(role) }
    },
  },
  {
    method: 'GET',
    path: `${PATH}/:roleId`,
    operationID: 'getRole',
    summary: 'Read a role',
    tag: TAG,
    capability: 'hubs-roles-manage',
    query: { meta: ['counts'] },
    success: { status: 200, data: RoleSchema },
    run: async ({ database }, { caller, params, query }) => {
      const { accountID } = caller
      const hexID = params.roleId ?? ''
      const role = await findHubRole(database, { accountID, hexID })
      if (role === undefined) {
        throw new OperationError({ code: 'not-found', kind: 'role', id: hexID })
      }
      return { data: toRole(role, query.meta) }
    },
  },
  {
    method: 'PATCH',
    path: `${PATH}/:roleId`,
    operationID: 'updateRole',
    summary: 'Change a role',
    description:
      'What is absent stays, and capabilities that are null. Only lower roles than the own one are changed, the root role never, and the identifier of a default role neither. Users and API keys that have the role have its new capabilities at once.',
    tag: TAG,
    capability: 'hubs-roles-manage',
    body: UpdateRoleBody,
    success: { status: 200, data: RoleSchema },
    run: async (context, { caller, params, body }) => {
      const { identifier, rank, ...others } = body as Static<typeof UpdateRoleBody>
      const role = await changeRole(context, caller, {
        hexID: params.roleId ?? '',
        ...(identifier === undefined ? {} : { identifier }),
        ...(rank === undefined ? {} : { rank }),
        ...toFacts(others),
      })
      return { data: toRole(role) }
    },
  },
  {
    method: 'DELETE',
    path: `${PATH}/:roleId`,
    operationID: 'deleteRole',
    summary: 'Delete a role',
    description: 'Refused for default roles, and while an API key has the role.',
    tag: TAG,
    capability: 'hubs-roles-manage',
    success: { status: 202, data: JobDescriptorSchema },
    run: async (context, { caller, params }) => {
      const taskID = await removeRole(context, caller, params.roleId ?? '')
      const { accountID } = caller
      return { data: await describeJob(context, { accountID, taskID, action: 'delete' }) }
    },
  },
]

type SentFacts = Pick<Static<typeof UpdateRoleBody>, 'name' | 'capabilities' | 'extra'>

function toFacts({ name, capabilities, extra }: SentFacts): Omit<RoleChangeRequest, 'hexID'> {
  return {
    ...(name === undefined ? {} : { name }),
    // They are never null in a role, so that says nothing.
    ...(capabilities === undefined || capabilities === null ? {} : { capabilities }),
    ...(extra === undefined ? {} : { extra: extra ?? {} }),
  }
}

export function toRole(role: HubRole, meta: ReadonlySet<string> = new Set()) {
  const { id, accountID, createdBy, isByApiKey, counts } = role
  return {
    id: hexIDOf(id),
    name: role.name ?? null,
    root: role.isRoot,
    default: role.defaultIdentifier ?? null,
    rank: role.rank,
    identifier: role.identifier,
    creator: creatorScopeOf({ accountID, createdBy, isApiKey: isByApiKey }),
    capabilities: role.capabilities,
    extra: role.extra,
    hub_id: hexIDOf(accountID),
    state: { current: LIVE, changed: toDateTime(role.createdAt) },
    events: {
      created: toDateTime(role.createdAt),
      updated: toDateTime(role.modifiedAt),
      deleted: toDateTime(undefined),
    },
    ...(meta.has('counts')
      ? { meta: { counts: { members: counts.members, api_keys: counts.apiKeys } } }
      : {}),
  }
}
