// Shapes of what is answered where a request begins a job.
import { Type } from 'typebox'
import { DateTimeSchema, IdSchema, nullable } from './schemas.ts'

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
