// Runs of schedules: claimed by one of the services that share the database, and listed for users.
//
// running → completed | failed; or at once skipped (the run before it had not ended) or missed
// (nobody was there). A due time has at most one run; one that was missed or skipped gives way to
// a real one, when a clock that went back comes to its time once more.
import { type Selectable, sql } from 'kysely'
import type { ResourceSource } from './list-resources.ts'
import { belongsToHeldApp } from './namespace-reach.ts'
import {
  type CommonRow,
  commonFields,
  instant,
  type ResourceCommon,
  text,
  toCommon,
} from './resource-fields.ts'
import { type Schedule, type ScheduleRow, toSchedule } from './schedules.ts'
import type { Schema } from './schema.ts'
import type { Queries } from './transaction.ts'

export const SCHEDULE_RUN_STATES = ['running', 'completed', 'failed', 'skipped', 'missed'] as const
export type ScheduleRunState = (typeof SCHEDULE_RUN_STATES)[number]

export interface ScheduleRun extends ResourceCommon {
  readonly scheduleID: string
  readonly dueAt: Date
  readonly state: ScheduleRunState
  readonly reason?: string
  readonly taskID?: string
  readonly snapshotID?: string
  readonly backupID?: string
  readonly startedAt?: Date
  readonly endedAt?: Date
}

interface ScheduleRunRow extends CommonRow {
  readonly schedule_id: string
  readonly due_at: Date
  readonly state: ScheduleRunState
  readonly reason: string | null
  readonly task_id: string | null
  readonly snapshot_id: string | null
  readonly backup_id: string | null
  readonly started_at: Date | null
  readonly ended_at: Date | null
}

export const SCHEDULE_RUNS: ResourceSource<ScheduleRun> = {
  from: sql`(
    select schedule_runs.*, schedules.account_id, schedules.app_id, '1.0' as version,
      '[]'::jsonb as labels, '00000000-0000-0000-0000-000000000000'::uuid as created_by,
      null::uuid as modified_by, coalesce(ended_at, schedule_runs.created_at) as modified_at
    from schedule_runs join schedules on schedules.id = schedule_runs.schedule_id) as runs`,
  columns: sql`runs.*`,
  isVisible: sql`true`,
  limitedTo: ({ reach }) => ({ rows: belongsToHeldApp(reach, sql`runs.app_id`) }),
  id: sql`runs.id`,
  accountID: sql`runs.account_id`,
  createdAt: sql`runs.created_at`,
  parents: { appID: sql`runs.app_id`, scheduleID: sql`runs.schedule_id` },
  fields: {
    ...commonFields('runs'),
    scheduleID: text(sql`runs.schedule_id`),
    dueAt: instant(sql`runs.due_at`),
    state: text(sql`runs.state`),
    reason: text(sql`runs.reason`),
    taskID: text(sql`runs.task_id`),
    snapshotID: text(sql`runs.snapshot_id`),
    backupID: text(sql`runs.backup_id`),
    startedAt: instant(sql`runs.started_at`),
    endedAt: instant(sql`runs.ended_at`),
  },
  toResource: (row: ScheduleRunRow) => ({
    ...toCommon(row),
    scheduleID: row.schedule_id,
    dueAt: row.due_at,
    state: row.state,
    ...(row.reason === null ? {} : { reason: row.reason }),
    ...(row.task_id === null ? {} : { taskID: row.task_id }),
    ...(row.snapshot_id === null ? {} : { snapshotID: row.snapshot_id }),
    ...(row.backup_id === null ? {} : { backupID: row.backup_id }),
    ...(row.started_at === null ? {} : { startedAt: row.started_at }),
    ...(row.ended_at === null ? {} : { endedAt: row.ended_at }),
  }),
}

/** Ids of schedules whose time has come, the longest waiting first. */
export async function listDueSchedules(
  { queries }: Queries,
  { now, limit }: { readonly now: Date; readonly limit: number },
): Promise<string[]> {
  const rows = await queries
    .selectFrom('schedules')
    .select('id')
    .where('next_run_at', '<=', now)
    // An account that is being deleted is not protected any more.
    .where('account_id', 'not in', (gone) =>
      gone.selectFrom('accounts').select('id').where('state', '=', 'deletePending'),
    )
    .orderBy('next_run_at')
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map(({ id }) => id)
}

/** Schedules that are on, in the order of their ids. */
export async function listEnabledSchedules(
  { queries }: Queries,
  { after, limit }: { readonly after: string | undefined; readonly limit: number },
): Promise<Schedule[]> {
  let query = queries
    .selectFrom('schedules')
    .selectAll()
    .where('next_run_at', 'is not', null)
    .orderBy('id')
    .limit(limit)
  if (after !== undefined) query = query.where('id', '>', after)
  return (await query.execute()).map(asSchedule)
}

export interface LockedSchedule {
  readonly schedule: Schedule
  readonly appName: string
  /** Apps in the trash are not protected any more, or not yet again. */
  readonly isAppHidden: boolean
  /** When its run that has not ended began. */
  readonly runningSince: Date | undefined
}

/** Undefined: it is gone, or another service looks after it at this moment. */
export async function lockSchedule(
  { queries }: Queries,
  id: string,
): Promise<LockedSchedule | undefined> {
  const row = await queries
    .selectFrom('schedules')
    .selectAll()
    .where('id', '=', id)
    .forNoKeyUpdate()
    .skipLocked()
    .executeTakeFirst()
  if (row === undefined) return undefined
  const app = await queries
    .selectFrom('apps')
    .select(['name', 'hidden_at'])
    .where('id', '=', row.app_id)
    .executeTakeFirstOrThrow()
  const running = await queries
    .selectFrom('schedule_runs')
    .select('started_at')
    .where('schedule_id', '=', id)
    .where('state', '=', 'running')
    .executeTakeFirst()
  return {
    schedule: asSchedule(row),
    appName: app.name,
    isAppHidden: app.hidden_at !== null,
    runningSince: running && (running.started_at ?? row.created_at),
  }
}

export async function setNextRun(
  { queries }: Queries,
  { scheduleID, nextRunAt }: { readonly scheduleID: string; readonly nextRunAt: Date },
): Promise<void> {
  await queries
    .updateTable('schedules')
    .set({ next_run_at: nextRunAt })
    .where('id', '=', scheduleID)
    .execute()
}

export interface NewScheduleRun {
  readonly id: string
  readonly scheduleID: string
  readonly dueAt: Date
  readonly state: 'running' | 'skipped' | 'missed'
  readonly reason?: string
  readonly now: Date
}

/** Under the schedule's lock. False: that time was looked after already. */
export async function insertScheduleRun(
  { queries }: Queries,
  run: NewScheduleRun,
): Promise<boolean> {
  const isRunning = run.state === 'running'
  const answer = await sql`
    insert into schedule_runs
      (id, schedule_id, due_at, state, reason, started_at, ended_at, created_at)
    values (${run.id}, ${run.scheduleID}, ${run.dueAt}, ${run.state}, ${run.reason ?? null},
      ${isRunning ? run.now : null}::timestamptz,
      ${isRunning ? null : run.now}::timestamptz, ${run.now})
    on conflict (schedule_id, due_at) where not was_clock_ahead
    do update set id = excluded.id, state = excluded.state, reason = excluded.reason,
      started_at = excluded.started_at, ended_at = excluded.ended_at,
      created_at = excluded.created_at
    where excluded.state = 'running' and schedule_runs.state in ('missed', 'skipped')
  `.execute(queries)
  return answer.numAffectedRows === 1n
}

export async function setTaskOfRun(
  { queries }: Queries,
  { runID, taskID }: { readonly runID: string; readonly taskID: string },
): Promise<void> {
  await queries
    .updateTable('schedule_runs')
    .set({ task_id: taskID })
    .where('id', '=', runID)
    .execute()
}

/** Runs that a wrong clock began for times far ahead: they do not count for these when they come. */
export async function disownRunsAhead(
  { queries }: Queries,
  { scheduleID, after }: { readonly scheduleID: string; readonly after: Date },
): Promise<void> {
  await queries
    .updateTable('schedule_runs')
    .set({ was_clock_ahead: true })
    .where('schedule_id', '=', scheduleID)
    .where('due_at', '>', after)
    .execute()
}

/** The number of runs that were skipped since the one that goes on began. */
export async function countSkipsSince(
  { queries }: Queries,
  { scheduleID, since }: { readonly scheduleID: string; readonly since: Date },
): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from schedule_runs
    where schedule_id = ${scheduleID} and state = 'skipped' and created_at >= ${since}
  `.execute(queries)
  return Number(rows[0]?.count ?? 0)
}

/** What a run made. */
export async function noteCopyOfRun(
  { queries }: Queries,
  copy: { readonly runID: string; readonly kind: 'snapshot' | 'backup'; readonly id: string },
): Promise<void> {
  await queries
    .updateTable('schedule_runs')
    .set(copy.kind === 'snapshot' ? { snapshot_id: copy.id } : { backup_id: copy.id })
    .where('id', '=', copy.runID)
    .execute()
}

export interface ScheduleRunEnd {
  readonly taskID: string
  readonly state: 'completed' | 'failed'
  /** Why it failed; what is written stays when absent. */
  readonly reason?: string
  readonly now: Date
}

/** Repeating it is harmless, and so is a schedule that was deleted meanwhile. */
export async function endScheduleRun({ queries }: Queries, end: ScheduleRunEnd): Promise<void> {
  await queries
    .updateTable('schedule_runs')
    .set({
      state: end.state,
      ended_at: end.now,
      ...(end.reason === undefined ? {} : { reason: end.reason }),
    })
    .where('task_id', '=', end.taskID)
    .where('state', '=', 'running')
    .execute()
}

function asSchedule(row: Selectable<Schema['schedules']>): Schedule {
  return toSchedule(row as unknown as ScheduleRow)
}

/** Of each schedule the newest `kept` runs stay, and what still runs. */
export async function removeOldScheduleRuns({ queries }: Queries, kept: number): Promise<void> {
  await sql`
    delete from schedule_runs using (
      select id, row_number() over (partition by schedule_id order by due_at desc, id) as place
      from schedule_runs
    ) as placed
    where placed.id = schedule_runs.id and placed.place > ${kept}
      and schedule_runs.state <> 'running'
  `.execute(queries)
}
