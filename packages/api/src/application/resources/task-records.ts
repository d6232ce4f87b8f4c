// The steps of a task and its log.
import { TASK_LOG, TASK_STEPS, type TaskLogEntry, type TaskStep } from '@holdfast/db'
import { Type } from 'typebox'
import { PLAIN_INTERNAL_PROBLEMS } from '../internal-problems.ts'
import { TASK } from '../parents.ts'
import type { ResourceDefinition } from '../resource-definition.ts'
import {
  COMMON_FIELDS,
  IdSchema,
  MetadataSchema,
  TimeSchema,
  toWireMetadata,
  toWireTime,
} from '../shared-schemas.ts'

const VERSIONS = ['1.0'] as const
const CLOSED = { additionalProperties: false } as const
const OF_TASK = '/accounts/:account_id/holdfast/v1/tasks/:task_id'

export const taskSteps: ResourceDefinition<TaskStep> = {
  name: 'taskStep',
  plural: 'taskSteps',
  vendor: 'holdfast',
  title: 'step of a task',
  versions: VERSIONS,
  kind: 'resource',
  source: TASK_STEPS,
  response: Type.Object(
    {
      type: Type.Literal('application/holdfast-taskStep'),
      version: Type.Enum([...VERSIONS]),
      id: IdSchema,
      name: Type.String({ minLength: 1 }),
      orderHint: Type.Integer({ description: 'Steps pass in this order.' }),
      state: Type.Enum(['running', 'completed', 'failed']),
      attempt: Type.Integer({ description: 'Above 1 when the service was interrupted.' }),
      startTime: TimeSchema,
      endTime: Type.Optional(TimeSchema),
      failure: Type.Optional(
        Type.Object({ code: Type.String() }, { description: 'And what it concerns.' }),
      ),
      metadata: MetadataSchema,
    },
    CLOSED,
  ),
  fields: {
    ...COMMON_FIELDS,
    name: 'name',
    orderHint: 'position',
    state: 'state',
    attempt: 'attempt',
    startTime: 'startedAt',
    endTime: 'endedAt',
    failure: 'failure',
  },
  toWire: (step) => ({
    type: 'application/holdfast-taskStep',
    version: step.version,
    id: step.id,
    name: step.name,
    orderHint: step.position,
    state: step.state,
    attempt: step.attempt,
    startTime: toWireTime(step.startedAt),
    ...(step.endedAt === undefined ? {} : { endTime: toWireTime(step.endedAt) }),
    ...(step.failure === undefined ? {} : { failure: step.failure }),
    metadata: toWireMetadata(step),
  }),
  internalProblems: PLAIN_INTERNAL_PROBLEMS,
  collections: [
    { path: `${OF_TASK}/steps`, itemParameter: 'step_id', hasItem: false, parents: [TASK] },
  ],
}

export const taskLog: ResourceDefinition<TaskLogEntry> = {
  name: 'taskLogEntry',
  plural: 'taskLogEntries',
  vendor: 'holdfast',
  title: "line of a task's log",
  versions: VERSIONS,
  kind: 'resource',
  source: TASK_LOG,
  response: Type.Object(
    {
      type: Type.Literal('application/holdfast-taskLogEntry'),
      version: Type.Enum([...VERSIONS]),
      id: IdSchema,
      orderHint: Type.Integer({ description: 'Lines were written in this order.' }),
      time: TimeSchema,
      level: Type.Enum(['info', 'warning', 'error']),
      step: Type.Optional(Type.String()),
      message: Type.String(),
      metadata: MetadataSchema,
    },
    CLOSED,
  ),
  fields: {
    ...COMMON_FIELDS,
    orderHint: 'sequence',
    time: 'loggedAt',
    level: 'level',
    step: 'step',
    message: 'message',
  },
  toWire: (line) => ({
    type: 'application/holdfast-taskLogEntry',
    version: line.version,
    id: line.id,
    orderHint: line.sequence,
    time: toWireTime(line.loggedAt),
    level: line.level,
    ...(line.step === undefined ? {} : { step: line.step }),
    message: line.message,
    metadata: toWireMetadata(line),
  }),
  internalProblems: PLAIN_INTERNAL_PROBLEMS,
  collections: [
    { path: `${OF_TASK}/log`, itemParameter: 'line_id', hasItem: false, parents: [TASK] },
  ],
}
