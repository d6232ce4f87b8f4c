// Names in trees: Go's strconv.Quote without the outer quotes (repository format, section 3.5).
// JSON escapes are a second layer above this one.
import { isUtf8 } from 'node:buffer'
import { failFormat } from './format-failure.ts'
import { encodeGoJson } from './go-json.ts'
import { isPrintableCharacter } from './printable-characters.ts'
import { codePointAt, INVALID_BYTE, utf8LengthOf } from './utf8.ts'

/** The quoted form of `name`, before JSON escapes. */
export function quoteName(name: Uint8Array): string {
  if (isPlain(name)) return latin1(name, 0, name.length)
  let quoted = ''
  let offset = 0
  while (offset < name.length) {
    const codePoint = codePointAt(name, offset)
    if (codePoint === INVALID_BYTE) {
      quoted += `\\x${hex(name[offset]!, 2)}`
      offset += 1
    } else {
      quoted += quoteCharacter(codePoint)
      offset += utf8LengthOf(codePoint)
    }
  }
  return quoted
}

/**
 * The bytes that a quoted name stands for. Knows all escapes of Go's string literals; fails with
 * `format-invalid` on others.
 */
export function unquoteName(quoted: string): Buffer {
  if (!quoted.includes('\\')) return Buffer.from(quoted)
  const parts: Buffer[] = []
  let offset = 0
  while (offset < quoted.length) {
    const backslash = quoted.indexOf('\\', offset)
    if (backslash === -1) break
    parts.push(Buffer.from(quoted.slice(offset, backslash)))
    const { bytes, length } = unquoteEscape(quoted, backslash)
    parts.push(bytes)
    offset = backslash + length
  }
  parts.push(Buffer.from(quoted.slice(offset)))
  return Buffer.concat(parts)
}

/** A JSON string of arbitrary bytes as Go writes it: each invalid byte becomes `\ufffd`. */
export function encodeTextBytes(bytes: Uint8Array): string {
  if (isUtf8(bytes)) return encodeGoJson(Buffer.from(bytes).toString('utf8'))
  let encoded = ''
  let start = 0
  let offset = 0
  while (offset < bytes.length) {
    const codePoint = codePointAt(bytes, offset)
    if (codePoint === INVALID_BYTE) {
      encoded += `${encodeValid(bytes, start, offset)}\\ufffd`
      offset += 1
      start = offset
    } else {
      offset += utf8LengthOf(codePoint)
    }
  }
  return `"${encoded}${encodeValid(bytes, start, offset)}"`
}

/** ASCII that is neither quoted nor escaped; almost every name. */
function isPlain(name: Uint8Array): boolean {
  for (const byte of name) {
    if (byte < 0x20 || byte > 0x7e || byte === 0x22 || byte === 0x5c) return false
  }
  return true
}

const SHORT_ESCAPES: Readonly<Record<number, string>> = {
  7: '\\a',
  8: '\\b',
  9: '\\t',
  10: '\\n',
  11: '\\v',
  12: '\\f',
  13: '\\r',
  34: '\\"',
  92: '\\\\',
}

function quoteCharacter(codePoint: number): string {
  const short = SHORT_ESCAPES[codePoint]
  if (short !== undefined) return short
  if (codePoint === 0x20 || isPrintableCharacter(codePoint)) return String.fromCodePoint(codePoint)
  if (codePoint < 0x20 || codePoint === 0x7f) return `\\x${hex(codePoint, 2)}`
  return codePoint < 0x1_0000 ? `\\u${hex(codePoint, 4)}` : `\\U${hex(codePoint, 8)}`
}

const SHORT_ESCAPE_BYTES: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  t: 9,
  n: 10,
  v: 11,
  f: 12,
  r: 13,
  '"': 34,
  "'": 39,
  '\\': 92,
}

const HEX_ESCAPE_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 }

interface Unquoted {
  readonly bytes: Buffer
  /** Of the escape, in characters. */
  readonly length: number
}

function unquoteEscape(quoted: string, offset: number): Unquoted {
  const kind = quoted[offset + 1] ?? ''
  const byte = SHORT_ESCAPE_BYTES[kind]
  if (byte !== undefined) return { bytes: Buffer.of(byte), length: 2 }
  const octal = /^[0-3][0-7]{2}$/.exec(quoted.slice(offset + 1, offset + 4))
  if (octal !== null) return { bytes: Buffer.of(Number.parseInt(octal[0], 8)), length: 4 }
  const digitCount = HEX_ESCAPE_DIGITS[kind]
  if (digitCount === undefined) failEscape(quoted, offset)
  const digits = quoted.slice(offset + 2, offset + 2 + digitCount)
  if (digits.length !== digitCount || !/^[0-9a-fA-F]+$/.test(digits)) failEscape(quoted, offset)
  const value = Number.parseInt(digits, 16)
  const length = 2 + digitCount
  if (kind === 'x') return { bytes: Buffer.of(value), length }
  if (value > 0x10_ffff || (value >= 0xd800 && value <= 0xdfff)) failEscape(quoted, offset)
  return { bytes: Buffer.from(String.fromCodePoint(value)), length }
}

function failEscape(quoted: string, offset: number): never {
  failFormat(
    'tree',
    `a name has the unknown escape ${JSON.stringify(quoted.slice(offset, offset + 10))}`,
  )
}

function encodeValid(bytes: Uint8Array, start: number, end: number): string {
  return encodeGoJson(Buffer.from(bytes.subarray(start, end)).toString('utf8')).slice(1, -1)
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(
    'latin1',
    start,
    end,
  )
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}
