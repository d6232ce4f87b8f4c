// The steps and the log of a task as users list them; their statements are in `task-steps.ts` and
// `task-log.ts`.
import { type RawBuilder, sql } from 'kysely'
import type { ResourceSource } from './list-resources.ts'
import {
  type CommonRow,
  commonFields,
  instant,
  json,
  number,
  type ResourceCommon,
  text,
  toCommon,
} from './resource-fields.ts'
import { isTaskOf } from './task-resource.ts'

export interface TaskStep extends ResourceCommon {
  readonly position: number
  readonly name: string
  readonly state: 'running' | 'completed' | 'failed'
  readonly attempt: number
  readonly startedAt: Date
  readonly endedAt?: Date
  /** Its `code` and what it concerns. */
  readonly failure?: object
}

interface TaskStepRow extends CommonRow {
  readonly position: number
  readonly name: string
  readonly state: TaskStep['state']
  readonly attempt: number
  readonly started_at: Date
  readonly ended_at: Date | null
  readonly failure: object | null
}

/** Rows of a task have no ids of their own: made from the task's and their number, version 5. */
function idOf(taskID: RawBuilder<unknown>, number: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`overlay(md5(${taskID}::text || ':' || ${number}) placing '5' from 13 for 1)::uuid`
}

const NO_CHANGES = sql`'1.0' as version, '[]'::jsonb as labels, tasks.created_by,
  null::uuid as modified_by, tasks.account_id, tasks.app_id`

export const TASK_STEPS: ResourceSource<TaskStep> = {
  from: sql`(
    select ${idOf(sql`task_steps.task_id`, sql`task_steps.position`)} as id, task_steps.*,
      task_steps.started_at as created_at,
      coalesce(task_steps.ended_at, task_steps.started_at) as modified_at, ${NO_CHANGES}
    from task_steps join tasks on tasks.id = task_steps.task_id) as steps`,
  columns: sql`steps.*`,
  isVisible: sql`true`,
  limitedTo: (viewer) => ({
    rows: sql`steps.task_id in (select tasks.id from tasks where ${isTaskOf(viewer, 'tasks')})`,
  }),
  id: sql`steps.id`,
  accountID: sql`steps.account_id`,
  createdAt: sql`steps.created_at`,
  parents: { taskID: sql`steps.task_id` },
  fields: {
    ...commonFields('steps'),
    position: number(sql`steps.position`),
    name: text(sql`steps.name`),
    state: text(sql`steps.state`),
    attempt: number(sql`steps.attempt`),
    startedAt: instant(sql`steps.started_at`),
    endedAt: instant(sql`steps.ended_at`),
    failure: json(sql`steps.failure`),
  },
  toResource: (row: TaskStepRow) => ({
    ...toCommon(row),
    position: row.position,
    name: row.name,
    state: row.state,
    attempt: row.attempt,
    startedAt: row.started_at,
    ...(row.ended_at === null ? {} : { endedAt: row.ended_at }),
    ...(row.failure === null ? {} : { failure: row.failure }),
  }),
}

export interface TaskLogEntry extends ResourceCommon {
  readonly sequence: number
  readonly loggedAt: Date
  readonly level: 'info' | 'warning' | 'error'
  readonly step?: string
  readonly message: string
}

interface TaskLogRow extends CommonRow {
  readonly sequence: number
  readonly logged_at: Date
  readonly level: TaskLogEntry['level']
  readonly step: string | null
  readonly message: string
}

export const TASK_LOG: ResourceSource<TaskLogEntry> = {
  from: sql`(
    select ${idOf(sql`task_log.task_id`, sql`'log:' || task_log.sequence`)} as id, task_log.*,
      task_log.logged_at as created_at, task_log.logged_at as modified_at, ${NO_CHANGES}
    from task_log join tasks on tasks.id = task_log.task_id) as lines`,
  columns: sql`lines.*`,
  isVisible: sql`true`,
  limitedTo: (viewer) => ({
    rows: sql`lines.task_id in (select tasks.id from tasks where ${isTaskOf(viewer, 'tasks')})`,
  }),
  id: sql`lines.id`,
  accountID: sql`lines.account_id`,
  createdAt: sql`lines.created_at`,
  parents: { taskID: sql`lines.task_id` },
  fields: {
    ...commonFields('lines'),
    sequence: number(sql`lines.sequence`),
    loggedAt: instant(sql`lines.logged_at`),
    level: text(sql`lines.level`),
    step: text(sql`lines.step`),
    message: text(sql`lines.message`),
  },
  toResource: (row: TaskLogRow) => ({
    ...toCommon(row),
    sequence: row.sequence,
    loggedAt: row.logged_at,
    level: row.level,
    ...(row.step === null ? {} : { step: row.step }),
    message: row.message,
  }),
}
