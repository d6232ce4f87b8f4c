// The recurrence rule of a custom schedule (RFC 5545 §3.8.5.3), as much of it as schedules take:
//   DTSTART:20220101T000500Z
//   RRULE:FREQ=MINUTELY;INTERVAL=30

export interface Recurrence {
  readonly start: Date
  readonly periodMs: number
}

export type RecurrenceAnswer = Recurrence | { readonly refusal: string }

const PERIOD_MS = { MINUTELY: 60_000, HOURLY: 3_600_000 } as const
/** Ten years: an interval that nobody means, and far below where dates end. */
const PERIOD_MS_MAX = 10 * 366 * 86_400_000

const START = /^DTSTART:(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/i

/** `refusal` says, after the name of the field, what is wrong. */
export function parseRecurrenceRule(text: string): RecurrenceAnswer {
  // Shells hand the two characters \n over where a line break was meant.
  const lines = text.trim().split(/\r?\n|\\n/)
  const [first, second] = lines
  if (first === undefined || second === undefined || lines.length !== 2) {
    return { refusal: 'must be two lines: DTSTART:…Z and RRULE:…' }
  }
  const start = parseStart(first.trim())
  if (start === undefined) {
    return { refusal: 'must begin with a time in UTC, as in DTSTART:20220101T000500Z' }
  }
  const period = parseRule(second.trim())
  return typeof period === 'string' ? { refusal: period } : { start, periodMs: period }
}

function parseStart(line: string): Date | undefined {
  const match = START.exec(line)
  if (match === null) return undefined
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const start = new Date(0)
  start.setUTCFullYear(year, month - 1, day)
  start.setUTCHours(hour, minute, second)
  // What a calendar does not have, it carries over: the 31st of April reads back as the 1st of May.
  const isSame =
    start.getUTCFullYear() === year &&
    start.getUTCMonth() === month - 1 &&
    start.getUTCDate() === day &&
    start.getUTCHours() === hour &&
    start.getUTCMinutes() === minute &&
    start.getUTCSeconds() === second
  return isSame ? start : undefined
}

/** The period, or what is wrong. */
function parseRule(line: string): number | string {
  const match = /^RRULE:(.+)$/i.exec(line)
  if (match === null) return 'must have a second line that begins with RRULE:'
  const parts = new Map<string, string>()
  for (const part of (match[1] ?? '').split(';')) {
    const [, name, value] = /^([A-Za-z]+)=(.+)$/.exec(part) ?? []
    const known = name?.toUpperCase()
    if (known === undefined || (known !== 'FREQ' && known !== 'INTERVAL')) {
      return 'may have FREQ and INTERVAL only'
    }
    if (parts.has(known)) return `has ${known} twice`
    parts.set(known, value ?? '')
  }
  const frequency = parts.get('FREQ')?.toUpperCase()
  if (frequency !== 'MINUTELY' && frequency !== 'HOURLY') {
    return 'must have the FREQ MINUTELY or HOURLY'
  }
  const interval = parts.get('INTERVAL') ?? '1'
  const periodMs = Number(interval) * PERIOD_MS[frequency]
  if (!/^[1-9][0-9]*$/.test(interval) || periodMs > PERIOD_MS_MAX) {
    return 'must have an INTERVAL that is a whole number from 1, and no longer than ten years'
  }
  return periodMs
}
