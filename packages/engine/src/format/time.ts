// RFC 3339 times with nanoseconds, as Go writes them (repository format, section 3.6).

export interface ParsedTime {
  /** Nanoseconds since 1970-01-01T00:00:00Z, negative before. */
  readonly epochNs: bigint
  readonly utcOffsetMinutes: number
}

/** Go's zero time, 0001-01-01T00:00:00Z: how nodes say that a time is not known. */
export const UNSET_TIME_NS = -62_135_596_800_000_000_000n

const NS_PER_SECOND = 1_000_000_000n
const SECONDS_PER_DAY = 86_400
const DAYS_PER_ERA = 146_097
const YEARS_PER_ERA = 400
/** Days from 0000-03-01 to 1970-01-01. */
const EPOCH_DAYS = 719_468
const YEAR_MAX = 9999

const TIME_PATTERN =
  /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$/

/** RFC 3339 has the years 0 to 9999; of instants outside only the year is changed, as stock does. */
export function formatTime(epochNs: bigint, utcOffsetMinutes = 0): string {
  let seconds = Number(epochNs / NS_PER_SECOND)
  let nanoseconds = Number(epochNs % NS_PER_SECOND)
  if (nanoseconds < 0) {
    seconds -= 1
    nanoseconds += 1_000_000_000
  }
  seconds += utcOffsetMinutes * 60
  const days = Math.floor(seconds / SECONDS_PER_DAY)
  const secondOfDay = seconds - days * SECONDS_PER_DAY
  const time = `${twoDigits(Math.floor(secondOfDay / 3600))}:${twoDigits(
    Math.floor(secondOfDay / 60) % 60,
  )}:${twoDigits(secondOfDay % 60)}`
  return `${formatDate(days)}T${time}${formatFraction(nanoseconds)}${formatOffset(utcOffsetMinutes)}`
}

/** Undefined when `text` is not such a time. */
export function parseTime(text: string): ParsedTime | undefined {
  const match = TIME_PATTERN.exec(text)
  if (match === null) return undefined
  const [, year, month, day, hour, minute, second, fraction, sign, offsetHours, offsetMinutes] =
    match
  const utcOffsetMinutes =
    sign === undefined
      ? 0
      : (sign === '-' ? -1 : 1) * (Number(offsetHours) * 60 + Number(offsetMinutes))
  const days = daysFromDate(Number(year), Number(month), Number(day))
  const inRange = Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60
  if (days === undefined || !inRange) return undefined
  const seconds =
    days * SECONDS_PER_DAY +
    Number(hour) * 3600 +
    Number(minute) * 60 +
    Number(second) -
    utcOffsetMinutes * 60
  const nanoseconds = fraction === undefined ? 0 : Number(fraction.padEnd(9, '0'))
  return { epochNs: BigInt(seconds) * NS_PER_SECOND + BigInt(nanoseconds), utcOffsetMinutes }
}

// Calendar arithmetic by eras of 400 years that start in March, so that the leap day is last.
// `Date` would do for whole seconds, but costs an object and a string per time of every node.
function formatDate(daysSinceEpoch: number): string {
  const days = daysSinceEpoch + EPOCH_DAYS
  const era = Math.floor(days / DAYS_PER_ERA)
  const dayOfEra = days - era * DAYS_PER_ERA
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  )
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
  const year = yearOfEra + era * YEARS_PER_ERA + (month <= 2 ? 1 : 0)
  // The year 9999 has no leap day; Go normalises 29 February to 1 March.
  if (year > YEAR_MAX)
    return month === 2 && day === 29 ? '9999-03-01' : isoDate(YEAR_MAX, month, day)
  return isoDate(Math.max(year, 0), month, day)
}

function isoDate(year: number, month: number, day: number): string {
  return `${String(year).padStart(4, '0')}-${twoDigits(month)}-${twoDigits(day)}`
}

function daysFromDate(year: number, month: number, day: number): number | undefined {
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined
  const marchYear = month <= 2 ? year - 1 : year
  const era = Math.floor(marchYear / YEARS_PER_ERA)
  const yearOfEra = marchYear - era * YEARS_PER_ERA
  const marchMonth = month > 2 ? month - 3 : month + 9
  const dayOfYear = Math.floor((153 * marchMonth + 2) / 5) + day - 1
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * DAYS_PER_ERA + dayOfEra - EPOCH_DAYS
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return [4, 6, 9, 11].includes(month) ? 30 : 31
}

function formatFraction(nanoseconds: number): string {
  if (nanoseconds === 0) return ''
  return `.${String(nanoseconds).padStart(9, '0').replace(/0+$/, '')}`
}

function formatOffset(utcOffsetMinutes: number): string {
  if (utcOffsetMinutes === 0) return 'Z'
  const minutes = Math.abs(utcOffsetMinutes)
  const sign = utcOffsetMinutes < 0 ? '-' : '+'
  return `${sign}${twoDigits(Math.floor(minutes / 60))}:${twoDigits(minutes % 60)}`
}

function twoDigits(value: number): string {
  return value < 10 ? `0${value}` : String(value)
}
