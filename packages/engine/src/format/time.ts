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
  // Digit by digit, since a tree has three of these per node and a pattern costs twice as much.
  const days = daysFromDate(digitsAt(text, 0, 4), digitsAt(text, 5, 2), digitsAt(text, 8, 2))
  const hour = digitsAt(text, 11, 2)
  const minute = digitsAt(text, 14, 2)
  const second = digitsAt(text, 17, 2)
  const isInRange = hour < 24 && minute < 60 && second < 60
  if (days === undefined || !isInRange || !hasSeparators(text)) return undefined
  const fractionLength = text[FRACTION_AT] === '.' ? countDigits(text, FRACTION_AT + 1) : 0
  if (text[FRACTION_AT] === '.' && (fractionLength === 0 || fractionLength > 9)) return undefined
  const zoneAt = fractionLength === 0 ? FRACTION_AT : FRACTION_AT + 1 + fractionLength
  const utcOffsetMinutes = parseOffset(text, zoneAt)
  if (utcOffsetMinutes === undefined) return undefined
  const seconds =
    days * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second - utcOffsetMinutes * 60
  const fraction = digitsAt(text, FRACTION_AT + 1, fractionLength) * 10 ** (9 - fractionLength)
  return { epochNs: BigInt(seconds) * NS_PER_SECOND + BigInt(fraction), utcOffsetMinutes }
}

/** Behind `YYYY-MM-DDThh:mm:ss`. */
const FRACTION_AT = 19

function hasSeparators(text: string): boolean {
  return (
    text[4] === '-' && text[7] === '-' && text[10] === 'T' && text[13] === ':' && text[16] === ':'
  )
}

function parseOffset(text: string, at: number): number | undefined {
  if (text[at] === 'Z') return text.length === at + 1 ? 0 : undefined
  const hours = digitsAt(text, at + 1, 2)
  const minutes = digitsAt(text, at + 4, 2)
  const isOffset = (text[at] === '+' || text[at] === '-') && text[at + 3] === ':'
  if (!isOffset || text.length !== at + 6 || !(hours < 24 && minutes < 60)) return undefined
  return (text[at] === '-' ? -1 : 1) * (hours * 60 + minutes)
}

/** NaN where there is anything but digits; then no comparison holds. */
function digitsAt(text: string, at: number, count: number): number {
  let value = 0
  for (let index = at; index < at + count; index += 1) {
    const digit = text.charCodeAt(index) - 0x30
    if (!(digit >= 0 && digit <= 9)) return Number.NaN
    value = value * 10 + digit
  }
  return value
}

function countDigits(text: string, at: number): number {
  let end = at
  while (text.charCodeAt(end) >= 0x30 && text.charCodeAt(end) <= 0x39) end += 1
  return end - at
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
  const isDate =
    year >= 0 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month)
  if (!isDate) return undefined
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
  let fraction = nanoseconds
  let digits = 9
  while (fraction % 10 === 0) {
    fraction /= 10
    digits -= 1
  }
  return `.${String(fraction).padStart(digits, '0')}`
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
