// Integrations of the hub: where backups are kept.
import { findResourceByHexID, INTEGRATIONS, integrationsMatching } from '@holdfast/db'
import { INTEGRATION_STATES, INTEGRATION_VENDORS } from '@holdfast/domain'
import { type Static, Type } from 'typebox'
import { scopeOf } from '../../operations/caller.ts'
import {
  changeIntegration,
  createIntegration,
  removeIntegration,
  verifyIntegration,
} from '../../operations/change-integration.ts'
import { OperationError } from '../../operations/operation-failure.ts'
import {
  INTEGRATION_CATEGORIES,
  IntegrationDefinitionSchema,
  IntegrationSchema,
  OBJECT_STORAGE,
  toDefinition,
  toIntegration,
} from '../integration-view.ts'
import { JobDescriptorSchema } from '../job-schemas.ts'
import { describeJob } from '../job-view.ts'
import { anyOfKnown, listPage } from '../list-page.ts'
import type { ReadQuery, RouteDefinition } from '../route-definition.ts'
import { nullable, printableText } from '../schemas.ts'
import { isAmong } from '../small-list.ts'

const CLOSED = { additionalProperties: false } as const
const TAG = 'integrations'
const PATH = '/v1/hubs/current/integrations'
const ITEM_PATH = `${PATH}/:integrationId`

const SORT_FIELDS = {
  id: 'id',
  name: 'name',
  identifier: 'identifier',
  'state.current': 'state',
  'events.created': 'createdAt',
  'events.updated': 'modifiedAt',
} as const

const NameMember = printableText({ minLength: 5, maxLength: 256 })
const IdentifierMember = printableText({ minLength: 3, maxLength: 256 })
/** No vendor comes near it. */
const FIELD_COUNT_MAX = 64
const AuthMember = Type.Optional(
  nullable(
    Type.Record(Type.String(), nullable(Type.String({ maxLength: 4096 })), {
      maxProperties: FIELD_COUNT_MAX,
      description: 'As the definition of the vendor says. Keys are never shown again.',
    }),
  ),
)
const ExtraMember = Type.Optional(
  nullable(
    Type.Record(Type.String(), nullable(Type.String({ maxLength: 4096 })), {
      maxProperties: FIELD_COUNT_MAX,
      description: 'As the definition of the vendor says.',
    }),
  ),
)
const CreateBody = Type.Object(
  {
    name: NameMember,
    identifier: IdentifierMember,
    vendor: Type.Enum([...INTEGRATION_VENDORS]),
    auth: AuthMember,
    extra: ExtraMember,
  },
  CLOSED,
)
const UpdateBody = Type.Object(
  {
    name: Type.Optional(nullable(NameMember)),
    identifier: Type.Optional(IdentifierMember),
    auth: AuthMember,
    extra: ExtraMember,
  },
  CLOSED,
)
const TaskBody = Type.Object({ action: Type.Literal('verify') }, CLOSED)

const META = ['definition'] as const

export const INTEGRATIONS_ROUTES: readonly RouteDefinition[] = [
  {
    method: 'GET',
    path: PATH,
    operationID: 'getIntegrations',
    summary: 'List integrations',
    tag: TAG,
    capability: 'hubs-integrations-view',
    isHubHeaderOptional: true,
    query: {
      meta: META,
      sort: Object.keys(SORT_FIELDS),
      filter: ['state', 'search', 'category'],
      isPaged: true,
    },
    success: { status: 200, data: Type.Array(IntegrationSchema) },
    run: async (context, { caller, query }) => {
      const { state, search, category } = query.filter
      if (!isAmong(category, OBJECT_STORAGE)) return { data: [] }
      const source = search === undefined ? INTEGRATIONS : integrationsMatching(search.join(','))
      const buckets = await listPage(context, source, {
        caller,
        query,
        sortFields: SORT_FIELDS,
        whereAny: anyOfKnown('state', INTEGRATION_STATES, state),
      })
      return { data: buckets.map((bucket) => toIntegration(bucket, definitionOf(query))) }
    },
  },
  {
    method: 'POST',
    path: PATH,
    operationID: 'createIntegration',
    summary: 'Make an integration',
    description:
      'It is a bucket with its credential, and is verified by itself. A directory of the machine (holdfast-local) is for owners alone.',
    tag: TAG,
    capability: 'hubs-integrations-manage',
    isHubHeaderOptional: true,
    query: { meta: META },
    body: CreateBody,
    success: { status: 201, data: IntegrationSchema },
    run: async (context, { caller, query, body }) => {
      const { auth, extra, ...request } = body as Static<typeof CreateBody>
      const values = { auth: auth ?? {}, extra: extra ?? {} }
      const bucket = await createIntegration(context, caller, { ...request, ...values })
      return { data: toIntegration(bucket, definitionOf(query)) }
    },
  },
  {
    method: 'GET',
    path: `${PATH}/available`,
    operationID: 'getAvailableIntegrations',
    summary: 'List what integrations can be made of',
    description: 'By category: the vendors and the fields that each needs.',
    tag: TAG,
    capability: 'hubs-integrations-view',
    isHubHeaderOptional: true,
    success: {
      status: 200,
      data: Type.Object(
        Object.fromEntries(
          INTEGRATION_CATEGORIES.map((category) => [
            category,
            nullable(Type.Array(IntegrationDefinitionSchema)),
          ]),
        ),
        CLOSED,
      ),
    },
    run: async () => {
      const none = Object.fromEntries(INTEGRATION_CATEGORIES.map((category) => [category, null]))
      return { data: { ...none, [OBJECT_STORAGE]: INTEGRATION_VENDORS.map(toDefinition) } }
    },
  },
  {
    method: 'GET',
    path: ITEM_PATH,
    operationID: 'getIntegration',
    summary: 'Read an integration',
    tag: TAG,
    capability: 'hubs-integrations-view',
    isHubHeaderOptional: true,
    query: { meta: META },
    success: { status: 200, data: IntegrationSchema },
    run: async ({ database }, { caller, params, query }) => {
      const hexID = params.integrationId ?? ''
      const bucket = await findResourceByHexID(database, INTEGRATIONS, {
        scope: scopeOf(caller),
        hexID,
      })
      if (bucket === undefined) {
        throw new OperationError({ code: 'not-found', kind: 'bucket', id: hexID })
      }
      return { data: toIntegration(bucket, definitionOf(query)) }
    },
  },
  {
    method: 'PATCH',
    path: ITEM_PATH,
    operationID: 'updateIntegration',
    summary: 'Change an integration',
    description:
      'What is absent stays, and so do keys that are null; any other field that is null is taken away. With another place its data must have been moved there.',
    tag: TAG,
    capability: 'hubs-integrations-manage',
    isHubHeaderOptional: true,
    query: { meta: META },
    body: UpdateBody,
    success: { status: 200, data: IntegrationSchema },
    run: async (context, { caller, params, query, body }) => {
      const { name, identifier, auth, extra } = body as Static<typeof UpdateBody>
      const bucket = await changeIntegration(context, caller, {
        hexID: params.integrationId ?? '',
        ...(name === undefined || name === null ? {} : { name }),
        ...(identifier === undefined ? {} : { identifier }),
        ...(auth === undefined || auth === null ? {} : { auth }),
        ...(extra === undefined || extra === null ? {} : { extra }),
      })
      return { data: toIntegration(bucket, definitionOf(query)) }
    },
  },
  {
    method: 'DELETE',
    path: ITEM_PATH,
    operationID: 'deleteIntegration',
    summary: 'Delete an integration',
    description:
      'What is in its bucket stays there. Refused while anything uses it. The credential that was made with it goes as well.',
    tag: TAG,
    capability: 'hubs-integrations-manage',
    isHubHeaderOptional: true,
    success: { status: 202, data: JobDescriptorSchema },
    run: async (context, { caller, params }) => {
      const { accountID } = caller
      const { taskID } = await removeIntegration(context, caller, params.integrationId ?? '')
      return { data: await describeJob(context, { accountID, taskID, action: 'delete' }) }
    },
  },
  {
    method: 'POST',
    path: `${ITEM_PATH}/tasks`,
    operationID: 'createIntegrationJob',
    summary: 'Verify an integration',
    description:
      'Writes, reads, lists and deletes in its bucket. The job is completed where it can be used, and has the reason where it cannot.',
    tag: TAG,
    capability: 'hubs-integrations-manage',
    body: TaskBody,
    success: { status: 202, data: JobDescriptorSchema },
    run: async (context, { caller, params }) => {
      const { accountID } = caller
      const { taskID } = await verifyIntegration(context, caller, params.integrationId ?? '')
      return { data: await describeJob(context, { accountID, taskID, action: 'verify' }) }
    },
  },
]

function definitionOf({ meta }: ReadQuery): { readonly withDefinition: boolean } {
  return { withDefinition: meta.has('definition') }
}
