import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodePathBytes, encodePathBytes, readShownPath, showPathBytes } from './path-encoding.ts'

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

test('a shown path is itself where it is plain, and always leads back to its bytes', () => {
  assert.equal(showPathBytes(Buffer.from('größe/a b')), 'größe/a b')
  assert.equal(showPathBytes(Buffer.from('100%')), '100%25')
  assert.equal(showPathBytes(Buffer.from([0x61, 0xff])), 'a%FF')
  assert.equal(showPathBytes(Buffer.from('new\nline')), 'new%0Aline')
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      assert.deepEqual(readShownPath(showPathBytes(bytes)), new Uint8Array(bytes))
      assert.deepEqual(readShownPath(encodePathBytes(bytes)), new Uint8Array(bytes))
    }),
  )
})
