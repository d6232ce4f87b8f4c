// What is to be done for a schedule now: nothing yet, a run, or nothing because its last run goes on.
// Pure: the caller writes it down.
import { countDueTimes, lastDueTime, nextDueTime, type ScheduleRule } from './schedule-rule.ts'

/** A run that begins later than this after its time is told as one that was caught up. */
export const LATE_AFTER_MS = 5 * 60_000

export interface DueInput {
  readonly rule: ScheduleRule
  /** What was decided the last time: the time that nobody has looked after yet. */
  readonly nextDueAt: Date
  readonly now: Date
  /** A run of the same schedule has not ended. */
  readonly isRunning: boolean
}

export type DueDecision =
  | { readonly kind: 'wait'; readonly nextDueAt: Date }
  | {
      readonly kind: 'run' | 'skip'
      /** The last due time that has come. Earlier ones are never made up for. */
      readonly dueAt: Date
      /** Due times before it for which nothing was done. */
      readonly missed: MissedTimes | undefined
      readonly isLate: boolean
      readonly nextDueAt: Date
    }

export interface MissedTimes {
  readonly firstDueAt: Date
  readonly count: number
}

/**
 * However many times have passed (the service was down, the clock went forward), there is one run
 * and one report. A clock that went back leads to an earlier `nextDueAt`; whoever writes the run
 * down sees that a time had its run already.
 */
export function decideDue({ rule, nextDueAt, now, isRunning }: DueInput): DueDecision {
  const next = nextDueTime(rule, now)
  if (nextDueAt > now) return { kind: 'wait', nextDueAt: next < nextDueAt ? next : nextDueAt }
  const last = lastDueTime(rule, now)
  const dueAt = last === undefined || last < nextDueAt ? nextDueAt : last
  const count = dueAt > nextDueAt ? countDueTimes(rule, nextDueAt, dueAt) : 0
  return {
    kind: isRunning ? 'skip' : 'run',
    dueAt,
    missed: count === 0 ? undefined : { firstDueAt: nextDueAt, count },
    isLate: now.getTime() - dueAt.getTime() > LATE_AFTER_MS,
    nextDueAt: next,
  }
}
