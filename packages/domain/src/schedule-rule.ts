// When a schedule is due. Everything is UTC, so no day has 23 or 25 hours. Pure arithmetic: what
// lies between two instants is never walked through, however far apart they are; of a cron string
// it is counted up to a number.
import { lastCronTime, nextCronTime } from './cron-rule.ts'

export const SCHEDULE_GRANULARITIES = ['hourly', 'daily', 'weekly', 'monthly', 'custom'] as const
export type ScheduleGranularity = (typeof SCHEDULE_GRANULARITIES)[number]

export type ScheduleRule =
  | { readonly granularity: 'hourly'; readonly minute: number }
  | { readonly granularity: 'daily'; readonly hour: number; readonly minute: number }
  | {
      readonly granularity: 'weekly'
      /** 0 to 7; Sunday is 0 and 7. */
      readonly dayOfWeek: number
      readonly hour: number
      readonly minute: number
    }
  | {
      readonly granularity: 'monthly'
      /** 1 to 31; a day that a month lacks is its last day. */
      readonly dayOfMonth: number
      readonly hour: number
      readonly minute: number
    }
  | {
      readonly granularity: 'custom'
      /** The first time; every one is a whole number of periods after it. */
      readonly start: Date
      readonly periodMs: number
    }
  | {
      readonly granularity: 'cron'
      /** One that `refusalOfCronString` takes. */
      readonly cronString: string
    }

type CountedRule = Exclude<ScheduleRule, { granularity: 'cron' }>

/** As many times of a cron string as are counted. */
export const CRON_TIMES_COUNTED_MAX = 1_000

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const WEEK_MS = 7 * DAY_MS
/** 1970-01-01 was a Thursday: this many days before the first Sunday. */
const DAYS_TO_FIRST_SUNDAY = 3

/** The first due time later than `after`. */
export function nextDueTime(rule: ScheduleRule, after: Date): Date {
  if (rule.granularity !== 'cron') return dueTimeAt(rule, indexOfLastDue(rule, after) + 1)
  const next = nextCronTime(rule.cronString, after)
  if (next === undefined) throw new RangeError(`${rule.cronString} is never due.`)
  return next
}

/** The last due time that is not later than `instant`; undefined before the first one. */
export function lastDueTime(rule: ScheduleRule, instant: Date): Date | undefined {
  if (rule.granularity === 'cron') return lastCronTime(rule.cronString, instant)
  const index = indexOfLastDue(rule, instant)
  return rule.granularity === 'custom' && index < 0 ? undefined : dueTimeAt(rule, index)
}

/**
 * How many due times are later than `after` and not later than `until`. Of a cron string no more
 * than `CRON_TIMES_COUNTED_MAX`.
 */
export function countDueTimes(rule: ScheduleRule, after: Date, until: Date): number {
  if (rule.granularity !== 'cron') {
    return Math.max(0, indexOfLastDue(rule, until) - indexOfLastDue(rule, after))
  }
  let count = 0
  let due = nextDueTime(rule, after)
  while (due <= until && count < CRON_TIMES_COUNTED_MAX) {
    count += 1
    due = nextDueTime(rule, due)
  }
  return count
}

/** Due times are numbered in their order; this is the number of the last one until `instant`. */
function indexOfLastDue(rule: CountedRule, instant: Date): number {
  if (rule.granularity !== 'monthly') {
    const { offsetMs, periodMs } = fixedPeriodOf(rule)
    const index = Math.floor((instant.getTime() - offsetMs) / periodMs)
    // Before the first time of a custom schedule nothing is due.
    return rule.granularity === 'custom' ? Math.max(index, -1) : index
  }
  const month = instant.getUTCFullYear() * 12 + instant.getUTCMonth()
  return dueTimeAt(rule, month) <= instant ? month : month - 1
}

function dueTimeAt(rule: CountedRule, index: number): Date {
  if (rule.granularity !== 'monthly') {
    const { offsetMs, periodMs } = fixedPeriodOf(rule)
    return new Date(offsetMs + index * periodMs)
  }
  const [year, month] = [Math.floor(index / 12), index % 12]
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate()
  return new Date(Date.UTC(year, month, Math.min(rule.dayOfMonth, lastDay), rule.hour, rule.minute))
}

function fixedPeriodOf(rule: Exclude<CountedRule, { granularity: 'monthly' }>): {
  readonly offsetMs: number
  readonly periodMs: number
} {
  switch (rule.granularity) {
    case 'hourly':
      return { offsetMs: rule.minute * MINUTE_MS, periodMs: HOUR_MS }
    case 'daily':
      return { offsetMs: timeOfDay(rule), periodMs: DAY_MS }
    case 'weekly': {
      const days = DAYS_TO_FIRST_SUNDAY + (rule.dayOfWeek % 7)
      return { offsetMs: days * DAY_MS + timeOfDay(rule), periodMs: WEEK_MS }
    }
    case 'custom':
      return { offsetMs: rule.start.getTime(), periodMs: rule.periodMs }
    default: {
      const never: never = rule
      return never
    }
  }
}

function timeOfDay({ hour, minute }: { readonly hour: number; readonly minute: number }): number {
  return hour * HOUR_MS + minute * MINUTE_MS
}
