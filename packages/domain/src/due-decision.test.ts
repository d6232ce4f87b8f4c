import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { decideDue } from './due-decision.ts'
import { nextDueTime, type ScheduleRule } from './schedule-rule.ts'

const RULE: ScheduleRule = { granularity: 'hourly', minute: 0 }
const at = (text: string) => new Date(`2024-05-01T${text}Z`)

describe('what a schedule does now', () => {
  test('it waits, runs in time, or skips while its last run goes on', () => {
    const input = { rule: RULE, nextDueAt: at('12:00:00'), isRunning: false }
    assert.deepEqual(decideDue({ ...input, now: at('11:59:59') }), {
      kind: 'wait',
      nextDueAt: at('12:00:00'),
    })
    const run = {
      dueAt: at('12:00:00'),
      missed: undefined,
      isLate: false,
      nextDueAt: at('13:00:00'),
    }
    const now = at('12:00:01')
    assert.deepEqual(decideDue({ ...input, now }), { kind: 'run', ...run })
    assert.deepEqual(decideDue({ ...input, now, isRunning: true }), { kind: 'skip', ...run })
  })

  test('what was missed is caught up once and counted', () => {
    const input = { rule: RULE, nextDueAt: at('12:00:00'), isRunning: false }
    assert.deepEqual(decideDue({ ...input, now: at('15:20:00') }), {
      kind: 'run',
      dueAt: at('15:00:00'),
      missed: { firstDueAt: at('12:00:00'), count: 3 },
      isLate: true,
      nextDueAt: at('16:00:00'),
    })
  })

  test('a clock that went back leads to the next time of now', () => {
    const answer = decideDue({
      rule: RULE,
      nextDueAt: at('20:00:00'),
      now: at('11:30:00'),
      isRunning: false,
    })
    assert.deepEqual(answer, { kind: 'wait', nextDueAt: at('12:00:00') })
  })

  test('whatever the clock does, each time is looked after once, and none that it passes is lost', () => {
    const rules: readonly ScheduleRule[] = [
      RULE,
      { granularity: 'daily', hour: 3, minute: 15 },
      { granularity: 'monthly', dayOfMonth: 31, hour: 0, minute: 0 },
      { granularity: 'custom', start: at('00:07:00'), periodMs: 300_000 },
      { granularity: 'cron', cronString: '5,35 */3 * * 1-6' },
    ]
    const jump = fc.oneof(
      fc.integer({ min: 1, max: 120 }),
      fc.integer({ min: -3000, max: 100_000 }),
    )
    fc.assert(
      fc.property(fc.constantFrom(...rules), fc.array(jump, { maxLength: 60 }), (rule, minutes) => {
        let now = at('10:00:30')
        let nextDueAt = nextDueTime(rule, now)
        // What the table of runs does: a time has one run.
        const done = new Map<number, 'run' | 'missed'>()
        for (const minute of minutes) {
          const before = now
          now = new Date(now.getTime() + minute * 60_000)
          const decision = decideDue({ rule, nextDueAt, now, isRunning: false })
          if (decision.kind === 'wait') {
            assert.ok(decision.nextDueAt > now)
          } else {
            if (decision.missed !== undefined) {
              const first = decision.missed.firstDueAt.getTime()
              if (!done.has(first)) done.set(first, 'missed')
            }
            assert.ok(decision.dueAt <= now && nextDueTime(rule, decision.dueAt) > now)
            done.set(decision.dueAt.getTime(), 'run')
          }
          nextDueAt = decision.nextDueAt
          assert.equal(nextDueAt.getTime(), nextDueTime(rule, now).getTime())
          const first = nextDueTime(rule, before)
          if (now >= first) {
            const passed = [...done.keys()].some((due) => due >= first.getTime() && due <= +now)
            assert.ok(passed, 'a time came and nothing was done')
          }
        }
      }),
    )
  })
})
