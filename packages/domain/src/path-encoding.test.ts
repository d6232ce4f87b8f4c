import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodePathBytes, encodePathBytes } from './path-encoding.ts'

test('any bytes survive the encoding', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      assert.deepEqual([...(decodePathBytes(encodePathBytes(bytes)) ?? [])], [...bytes])
    }),
  )
})

test('a plain path stays readable', () => {
  assert.equal(encodePathBytes(Buffer.from('/shop/data 1')), '/shop/data%201')
})

test('text that was never encoded is refused', () => {
  assert.equal(decodePathBytes('50% off'), undefined)
  assert.equal(decodePathBytes('ü'), undefined)
})
