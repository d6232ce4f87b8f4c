// What a task was about, in the names that users gave: for telling how it ended.
import type { TaskKind } from '@holdfast/domain'
import { sql } from 'kysely'
import type { Queries } from './transaction.ts'

export interface TaskSubject {
  readonly taskID: string
  readonly accountID: string
  readonly kind: TaskKind
  readonly parentKind?: TaskKind
  readonly userID?: string
  readonly appID?: string
  readonly appName?: string
  readonly resourceKind: string
  readonly resourceID: string
  /** Of the backup, the snapshot or the schedule. */
  readonly resourceName?: string
  /** A task of this kind failed for the same resource before. */
  readonly isRepetition: boolean
}

interface TaskSubjectRow {
  readonly id: string
  readonly account_id: string
  readonly kind: TaskKind
  readonly parent_kind: TaskKind | null
  readonly user_id: string | null
  readonly app_id: string | null
  readonly app_name: string | null
  readonly resource_kind: string
  readonly resource_id: string
  readonly resource_name: string | null
  readonly is_repetition: boolean
}

export async function findTaskSubject(
  { queries }: Queries,
  taskID: string,
): Promise<TaskSubject | undefined> {
  const { rows } = await sql<TaskSubjectRow>`
    select t.id, t.account_id, t.kind, t.user_id, t.app_id, t.resource_kind, t.resource_id,
      (select kind from tasks where id = t.parent_task_id) as parent_kind,
      (select name from apps where id = t.app_id) as app_name,
      coalesce((select name from backups where id = t.resource_id),
        (select name from application_snapshots where id = t.resource_id),
        (select name from schedules where id = t.resource_id)) as resource_name,
      exists (select 1 from tasks earlier where earlier.resource_id = t.resource_id
        and earlier.kind = t.kind and earlier.id <> t.id and earlier.state = 'failed'
        and earlier.created_at <= t.created_at) as is_repetition
    from tasks t where t.id = ${taskID}
  `.execute(queries)
  const [row] = rows
  if (row === undefined) return undefined
  return {
    taskID: row.id,
    accountID: row.account_id,
    kind: row.kind,
    ...(row.parent_kind === null ? {} : { parentKind: row.parent_kind }),
    ...(row.user_id === null ? {} : { userID: row.user_id }),
    ...(row.app_id === null ? {} : { appID: row.app_id }),
    ...(row.app_name === null ? {} : { appName: row.app_name }),
    resourceKind: row.resource_kind,
    resourceID: row.resource_id,
    ...(row.resource_name === null ? {} : { resourceName: row.resource_name }),
    isRepetition: row.is_repetition,
  }
}

/** How many operations each account has under way; accounts without any have 0. */
export async function countUnendedTasks({
  queries,
}: Queries): Promise<{ readonly accountID: string; readonly count: number }[]> {
  const { rows } = await sql<{ accountID: string; count: number }>`
    select accounts.id as "accountID", count(tasks.id) as count
    from accounts left join tasks on tasks.account_id = accounts.id
      and tasks.state in ('running', 'cancelling') and tasks.parent_task_id is null
    group by accounts.id
  `.execute(queries)
  return rows
}
