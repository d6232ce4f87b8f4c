import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { failureOf } from '../engine-failure.ts'
import { encodeGoJson } from './go-json.ts'
import { encodeTextBytes, quoteName, unquoteName } from './name-quoting.ts'
import { isPrintableCharacter } from './printable-characters.ts'

/** Hex bytes in angle brackets, everything else as it is. */
function bytesOf(text: string): Buffer {
  const parts = text.split(/<([0-9a-f ]+)>/)
  return Buffer.concat(
    parts.map((part, index) =>
      index % 2 === 1 ? Buffer.from(part.replaceAll(' ', ''), 'hex') : Buffer.from(part),
    ),
  )
}

const STOCK_NAMES: readonly (readonly [string, string])[] = [
  ['back\\slash', String.raw`"back\\\\slash"`],
  ['q"uote', String.raw`"q\\\"uote"`],
  ['lt<3c>gt<3e>amp&', String.raw`"lt\u003cgt\u003eamp\u0026"`],
  ['nl<0a>x', String.raw`"nl\\nx"`],
  ['bell<07>', String.raw`"bell\\a"`],
  ['esc<1b>', String.raw`"esc\\x1b"`],
  ['del<7f>', String.raw`"del\\x7f"`],
  ['a<cc>', String.raw`"a\\xcc"`],
  ['trunc<e2 82>', String.raw`"trunc\\xe2\\x82"`],
  ['surr<ed a0 80>x', String.raw`"surr\\xed\\xa0\\x80x"`],
  ['\u0085', String.raw`"\\u0085"`],
  ['\u00a0', String.raw`"\\u00a0"`],
  ['\u00ad', String.raw`"\\u00ad"`],
  ['\u200b', String.raw`"\\u200b"`],
  ['\u2028', String.raw`"\\u2028"`],
  ['\u3000', String.raw`"\\u3000"`],
  ['\ue000', String.raw`"\\ue000"`],
  ['\ufeff', String.raw`"\\ufeff"`],
  ['\uffff', String.raw`"\\uffff"`],
  ['\u{10ffff}', String.raw`"\\U0010ffff"`],
  ['\u{1f600}', '"\u{1f600}"'],
  // Unicode 15.0 has this one; 15.1, 16.0 and 17.0 brought the three after it.
  ['\u{1fae8}', '"\u{1fae8}"'],
  ['\u2ffc', String.raw`"\\u2ffc"`],
  ['\u1c89', String.raw`"\\u1c89"`],
  ['\u{1fac8}', String.raw`"\\U0001fac8"`],
  ['\ufffd', '"\ufffd"'],
  ['overlong<c0 af>', String.raw`"overlong\\xc0\\xaf"`],
  ['beyond<f4 90 80 80>', String.raw`"beyond\\xf4\\x90\\x80\\x80"`],
  ['a b', '"a b"'],
]

test('names are quoted as by stock restic, and come back', () => {
  for (const [text, json] of STOCK_NAMES) {
    const name = bytesOf(text)
    assert.equal(encodeGoJson(quoteName(name)), json)
    assert.deepEqual(unquoteName(JSON.parse(json) as string), name)
  }
})

test('all escapes of Go string literals are read', () => {
  assert.deepEqual(
    unquoteName(String.raw`\101\x42\u0043\U0001f600\a\b\f\n\r\t\v\\\"\'`),
    Buffer.from('ABC\u{1f600}\x07\b\f\n\r\t\v\\"\''),
  )
  for (const quoted of [
    String.raw`\z`,
    '\\',
    String.raw`\x4`,
    String.raw`\u12`,
    String.raw`\ud800`,
    String.raw`\U00110000`,
    String.raw`\400`,
    String.raw`\x-1`,
  ]) {
    assert.throws(
      () => unquoteName(quoted),
      (error) => failureOf(error, 'format-invalid')?.part === 'tree',
      quoted,
    )
  }
})

test('every name comes back from its quoted form', () => {
  const character = fc.nat(0x10ffff).filter((code) => code < 0xd800 || code > 0xdfff)
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes)),
    character.map((code) => Buffer.from(String.fromCodePoint(code))),
    fc.string().map((text) => Buffer.from(text)),
  )
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const name = Buffer.concat(pieces)
      const json = encodeGoJson(quoteName(name))
      assert.deepEqual(unquoteName(JSON.parse(json) as string), name)
      assert.doesNotMatch(json, /[<>&\u2028\u2029]/)
    }),
    { numRuns: 1000 },
  )
})

test('text of arbitrary bytes loses only what is not UTF-8', () => {
  assert.equal(encodeTextBytes(bytesOf('inv<ff fe>"q')), String.raw`"inv\ufffd\ufffd\"q"`)
  assert.equal(encodeTextBytes(bytesOf('<ff>&<e2 82>')), String.raw`"\ufffd\u0026\ufffd\ufffd"`)
  assert.equal(encodeTextBytes(bytesOf('a/\ufffd')), '"a/\ufffd"')
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.equal(JSON.parse(encodeTextBytes(Buffer.from(text))), text.toWellFormed())
    }),
  )
})

test('the table of printable characters is that of Unicode 15.0', () => {
  // The digest is of the bits that Go 1.26 (Unicode 15.0.0) gives for strconv.IsPrint.
  const bits = Buffer.alloc(0x110000 / 8)
  for (let code = 0x21; code < 0x110000; code += 1) {
    if (isPrintableCharacter(code)) bits[code >> 3]! |= 1 << (code & 7)
  }
  assert.equal(
    createHash('sha256').update(bits).digest('hex'),
    'a69bd3bbf2ba0a11bae3f9479f3ab245207ebd99bce0435bd79d89741b3b789c',
  )
})
