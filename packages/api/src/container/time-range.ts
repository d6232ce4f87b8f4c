// `filter[range-start]` and `filter[range-end]`: both ends are part of the range.
import { RequestError } from './request-failure.ts'
import type { ReadQuery } from './route-definition.ts'

export interface TimeRange {
  readonly from?: Date
  readonly until?: Date
}

/** A date, or a date and a time of RFC 3339. */
const DATE_TIME =
  /^\d{4}-\d{2}-\d{2}(?:[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2}))?$/

export function timeRangeOf({ filter }: Pick<ReadQuery, 'filter'>): TimeRange {
  const from = instantOf('range-start', filter)
  const until = instantOf('range-end', filter)
  return { ...(from === undefined ? {} : { from }), ...(until === undefined ? {} : { until }) }
}

function instantOf(name: string, filter: ReadQuery['filter']): Date | undefined {
  const [text, ...others] = filter[name] ?? []
  if (text === undefined) return undefined
  // A plus sign that was not encoded arrives as a space.
  const written = text.replace(/ (?=\d{2}:\d{2}$)/, '+')
  const instant = new Date(written)
  const isRead = others.length === 0 && DATE_TIME.test(written) && isDay(written.slice(0, 10))
  if (isRead && !Number.isNaN(instant.getTime())) return instant
  const reason = 'must be one date and time as RFC 3339 writes it, such as 2026-01-02T03:04:05Z'
  throw new RequestError({ code: 'query-invalid', parameter: `filter[${name}]`, reason })
}

/** A day that its month does not have would be read as one of the next month. */
function isDay(date: string): boolean {
  const instant = new Date(date)
  return !Number.isNaN(instant.getTime()) && instant.toISOString().startsWith(date)
}
