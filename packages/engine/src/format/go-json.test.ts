import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { encodeGoJson, encodeGoString, parseJson } from './go-json.ts'

test('characters that Go escapes and JSON need not', () => {
  assert.equal(
    encodeGoJson({ a: '<b>&\u2028\u2029', '<': 1 }),
    '{"a":"\\u003cb\\u003e\\u0026\\u2028\\u2029","\\u003c":1}',
  )
  assert.equal(encodeGoJson('\b\t\n\f\r\u0001\u007f"\\/'), '"\\b\\t\\n\\f\\r\\u0001\u007f\\"\\\\/"')
})

test('every character by itself, and every string, is encoded as the slow way does', () => {
  for (let code = 0; code < 0x3000; code += 1) {
    const text = String.fromCodePoint(code)
    assert.equal(encodeGoString(text), encodeGoJson(text))
  }
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.equal(encodeGoString(text), encodeGoJson(text))
      assert.equal(JSON.parse(encodeGoString(text)), text)
    }),
  )
})

test('numbers that a double cannot hold come back as they were', () => {
  const text = '{"a":18446744073709551615,"b":1.0,"c":-0,"d":[1e400,0.1],"e":9007199254740993}'
  assert.equal(encodeGoJson(parseJson(text)), text)
  fc.assert(
    fc.property(fc.json(), (json) => {
      const compact = JSON.stringify(JSON.parse(json))
      assert.deepEqual(JSON.parse(encodeGoJson(parseJson(compact))), JSON.parse(compact))
    }),
  )
})
