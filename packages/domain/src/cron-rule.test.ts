import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { lastCronTime, nextCronTime, refusalOfCronString } from './cron-rule.ts'
import { CRON_TIMES_COUNTED_MAX, countDueTimes } from './schedule-rule.ts'

const at = (text: string) => new Date(text)
const iso = (instant: Date | undefined) => instant?.toISOString()
const NOW = at('2024-02-27T10:30:00Z') // a Tuesday
const MINUTE_MS = 60_000

describe('cron strings', () => {
  test('what is taken, and when it is due next', () => {
    const expected = {
      '* * * * *': '2024-02-27T10:31:00.000Z',
      '30 10 * * *': '2024-02-28T10:30:00.000Z',
      '*/20 * * * *': '2024-02-27T10:40:00.000Z',
      '5-15/5,45 11 * * *': '2024-02-27T11:05:00.000Z',
      '0 3 * * mon-FRI': '2024-02-28T03:00:00.000Z',
      '0 3 * * Sat-Sun': '2024-03-02T03:00:00.000Z',
      '0 3 * * 5-7/2': '2024-03-01T03:00:00.000Z',
      '0 0 * * 7': '2024-03-03T00:00:00.000Z',
      '0 0 * JAN,jun *': '2024-06-01T00:00:00.000Z',
      '0 0 29 2 *': '2024-02-29T00:00:00.000Z',
      '0 0 29 2 5': '2025-02-07T00:00:00.000Z',
      // Either of the days.
      '0 0 13 * 5': '2024-03-01T00:00:00.000Z',
      '0 0 31 4 1': '2024-04-01T00:00:00.000Z',
      '  0\t0   1 * *  ': '2024-03-01T00:00:00.000Z',
      '@hourly': '2024-02-27T11:00:00.000Z',
      '@Daily': '2024-02-28T00:00:00.000Z',
      '@midnight': '2024-02-28T00:00:00.000Z',
      '@weekly': '2024-03-03T00:00:00.000Z',
      '@monthly': '2024-03-01T00:00:00.000Z',
      '@yearly': '2025-01-01T00:00:00.000Z',
      '@annually': '2025-01-01T00:00:00.000Z',
    }
    for (const [text, due] of Object.entries(expected)) {
      const from = text === '0 0 29 2 5' ? at('2024-02-29T00:00:00Z') : NOW
      assert.equal(refusalOfCronString(text, NOW), undefined, text)
      assert.equal(iso(nextCronTime(text, from)), due, text)
    }
  })

  test('what only some crons know, and what none does, is refused with the reason', () => {
    const refused: Readonly<Record<string, RegExp>> = {
      '': /five fields/,
      '* * * *': /five fields/,
      '0 0 0 * * *': /five fields/,
      '* * * * * 2030 *': /five fields/,
      '@reboot': /@yearly/,
      '@every 5m': /@yearly/,
      'TZ=UTC 0 0 * * *': /five fields/,
      '60 * * * *': /"60".*from 0 to 59, in the field of the minute/,
      '* 24 * * *': /the hour/,
      '* * 0 * *': /day of the month/,
      '* * 32 * *': /day of the month/,
      '* * * 13 *': /the month/,
      '* * * * 8': /day of the week/,
      '5-1 * * * *': /"5-1"/,
      '5/15 * * * *': /"5\/15"/,
      '*/0 * * * *': /"\*\/0"/,
      '*/61 * * * *': /"\*\/61"/,
      '*-5 * * * *': /the minute/,
      '1-2-3 * * * *': /the minute/,
      ', * * * *': /the minute/,
      '1, * * * *': /the minute/,
      'mon * * * *': /the minute/,
      '* * * * mo': /day of the week/,
      '* * * * fri-mon': /day of the week/,
      '* * L * *': /day of the month/,
      '* * 15W * *': /day of the month/,
      '* * ? * *': /day of the month/,
      '* * * * 5#2': /day of the week/,
      '* * * * 5L': /day of the week/,
      '-1 * * * *': /the minute/,
      '1.5 * * * *': /the minute/,
      '+1 * * * *': /the minute/,
      '* * * *\n*': /five fields/,
      '0 0 31 2,4 *': /never due/,
      '0 0 30 2 *': /never due/,
    }
    for (const [text, reason] of Object.entries(refused)) {
      assert.match(refusalOfCronString(text, NOW) ?? 'taken', reason, text)
    }
    assert.match(refusalOfCronString(`${'0,'.repeat(150)}0 * * * *`, NOW) ?? '', /255/)
  })

  test('due times are the minutes whose calendar fields fit, no more and no fewer', () => {
    fc.assert(
      fc.property(anyCron(), anyInstant(), ({ text, fits }, from) => {
        assert.equal(refusalOfCronString(text, NOW), undefined, text)
        let due = from
        for (let step = 0; step < 4; step += 1) {
          const before = due
          due = nextCronTime(text, before) ?? from
          assert.ok(due > before && fits(due), `${text} is not due at ${iso(due)}`)
          const missed = firstFitting(fits, before, due)
          assert.equal(missed, undefined, `${text} is due at ${missed}, too`)
          assert.equal(iso(lastCronTime(text, due)), iso(due))
          const justBefore = new Date(due.getTime() - 1)
          if (step > 0) assert.equal(iso(lastCronTime(text, justBefore)), iso(before))
        }
        const rule = { granularity: 'cron', cronString: text } as const
        assert.equal(countDueTimes(rule, from, due), 4)
      }),
      { numRuns: 60 },
    )
  })

  test('times are counted up to a number, however long ago the first one was', () => {
    const rule = { granularity: 'cron', cronString: '* * * * *' } as const
    const [from, until] = [at('2000-01-01T00:00:00Z'), at('2030-01-01T00:00:00Z')]
    assert.equal(countDueTimes(rule, from, until), CRON_TIMES_COUNTED_MAX)
    assert.equal(countDueTimes(rule, until, from), 0)
  })

  test('no text makes it fail, and what it takes is due', () => {
    const alphabet = fc.constantFrom(...'0123456789*/,-  @LW#?jansun')
    fc.assert(
      fc.property(fc.string({ unit: alphabet, maxLength: 20 }), (text) => {
        const refusal = refusalOfCronString(text, NOW)
        if (refusal !== undefined) return
        assert.ok(nextCronTime(text, NOW))
      }),
    )
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: alphabet, minLength: 1 }), { size: 'small' }),
        (parts) => {
          const text = parts.join(' ')
          if (refusalOfCronString(text, NOW) === undefined) assert.ok(nextCronTime(text, NOW))
        },
      ),
    )
  })
})

function anyInstant() {
  const [min, max] = [at('2001-01-01T00:00:00Z'), at('2040-01-01T00:00:00Z')]
  return fc.date({ min, max, noInvalidDate: true })
}

interface ModelField {
  readonly text: string
  readonly values: ReadonlySet<number>
}

/** A cron string, and what it means by the calendar. */
function anyCron() {
  return fc
    .tuple(
      anyField(0, 59),
      anyField(0, 23),
      // Every month has these; a step goes on to the end of the longest.
      anyField(1, 28, 31),
      // A month in each quarter at least keeps the walk of the model short.
      fc.oneof(
        fc.constant({ text: '*', values: range(1, 12) }),
        fc.constant({ text: 'FEB-dec/3', values: new Set([2, 5, 8, 11]) }),
      ),
      anyField(0, 7, 6),
    )
    .map((fields) => ({ text: fields.map(({ text }) => text).join(' '), fits: fitting(fields) }))
}

function fitting([minute, hour, day, month, weekday]: readonly [
  ModelField,
  ModelField,
  ModelField,
  ModelField,
  ModelField,
]) {
  return (instant: Date): boolean => {
    if (instant.getTime() % MINUTE_MS !== 0) return false
    if (!minute.values.has(instant.getUTCMinutes())) return false
    if (!hour.values.has(instant.getUTCHours())) return false
    if (!month.values.has(instant.getUTCMonth() + 1)) return false
    const isDay = day.values.has(instant.getUTCDate())
    const dayOfWeek = instant.getUTCDay()
    const isWeekday = weekday.values.has(dayOfWeek) || (dayOfWeek === 0 && weekday.values.has(7))
    if (day.text === '*') return weekday.text === '*' || isWeekday
    return isDay || (weekday.text !== '*' && isWeekday)
  }
}

/** Numbers up to `last`; a step after `*` goes up to `stepLast`. */
function anyField(first: number, last: number, stepLast = last): fc.Arbitrary<ModelField> {
  const number = fc.integer({ min: first, max: last })
  const item = fc.oneof(
    number.map((value) => ({ text: String(value), values: new Set([value]) })),
    fc.tuple(number, number, fc.integer({ min: 0, max: 7 })).map(([one, other, step]) => {
      const [from, to] = [Math.min(one, other), Math.max(one, other)]
      const text = `${from}-${to}${step === 0 ? '' : `/${step}`}`
      return { text, values: range(from, to, step || 1) }
    }),
  )
  const list = fc.array(item, { minLength: 1, maxLength: 3 }).map((items) => ({
    text: items.map(({ text }) => text).join(','),
    values: new Set(items.flatMap(({ values }) => [...values])),
  }))
  const step = fc
    .integer({ min: 2, max: 7 })
    .map((by) => ({ text: `*/${by}`, values: range(first, stepLast, by) }))
  return fc.oneof(fc.constant({ text: '*', values: range(first, last) }), list, step)
}

function range(from: number, to: number, step = 1): Set<number> {
  const values = new Set<number>()
  for (let value = from; value <= to; value += step) values.add(value)
  return values
}

/** Minute by minute, between the two. */
function firstFitting(fits: (instant: Date) => boolean, after: Date, until: Date) {
  const first = Math.floor(after.getTime() / MINUTE_MS) * MINUTE_MS + MINUTE_MS
  for (let ms = first; ms < until.getTime(); ms += MINUTE_MS) {
    if (fits(new Date(ms))) return iso(new Date(ms))
  }
  return undefined
}
