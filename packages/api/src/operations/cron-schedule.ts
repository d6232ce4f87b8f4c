// A schedule that streams a command by a cron string, as the application dialect shows and changes
// it: one of custom times without a rule of its own, which keeps no snapshots and every backup. Who
// sends it back as it is shown changes nothing; another rule takes its place.
import { CRON_LABELS, type Schedule, withoutCronLabels } from '@holdfast/db'
import type { Label, ScheduleGranularity, ScheduleTimes } from '@holdfast/domain'
import { OperationError } from './operation-failure.ts'

export const CRON_SCHEDULE_RETENTION = {
  snapshotRetention: '0',
  backupRetention: '2147483647',
} as const

export interface SentRule {
  readonly granularity?: ScheduleGranularity
  readonly times: Omit<ScheduleTimes, 'granularity'>
  readonly snapshotRetention: string
  readonly backupRetention: string
}

/** Is `present` such a schedule, and is what was sent the rule that it is shown with? */
export function keepsCron(present: Schedule, sent: SentRule): boolean {
  const { minute = 0, ...otherTimes } = sent.times
  return (
    present.times.cronString !== undefined &&
    (sent.granularity === undefined || sent.granularity === 'custom') &&
    minute === 0 &&
    Object.keys(otherTimes).length === 0 &&
    sent.snapshotRetention === CRON_SCHEDULE_RETENTION.snapshotRetention &&
    sent.backupRetention === CRON_SCHEDULE_RETENTION.backupRetention
  )
}

/**
 * The schedule's own ones of `sent`. Those that show its cron string are taken as they are shown
 * only: they change nothing, and nobody shall believe that they do.
 */
export function ownLabelsOf(present: Schedule, sent: readonly Label[]): Label[] {
  if (present.times.cronString === undefined) return [...sent]
  const shown = new Map(present.labels.map(({ name, value }) => [name, value]))
  for (const name of Object.values(CRON_LABELS)) {
    const label = sent.find((candidate) => candidate.name === name)
    if (label === undefined || label.value === shown.get(name)) continue
    const reason = `has ${name}, which only shows what the container's configuration says`
    throw new OperationError({
      code: 'invalid-request',
      members: [{ name: 'metadata.labels', reason }],
    })
  }
  return withoutCronLabels(sent)
}
