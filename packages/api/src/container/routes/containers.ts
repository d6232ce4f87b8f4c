// Containers: apps, read, and configured how they are backed up.
import {
  type Container,
  type ContainerFilter,
  containersMatching,
  listContainerBackupPolicies,
} from '@holdfast/db'
import { type Static, Type } from 'typebox'
import { configureContainerBackups } from '../../operations/configure-container-backups.ts'
import type { OperationContext } from '../../operations/operation-context.ts'
import { refuseOtherChanges, SentConfigSchema } from '../container-config.ts'
import { ContainerSchema, toWireContainer } from '../container-view.ts'
import { findContainer } from '../find-container.ts'
import { IncludedCreatorsSchema, includeCreators } from '../included-creators.ts'
import { JobDescriptorSchema } from '../job-schemas.ts'
import { describeJob } from '../job-view.ts'
import { listPage } from '../list-page.ts'
import { RequestError } from '../request-failure.ts'
import type { ReadQuery, RouteAnswer, RouteDefinition, RouteRequest } from '../route-definition.ts'
import { timeRangeOf } from '../time-range.ts'

const TAG = 'containers'
const NONE = Type.Object({}, { additionalProperties: false })

const INCLUDES = ['creators', 'images', 'stack_builds', 'stacks', 'environments'] as const
const META = ['instances_count', 'domains', 'ips'] as const

const SORT_FIELDS = {
  id: 'id',
  name: 'name',
  identifier: 'identifier',
  instances: 'instances',
  'state.current': 'state',
  'events.created': 'createdAt',
  'events.updated': 'modifiedAt',
} as const

/** What every container has, by the filter that asks for it; of most there is none. */
const OF_ALL: Readonly<Record<string, readonly string[]>> = {
  deprecated: ['false'],
  public_network: ['disable', 'disabled'],
  service: [],
  image: [],
  tags: [],
  stack: [],
  deployment: [],
  deployment_strategy: [],
}

/** Only creators exist here; of the others there are none to include. */
const IncludesSchema = Type.Object(
  {
    creators: Type.Optional(IncludedCreatorsSchema),
    images: Type.Optional(NONE),
    stack_builds: Type.Optional(NONE),
    stacks: Type.Optional(NONE),
    environments: Type.Optional(NONE),
  },
  { additionalProperties: false },
)

const ACTIONS = [
  'start',
  'stop',
  'restart',
  'reconfigure',
  'volumes.reconfigure',
  'reimage',
  'scale',
] as const

const TaskBody = Type.Object({
  action: Type.Enum([...ACTIONS], { description: 'Only reconfigure is done here.' }),
  contents: Type.Optional(SentConfigSchema),
})

export const CONTAINERS_ROUTES: readonly RouteDefinition[] = [
  {
    method: 'GET',
    path: '/v1/containers',
    operationID: 'getContainers',
    summary: 'List containers',
    description: 'The apps of the hub: what is backed up and restored.',
    tag: TAG,
    capability: 'containers-view',
    query: {
      include: INCLUDES,
      meta: META,
      sort: Object.keys(SORT_FIELDS),
      filter: [
        'creator',
        'identifier',
        'search',
        'state',
        'environment',
        'range-start',
        'range-end',
        ...Object.keys(OF_ALL),
      ],
      isPaged: true,
    },
    success: { status: 200, data: Type.Array(ContainerSchema), includes: IncludesSchema },
    run: async (context, request) => {
      const { caller, query } = request
      const containers = await listPage(context, containersMatching(filterOf(query)), {
        caller,
        query,
        sortFields: SORT_FIELDS,
      })
      const policies = await listContainerBackupPolicies(
        context.database,
        containers.map(({ id }) => id),
      )
      const data = containers.map((container) =>
        toWireContainer({ container, policy: policies.get(container.id), meta: query.meta }),
      )
      return { data, ...(await includesOf(context, request, containers)) }
    },
  },
  {
    method: 'GET',
    path: '/v1/containers/:containerId',
    operationID: 'getContainer',
    summary: 'Read a container',
    tag: TAG,
    capability: 'containers-view',
    query: { include: INCLUDES, meta: META },
    success: { status: 200, data: ContainerSchema, includes: IncludesSchema },
    run: async (context, request) => {
      const container = await findContainer(context, request)
      const policies = await listContainerBackupPolicies(context.database, [container.id])
      const { meta } = request.query
      const policy = policies.get(container.id)
      const data = toWireContainer({ container, policy, meta })
      return { data, ...(await includesOf(context, request, [container])) }
    },
  },
  {
    method: 'POST',
    path: '/v1/containers/:containerId/tasks',
    operationID: 'createContainerTask',
    summary: 'Configure how a container is backed up',
    description:
      'Takes the configuration as it was read; integrations.backups alone can be changed. Without it, the container is not backed up by a command any more; the backups that there are stay.',
    tag: TAG,
    capability: 'containers-manage',
    body: TaskBody,
    success: { status: 202, data: JobDescriptorSchema },
    run: async (context, request) => {
      const { caller, body } = request
      const { action, contents } = body as Static<typeof TaskBody>
      const container = await findContainer(context, request)
      if (action !== 'reconfigure') throw new RequestError({ code: 'action-unsupported', action })
      if (contents === undefined) {
        const missing = { pointer: '/contents', reason: 'is missing' }
        throw new RequestError({ code: 'body-incomplete', ...missing })
      }
      refuseOtherChanges(container, contents)
      const { taskID } = await configureContainerBackups(context, caller, {
        appID: container.id,
        backups: contents.integrations?.backups ?? null,
        member: 'contents.integrations.backups',
      })
      return { data: await describeJob(context, { ...caller, taskID, action }) }
    },
  },
]

function filterOf(query: ReadQuery): ContainerFilter {
  const { creator, identifier, search, state, environment } = query.filter
  return {
    ...timeRangeOf(query),
    ...(isGiven(creator) ? { creators: creator } : {}),
    ...(isGiven(identifier) ? { identifiers: identifier } : {}),
    ...(isGiven(search) ? { search: search.join(',') } : {}),
    ...(isGiven(environment) ? { environments: environment } : {}),
    ...statesOf(query.filter, state),
  }
}

/** No state is one that no container has. */
function statesOf(
  filter: ReadQuery['filter'],
  state: readonly string[] | undefined,
): Pick<ContainerFilter, 'states'> {
  const isNone = Object.entries(OF_ALL).some(([name, values]) => {
    const wanted = filter[name]
    return isGiven(wanted) && !wanted.some((value) => values.includes(value))
  })
  if (isNone) return { states: [] }
  return isGiven(state) ? { states: state } : {}
}

/** A filter without a value filters nothing. */
function isGiven(values: readonly string[] | undefined): values is readonly string[] {
  return values !== undefined && values.length > 0
}

async function includesOf(
  context: OperationContext,
  { caller, query }: RouteRequest,
  containers: readonly Container[],
): Promise<Pick<RouteAnswer, 'includes'>> {
  const { include } = query
  if (include.size === 0) return {}
  const empty = Object.fromEntries([...include].map((kind) => [kind, {}]))
  if (!include.has('creators')) return { includes: empty }
  const makers = containers.map(({ createdBy }) => createdBy)
  return { includes: { ...empty, creators: await includeCreators(context, caller, makers) } }
}
