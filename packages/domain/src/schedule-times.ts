// The times of a schedule as users give them, which of them belong to which granularity, and the
// rule that they make.
import { parseRecurrenceRule } from './recurrence-rule.ts'
import type { ScheduleGranularity, ScheduleRule } from './schedule-rule.ts'

export interface ScheduleTimes {
  readonly granularity: ScheduleGranularity
  readonly minute?: number
  readonly hour?: number
  /** 0 to 7; Sunday is 0 and 7. */
  readonly dayOfWeek?: number
  readonly dayOfMonth?: number
  /** RFC 5545, see `recurrence-rule.ts`. */
  readonly recurrenceRule?: string
  /** Of a custom schedule that streams a command: see `cron-rule.ts`. */
  readonly cronString?: string
}

type TimeName = Exclude<keyof ScheduleTimes, 'granularity' | 'cronString'>

export interface ScheduleFault {
  readonly name: string
  readonly reason: string
}

const TIME_NAMES: readonly TimeName[] = [
  'minute',
  'hour',
  'dayOfWeek',
  'dayOfMonth',
  'recurrenceRule',
]

const NAMES_OF: Readonly<Record<ScheduleGranularity, readonly TimeName[]>> = {
  hourly: ['minute'],
  daily: ['minute', 'hour'],
  weekly: ['minute', 'hour', 'dayOfWeek'],
  monthly: ['minute', 'hour', 'dayOfMonth'],
  custom: ['recurrenceRule'],
}

/** Those of `present` that still mean something for `granularity`. */
export function applicableTimes(
  granularity: ScheduleGranularity,
  present: Omit<ScheduleTimes, 'granularity' | 'cronString'>,
): ScheduleTimes {
  const names = NAMES_OF[granularity]
  const kept = names.flatMap((name) =>
    present[name] === undefined ? [] : [[name, present[name]] as const],
  )
  return { granularity, ...Object.fromEntries(kept) }
}

/** What of `sent` means nothing for its granularity. A custom schedule is shown with minute 0. */
export function faultsOfSentTimes(sent: ScheduleTimes): ScheduleFault[] {
  const { granularity } = sent
  return TIME_NAMES.filter(
    (name) =>
      sent[name] !== undefined &&
      !NAMES_OF[granularity].includes(name) &&
      !(granularity === 'custom' && name === 'minute' && sent.minute === 0),
  ).map((name) => ({ name, reason: `means nothing when granularity is ${granularity}` }))
}

/** The rule, or everything that keeps `times` from being one. `minute` is 0 when absent. */
export function readScheduleTimes(
  times: ScheduleTimes,
  now: Date,
): { readonly rule: ScheduleRule } | { readonly faults: readonly ScheduleFault[] } {
  const { granularity, recurrenceRule } = times
  const missing = NAMES_OF[granularity].filter(
    (name) => name !== 'minute' && times[name] === undefined,
  )
  if (missing.length > 0) {
    const reason = `is needed when granularity is ${granularity}`
    return { faults: missing.map((name) => ({ name, reason })) }
  }
  if (granularity === 'custom') {
    const recurrence = parseRecurrenceRule(recurrenceRule ?? '')
    const fault = (reason: string) => ({ faults: [{ name: 'recurrenceRule', reason }] })
    if ('refusal' in recurrence) return fault(recurrence.refusal)
    if (recurrence.start > now) return fault('must have a DTSTART in the past')
  }
  return { rule: ruleOfTimes(times) }
}

/** Of times that were found right when they were written. */
export function ruleOfTimes(times: ScheduleTimes): ScheduleRule {
  const { granularity, minute = 0, hour = 0, dayOfWeek = 0, dayOfMonth = 1, cronString } = times
  if (cronString !== undefined) return { granularity: 'cron', cronString }
  switch (granularity) {
    case 'hourly':
      return { granularity, minute }
    case 'daily':
      return { granularity, hour, minute }
    case 'weekly':
      return { granularity, dayOfWeek, hour, minute }
    case 'monthly':
      return { granularity, dayOfMonth, hour, minute }
    case 'custom': {
      const recurrence = parseRecurrenceRule(times.recurrenceRule ?? '')
      if ('refusal' in recurrence) throw new RangeError(`recurrenceRule ${recurrence.refusal}`)
      return { granularity, ...recurrence }
    }
    default: {
      const never: never = granularity
      return never
    }
  }
}
