import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatTime, parseTime, UNSET_TIME_NS } from './time.ts'

const MIN_NS = -62_167_219_200_000_000_000n
const MAX_NS = 253_402_300_799_999_999_999n

test('instants are written as Go writes them', () => {
  for (const [epochNs, text] of [
    [0n, '1970-01-01T00:00:00Z'],
    [1_700_000_000_120_000_000n, '2023-11-14T22:13:20.12Z'],
    [1_700_000_000_000_000_001n, '2023-11-14T22:13:20.000000001Z'],
    [-1_500_000_000n, '1969-12-31T23:59:58.5Z'],
    [-1n, '1969-12-31T23:59:59.999999999Z'],
    [UNSET_TIME_NS, '0001-01-01T00:00:00Z'],
    [MIN_NS, '0000-01-01T00:00:00Z'],
    [MAX_NS, '9999-12-31T23:59:59.999999999Z'],
    [951_782_400_000_000_000n, '2000-02-29T00:00:00Z'],
  ] as const) {
    assert.equal(formatTime(epochNs), text)
    assert.equal(parseTime(text)?.epochNs, epochNs)
  }
})

test('offsets of other zones are read and written', () => {
  const text = '2023-07-22T06:26:40.5+02:00'
  assert.deepEqual(parseTime(text), {
    epochNs: 1_690_000_000_500_000_000n,
    utcOffsetMinutes: 120,
  })
  assert.equal(formatTime(1_690_000_000_500_000_000n, 120), text)
  assert.equal(formatTime(0n, -210), '1969-12-31T20:30:00-03:30')
})

test('years that RFC 3339 lacks are moved inside, nothing else of the date is', () => {
  const second = 1_000_000_000n
  assert.equal(formatTime(MAX_NS + 1n), '9999-01-01T00:00:00Z')
  // 12000-02-29, and the last second of the year -1.
  assert.equal(formatTime(BigInt(Date.UTC(12000, 1, 29)) * 1_000_000n), '9999-03-01T00:00:00Z')
  assert.equal(formatTime(MIN_NS - second), '0000-12-31T23:59:59Z')
})

test('what is no time is refused', () => {
  for (const text of [
    '',
    '2023-02-29T00:00:00Z',
    '2023-13-01T00:00:00Z',
    '2023-01-01T24:00:00Z',
    '2023-01-01T00:60:00Z',
    '2023-01-01T00:00:00',
    '2023-01-01 00:00:00Z',
    '2023-01-01T00:00:00.0000000001Z',
    '1023-1-1T00:00:00Z',
    '2023-01-01T00:00:00.Z',
    '2023-01-01T00:00:00.5',
    '2023-01-01T00:00:00Zx',
    '2023-01-01T00:00:00+2:00',
    '2023-01-01T00:00:00+25:00',
    '2023-01-01T00:00:00+02:00x',
    '2023-01-01T00:00:00 02:00',
    '2023/01/01T00:00:00Z',
    '+023-01-01T00:00:00Z',
  ]) {
    assert.equal(parseTime(text), undefined, text)
  }
})

test('every instant comes back, and agrees with Temporal', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: MIN_NS + 86_400n * 10n ** 9n, max: MAX_NS - 86_400n * 10n ** 9n }),
      fc.integer({ min: -14 * 60, max: 14 * 60 }),
      (epochNs, utcOffsetMinutes) => {
        assert.deepEqual(parseTime(formatTime(epochNs, utcOffsetMinutes)), {
          epochNs,
          utcOffsetMinutes,
        })
        assert.equal(Temporal.Instant.from(formatTime(epochNs)).epochNanoseconds, epochNs)
      },
    ),
  )
})
