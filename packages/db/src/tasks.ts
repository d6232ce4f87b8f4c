// Rows of `tasks`: durable operations as users see them.
//
// A task is written with its resource in one transaction (the outbox); its workflow starts after
// the commit. `attempt` rises with each execution of the workflow: statements of an execution
// carry theirs, and one that finds no row has been overtaken.
import type { TaskKind, TaskState } from '@holdfast/domain'
import { type Kysely, sql } from 'kysely'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'

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

export interface TaskToRun {
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
  readonly attempt: number
}

/** What a running workflow learns each time it writes. Undefined: another execution took over. */
export interface TaskSignal {
  readonly isCancelRequested: boolean
  /** Name of who asked, for `cancelled by …`. */
  readonly cancelRequestedBy: string | null
}

/** DBOS's workflow id of a task. */
export function workflowIDOf(kind: TaskKind, taskID: string): string {
  return `${kind}:${taskID}`
}

/** Joins the caller's transaction. Repeating it with the same id is harmless. */
export async function insertTask(queries: Kysely<Schema>, task: NewTask): Promise<void> {
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

export type CancelAnswer = 'cancelling' | 'too-late' | 'not-found'

/**
 * Asks the task's workflow to stop; it reads the column back within a second. `too-late`: the task
 * is final or past its commit or exchange. Asking again is harmless and keeps the first name.
 */
export async function requestTaskCancel(
  queries: Kysely<Schema>,
  request: { readonly accountID: string; readonly taskID: string; readonly userID: string },
): Promise<CancelAnswer> {
  const updated = await queries
    .updateTable('tasks')
    .set({
      state: 'cancelling',
      cancel_requested_at: sql`coalesce(cancel_requested_at, now())`,
      cancel_requested_by: sql`coalesce(cancel_requested_by, ${request.userID}::uuid)`,
      modified_at: sql`now()`,
    })
    .where('id', '=', request.taskID)
    .where('account_id', '=', request.accountID)
    .where('state', 'in', ['notStarted', 'running', 'cancelling'])
    .where('past_commit', '=', false)
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
