// What a task notes of a command that must not run twice: that it begins, before it does, and that
// it ended well. Whoever finds it begun and not ended does not know what it did.
import { sql } from 'kysely'
import type { TaskExecution } from './tasks.ts'
import type { Queries } from './transaction.ts'

export type CommandBegin =
  | 'begun'
  /** A former try began it, and nobody knows how far it came. */
  | 'began-before'
  /** Overtaken, or cancelled. */
  | 'refused'

export async function beginTaskCommand(
  { queries }: Queries,
  execution: TaskExecution,
): Promise<CommandBegin> {
  const { rows } = await sql<{ is_begun: boolean | null }>`
    with begun as (
      update tasks set command_begun_at = now(), modified_at = now()
      where id = ${execution.taskID} and attempt = ${execution.attempt}
        and command_begun_at is null and cancel_requested_at is null
      returning true as is_begun
    )
    select (select is_begun from begun) as is_begun from tasks
    where id = ${execution.taskID} and attempt = ${execution.attempt}
      and (command_begun_at is not null or exists (select 1 from begun))
  `.execute(queries)
  const [row] = rows
  if (row === undefined) return 'refused'
  return row.is_begun === true ? 'begun' : 'began-before'
}

/** It is known not to have run. */
export async function forgetTaskCommand(
  { queries }: Queries,
  execution: TaskExecution,
): Promise<void> {
  await sql`
    update tasks set command_begun_at = null, modified_at = now()
    where id = ${execution.taskID} and attempt = ${execution.attempt} and not past_commit
  `.execute(queries)
}

/** It ended well: there is nothing to cancel any more. False: another execution took over. */
export async function endTaskCommand(
  { queries }: Queries,
  execution: TaskExecution,
): Promise<boolean> {
  const answer = await sql`
    update tasks set past_commit = true, modified_at = now()
    where id = ${execution.taskID} and attempt = ${execution.attempt}
      and command_begun_at is not null
  `.execute(queries)
  return answer.numAffectedRows === 1n
}

export interface TaskCommand {
  readonly hasBegun: boolean
  readonly hasEndedWell: boolean
}

export async function findTaskCommand({ queries }: Queries, taskID: string): Promise<TaskCommand> {
  const row = await queries
    .selectFrom('tasks')
    .select(['command_begun_at', 'past_commit'])
    .where('id', '=', taskID)
    .executeTakeFirst()
  const hasBegun = row !== undefined && row.command_begun_at !== null
  return { hasBegun, hasEndedWell: hasBegun && row.past_commit }
}
