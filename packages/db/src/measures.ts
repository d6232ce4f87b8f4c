// Counts for metrics: of one account, and of the whole installation (without any name).
import { sql } from 'kysely'
import { APPS } from './apps.ts'
import { PROTECTION_STATE } from './protection-state.ts'
import type { Queries } from './transaction.ts'

export interface StateCount {
  readonly state: string
  readonly count: number
}

export interface AppMeasure {
  readonly id: string
  readonly name: string
  readonly completedBackups: number
  /** Of the sources of its completed backups. */
  readonly backupBytes: number
  /** Instant of the copied data of the newest completed backup. */
  readonly lastBackupAt?: Date
}

export interface AccountMeasures {
  readonly apps: readonly (StateCount & { readonly protectionState: string })[]
  readonly backups: readonly StateCount[]
  readonly snapshots: readonly StateCount[]
  readonly scheduleRuns: readonly StateCount[]
  readonly tasks: readonly (StateCount & { readonly kind: string })[]
  readonly unreadNotifications: number
  /** The oldest apps first, at most `APPS_MEASURED_MAX`. */
  readonly perApp: readonly AppMeasure[]
}

/** Each app is several time series: their number is bounded. */
export const APPS_MEASURED_MAX = 5000

export async function measureAccount(
  { queries }: Queries,
  accountID: string,
): Promise<AccountMeasures> {
  const apps = await sql<StateCount & { protectionState: string }>`
    select apps.state, ${PROTECTION_STATE} as "protectionState", count(*) as count
    from ${APPS.from} where ${APPS.isVisible} and apps.account_id = ${accountID} group by 1, 2
  `.execute(queries)
  const [backups, snapshots] = await Promise.all(
    ['backups', 'application_snapshots'].map((table) =>
      sql<StateCount>`
        select state, count(*) as count from ${sql.table(table)}
        where account_id = ${accountID} and deleted_at is null and hidden_at is null
        group by state
      `.execute(queries),
    ),
  )
  const runs = await sql<StateCount>`
    select schedule_runs.state, count(*) as count
    from schedule_runs join schedules on schedules.id = schedule_runs.schedule_id
    where schedules.account_id = ${accountID} group by schedule_runs.state
  `.execute(queries)
  const tasks = await sql<StateCount & { kind: string }>`
    select kind, state, count(*) as count from tasks
    where account_id = ${accountID} and parent_task_id is null group by kind, state
  `.execute(queries)
  const unread = await sql<{ count: number }>`
    select count(distinct event_id) as count from unread_notifications
    where account_id = ${accountID}
  `.execute(queries)
  return {
    apps: apps.rows,
    backups: backups?.rows ?? [],
    snapshots: snapshots?.rows ?? [],
    scheduleRuns: runs.rows,
    tasks: tasks.rows,
    unreadNotifications: unread.rows[0]?.count ?? 0,
    perApp: await measureApps({ queries }, accountID),
  }
}

interface AppMeasureRow extends Omit<AppMeasure, 'lastBackupAt'> {
  readonly lastBackupAt: Date | null
}

async function measureApps({ queries }: Queries, accountID: string): Promise<AppMeasure[]> {
  const { rows } = await sql<AppMeasureRow>`
    select apps.id, apps.name, count(backups.id) as "completedBackups",
      coalesce(sum(backups.total_bytes), 0)::bigint as "backupBytes",
      max(backups.taken_at) as "lastBackupAt"
    from apps left join backups on backups.app_id = apps.id and backups.state = 'completed'
      and backups.deleted_at is null and backups.hidden_at is null
    where apps.account_id = ${accountID} and apps.hidden_at is null
    group by apps.id order by apps.created_at, apps.id limit ${APPS_MEASURED_MAX}
  `.execute(queries)
  return rows.map(({ lastBackupAt, ...row }) => ({
    ...row,
    ...(lastBackupAt === null ? {} : { lastBackupAt }),
  }))
}

export interface ServiceMeasures {
  /** Not final ones, children included. */
  readonly tasks: readonly (StateCount & { readonly kind: string })[]
  readonly deliveries: readonly (StateCount & { readonly channel: string })[]
}

export async function measureService({ queries }: Queries): Promise<ServiceMeasures> {
  const tasks = await sql<StateCount & { kind: string }>`
    select kind, state, count(*) as count from tasks
    where state in ('notStarted', 'running', 'cancelling') group by kind, state
  `.execute(queries)
  const deliveries = await sql<StateCount & { channel: string }>`
    select channel, state, count(*) as count from deliveries group by channel, state
  `.execute(queries)
  return { tasks: tasks.rows, deliveries: deliveries.rows }
}
