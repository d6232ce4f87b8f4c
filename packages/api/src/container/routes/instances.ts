// Instances: the running units of a container.
import {
  type Container,
  findContainerBackupPolicy,
  type Instance,
  type InstanceFilter,
  instancesMatching,
} from '@holdfast/db'
import { Type } from 'typebox'
import type { OperationContext } from '../../operations/operation-context.ts'
import { ContainerSchema, toWireContainer } from '../container-view.ts'
import { findContainer, findInstance } from '../find-container.ts'
import { IncludedCreatorsSchema, includeCreators } from '../included-creators.ts'
import { InstanceSchema, toWireInstance } from '../instance-view.ts'
import { listPage } from '../list-page.ts'
import type { ReadQuery, RouteAnswer, RouteDefinition, RouteRequest } from '../route-definition.ts'
import { timeRangeOf } from '../time-range.ts'

const TAG = 'instances'
const PATH = '/v1/containers/:containerId/instances'
const NONE = Type.Object({}, { additionalProperties: false })

const INCLUDES = [
  'creators',
  'servers',
  'locations',
  'integrations',
  'containers',
  'environments',
] as const
const META = ['node', 'sdn_pool_ips'] as const

const SORT_FIELDS = {
  id: 'id',
  hostname: 'hostname',
  'state.current': 'state',
  'events.created': 'createdAt',
  'events.updated': 'modifiedAt',
} as const

/** What exists here: of the others there are none to include. */
const IncludesSchema = Type.Object(
  {
    creators: Type.Optional(IncludedCreatorsSchema),
    servers: Type.Optional(NONE),
    locations: Type.Optional(NONE),
    integrations: Type.Optional(NONE),
    containers: Type.Optional(Type.Record(Type.String(), ContainerSchema)),
    environments: Type.Optional(NONE),
  },
  { additionalProperties: false },
)

export const INSTANCES_ROUTES: readonly RouteDefinition[] = [
  {
    method: 'GET',
    path: PATH,
    operationID: 'getInstances',
    summary: 'List the instances of a container',
    description: 'An app of a host has one.',
    tag: TAG,
    capability: 'containers-view',
    query: {
      include: INCLUDES,
      meta: META,
      sort: Object.keys(SORT_FIELDS),
      filter: ['state', 'search', 'server', 'range-start', 'range-end'],
      isPaged: true,
    },
    success: { status: 200, data: Type.Array(InstanceSchema), includes: IncludesSchema },
    run: async (context, request) => {
      const { caller, query } = request
      const container = await findContainer(context, request)
      const instances = await listPage(context, instancesMatching(filterOf(query)), {
        caller,
        query,
        sortFields: SORT_FIELDS,
        parents: { appID: container.id },
      })
      const data = instances.map((instance) => toWireInstance(instance, query.meta))
      return { data, ...(await includesOf(context, request, { container, instances })) }
    },
  },
  {
    method: 'GET',
    path: `${PATH}/:instanceId`,
    operationID: 'getInstance',
    summary: 'Read an instance',
    tag: TAG,
    capability: 'containers-view',
    query: { include: INCLUDES, meta: META },
    success: { status: 200, data: InstanceSchema, includes: IncludesSchema },
    run: async (context, request) => {
      const container = await findContainer(context, request)
      const { caller, params, query } = request
      const owner = { caller, appID: container.id }
      const instance = await findInstance(context, owner, params.instanceId ?? '')
      const data = toWireInstance(instance, query.meta)
      return { data, ...(await includesOf(context, request, { container, instances: [instance] })) }
    },
  },
]

/** A filter without a value filters nothing. */
function filterOf(query: ReadQuery): InstanceFilter {
  const { state = [], search = [], server = [] } = query.filter
  return {
    ...timeRangeOf(query),
    ...(state.length > 0 ? { states: state } : {}),
    ...(search.length > 0 ? { search: search.join(',') } : {}),
    ...(server.length > 0 ? { servers: server } : {}),
  }
}

interface Shown {
  readonly container: Container
  readonly instances: readonly Instance[]
}

async function includesOf(
  context: OperationContext,
  { caller, query }: RouteRequest,
  { container, instances }: Shown,
): Promise<Pick<RouteAnswer, 'includes'>> {
  const { include } = query
  if (include.size === 0) return {}
  const includes = Object.fromEntries([...include].map((kind) => [kind, {}]))
  if (include.has('creators')) {
    const makers = instances.map(({ createdBy }) => createdBy)
    includes.creators = await includeCreators(context, caller, makers)
  }
  if (include.has('containers')) {
    const policy = await findContainerBackupPolicy(context.database, container.id)
    const shown = toWireContainer({ container, policy, meta: new Set() })
    includes.containers = { [shown.id]: shown }
  }
  return { includes }
}
