// What is told of the times of a schedule: that some were missed, that one was skipped. How a run
// ended is told as that of every task (`task-end-event.ts`).
import type { LockedSchedule, NewEvent } from '@holdfast/db'
import { CRON_TIMES_COUNTED_MAX, type DueDecision, type MissedTimes } from '@holdfast/domain'
import { uuidFrom } from './runtime.ts'

export interface DueSchedule {
  readonly locked: LockedSchedule
  readonly decision: Exclude<DueDecision, { kind: 'wait' }>
  readonly now: Date
}

type MissedDecision = {
  readonly dueAt: Date
  readonly missed: MissedTimes | undefined
}

/** Without the schedule: it is read beside it. */
export function sentenceOfMissed({ dueAt, missed }: MissedDecision): string {
  if (missed === undefined) {
    return `It was due at ${timeOf(dueAt)}, when no service looked after it.`
  }
  const from = timeOf(missed.firstDueAt)
  const times = missed.count === 1 ? 'once' : `${counted(missed.count)} times`
  return `It was due ${times} from ${from} on before ${timeOf(dueAt)}, when no service looked after it.`
}

/** The times of a cron string are counted up to a number. */
function counted(count: number): string {
  return count < CRON_TIMES_COUNTED_MAX ? String(count) : `at least ${count}`
}

/** One for all the times that passed unseen. */
export function missedEvent(due: DueSchedule): NewEvent {
  const { decision } = due
  const what = `The ${nameOf(due)} missed its time. ${sentenceOfMissed(decision)}`
  const then =
    decision.kind === 'run'
      ? 'It runs now, once.'
      : 'Its run from before goes on, so none begins now.'
  const first = decision.missed?.firstDueAt ?? decision.dueAt
  return {
    ...commonOf(due, ['missed', first.toISOString()]),
    name: 'holdfast.schedule.missed',
    summary: 'Scheduled run missed',
    description: `${what} ${then}`,
    severity: 'warning',
    correctiveAction: 'Keep the service running at the times of its schedules.',
    isNotification: true,
  }
}

export function skippedEvent(due: DueSchedule): NewEvent {
  const since = due.locked.runningSince ?? due.now
  return {
    ...commonOf(due, ['skipped', due.decision.dueAt.toISOString()]),
    name: 'holdfast.schedule.skipped',
    summary: 'Scheduled run skipped',
    description: `The ${nameOf(due)} skipped its run of ${timeOf(due.decision.dueAt)}: the one that began at ${timeOf(since)} had not ended.`,
    severity: 'warning',
    correctiveAction:
      'Give the schedule more time between its runs, or see in its tasks what keeps the last one.',
  }
}

function commonOf({ locked, now }: DueSchedule, parts: readonly string[]) {
  const { id, accountID, appID } = locked.schedule
  return {
    // Repeated in the same instant it is the same event.
    id: uuidFrom('schedule', id, ...parts, now.toISOString()),
    accountID,
    source: 'schedules',
    class: 'system' as const,
    eventTime: now,
    correlationID: uuidFrom('schedule', id, ...parts),
    resourceID: id,
    resourceName: 'schedule',
    resourceURI: `/accounts/${accountID}/k8s/v1/apps/${appID}/schedules/${id}`,
    additionalResourceIDs: [appID],
    appID,
  }
}

function nameOf({ locked }: DueSchedule): string {
  return `schedule "${locked.schedule.name}" of the app "${locked.appName}"`
}

function timeOf(instant: Date): string {
  return `${instant.toISOString().slice(0, 19)}Z`
}
