import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { countDueTimes, lastDueTime, nextDueTime, type ScheduleRule } from './schedule-rule.ts'

const at = (text: string) => new Date(text)
const iso = (instant: Date | undefined) => instant?.toISOString()

describe('due times', () => {
  test('of each granularity', () => {
    const after = at('2024-02-27T10:30:00Z') // a Tuesday
    const expected: readonly (readonly [ScheduleRule, string])[] = [
      [{ granularity: 'hourly', minute: 30 }, '2024-02-27T11:30:00.000Z'],
      [{ granularity: 'hourly', minute: 31 }, '2024-02-27T10:31:00.000Z'],
      [{ granularity: 'daily', hour: 10, minute: 30 }, '2024-02-28T10:30:00.000Z'],
      [{ granularity: 'daily', hour: 23, minute: 59 }, '2024-02-27T23:59:00.000Z'],
      [{ granularity: 'weekly', dayOfWeek: 0, hour: 1, minute: 2 }, '2024-03-03T01:02:00.000Z'],
      [{ granularity: 'weekly', dayOfWeek: 7, hour: 1, minute: 2 }, '2024-03-03T01:02:00.000Z'],
      [{ granularity: 'weekly', dayOfWeek: 2, hour: 10, minute: 30 }, '2024-03-05T10:30:00.000Z'],
      [{ granularity: 'monthly', dayOfMonth: 31, hour: 0, minute: 0 }, '2024-02-29T00:00:00.000Z'],
      [
        {
          granularity: 'custom',
          start: at('2022-01-01T00:05:00Z'),
          periodMs: 30 * 60_000,
        },
        '2024-02-27T10:35:00.000Z',
      ],
    ]
    for (const [rule, due] of expected) assert.equal(iso(nextDueTime(rule, after)), due)
  })

  test('a day that a month lacks is its last day, in every month', () => {
    const rule: ScheduleRule = { granularity: 'monthly', dayOfMonth: 31, hour: 3, minute: 4 }
    const days: string[] = []
    let due = at('2023-01-01T00:00:00Z')
    for (let month = 0; month < 14; month += 1) {
      due = nextDueTime(rule, due)
      days.push(due.toISOString().slice(5, 10))
    }
    assert.deepEqual(days, [
      ...['01-31', '02-28', '03-31', '04-30', '05-31', '06-30', '07-31', '08-31', '09-30'],
      ...['10-31', '11-30', '12-31', '01-31', '02-29'],
    ])
  })

  test('nothing is due before a custom schedule begins', () => {
    const start = at('2030-01-01T00:00:00Z')
    const rule: ScheduleRule = { granularity: 'custom', start, periodMs: 3_600_000 }
    assert.equal(lastDueTime(rule, at('2029-12-31T23:00:00Z')), undefined)
    assert.equal(iso(nextDueTime(rule, at('2020-01-01T00:00:00Z'))), iso(start))
    assert.equal(iso(lastDueTime(rule, start)), iso(start))
    assert.equal(countDueTimes(rule, at('2020-01-01T00:00:00Z'), start), 1)
  })

  test('they are the minutes whose calendar fields fit, no more and no fewer', () => {
    fc.assert(
      fc.property(anyCalendarRule(), anyInstant(), (rule, after) => {
        const next = nextDueTime(rule, after)
        assert.ok(next > after)
        assert.ok(fits(rule, next))
        assert.equal(iso(lastDueTime(rule, next)), iso(next))
        assert.equal(countDueTimes(rule, after, next), 1)
        // No day between them fits: hours and minutes are the rule's own.
        const step = rule.granularity === 'hourly' ? 60_000 : 86_400_000
        const first = rule.granularity === 'hourly' ? after.getTime() : dayStart(after)
        for (let ms = first; ms < next.getTime(); ms += step) {
          const candidate = new Date(
            step === 60_000 ? Math.ceil(ms / step) * step : ms + ofDay(rule),
          )
          const isBetween = candidate > after && candidate < next
          assert.ok(!isBetween || !fits(rule, candidate), `${candidate.toISOString()} fits as well`)
        }
      }),
    )
  })

  test('stepping through them neither repeats nor leaves out', () => {
    fc.assert(
      fc.property(anyRule(), anyInstant(), fc.integer({ min: 1, max: 40 }), (rule, from, steps) => {
        const walked: Date[] = []
        let due = from
        for (let step = 0; step < steps; step += 1) {
          due = nextDueTime(rule, due)
          walked.push(due)
        }
        assert.equal(countDueTimes(rule, from, due), steps)
        assert.ok(walked.every((instant, index) => index === 0 || instant > walked[index - 1]!))
        const middle = new Date(due.getTime() - 1)
        assert.equal(iso(lastDueTime(rule, middle)), iso(walked.at(-2) ?? lastDueTime(rule, from)))
      }),
    )
  })
})

function anyInstant() {
  return fc.date({
    min: at('1999-12-31T00:00:00Z'),
    max: at('2101-01-01T00:00:00Z'),
    noInvalidDate: true,
  })
}

function anyCalendarRule(): fc.Arbitrary<CalendarRule> {
  const time = { hour: fc.integer({ min: 0, max: 23 }), minute: fc.integer({ min: 0, max: 59 }) }
  return fc.oneof(
    fc.record({ granularity: fc.constant('hourly' as const), minute: time.minute }),
    fc.record({ granularity: fc.constant('daily' as const), ...time }),
    fc.record({
      granularity: fc.constant('weekly' as const),
      dayOfWeek: fc.integer({ min: 0, max: 7 }),
      ...time,
    }),
    fc.record({
      granularity: fc.constant('monthly' as const),
      dayOfMonth: fc.integer({ min: 1, max: 31 }),
      ...time,
    }),
  )
}

function anyRule(): fc.Arbitrary<ScheduleRule> {
  const custom = fc.record({
    granularity: fc.constant('custom' as const),
    start: fc.date({
      min: at('1990-01-01T00:00:00Z'),
      max: at('2030-01-01T00:00:00Z'),
      noInvalidDate: true,
    }),
    periodMs: fc.integer({ min: 1, max: 100_000 }).map((minutes) => minutes * 60_000),
  })
  const cron = fc.record({
    granularity: fc.constant('cron' as const),
    cronString: fc.constantFrom('* * * * *', '*/7 3,5 * * *', '0 0 29 2 *', '30 6 1 * mon-fri'),
  })
  return fc.oneof(anyCalendarRule(), custom, cron)
}

type CalendarRule = Exclude<ScheduleRule, { granularity: 'custom' | 'cron' }>

/** The rule read off the calendar. */
function fits(rule: CalendarRule, instant: Date): boolean {
  if (instant.getTime() % 60_000 !== 0 || instant.getUTCMinutes() !== rule.minute) return false
  if (rule.granularity === 'hourly') return true
  if (instant.getUTCHours() !== rule.hour) return false
  if (rule.granularity === 'weekly') return instant.getUTCDay() === rule.dayOfWeek % 7
  if (rule.granularity === 'daily') return true
  const tomorrow = new Date(instant.getTime() + 86_400_000)
  const isLastDay = tomorrow.getUTCDate() === 1
  const day = instant.getUTCDate()
  return day === rule.dayOfMonth || (isLastDay && day < rule.dayOfMonth)
}

function dayStart(instant: Date): number {
  return Math.floor(instant.getTime() / 86_400_000) * 86_400_000
}

function ofDay(rule: CalendarRule): number {
  return rule.granularity === 'hourly' ? 0 : (rule.hour * 60 + rule.minute) * 60_000
}
