// What the runs left that made or restored a backup: one log of each, as the container dialect
// shows them.
import type { TaskKind } from '@holdfast/domain'
import { sql } from 'kysely'
import { type StateDetail, textOfDetails } from './state-detail.ts'
import type { Queries } from './transaction.ts'

export interface ContainerBackupLog {
  /** The task's. */
  readonly id: string
  readonly type: 'backup' | 'restore'
  readonly log: string
  readonly error?: string
  readonly createdAt: Date
  readonly modifiedAt: Date
}

interface LogRow {
  readonly id: string
  readonly kind: TaskKind
  readonly state: string
  readonly state_details: readonly StateDetail[]
  readonly created_at: Date
  readonly modified_at: Date
  readonly log: string | null
}

/** The latest ones: a backup that was restored every hour must not fill the service's memory. */
const RUNS_MAX = 100
/** Of one run, its end: a command's last words say why it failed. Four times what is kept of those. */
const CHARACTERS_MAX = 65_536
/** A run has a few lines a step; hooks and volumes bring theirs. */
const LINES_MAX = 2000

/**
 * Of what leaves no words of its own; streams tell more than that themselves. Nothing is said of the
 * bytes where none were counted.
 */
const END_LINE = sql`(case kind when 'move' then description else summary || '.' end
  || ' ' || initcap(state) || ' after '
  || round(extract(epoch from ended_at - coalesce(started_at, ended_at)), 1) || ' s'
  || case when bytes_done > 0 then ': ' || bytes_done || ' bytes.' else '.' end)`

/** Oldest first. */
export async function listContainerBackupLogs(
  { queries }: Queries,
  { accountID, backupID }: { readonly accountID: string; readonly backupID: string },
): Promise<ContainerBackupLog[]> {
  const { rows } = await sql<LogRow>`
    with recursive runs as (
      select tasks.* from tasks where account_id = ${accountID} and (
        (kind in ('backup', 'stream-backup') and resource_id = ${backupID}::uuid)
        or (kind in ('restore', 'stream-restore') and input #>> '{source,id}' = ${backupID}))
      order by created_at desc, id desc limit ${RUNS_MAX}
    ), parts as (
      select id as run_id, id, kind, description, summary, state, bytes_done, started_at, ended_at
      from runs
      union all
      select parts.run_id, tasks.id, tasks.kind, tasks.description, tasks.summary, tasks.state,
        tasks.bytes_done, tasks.started_at, tasks.ended_at
      from parts join tasks on tasks.parent_task_id = parts.id
    )
    select id, kind, state, state_details, created_at, modified_at, (
      select right(string_agg(line.message, E'\n' order by line.at, line.sequence),
        ${CHARACTERS_MAX})
      from (
        select at, sequence, message from (
          select task_log.logged_at as at, task_log.sequence,
            rtrim(task_log.message, E'\\n') as message
          from parts join task_log on task_log.task_id = parts.id where parts.run_id = runs.id
          union all
          select ended_at, null, ${END_LINE} from parts
          where run_id = runs.id and ended_at is not null and kind in ('backup', 'move', 'restore')
        ) as every_line order by at desc, sequence desc nulls first limit ${LINES_MAX}
      ) as line
    ) as log
    from runs order by created_at, id
  `.execute(queries)
  return rows.map(toLog)
}

function toLog(row: LogRow): ContainerBackupLog {
  const error = textOfDetails(row.state_details)
  const hasFailed = row.state === 'failed' || row.state === 'cancelled'
  return {
    id: row.id,
    type: row.kind === 'backup' || row.kind === 'stream-backup' ? 'backup' : 'restore',
    log: row.log ?? '',
    ...(hasFailed ? { error: error || `The run was ${row.state}.` } : {}),
    createdAt: row.created_at,
    modifiedAt: row.modified_at,
  }
}
