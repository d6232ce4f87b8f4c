// What workflows write of a backup that keeps the stream of a command.
import { sql } from 'kysely'
import {
  isCurrentExecution,
  signalColumns,
  type TaskExecution,
  type TaskSignal,
  type TaskSignalRow,
  toTaskSignal,
} from './tasks.ts'
import type { Queries } from './transaction.ts'

/**
 * Of a stream only its end tells how long it is: until then there are bytes and no percentage.
 * Undefined: another execution took over.
 */
export async function writeStreamProgress(
  { queries }: Queries,
  stream: TaskExecution & { readonly backupID: string },
  { bytesDone }: { readonly bytesDone: number },
): Promise<TaskSignal | undefined> {
  const answer = await sql<TaskSignalRow>`
    with backup as (
      update backups set bytes_done = greatest(bytes_done, ${bytesDone}::bigint)
      where id = ${stream.backupID} and state in ('discovering', 'running')
        and ${isCurrentExecution(stream)}
    )
    update tasks t set bytes_done = greatest(t.bytes_done, ${bytesDone}::bigint),
      modified_at = now()
    where t.id = ${stream.taskID} and t.attempt = ${stream.attempt}
    returning ${signalColumns()}
  `.execute(queries)
  return answer.rows[0] && toTaskSignal(answer.rows[0])
}

export interface RecordedStream {
  readonly backupID: string
  readonly repositorySnapshotID: string
  readonly sizeBytes: number
  readonly addedBytes: number
  /** When its command was started. */
  readonly takenAt: Date
}

/** A repeated command replaces what its former run left here. */
export async function recordStream(
  { queries }: Queries,
  execution: TaskExecution,
  stream: RecordedStream,
): Promise<boolean> {
  const answer = await sql`
    update backups set stream_snapshot_id = ${stream.repositorySnapshotID},
      stream_added_bytes = ${stream.addedBytes}, total_bytes = ${stream.sizeBytes},
      taken_at = ${stream.takenAt.toISOString()}, modified_at = now(),
      -- Without hooks, all of them (none) ended well.
      hook_state = 'success', hook_state_details = '[]'
    where id = ${stream.backupID} and ${isCurrentExecution(execution)}
  `.execute(queries)
  return answer.numAffectedRows === 1n
}
