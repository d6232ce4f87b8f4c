import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { durationMsOf, parseDuration } from './duration.ts'

const HOUR_MS = 3_600_000

describe('durations', () => {
  test('of each unit, and of several', () => {
    const cases = {
      '1ns': 1,
      '999us': 1,
      '1µs': 1,
      '1μs': 1,
      '1000001ns': 2,
      '250ms': 250,
      '90s': 90_000,
      '5m': 300_000,
      '72h45m2s': 72 * HOUR_MS + 45 * 60_000 + 2_000,
      '3d15h10m5s': (3 * 24 + 15) * HOUR_MS + 10 * 60_000 + 5_000,
      '2w': 14 * 24 * HOUR_MS,
      '365d': 365 * 24 * HOUR_MS,
      '1y': 365 * 24 * HOUR_MS,
      '007s': 7_000,
      '1s1m': 61_000,
    }
    for (const [text, durationMs] of Object.entries(cases)) {
      assert.deepEqual(parseDuration(text), { durationMs }, text)
    }
  })

  test('what is none is refused, with a reason', () => {
    const none = ['', '5', 's', '5x', '1.5h', '-1h', '+1h', '1h ', ' 1h', '1 h', '1h30', '1H', '1M']
    for (const text of [...none, '１s', `${'1s'.repeat(51)}`, '1e3s', '0x1s', '1h\n']) {
      assert.match(refusalOf(text), /numbers with units/, text)
    }
    assert.match(refusalOf('1s'.repeat(10_000_000)), /numbers with units/)
    for (const text of ['0s', '0h0m', '000d']) assert.match(refusalOf(text), /than nothing/)
    for (const text of ['285617y', '99999999999999999999y', '9007199254740992ms']) {
      assert.match(refusalOf(text), /too long/, text)
    }
    assert.deepEqual(parseDuration('9007199254740991ms'), { durationMs: Number.MAX_SAFE_INTEGER })
    assert.throws(() => durationMsOf('soon'), /soon/)
  })

  test('it is the sum of its parts, in any order', () => {
    const units = { s: 1_000, m: 60_000, h: HOUR_MS, d: 24 * HOUR_MS, w: 168 * HOUR_MS } as const
    const anyPart = fc.tuple(
      fc.integer({ min: 1, max: 100_000 }),
      fc.constantFrom(...(Object.keys(units) as (keyof typeof units)[])),
    )
    fc.assert(
      fc.property(fc.array(anyPart, { minLength: 1, maxLength: 8 }), (parts) => {
        const text = parts.map(([number, unit]) => `${number}${unit}`).join('')
        const sum = parts.reduce((total, [number, unit]) => total + number * units[unit], 0)
        assert.equal(durationMsOf(text), sum)
      }),
    )
  })

  test('whatever the text is, it is a positive safe integer or refused', () => {
    const alphabet = fc.constantFrom(...'0123456789nuµmshdwy .-')
    fc.assert(
      fc.property(fc.string({ unit: alphabet, maxLength: 30 }), (text) => {
        const parsed = parseDuration(text)
        if ('refusal' in parsed) return assert.match(parsed.refusal, /^(must|is) /)
        assert.ok(Number.isSafeInteger(parsed.durationMs) && parsed.durationMs > 0)
        assert.match(text, /^([0-9]+(ns|us|µs|ms|s|m|h|d|w|y))+$/)
      }),
    )
  })
})

function refusalOf(text: string): string {
  const parsed = parseDuration(text)
  return 'refusal' in parsed ? parsed.refusal : `taken: ${parsed.durationMs}`
}
