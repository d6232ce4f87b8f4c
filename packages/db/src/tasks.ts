// Rows of `tasks`: durable operations as users see them.
//
// A task is written with its resource in one transaction (the outbox); its workflow starts after
// the commit. `attempt` rises with each execution of the workflow: statements of an execution
// carry theirs, and one that finds no row has been overtaken.
import type { TaskKind, TaskState } from '@holdfast/domain'
import { type RawBuilder, type Selectable, sql } from 'kysely'
import type { Schema } from './schema.ts'
import type { StateDetail } from './state-detail.ts'
import type { Queries } from './transaction.ts'

export interface NewTask {
  readonly id: string
  readonly accountID: string
  readonly kind: TaskKind
  readonly parentTaskID?: string
  readonly orderHint?: number
  /** Dotted lower-case letters. */
  readonly name: string
  readonly summary: string
  readonly description: string
  readonly userID?: string
  readonly appID?: string
  readonly resourceKind: string
  readonly resourceID: string
  readonly input: object
}

export interface WorkflowTask {
  readonly id: string
  readonly accountID: string
  readonly kind: TaskKind
  readonly workflowID: string
  readonly parentTaskID: string | null
  readonly appID: string | null
  readonly resourceID: string
  readonly userID: string | null
  readonly input: unknown
  readonly state: TaskState
  /** Of the execution that asked. */
  readonly attempt: number
}

/** Which execution of a task writes: statements of an overtaken one change nothing. */
export interface TaskExecution {
  readonly taskID: string
  readonly attempt: number
}

/** What an execution learns each time it looks. Undefined instead: another one took over. */
export interface TaskSignal {
  readonly isCancelRequested: boolean
  /** Name of who asked; undefined when the system did. */
  readonly cancelRequestedBy: string | undefined
}

/** DBOS's workflow id of a task. */
export function workflowIDOf(kind: TaskKind, taskID: string): string {
  return `${kind}:${taskID}`
}

/** Joins the caller's transaction. Repeating it with the same id is harmless. */
export async function insertTask({ queries }: Queries, task: NewTask): Promise<void> {
  await queries
    .insertInto('tasks')
    .values({
      id: task.id,
      account_id: task.accountID,
      kind: task.kind,
      workflow_id: workflowIDOf(task.kind, task.id),
      parent_task_id: task.parentTaskID ?? null,
      order_hint: task.orderHint ?? 0,
      name: task.name,
      summary: task.summary,
      description: task.description,
      user_id: task.userID ?? null,
      app_id: task.appID ?? null,
      resource_kind: task.resourceKind,
      resource_id: task.resourceID,
      input: JSON.stringify(task.input),
      ...(task.userID === undefined ? {} : { created_by: task.userID }),
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute()
}

/**
 * A task that was done with what the caller's transaction does: it tells of it and nothing else,
 * so neither the outbox nor any sweep takes it up.
 */
export async function insertCompletedTask(
  { queries }: Queries,
  { task, now }: { readonly task: NewTask; readonly now: Date },
): Promise<void> {
  await insertTask({ queries }, task)
  await queries
    .updateTable('tasks')
    .set({
      attempt: 1,
      state: 'completed',
      past_commit: true,
      percent_done: 100,
      created_at: now,
      modified_at: now,
      started_at: now,
      ended_at: now,
    })
    .where('id', '=', task.id)
    .execute()
}

export type CancelAnswer = 'cancelling' | 'too-late' | 'not-found'

/**
 * Asks the task's workflow to stop; it reads the column back within a second. `too-late`: the task
 * is final or past its commit or exchange. Asking again is harmless and keeps the first name.
 */
export async function requestTaskCancel(
  { queries }: Queries,
  request: {
    readonly accountID: string
    readonly taskID: string
    /** Absent when the service itself asks. */
    readonly userID?: string
  },
): Promise<CancelAnswer> {
  const updated = await queries
    .updateTable('tasks')
    .set({
      state: 'cancelling',
      cancel_requested_at: sql`coalesce(cancel_requested_at, now())`,
      cancel_requested_by: sql`coalesce(cancel_requested_by, ${request.userID ?? null}::uuid)`,
      modified_at: sql`now()`,
    })
    .where('id', '=', request.taskID)
    .where('account_id', '=', request.accountID)
    .where('state', 'in', ['notStarted', 'running', 'cancelling'])
    .where('past_commit', '=', false)
    // A deletion is past its commit when it is accepted: what it deletes is not seen any more.
    .where('kind', 'not in', ['delete-snapshot', 'delete-backup'])
    .executeTakeFirst()
  if (updated.numUpdatedRows > 0n) return 'cancelling'
  const found = await queries
    .selectFrom('tasks')
    .select('id')
    .where('id', '=', request.taskID)
    .where('account_id', '=', request.accountID)
    .executeTakeFirst()
  return found === undefined ? 'not-found' : 'too-late'
}

const TASK_COLUMNS = [
  'id',
  'account_id',
  'kind',
  'workflow_id',
  'parent_task_id',
  'app_id',
  'resource_id',
  'user_id',
  'input',
  'state',
  'attempt',
] as const

type TaskRow = Pick<Selectable<Schema['tasks']>, (typeof TASK_COLUMNS)[number]>

/**
 * Counts a new execution of the task and makes it the one that may write. Also for a final task:
 * a workflow that died between its last write and its end runs through once more.
 */
export async function beginTaskExecution(
  { queries }: Queries,
  taskID: string,
): Promise<WorkflowTask | undefined> {
  const row = await queries
    .updateTable('tasks')
    .set({
      attempt: sql`attempt + 1`,
      state: sql`case when state = 'notStarted' then 'running' else state end`,
      started_at: sql`coalesce(started_at, now())`,
      modified_at: sql`now()`,
    })
    .where('id', '=', taskID)
    .returning(TASK_COLUMNS)
    .executeTakeFirst()
  return row && toTask(row)
}

export async function findTask(
  { queries }: Queries,
  id: string,
): Promise<WorkflowTask | undefined> {
  const row = await queries
    .selectFrom('tasks')
    .select(TASK_COLUMNS)
    .where('id', '=', id)
    .executeTakeFirst()
  return row && toTask(row)
}

/** Tasks whose workflow was never started, oldest first. */
export async function listTasksNotStarted(
  { queries }: Queries,
  limit: number,
): Promise<WorkflowTask[]> {
  const rows = await queries
    .selectFrom('tasks')
    .select(TASK_COLUMNS)
    .where('attempt', '=', 0)
    .where('parent_task_id', 'is', null)
    .where('state', 'in', ['notStarted', 'cancelling'])
    .orderBy('created_at')
    .limit(limit)
    .execute()
  return rows.map(toTask)
}

/** Tasks that are not final, of any state. */
export async function listUnendedTasks(
  { queries }: Queries,
  limit: number,
): Promise<WorkflowTask[]> {
  const rows = await queries
    .selectFrom('tasks')
    .select(TASK_COLUMNS)
    .where('state', 'in', ['notStarted', 'running', 'cancelling'])
    .orderBy('created_at')
    .limit(limit)
    .execute()
  return rows.map(toTask)
}

/** The task that makes a backup or an application snapshot, when it has not ended. */
export async function findUnendedTaskOf(
  { queries }: Queries,
  { kinds, resourceID }: { readonly kinds: readonly TaskKind[]; readonly resourceID: string },
): Promise<WorkflowTask | undefined> {
  const row = await queries
    .selectFrom('tasks')
    .select(TASK_COLUMNS)
    .where('kind', 'in', kinds)
    .where('resource_id', '=', resourceID)
    .where('state', 'in', ['notStarted', 'running', 'cancelling'])
    .executeTakeFirst()
  return row && toTask(row)
}

/** The highest attempt of a task's children: more than one when any of them was interrupted. */
export async function maxAttemptOfChildren(
  { queries }: Queries,
  parentTaskID: string,
): Promise<number> {
  const row = await queries
    .selectFrom('tasks')
    .select(({ fn }) => fn.max('attempt').as('attempt'))
    .where('parent_task_id', '=', parentTaskID)
    .executeTakeFirst()
  return row?.attempt ?? 0
}

export async function findTaskSignal(
  { queries }: Queries,
  execution: TaskExecution,
): Promise<TaskSignal | undefined> {
  const answer = await sql<TaskSignalRow>`
    select ${signalColumns()} from tasks t
    where t.id = ${execution.taskID} and t.attempt = ${execution.attempt}
  `.execute(queries)
  return answer.rows[0] && toTaskSignal(answer.rows[0])
}

/** The service itself asks a child task to stop; a final one is left as it is. */
export async function requestChildCancel(
  { queries }: Queries,
  parentTaskID: string,
): Promise<void> {
  await queries
    .updateTable('tasks')
    .set({
      state: 'cancelling',
      cancel_requested_at: sql`coalesce(cancel_requested_at, now())`,
      modified_at: sql`now()`,
    })
    .where('parent_task_id', '=', parentTaskID)
    .where('state', 'in', ['notStarted', 'running', 'cancelling'])
    .execute()
}

export interface TaskEnd {
  readonly state: 'completed' | 'cancelled' | 'failed'
  /** A failure with its `code`; null when the task completed. */
  readonly failure: object | null
  /** Why, for users; empty when the task completed. */
  readonly stateDetails: readonly StateDetail[]
}

/** Makes the task final. False: another execution took over. Repeating it is harmless. */
export async function endTask(
  { queries }: Queries,
  execution: TaskExecution,
  end: TaskEnd,
): Promise<boolean> {
  const updated = await queries
    .updateTable('tasks')
    .set({
      state: end.state,
      failure: end.failure === null ? null : JSON.stringify(end.failure),
      state_details: JSON.stringify(end.stateDetails),
      ended_at: sql`coalesce(ended_at, now())`,
      modified_at: sql`now()`,
      ...(end.state === 'completed'
        ? { percent_done: 100, bytes_done: sql`coalesce(total_bytes, bytes_done)` }
        : {}),
    })
    .where('id', '=', execution.taskID)
    .where('attempt', '=', execution.attempt)
    .where('state', 'in', ['notStarted', 'running', 'cancelling', end.state])
    .executeTakeFirst()
  return updated.numUpdatedRows > 0n
}

/** The point of no return: a cancel is refused from here on. False: overtaken, or cancelled before. */
export async function passCommit({ queries }: Queries, execution: TaskExecution): Promise<boolean> {
  const updated = await queries
    .updateTable('tasks')
    .set({ past_commit: true, modified_at: sql`now()` })
    .where('id', '=', execution.taskID)
    .where('attempt', '=', execution.attempt)
    .where(({ or, eb }) =>
      or([eb('cancel_requested_at', 'is', null), eb('past_commit', '=', true)]),
    )
    .executeTakeFirst()
  return updated.numUpdatedRows > 0n
}

/** Is the task past its point of no return? Once true it stays true. */
export async function isPastCommit({ queries }: Queries, taskID: string): Promise<boolean> {
  const row = await queries
    .selectFrom('tasks')
    .select('past_commit')
    .where('id', '=', taskID)
    .executeTakeFirst()
  return row?.past_commit === true
}

/** True in the statement when `execution` still is the one that may write. */
export function isCurrentExecution({ taskID, attempt }: TaskExecution): RawBuilder<boolean> {
  return sql<boolean>`exists (select 1 from tasks where id = ${taskID} and attempt = ${attempt})`
}

export interface TaskSignalRow {
  readonly cancel_requested_at: Date | null
  readonly cancel_requested_by: string | null
}

/** Columns for `from tasks t`. A child stops when its parent, or that one's, is cancelled. */
export function signalColumns(): RawBuilder<unknown> {
  return sql`
    coalesce(t.cancel_requested_at, ${ofAncestors('cancel_requested_at')}) as cancel_requested_at,
    (select coalesce(
        (select coalesce(nullif(trim(u.first_name || ' ' || u.last_name), ''), u.email)
          from users u where u.id = canceller.id),
        (select 'the API key ' || keys.name from api_keys keys where keys.id = canceller.id))
      from (select coalesce(t.cancel_requested_by, ${ofAncestors('cancel_requested_by')})) as
        canceller (id)
    ) as cancel_requested_by`
}

/** Of the parent, else of the parent's parent: a move of a backup of a schedule's run. */
function ofAncestors(column: 'cancel_requested_at' | 'cancel_requested_by'): RawBuilder<unknown> {
  return sql`(select coalesce(p.${sql.ref(column)}, g.${sql.ref(column)})
    from tasks p left join tasks g on g.id = p.parent_task_id where p.id = t.parent_task_id)`
}

export function toTaskSignal(row: TaskSignalRow): TaskSignal {
  return {
    isCancelRequested: row.cancel_requested_at !== null,
    cancelRequestedBy: row.cancel_requested_by ?? undefined,
  }
}

function toTask(row: TaskRow): WorkflowTask {
  return {
    id: row.id,
    accountID: row.account_id,
    kind: row.kind as TaskKind,
    workflowID: row.workflow_id,
    parentTaskID: row.parent_task_id,
    appID: row.app_id,
    resourceID: row.resource_id,
    userID: row.user_id,
    input: row.input,
    state: row.state as TaskState,
    attempt: row.attempt,
  }
}
