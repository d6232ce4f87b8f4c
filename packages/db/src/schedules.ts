// Schedules (protection policies): reading, creating, changing and deleting their rows.
import type { Label, ScheduleGranularity, ScheduleTimes } from '@holdfast/domain'
import { sql } from 'kysely'
import type { ResourceSource } from './list-resources.ts'
import { isAppHeld } from './namespace-reach.ts'
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
import { cronLabels, SHOWN_LABELS } from './schedule-labels.ts'
import type { Queries } from './transaction.ts'

export interface Schedule extends ResourceCommon {
  readonly appID: string
  readonly name: string
  readonly isEnabled: boolean
  readonly times: ScheduleTimes
  /** Decimal digits, up to 63. */
  readonly snapshotRetention: string
  readonly backupRetention: string
  readonly bucketID?: string
  readonly replicate: boolean
  /** How long the backups of a cron schedule are kept; absent: for ever, or by their number. */
  readonly streamRetention?: string
  /** Absent while it is switched off. */
  readonly nextRunAt?: Date
}

export interface ScheduleRow extends CommonRow {
  readonly app_id: string
  readonly name: string
  readonly is_enabled: boolean
  readonly granularity: ScheduleGranularity
  readonly minute: number
  readonly hour: number | null
  readonly day_of_week: number | null
  readonly day_of_month: number | null
  readonly recurrence_rule: string | null
  readonly snapshot_retention: string
  readonly backup_retention: string
  readonly bucket_id: string | null
  readonly replicate: boolean
  readonly cron_string: string | null
  readonly stream_retention: string | null
  readonly next_run_at: Date | null
}

/** Those of a hidden app are as hidden as it is. */
export const SCHEDULES: ResourceSource<Schedule> = {
  from: sql`schedules join apps on apps.id = schedules.app_id`,
  columns: sql`schedules.*`,
  isVisible: sql`apps.hidden_at is null`,
  limitedTo: ({ reach }) => ({ rows: isAppHeld(reach, 'apps') }),
  id: sql`schedules.id`,
  accountID: sql`schedules.account_id`,
  createdAt: sql`schedules.created_at`,
  parents: { appID: sql`schedules.app_id`, scheduleID: sql`schedules.id` },
  fields: {
    ...commonFields('schedules'),
    labels: json(SHOWN_LABELS),
    name: text(sql`schedules.name`),
    isEnabled: text(sql`schedules.is_enabled`),
    granularity: text(sql`schedules.granularity`),
    minute: text(sql`schedules.minute`),
    hour: text(sql`schedules.hour`),
    dayOfWeek: text(sql`schedules.day_of_week`),
    dayOfMonth: text(sql`schedules.day_of_month`),
    recurrenceRule: text(sql`schedules.recurrence_rule`),
    snapshotRetention: number(sql`schedules.snapshot_retention`),
    backupRetention: number(sql`schedules.backup_retention`),
    bucketID: text(sql`schedules.bucket_id`),
    replicate: text(sql`schedules.replicate`),
    nextRunAt: instant(sql`schedules.next_run_at`),
  },
  toResource: toSchedule,
}

/** With the labels that it is shown with: `withoutCronLabels` are its own. */
export function toSchedule(row: ScheduleRow): Schedule {
  const cronString = row.cron_string ?? undefined
  const streamRetention = row.stream_retention ?? undefined
  return {
    ...toCommon(row),
    labels: [...row.labels, ...cronLabels({ cronString, streamRetention })],
    appID: row.app_id,
    name: row.name,
    isEnabled: row.is_enabled,
    times: {
      granularity: row.granularity,
      minute: row.minute,
      ...(row.hour === null ? {} : { hour: row.hour }),
      ...(row.day_of_week === null ? {} : { dayOfWeek: row.day_of_week }),
      ...(row.day_of_month === null ? {} : { dayOfMonth: row.day_of_month }),
      ...(row.recurrence_rule === null ? {} : { recurrenceRule: row.recurrence_rule }),
      ...(cronString === undefined ? {} : { cronString }),
    },
    snapshotRetention: row.snapshot_retention,
    backupRetention: row.backup_retention,
    ...(row.bucket_id === null ? {} : { bucketID: row.bucket_id }),
    replicate: row.replicate,
    ...(streamRetention === undefined ? {} : { streamRetention }),
    ...(row.next_run_at === null ? {} : { nextRunAt: row.next_run_at }),
  }
}

/** All that users decide of a schedule; `labels` are its own. */
export interface ScheduleContent {
  readonly version: string
  readonly name: string
  readonly labels: readonly Label[]
  readonly isEnabled: boolean
  readonly times: ScheduleTimes
  readonly snapshotRetention: string
  readonly backupRetention: string
  readonly bucketID: string | undefined
  readonly replicate: boolean
  /** Only of a cron schedule. */
  readonly streamRetention?: string
  readonly nextRunAt: Date | undefined
}

export interface NewSchedule extends ScheduleContent {
  readonly id: string
  readonly accountID: string
  readonly appID: string
  readonly createdBy: string
  readonly now: Date
}

export async function insertSchedule({ queries }: Queries, schedule: NewSchedule): Promise<void> {
  await queries
    .insertInto('schedules')
    .values({
      id: schedule.id,
      account_id: schedule.accountID,
      app_id: schedule.appID,
      ...contentColumns(schedule),
      created_by: schedule.createdBy,
      created_at: schedule.now,
      modified_at: schedule.now,
    })
    .execute()
}

export interface ScheduleUpdate extends ScheduleContent {
  readonly id: string
  readonly modifiedBy: string
  readonly now: Date
}

export async function updateSchedule({ queries }: Queries, update: ScheduleUpdate): Promise<void> {
  await queries
    .updateTable('schedules')
    .set({
      ...contentColumns(update),
      modified_by: update.modifiedBy,
      modified_at: update.now,
    })
    .where('id', '=', update.id)
    .execute()
}

function contentColumns({ times, ...content }: ScheduleContent) {
  return {
    version: content.version,
    name: content.name,
    labels: JSON.stringify(content.labels),
    is_enabled: content.isEnabled,
    granularity: times.granularity,
    minute: times.minute ?? 0,
    hour: times.hour ?? null,
    day_of_week: times.dayOfWeek ?? null,
    day_of_month: times.dayOfMonth ?? null,
    recurrence_rule: times.recurrenceRule ?? null,
    snapshot_retention: content.snapshotRetention,
    backup_retention: content.backupRetention,
    bucket_id: content.bucketID ?? null,
    replicate: content.replicate,
    cron_string: times.cronString ?? null,
    stream_retention: content.streamRetention ?? null,
    next_run_at: content.nextRunAt ?? null,
  }
}

/** Of an app that is locked, so that none is added meanwhile. */
export async function lockSchedulesOfApp(
  { queries }: Queries,
  { accountID, appID }: { readonly accountID: string; readonly appID: string },
): Promise<Schedule[]> {
  const rows = await queries
    .selectFrom('schedules')
    .selectAll()
    .where('account_id', '=', accountID)
    .where('app_id', '=', appID)
    .orderBy('id')
    .forNoKeyUpdate()
    .execute()
  return rows.map((row) => toSchedule(row as unknown as ScheduleRow))
}

/** With the account of its runs. A run that is under way goes on; its copies stay. */
export async function deleteSchedule({ queries }: Queries, id: string): Promise<void> {
  await queries.deleteFrom('schedules').where('id', '=', id).execute()
}

/** Undefined when it was deleted. */
export async function findSchedule(
  { queries }: Queries,
  id: string,
): Promise<Schedule | undefined> {
  const row = await queries
    .selectFrom('schedules')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst()
  return row && toSchedule(row as unknown as ScheduleRow)
}
