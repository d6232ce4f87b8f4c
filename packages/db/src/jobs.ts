// Jobs of the container dialect: tasks that are part of no other one, and how far each has come.
//
// A task and its steps are read in one statement, so that they are of one instant.
import type { TaskKind, TaskState } from '@holdfast/domain'
import { type RawBuilder, type SqlBool, sql } from 'kysely'
import { isApiKey } from './is-api-key.ts'
import type { ResourceSource } from './list-resources.ts'
import { exactInstant, required, text } from './resource-fields.ts'
import type { StateDetail } from './state-detail.ts'
import { isTaskOf } from './task-resource.ts'

export interface Job {
  readonly id: string
  readonly accountID: string
  readonly kind: TaskKind
  readonly name: string
  readonly summary: string
  readonly description: string
  /** Absent when the service itself acts. */
  readonly userID?: string
  readonly isByApiKey: boolean
  readonly appID?: string
  readonly resourceKind: string
  readonly resourceID: string
  /** The dialect's ids of the backup that is made, restored or deleted: one for each instance. */
  readonly containerBackupIDs: readonly string[]
  readonly state: TaskState
  readonly stateDetails: readonly StateDetail[]
  readonly createdAt: Date
  readonly modifiedAt: Date
  readonly startedAt?: Date
  readonly endedAt?: Date
  /** The first begin of each that began. */
  readonly steps: readonly JobStep[]
}

export interface JobStep {
  readonly name: string
  readonly startedAt: Date
}

interface JobRow {
  readonly id: string
  readonly account_id: string
  readonly kind: TaskKind
  readonly name: string
  readonly summary: string
  readonly description: string
  readonly user_id: string | null
  readonly is_by_api_key: boolean
  readonly app_id: string | null
  readonly resource_kind: string
  readonly resource_id: string
  readonly container_backup_ids: readonly string[]
  readonly state: TaskState
  readonly state_details: readonly StateDetail[]
  readonly created_at: Date
  readonly modified_at: Date
  readonly started_at: Date | null
  readonly ended_at: Date | null
  readonly steps: readonly { readonly name: string; readonly startedAt: string }[]
}

const STEPS = sql`(select coalesce(jsonb_agg(jsonb_build_object(
    'name', begun.name, 'startedAt', begun.started_at)), '[]'::jsonb)
  from (select name, min(started_at) as started_at from task_steps
    where task_id = tasks.id group by name) as begun)`

const CONTAINER_BACKUP_IDS = sql`(select coalesce(jsonb_agg(shown.id order by shown.id), '[]'::jsonb)
  from container_backups as shown where shown.backup_id = case
    when tasks.resource_kind = 'backup' then tasks.resource_id
    when tasks.input #>> '{source,kind}' = 'backup' then (tasks.input #>> '{source,id}')::uuid
  end)`

/** As the dialect calls them. */
const STATE = sql`(case tasks.state when 'notStarted' then 'queued' when 'running' then 'running'
  when 'cancelling' then 'running' when 'completed' then 'completed' else 'error' end)`

export const JOBS: ResourceSource<Job> = {
  from: sql`tasks`,
  columns: sql`tasks.*, ${STEPS} as steps, ${CONTAINER_BACKUP_IDS} as container_backup_ids,
    ${isApiKey(sql`tasks.user_id`)} as is_by_api_key`,
  isVisible: sql`tasks.parent_task_id is null`,
  limitedTo: (viewer) => ({ rows: isTaskOf(viewer, 'tasks') }),
  id: sql`tasks.id`,
  accountID: sql`tasks.account_id`,
  createdAt: sql`tasks.created_at`,
  parents: {},
  fields: {
    id: text(sql`tasks.id`),
    summary: text(sql`tasks.summary`),
    state: text(STATE),
    // By the index that leads to the account's newest ones.
    createdAt: required(exactInstant(sql`tasks.created_at`)),
    startedAt: exactInstant(sql`tasks.started_at`),
    endedAt: exactInstant(sql`tasks.ended_at`),
  },
  toResource: toJob,
}

export interface JobFilter {
  /** Part of what it does or of its id, whatever the case. */
  readonly search?: string
  /** When it was asked for, both included. */
  readonly from?: Date
  readonly until?: Date
}

export function jobsMatching({ search, from, until }: JobFilter): ResourceSource<Job> {
  const conditions: RawBuilder<SqlBool>[] = [JOBS.isVisible]
  if (search !== undefined) conditions.push(isFound(search))
  if (from !== undefined) conditions.push(sql`tasks.created_at >= ${from}`)
  if (until !== undefined) conditions.push(sql`tasks.created_at <= ${until}`)
  return { ...JOBS, isVisible: sql`(${sql.join(conditions, sql` and `)})` }
}

function isFound(search: string): RawBuilder<SqlBool> {
  const hex = sql`replace(tasks.id::text, '-', '')`
  return sql`strpos(lower(concat_ws(' ', tasks.summary, tasks.description, tasks.name,
    left(${hex}, 24))), lower(${search})) > 0`
}

function toJob(row: JobRow): Job {
  return {
    id: row.id,
    accountID: row.account_id,
    kind: row.kind,
    name: row.name,
    summary: row.summary,
    description: row.description,
    ...(row.user_id === null ? {} : { userID: row.user_id }),
    isByApiKey: row.is_by_api_key,
    ...(row.app_id === null ? {} : { appID: row.app_id }),
    resourceKind: row.resource_kind,
    resourceID: row.resource_id,
    containerBackupIDs: row.container_backup_ids,
    state: row.state,
    stateDetails: row.state_details,
    createdAt: row.created_at,
    modifiedAt: row.modified_at,
    ...(row.started_at === null ? {} : { startedAt: row.started_at }),
    ...(row.ended_at === null ? {} : { endedAt: row.ended_at }),
    steps: row.steps.map(({ name, startedAt }) => ({ name, startedAt: new Date(startedAt) })),
  }
}
