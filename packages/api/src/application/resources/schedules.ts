// Schedules (protection policies), below their app, and their runs.
import { SCHEDULES, type Schedule } from '@holdfast/db'
import { SCHEDULE_GRANULARITIES, type ScheduleTimes } from '@holdfast/domain'
import { type Static, Type } from 'typebox'
import { changeSchedule, createSchedule, removeSchedule } from '../../operations/change-schedule.ts'
import { PLAIN_INTERNAL_PROBLEMS } from '../internal-problems.ts'
import { APP } from '../parents.ts'
import type {
  CreateRequest,
  ResourceDefinition,
  UpdateRequest,
  WireResource,
} from '../resource-definition.ts'
import { lowerId } from '../sent-values.ts'
import {
  COMMON_FIELDS,
  IdSchema,
  MetadataSchema,
  SentIdSchema,
  SentMetadataSchema,
  TrueFalseSchema,
  toWireMetadata,
} from '../shared-schemas.ts'

const TYPE = 'application/astra-schedule'
const VERSIONS = ['1.0', '1.1', '1.2', '1.3'] as const
const CLOSED = { additionalProperties: false } as const

const MINUTE = '([0-9]|[1-5][0-9])'
const HOUR = '([0-9]|1[0-9]|2[0-3])'
const DAY_OF_WEEK = '[0-7]'
const DAY_OF_MONTH = '([1-9]|[12][0-9]|3[01])'

const NameSchema = Type.String({ minLength: 1, maxLength: 63 })
const GranularitySchema = Type.Enum([...SCHEDULE_GRANULARITIES])
const RetentionSchema = Type.String({
  maxLength: 63,
  pattern: '^(0|[1-9][0-9]*)$',
  description: 'How many completed ones are kept; "0" for none of this kind.',
})
const BucketSchema = { description: 'Where the copies go; chosen with each run when absent.' }
const ReplicateSchema = Type.Enum(['true', 'false'], {
  description: 'Kept; nothing is replicated, since apps have no mirrors here.',
})

/** Clients send "*" or null for what does not belong to the granularity. */
function sentTime(pattern: string, description: string) {
  return Type.Optional(
    Type.Union([Type.String({ pattern: `^(${pattern}|\\*)$` }), Type.Null()], { description }),
  )
}

const sentTimes = {
  minute: sentTime(MINUTE, '0 to 59, UTC; 0 when absent.'),
  hour: sentTime(HOUR, '0 to 23, UTC; for daily, weekly and monthly.'),
  dayOfWeek: sentTime(DAY_OF_WEEK, '0 to 7, Sunday is 0 and 7; for weekly.'),
  dayOfMonth: sentTime(
    DAY_OF_MONTH,
    '1 to 31; for monthly. A day that a month lacks is its last day.',
  ),
  recurrenceRule: Type.Optional(
    Type.Union([Type.String({ maxLength: 1023 }), Type.Null()], {
      description:
        'For custom: two lines, as DTSTART:20220101T000500Z and RRULE:FREQ=MINUTELY;INTERVAL=30. DTSTART is in the past; FREQ is MINUTELY or HOURLY.',
    }),
  ),
}

const sentMembers = {
  type: Type.Literal(TYPE),
  version: Type.Enum([...VERSIONS]),
  enabled: Type.Optional(TrueFalseSchema),
  ...sentTimes,
  snapshotRetention: RetentionSchema,
  backupRetention: RetentionSchema,
  bucketID: Type.Optional(Type.Unsafe<string>({ ...SentIdSchema, ...BucketSchema })),
  replicate: Type.Optional(ReplicateSchema),
  metadata: Type.Optional(SentMetadataSchema),
}

const CreateSchema = Type.Object(
  { ...sentMembers, name: NameSchema, granularity: GranularitySchema },
  CLOSED,
)

const UpdateSchema = Type.Object(
  {
    ...sentMembers,
    id: Type.Optional(SentIdSchema),
    name: Type.Optional(NameSchema),
    granularity: Type.Optional(GranularitySchema),
  },
  CLOSED,
)

const ResponseSchema = Type.Object(
  {
    type: Type.Literal(TYPE),
    version: Type.Enum([...VERSIONS]),
    id: IdSchema,
    name: NameSchema,
    enabled: TrueFalseSchema,
    granularity: GranularitySchema,
    minute: Type.String({ pattern: `^${MINUTE}$` }),
    hour: Type.Optional(Type.String({ pattern: `^${HOUR}$` })),
    dayOfWeek: Type.Optional(Type.String({ pattern: `^${DAY_OF_WEEK}$` })),
    dayOfMonth: Type.Optional(Type.String({ pattern: `^${DAY_OF_MONTH}$` })),
    recurrenceRule: Type.Optional(Type.String()),
    snapshotRetention: RetentionSchema,
    backupRetention: RetentionSchema,
    bucketID: Type.Optional(IdSchema),
    replicate: TrueFalseSchema,
    metadata: MetadataSchema,
  },
  CLOSED,
)

export const schedules: ResourceDefinition<Schedule> = {
  name: 'schedule',
  plural: 'schedules',
  vendor: 'astra',
  title: 'schedule',
  versions: VERSIONS,
  kind: 'resource',
  source: SCHEDULES,
  response: ResponseSchema,
  fields: {
    ...COMMON_FIELDS,
    name: 'name',
    enabled: 'isEnabled',
    granularity: 'granularity',
    minute: 'minute',
    hour: 'hour',
    dayOfWeek: 'dayOfWeek',
    dayOfMonth: 'dayOfMonth',
    recurrenceRule: 'recurrenceRule',
    snapshotRetention: 'snapshotRetention',
    backupRetention: 'backupRetention',
    bucketID: 'bucketID',
    replicate: 'replicate',
  },
  toWire,
  internalProblems: PLAIN_INTERNAL_PROBLEMS,
  collections: [
    {
      path: '/accounts/:account_id/k8s/v1/apps/:app_id/schedules',
      itemParameter: 'schedule_id',
      parents: [APP],
      create: {
        permission: 'manage-schedules',
        description:
          'Each run takes a snapshot and a backup of it, and removes the oldest beyond the counts. Times are UTC.',
        body: CreateSchema,
        problems: [108, 132],
        run: (context, request) => createSchedule(context, request.caller, readCreate(request)),
      },
      update: {
        permission: 'manage-schedules',
        description: 'Both retention counts must be sent. What is not sent stays.',
        body: UpdateSchema,
        problems: [108, 132],
        run: (context, request) => changeSchedule(context, request.caller, readUpdate(request)),
      },
      remove: {
        permission: 'manage-schedules',
        description: 'A run that is under way goes on. What the schedule made stays.',
        problems: [],
        run: (context, { caller, parents, id }) =>
          removeSchedule(context, caller, { id, appID: parents.appID ?? '' }),
      },
    },
  ],
}

function readCreate({ parents, body }: CreateRequest) {
  const sent = body as Static<typeof CreateSchema>
  const { granularity, snapshotRetention, backupRetention, bucketID } = sent
  return {
    appID: parents.appID ?? '',
    version: sent.version,
    name: sent.name,
    labels: sent.metadata?.labels ?? [],
    isEnabled: sent.enabled !== 'false',
    times: { granularity, ...readTimes(sent) },
    snapshotRetention,
    backupRetention,
    ...(bucketID === undefined ? {} : { bucketID: lowerId(bucketID) }),
    replicate: sent.replicate === 'true',
  }
}

function readUpdate({ parents, id, body, checkPreconditions }: UpdateRequest<Schedule>) {
  const sent = body as Static<typeof UpdateSchema>
  const { name, enabled, granularity, bucketID, replicate, metadata } = sent
  return {
    appID: parents.appID ?? '',
    id,
    version: sent.version,
    times: readTimes(sent),
    snapshotRetention: sent.snapshotRetention,
    backupRetention: sent.backupRetention,
    checkPreconditions,
    ...(name === undefined ? {} : { name }),
    ...(metadata?.labels === undefined ? {} : { labels: metadata.labels }),
    ...(enabled === undefined ? {} : { isEnabled: enabled === 'true' }),
    ...(granularity === undefined ? {} : { granularity }),
    ...(bucketID === undefined ? {} : { bucketID: lowerId(bucketID) }),
    ...(replicate === undefined ? {} : { replicate: replicate === 'true' }),
  }
}

type SentTimes = Pick<Static<typeof UpdateSchema>, keyof typeof sentTimes>

function readTimes(sent: SentTimes): Omit<ScheduleTimes, 'granularity'> {
  const { recurrenceRule } = sent
  const numbers = (['minute', 'hour', 'dayOfWeek', 'dayOfMonth'] as const).flatMap((name) => {
    const value = sent[name]
    return typeof value !== 'string' || value === '*' ? [] : [[name, Number(value)] as const]
  })
  return {
    ...Object.fromEntries(numbers),
    ...(typeof recurrenceRule !== 'string' || recurrenceRule === '*' ? {} : { recurrenceRule }),
  }
}

function toWire(schedule: Schedule): WireResource {
  const { hour, dayOfWeek, dayOfMonth, minute = 0, recurrenceRule } = schedule.times
  return {
    type: TYPE,
    version: schedule.version,
    id: schedule.id,
    name: schedule.name,
    enabled: String(schedule.isEnabled),
    granularity: schedule.times.granularity,
    minute: String(minute),
    ...(hour === undefined ? {} : { hour: String(hour) }),
    ...(dayOfWeek === undefined ? {} : { dayOfWeek: String(dayOfWeek) }),
    ...(dayOfMonth === undefined ? {} : { dayOfMonth: String(dayOfMonth) }),
    ...(recurrenceRule === undefined ? {} : { recurrenceRule }),
    snapshotRetention: schedule.snapshotRetention,
    backupRetention: schedule.backupRetention,
    ...(schedule.bucketID === undefined ? {} : { bucketID: schedule.bucketID }),
    replicate: String(schedule.replicate),
    metadata: toWireMetadata(schedule),
  }
}
