// The cron strings that schedules take: five fields (minute, hour, day of month, month, day of
// week), in UTC. Each is `*`, a number, a range or a list of them, with a step after `*` or a range;
// months and days of the week may be named (`JAN`, `MON`), 0 and 7 are Sunday; `@hourly`, `@daily`
// and the like stand for their five fields. When both days are restricted, either will do. What
// only some crons know (seconds, years, `L`, `W`, `#`, `?`, `@reboot`, `@every`, `TZ=`) is refused.
import { Cron } from 'croner'

const NICKNAMES: ReadonlySet<string> = new Set([
  '@yearly',
  '@annually',
  '@monthly',
  '@weekly',
  '@daily',
  '@midnight',
  '@hourly',
])

interface Field {
  readonly title: string
  readonly first: number
  readonly last: number
  /** The first one is for `first`. */
  readonly names: readonly string[]
}

const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ')
const DAYS = 'sun mon tue wed thu fri sat'.split(' ')
const FIELDS: readonly Field[] = [
  { title: 'minute', first: 0, last: 59, names: [] },
  { title: 'hour', first: 0, last: 23, names: [] },
  { title: 'day of the month', first: 1, last: 31, names: [] },
  { title: 'month', first: 1, last: 12, names: MONTHS },
  { title: 'day of the week', first: 0, last: 7, names: DAYS },
]
const LENGTH_MAX = 255

/**
 * Why `text` is no cron string of ours, as said after the name of its field; undefined when it is
 * one. `now`: a string that is never due after it is none.
 */
export function refusalOfCronString(text: string, now: Date): string | undefined {
  if (text.length > LENGTH_MAX) return `must not be longer than ${LENGTH_MAX} characters`
  const trimmed = text.trim()
  if (trimmed.startsWith('@')) {
    if (NICKNAMES.has(trimmed.toLowerCase())) return undefined
    return `must have five fields, or be one of ${[...NICKNAMES].join(', ')}`
  }
  const parts = trimmed.split(/[ \t]+/)
  if (parts.length !== FIELDS.length) {
    return 'must have five fields: minute, hour, day of the month, month, day of the week'
  }
  for (const [at, field] of FIELDS.entries()) {
    const refusal = refusalOfField(parts[at] ?? '', field)
    if (refusal !== undefined) return `${refusal} in the field of the ${field.title}`
  }
  return nextCronTime(text, now) === undefined ? 'is never due: no month has that day' : undefined
}

function refusalOfField(text: string, field: Field): string | undefined {
  for (const item of text.split(',')) {
    const refusal = refusalOfItem(item, field)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

function refusalOfItem(item: string, { first, last, names }: Field): string | undefined {
  const [, range = '', step] = /^([^/]*)(?:\/([0-9]{1,2}))?$/.exec(item) ?? []
  const bounds = range.split('-')
  const refusal = `has ${JSON.stringify(item)}, which is no number, range or step from ${first} to ${last},`
  if (range !== '*') {
    if (bounds.length > 2 || (step !== undefined && bounds.length !== 2)) return refusal
    const [from, to = from] = bounds.map((bound, at) => numberOf(bound, { first, names }, at === 1))
    if (from === undefined || to === undefined) return refusal
    if (from < first || to > last || from > to) return refusal
  }
  if (step === undefined) return undefined
  // Of days of the week there are seven, although eight numbers name them.
  const count = last === 7 ? 7 : last - first + 1
  return Number(step) < 1 || Number(step) > count ? refusal : undefined
}

function numberOf(
  text: string,
  { first, names }: Pick<Field, 'first' | 'names'>,
  isEnd: boolean,
): number | undefined {
  if (/^[0-9]{1,2}$/.test(text)) return Number(text)
  const at = names.indexOf(text.toLowerCase())
  if (at < 0) return undefined
  // A range that ends with Sunday ends with the week.
  return isEnd && names === DAYS && at === 0 ? 7 : at + first
}

/** The first due time later than `after`; undefined when there is none. */
export function nextCronTime(text: string, after: Date): Date | undefined {
  return cronOf(text).nextRun(after) ?? undefined
}

/** The last due time that is not later than `instant`. */
export function lastCronTime(text: string, instant: Date): Date | undefined {
  // It answers what is earlier than its argument.
  return cronOf(text).previousRuns(1, new Date(instant.getTime() + 1))[0]
}

function cronOf(text: string): Cron {
  // Without a function to call it has no timer.
  return new Cron(text.trim().toLowerCase(), { mode: '5-part', utcOffset: 0 })
}
