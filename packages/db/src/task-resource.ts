// Tasks as users list and read them; their statements are in `tasks.ts`.
import type { TaskState } from '@holdfast/domain'
import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { LimitedViewer, ResourceSource } from './list-resources.ts'
import { belongsToHeldApp } from './namespace-reach.ts'
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
import type { StateDetail } from './state-detail.ts'

export interface Task extends ResourceCommon {
  readonly kind: string
  readonly name: string
  readonly summary: string
  readonly description: string
  readonly parentTaskID?: string
  readonly userID?: string
  readonly appID?: string
  readonly resourceKind: string
  readonly resourceID: string
  readonly state: TaskState
  readonly stateDetails: readonly StateDetail[]
  readonly orderHint: number
  readonly percentDone: number
  readonly startedAt?: Date
  readonly endedAt?: Date
  readonly cancelRequestedAt?: Date
}

interface TaskRow extends CommonRow {
  readonly kind: string
  readonly name: string
  readonly summary: string
  readonly description: string
  readonly parent_task_id: string | null
  readonly user_id: string | null
  readonly app_id: string | null
  readonly resource_kind: string
  readonly resource_id: string
  readonly state: TaskState
  readonly state_details: readonly StateDetail[]
  readonly order_hint: number
  readonly percent_done: number
  readonly started_at: Date | null
  readonly ended_at: Date | null
  readonly cancel_requested_at: Date | null
}

export const TASKS: ResourceSource<Task> = {
  from: sql`tasks`,
  columns: sql`tasks.*`,
  isVisible: sql`true`,
  limitedTo: (viewer) => ({ rows: isTaskOf(viewer, 'tasks') }),
  id: sql`tasks.id`,
  accountID: sql`tasks.account_id`,
  createdAt: sql`tasks.created_at`,
  parents: { taskID: sql`tasks.id` },
  fields: {
    ...commonFields('tasks'),
    name: text(sql`tasks.name`),
    summary: text(sql`tasks.summary`),
    description: text(sql`tasks.description`),
    parentTaskID: text(sql`tasks.parent_task_id`),
    userID: text(sql`tasks.user_id`),
    resourceID: text(sql`tasks.resource_id`),
    state: text(sql`tasks.state`),
    stateDetails: json(sql`tasks.state_details`),
    orderHint: number(sql`tasks.order_hint`),
    percentDone: number(sql`tasks.percent_done`),
    startedAt: instant(sql`tasks.started_at`),
    endedAt: instant(sql`tasks.ended_at`),
    cancelRequestedAt: instant(sql`tasks.cancel_requested_at`),
  },
  toResource: toTask,
}

/** Of the apps in reach, and what one began oneself. */
export function isTaskOf({ reach, userID }: LimitedViewer, alias: string): RawBuilder<SqlBool> {
  return sql`(${belongsToHeldApp(reach, sql.ref(`${alias}.app_id`))}
    or ${sql.ref(`${alias}.user_id`)} = ${userID})`
}

function toTask(row: TaskRow): Task {
  return {
    ...toCommon(row),
    kind: row.kind,
    name: row.name,
    summary: row.summary,
    description: row.description,
    ...(row.parent_task_id === null ? {} : { parentTaskID: row.parent_task_id }),
    ...(row.user_id === null ? {} : { userID: row.user_id }),
    ...(row.app_id === null ? {} : { appID: row.app_id }),
    resourceKind: row.resource_kind,
    resourceID: row.resource_id,
    state: row.state,
    stateDetails: row.state_details,
    orderHint: row.order_hint,
    percentDone: row.percent_done,
    ...(row.started_at === null ? {} : { startedAt: row.started_at }),
    ...(row.ended_at === null ? {} : { endedAt: row.ended_at }),
    ...(row.cancel_requested_at === null ? {} : { cancelRequestedAt: row.cancel_requested_at }),
  }
}
