// Shapes of jobs, and of what is answered where a request begins one.
import { Type } from 'typebox'
import {
  CreatorScopeSchema,
  DateTimeSchema,
  eventsSchema,
  HubIdSchema,
  IdSchema,
  nullable,
} from './schemas.ts'

const CLOSED = { additionalProperties: false } as const

/** It has no state: when it began and ended tells its progress. */
export const JobStepSchema = Type.Object(
  {
    caption: Type.String(),
    description: Type.String(),
    started: DateTimeSchema,
    completed: DateTimeSchema,
  },
  CLOSED,
)

export const JobDescriptorSchema = Type.Object(
  {
    action: Type.String(),
    job: Type.Object(
      {
        id: IdSchema,
        accepted: Type.Boolean(),
        queue: Type.String(),
        schedule: DateTimeSchema,
        parallel: Type.Object(
          { tasks: Type.Boolean(), sub_queue: nullable(Type.String()) },
          CLOSED,
        ),
        tasks: Type.Array(
          Type.Object(
            {
              caption: Type.String(),
              header: Type.String(),
              input: Type.Record(Type.String(), Type.Unknown()),
              steps: Type.Array(JobStepSchema),
            },
            CLOSED,
          ),
        ),
      },
      CLOSED,
    ),
  },
  CLOSED,
)

const ErrorSchema = nullable(Type.Object({ message: Type.String({ minLength: 1 }) }, CLOSED))
const JobEventsSchema = eventsSchema('queued', 'started', 'completed')

/** Those that a job of this service can have. */
export const JOB_STATES = ['queued', 'running', 'completed', 'error'] as const

const JobTaskSchema = Type.Object(
  {
    id: IdSchema,
    caption: Type.String(),
    header: Type.String({ description: 'What is done, such as container.backup.restore.' }),
    events: JobEventsSchema,
    steps: Type.Array(JobStepSchema, {
      description: 'All of them from the start; the last one is completed with the job itself.',
    }),
    state: Type.Object(
      {
        current: Type.Enum(['pending', 'running', 'completed', 'error']),
        changed: DateTimeSchema,
      },
      CLOSED,
    ),
    input: Type.Record(Type.String(), Type.Unknown(), { description: 'Ids of what it is about.' }),
    output: Type.Null(),
    error: ErrorSchema,
  },
  CLOSED,
)

export const JobSchema = Type.Object(
  {
    id: IdSchema,
    hub_id: HubIdSchema,
    queue: Type.String({ description: 'Of the hub.' }),
    caption: Type.String(),
    hash: Type.String({ description: 'The same for jobs that do the same to the same thing.' }),
    events: JobEventsSchema,
    schedule: DateTimeSchema,
    expires: DateTimeSchema,
    tasks: Type.Array(JobTaskSchema),
    limit_duplicates: Type.Boolean(),
    creator: CreatorScopeSchema,
    state: Type.Object(
      { current: Type.Enum([...JOB_STATES]), changed: DateTimeSchema, error: ErrorSchema },
      CLOSED,
    ),
  },
  CLOSED,
)
