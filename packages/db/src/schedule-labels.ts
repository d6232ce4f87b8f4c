// A schedule that follows a cron string is shown with labels that say it, beside its own: the
// application dialect has no other place for them. They are never stored.
import type { Label } from '@holdfast/domain'
import { sql } from 'kysely'

/** Its cron string, and how long its backups are kept. */
export const CRON_LABELS = { cron: 'holdfast.io/cron', retention: 'holdfast.io/retention' } as const

const NAMES: readonly string[] = Object.values(CRON_LABELS)

export interface CronFacts {
  readonly cronString: string | undefined
  readonly streamRetention: string | undefined
}

export function cronLabels({ cronString, streamRetention }: CronFacts): Label[] {
  if (cronString === undefined) return []
  const cron = { name: CRON_LABELS.cron, value: cronString }
  if (streamRetention === undefined) return [cron]
  return [cron, { name: CRON_LABELS.retention, value: streamRetention }]
}

export function withoutCronLabels(labels: readonly Label[]): Label[] {
  return labels.filter(({ name }) => !NAMES.includes(name))
}

/** As `cronLabels` after the schedule's own ones. */
export const SHOWN_LABELS = sql`(case when schedules.cron_string is null then schedules.labels
  else schedules.labels
    || jsonb_build_object('name', ${sql.lit(CRON_LABELS.cron)}, 'value', schedules.cron_string)
    || case when schedules.stream_retention is null then '[]'::jsonb else jsonb_build_array(
      jsonb_build_object('name', ${sql.lit(CRON_LABELS.retention)},
        'value', schedules.stream_retention)) end
  end)`
