// Tasks: durable operations, as far as users follow them.
import { TASKS, type Task } from '@holdfast/db'
import { Type } from 'typebox'
import { PLAIN_INTERNAL_PROBLEMS } from '../internal-problems.ts'
import type { ResourceDefinition, WireResource } from '../resource-definition.ts'
import {
  COMMON_FIELDS,
  IdSchema,
  MetadataSchema,
  StateDetailSchema,
  TimeSchema,
  toWireMetadata,
  toWireStateDetails,
  toWireTime,
} from '../shared-schemas.ts'

const VERSIONS = ['1.0', '1.1'] as const

const STATES = [
  'notStarted',
  'running',
  'completed',
  'pausing',
  'paused',
  'cancelling',
  'cancelled',
  'failed',
]

const STATE_TRANSITIONS = [
  { from: 'notStarted', to: ['running', 'cancelling', 'failed'] },
  { from: 'running', to: ['completed', 'cancelling', 'failed'] },
  { from: 'cancelling', to: ['cancelled', 'failed'] },
]

export const tasks: ResourceDefinition<Task> = {
  name: 'task',
  plural: 'tasks',
  vendor: 'astra',
  title: 'task',
  versions: VERSIONS,
  kind: 'task',
  source: TASKS,
  response: Type.Object(
    {
      type: Type.Literal('application/astra-task'),
      version: Type.Enum([...VERSIONS]),
      id: IdSchema,
      name: Type.String({ minLength: 3, maxLength: 127, pattern: '^(([a-z])*(\\.))*([a-z])+$' }),
      summary: Type.String({ minLength: 3, maxLength: 63 }),
      description: Type.String({ minLength: 1, maxLength: 511 }),
      service: Type.String({ minLength: 1, maxLength: 31 }),
      parentTaskID: Type.Optional(IdSchema),
      userID: Type.Optional(IdSchema),
      resourceID: IdSchema,
      resourceURI: Type.String({ minLength: 3, maxLength: 4095 }),
      resourceCollectionURI: Type.Array(Type.String({ minLength: 3, maxLength: 4095 })),
      state: Type.Enum(STATES),
      stateTransitions: Type.Array(
        Type.Object(
          { from: Type.String(), to: Type.Array(Type.String()) },
          { additionalProperties: false },
        ),
      ),
      stateDetails: Type.Array(StateDetailSchema),
      orderHint: Type.Number(),
      percentDone: Type.Number({ minimum: 0, maximum: 100 }),
      startTime: Type.Optional(TimeSchema),
      endTime: Type.Optional(TimeSchema),
      cancelTime: Type.Optional(TimeSchema),
      metadata: MetadataSchema,
    },
    { additionalProperties: false },
  ),
  fields: {
    ...COMMON_FIELDS,
    name: 'name',
    summary: 'summary',
    description: 'description',
    parentTaskID: 'parentTaskID',
    userID: 'userID',
    resourceID: 'resourceID',
    state: 'state',
    stateDetails: 'stateDetails',
    orderHint: 'orderHint',
    percentDone: 'percentDone',
    startTime: 'startedAt',
    endTime: 'endedAt',
    cancelTime: 'cancelRequestedAt',
  },
  toWire,
  internalProblems: PLAIN_INTERNAL_PROBLEMS,
  collections: [
    { path: '/accounts/:account_id/core/v1/tasks', itemParameter: 'task_id', parents: [] },
  ],
}

function toWire(task: Task): WireResource {
  const collections = collectionsOf(task)
  return {
    type: 'application/astra-task',
    version: task.version,
    id: task.id,
    name: task.name,
    summary: task.summary,
    description: task.description,
    service: 'holdfast',
    ...(task.parentTaskID === undefined ? {} : { parentTaskID: task.parentTaskID }),
    ...(task.userID === undefined ? {} : { userID: task.userID }),
    resourceID: task.resourceID,
    resourceURI: resourceURIOf(task),
    resourceCollectionURI: collections,
    state: task.state,
    stateTransitions: STATE_TRANSITIONS,
    stateDetails: toWireStateDetails(task.stateDetails),
    orderHint: task.orderHint,
    percentDone: task.percentDone,
    ...(task.startedAt === undefined ? {} : { startTime: toWireTime(task.startedAt) }),
    ...(task.endedAt === undefined ? {} : { endTime: toWireTime(task.endedAt) }),
    ...(task.cancelRequestedAt === undefined
      ? {}
      : { cancelTime: toWireTime(task.cancelRequestedAt) }),
    metadata: toWireMetadata(task),
  }
}

/** What has no address of its own (a part of a copy, a role): the task itself tells of it. */
function resourceURIOf(task: Task): string {
  const [collection] = collectionsOf(task)
  return `${collection}/${hasAddress(task) ? task.resourceID : task.id}`
}

function hasAddress({ resourceKind }: Task): boolean {
  return ['backup', 'snapshot', 'app', 'schedule', 'bucket'].includes(resourceKind)
}

/** Where the task's resource is listed, its usual place first. */
function collectionsOf({ accountID, appID, resourceKind }: Task): string[] {
  const account = `/accounts/${accountID}`
  const app = `${account}/k8s/v1/apps/${appID}`
  switch (resourceKind) {
    case 'backup':
      return [`${app}/appBackups`, `${account}/topology/v1/appBackups`]
    case 'snapshot':
      return [`${app}/appSnaps`]
    case 'app':
      return [`${account}/k8s/v2/apps`]
    case 'schedule':
      return [`${app}/schedules`]
    case 'bucket':
      return [`${account}/topology/v1/buckets`]
    default:
      return [`${account}/core/v1/tasks`]
  }
}
