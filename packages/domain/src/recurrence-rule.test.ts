import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRecurrenceRule } from './recurrence-rule.ts'

const START = 'DTSTART:20220101T000500Z'

test('what schedules take', () => {
  const start = new Date('2022-01-01T00:05:00Z')
  const expected = {
    [`${START}\nRRULE:FREQ=MINUTELY;INTERVAL=30`]: 30 * 60_000,
    [`${START}\r\nRRULE:FREQ=HOURLY;INTERVAL=6`]: 6 * 3_600_000,
    [`${START}\\nRRULE:INTERVAL=2;FREQ=HOURLY`]: 2 * 3_600_000,
    [`${START}\nRRULE:FREQ=HOURLY\n`]: 3_600_000,
    'dtstart:20220101t000500z\nrrule:freq=minutely;interval=1': 60_000,
  }
  for (const [text, periodMs] of Object.entries(expected)) {
    assert.deepEqual(parseRecurrenceRule(text), { start, periodMs }, text)
  }
})

test('everything else is refused with what is wrong', () => {
  const refused = {
    '': /two lines/,
    [START]: /two lines/,
    [`${START}\nRRULE:FREQ=HOURLY\nEXDATE:20220101T000500Z`]: /two lines/,
    'DTSTART:20220101T000500\nRRULE:FREQ=HOURLY': /UTC/,
    'DTSTART;TZID=Europe/Berlin:20220101T000500\nRRULE:FREQ=HOURLY': /UTC/,
    'DTSTART:20220431T000500Z\nRRULE:FREQ=HOURLY': /UTC/,
    'DTSTART:20220101T240500Z\nRRULE:FREQ=HOURLY': /UTC/,
    [`${START}\nFREQ=HOURLY`]: /RRULE/,
    [`${START}\nRRULE:FREQ=DAILY`]: /MINUTELY or HOURLY/,
    [`${START}\nRRULE:INTERVAL=2`]: /MINUTELY or HOURLY/,
    [`${START}\nRRULE:FREQ=HOURLY;COUNT=3`]: /only/,
    [`${START}\nRRULE:FREQ=HOURLY;`]: /only/,
    [`${START}\nRRULE:FREQ=HOURLY;FREQ=HOURLY`]: /twice/,
    [`${START}\nRRULE:FREQ=HOURLY;INTERVAL=0`]: /INTERVAL/,
    [`${START}\nRRULE:FREQ=HOURLY;INTERVAL=1.5`]: /INTERVAL/,
    [`${START}\nRRULE:FREQ=HOURLY;INTERVAL=99999999999999999999`]: /INTERVAL/,
  }
  for (const [text, pattern] of Object.entries(refused)) {
    const answer = parseRecurrenceRule(text)
    assert.ok('refusal' in answer, text)
    assert.match(answer.refusal, pattern, text)
  }
})
