// The runs of a schedule, and when it runs next.
import {
  SCHEDULE_RUN_STATES,
  SCHEDULE_RUNS,
  SCHEDULES,
  type Schedule,
  type ScheduleRun,
} from '@holdfast/db'
import { Type } from 'typebox'
import { PLAIN_INTERNAL_PROBLEMS } from '../internal-problems.ts'
import { APP, SCHEDULE } from '../parents.ts'
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
const CLOSED = { additionalProperties: false } as const
/** A schedule has a version of its own. */
const { version: _, ...FIELDS_OF_SCHEDULE } = COMMON_FIELDS
const OF_APP = '/accounts/:account_id/holdfast/v1/apps/:app_id'

export const nextRuns: ResourceDefinition<Schedule> = {
  name: 'nextRun',
  plural: 'nextRuns',
  vendor: 'holdfast',
  title: 'next run of a schedule',
  versions: VERSIONS,
  kind: 'resource',
  source: SCHEDULES,
  response: Type.Object(
    {
      type: Type.Literal('application/holdfast-nextRun'),
      version: Type.Enum([...VERSIONS]),
      id: Type.Unsafe<string>({ ...IdSchema, description: 'That of the schedule.' }),
      name: Type.String(),
      enabled: TrueFalseSchema,
      dueTime: Type.Optional(
        Type.Unsafe<string>({ ...TimeSchema, description: 'Absent while it is switched off.' }),
      ),
      metadata: MetadataSchema,
    },
    CLOSED,
  ),
  fields: { ...FIELDS_OF_SCHEDULE, name: 'name', enabled: 'isEnabled', dueTime: 'nextRunAt' },
  toWire: (schedule) => ({
    type: 'application/holdfast-nextRun',
    version: '1.0',
    id: schedule.id,
    name: schedule.name,
    enabled: String(schedule.isEnabled),
    ...(schedule.nextRunAt === undefined ? {} : { dueTime: toWireTime(schedule.nextRunAt) }),
    metadata: toWireMetadata(schedule),
  }),
  internalProblems: PLAIN_INTERNAL_PROBLEMS,
  collections: [{ path: `${OF_APP}/schedules`, itemParameter: 'schedule_id', parents: [APP] }],
}

export const scheduleRuns: ResourceDefinition<ScheduleRun> = {
  name: 'scheduleRun',
  plural: 'scheduleRuns',
  vendor: 'holdfast',
  title: 'run of a schedule',
  versions: VERSIONS,
  kind: 'resource',
  source: SCHEDULE_RUNS,
  response: Type.Object(
    {
      type: Type.Literal('application/holdfast-scheduleRun'),
      version: Type.Enum([...VERSIONS]),
      id: IdSchema,
      scheduleID: IdSchema,
      dueTime: TimeSchema,
      state: Type.Enum([...SCHEDULE_RUN_STATES], {
        description:
          'skipped: the run before it had not ended; missed: no service was there, the next one stands for it.',
      }),
      reason: Type.Optional(Type.String({ description: 'Why it is so, or began late.' })),
      taskID: Type.Optional(IdSchema),
      snapshotID: Type.Optional(IdSchema),
      backupID: Type.Optional(IdSchema),
      startTime: Type.Optional(TimeSchema),
      endTime: Type.Optional(TimeSchema),
      metadata: MetadataSchema,
    },
    CLOSED,
  ),
  fields: {
    ...COMMON_FIELDS,
    scheduleID: 'scheduleID',
    dueTime: 'dueAt',
    state: 'state',
    reason: 'reason',
    taskID: 'taskID',
    snapshotID: 'snapshotID',
    backupID: 'backupID',
    startTime: 'startedAt',
    endTime: 'endedAt',
  },
  toWire: (run) => ({
    type: 'application/holdfast-scheduleRun',
    version: run.version,
    id: run.id,
    scheduleID: run.scheduleID,
    dueTime: toWireTime(run.dueAt),
    state: run.state,
    ...(run.reason === undefined ? {} : { reason: run.reason }),
    ...(run.taskID === undefined ? {} : { taskID: run.taskID }),
    ...(run.snapshotID === undefined ? {} : { snapshotID: run.snapshotID }),
    ...(run.backupID === undefined ? {} : { backupID: run.backupID }),
    ...(run.startedAt === undefined ? {} : { startTime: toWireTime(run.startedAt) }),
    ...(run.endedAt === undefined ? {} : { endTime: toWireTime(run.endedAt) }),
    metadata: toWireMetadata(run),
  }),
  internalProblems: PLAIN_INTERNAL_PROBLEMS,
  collections: [
    {
      path: `${OF_APP}/schedules/:schedule_id/runs`,
      itemParameter: 'run_id',
      parents: [APP, SCHEDULE],
    },
  ],
}
