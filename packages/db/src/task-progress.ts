// Progress of a task, written at most once a second. Nothing goes back: a replayed copy starts at
// zero, and what clients poll must not. Only a commit says 100.
import { type RawBuilder, sql } from 'kysely'
import {
  signalColumns,
  type TaskExecution,
  type TaskSignal,
  type TaskSignalRow,
  toTaskSignal,
} from './tasks.ts'
import type { Queries } from './transaction.ts'

export interface TaskProgress {
  readonly bytesDone: number
  readonly totalBytes: number
}

/** Undefined: another execution took over, so the caller stops and writes nothing more. */
export async function writeTaskProgress(
  { queries }: Queries,
  execution: TaskExecution,
  progress: TaskProgress,
): Promise<TaskSignal | undefined> {
  const answer = await sql<TaskSignalRow>`
    update tasks t set
      bytes_done = greatest(t.bytes_done, ${progress.bytesDone}::bigint),
      total_bytes = greatest(t.bytes_done, ${progress.totalBytes}::bigint, ${progress.bytesDone}::bigint),
      percent_done = greatest(t.percent_done,
        ${percent(sql`${progress.bytesDone}::bigint`, sql`${progress.totalBytes}::bigint`)}),
      modified_at = now()
    where t.id = ${execution.taskID} and t.attempt = ${execution.attempt}
    returning ${signalColumns()}
  `.execute(queries)
  return answer.rows[0] && toTaskSignal(answer.rows[0])
}

/** The progress of one volume of a backup, then the sums of the backup and of its task. */
export async function writeMoveProgress(
  { queries }: Queries,
  move: TaskExecution & { readonly backupID: string; readonly volumeID: string },
  progress: TaskProgress,
): Promise<TaskSignal | undefined> {
  const signal = await writeTaskProgress({ queries }, move, progress)
  if (signal === undefined) return undefined
  await sql`
    update backup_volumes set
      bytes_done = greatest(bytes_done, ${progress.bytesDone}::bigint),
      total_bytes = greatest(bytes_done, ${progress.totalBytes}::bigint, ${progress.bytesDone}::bigint)
    where id = ${move.volumeID} and backup_id = ${move.backupID}
  `.execute(queries)
  await sql`
    with sums as (
      select coalesce(sum(bytes_done), 0)::bigint as done,
        coalesce(sum(greatest(total_bytes, bytes_done)), 0)::bigint as total
      from backup_volumes where backup_id = ${move.backupID}
    )
    update backups set
      bytes_done = greatest(backups.bytes_done, sums.done),
      total_bytes = greatest(backups.bytes_done, sums.total),
      percent_done = greatest(backups.percent_done, ${percent(sql`sums.done`, sql`sums.total`)})
    from sums
    where backups.id = ${move.backupID} and backups.state in ('discovering', 'running')
  `.execute(queries)
  await sql`
    update tasks set
      bytes_done = greatest(tasks.bytes_done, backups.bytes_done),
      total_bytes = backups.total_bytes,
      percent_done = greatest(tasks.percent_done, least(99, backups.percent_done)),
      modified_at = now()
    from backups
    where tasks.kind = 'backup' and tasks.resource_id = backups.id and backups.id = ${move.backupID}
      and tasks.state in ('running', 'cancelling')
  `.execute(queries)
  return signal
}

/** As `percentBeforeCommit` of the domain, in SQL. */
function percent(done: RawBuilder<unknown>, total: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`case when ${total} <= 0 then 0
    else least(99, floor(${done}::numeric * 100 / ${total}))::integer end`
}
