// Reads JSON from bytes value by value: neither the text (V8's strings end at 512 Mi characters,
// trees do not) nor the objects of a large tree ever exist as a whole.
import { type FormatPart, failFormat } from './format-failure.ts'

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const BACKSLASH = 0x5c
const LETTER_N = 0x6e
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/** Values that are skipped may nest this deep; stock writes two levels. */
const DEPTH_MAX = 64

/** A doubt-free number of decimal digits below 2^53. */
const SAFE_DIGITS = 15
const ZERO = 0x30

/** Names that the members of an object usually have, in their usual order. */
export class MemberNames {
  readonly names: readonly string[]
  /** With their quotes, as they stand in the text. */
  readonly quoted: readonly Buffer[]

  constructor(names: readonly string[]) {
    this.names = names
    this.quoted = names.map((name) => Buffer.from(JSON.stringify(name)))
  }

  /** The first name, of those from `first` on, that stands at the offset; else -1. */
  indexAt(bytes: Buffer, offset: number, first: number): number {
    for (let index = first; index < this.quoted.length; index += 1) {
      const quoted = this.quoted[index]!
      let length = 0
      while (length < quoted.length && bytes[offset + length] === quoted[length]) length += 1
      if (length === quoted.length) return index
    }
    return -1
  }
}

const NO_NAMES = new MemberNames([])

export interface RepeatedString<Value> {
  /** Reads the next string. */
  read(): Value
}

export class JsonReader {
  readonly #bytes: Buffer
  readonly #part: FormatPart
  #offset = 0

  /** `part` is what failures (`format-invalid`) name. */
  constructor(bytes: Buffer, part: FormatPart) {
    this.#bytes = bytes
    this.#part = part
  }

  /**
   * Iterates over the names of the members of an object; the body must read or skip each value.
   * Names among `expected`, in this order, are recognised without making a string of each.
   */
  *members(expected: MemberNames = NO_NAMES): Generator<string, void, undefined> {
    this.#expect(OPEN_OBJECT, 'an object')
    if (this.#accept(CLOSE_OBJECT)) return
    let next = 0
    do {
      this.#skipSpace()
      const found = expected.indexAt(this.#bytes, this.#offset, next)
      if (found !== -1) {
        this.#offset += expected.quoted[found]!.length
        next = found + 1
      }
      const name = found === -1 ? this.readString() : expected.names[found]!
      this.#expect(COLON, 'a colon')
      yield name
    } while (this.#accept(COMMA))
    this.#expect(CLOSE_OBJECT, 'the end of an object')
  }

  /** Iterates over the items of an array; the body must read or skip each. */
  *items(): Generator<void, void, undefined> {
    this.#expect(OPEN_ARRAY, 'an array')
    if (this.#accept(CLOSE_ARRAY)) return
    do {
      yield
    } while (this.#accept(COMMA))
    this.#expect(CLOSE_ARRAY, 'the end of an array')
  }

  readString(): string {
    const { start, end, isPlain } = this.#readStringSpan()
    if (isPlain) return this.#bytes.toString('utf8', start, end)
    return this.#parse(start - 1, end + 1) as string
  }

  /** For strings that are often the same as the one before: those are interpreted once. */
  repeatedString<Value>(interpret: (text: string) => Value): RepeatedString<Value> {
    let lastStart = 0
    let lastEnd = -1
    let last: Value | undefined
    return {
      read: () => {
        const { start, end, isPlain } = this.#readStringSpan()
        if (isPlain && this.#isSameText(start, end, lastStart, lastEnd)) return last as Value
        this.#offset = start - 1
        last = interpret(this.readString())
        lastStart = start
        lastEnd = isPlain ? end : -1
        return last
      },
    }
  }

  /** An unsigned integer of at most 64 bits. */
  readUnsigned(): bigint {
    this.#skipSpace()
    const start = this.#offset
    let small = 0
    for (let byte = this.#bytes[start]; isDigit(byte); byte = this.#bytes[this.#offset]) {
      small = small * 10 + (byte! - ZERO)
      this.#offset += 1
    }
    const length = this.#offset - start
    if (length > 0 && length <= SAFE_DIGITS) return BigInt(small)
    if (length === 0 || length > 20) this.fail('not an unsigned number')
    const value = BigInt(this.#bytes.toString('latin1', start, this.#offset))
    return value === BigInt.asUintN(64, value) ? value : this.fail('a number beyond 64 bits')
  }

  /** Takes `null` if it is next. */
  acceptNull(): boolean {
    this.#skipSpace()
    if (this.#bytes[this.#offset] !== LETTER_N) return false
    const start = this.#offset
    this.#skipScalar()
    return this.#offset - start === 4
  }

  /** The bytes of the next value, whatever it is. */
  readRaw(): Buffer {
    this.#skipSpace()
    const start = this.#offset
    this.skipValue()
    return this.#bytes.subarray(start, this.#offset)
  }

  skipValue(depth = 0): void {
    if (depth > DEPTH_MAX) this.fail('nested too deeply')
    this.#skipSpace()
    const first = this.#bytes[this.#offset]
    if (first === QUOTE) this.#readStringSpan()
    else if (first === OPEN_OBJECT) for (const _ of this.members()) this.skipValue(depth + 1)
    else if (first === OPEN_ARRAY) for (const _ of this.items()) this.skipValue(depth + 1)
    else this.#skipScalar()
  }

  /** Nothing but white space may follow. */
  expectEnd(): void {
    this.#skipSpace()
    if (this.#offset !== this.#bytes.length) this.fail('more bytes than one value')
  }

  fail(reason: string): never {
    failFormat(this.#part, `${reason} at byte ${this.#offset}`)
  }

  #readStringSpan(): { start: number; end: number; isPlain: boolean } {
    this.#expect(QUOTE, 'a string')
    const start = this.#offset
    let isPlain = true
    for (;;) {
      const byte = this.#bytes[this.#offset]
      if (byte === undefined) this.fail('a string without end')
      if (byte === QUOTE) break
      if (byte < 0x20) this.fail('a control character in a string')
      if (byte === BACKSLASH) {
        isPlain = false
        this.#offset += 1
      }
      this.#offset += 1
    }
    const end = this.#offset
    this.#offset += 1
    return { start, end, isPlain }
  }

  #isSameText(start: number, end: number, otherStart: number, otherEnd: number): boolean {
    if (end - start !== otherEnd - otherStart) return false
    for (let at = 0; at < end - start; at += 1) {
      if (this.#bytes[start + at] !== this.#bytes[otherStart + at]) return false
    }
    return true
  }

  #skipScalar(): void {
    const start = this.#offset
    while (isScalarByte(this.#bytes[this.#offset])) this.#offset += 1
    this.#parse(start, this.#offset)
  }

  #parse(start: number, end: number): unknown {
    try {
      return JSON.parse(this.#bytes.toString('utf8', start, end))
    } catch {
      this.fail('not JSON')
    }
  }

  #expect(byte: number, what: string): void {
    if (!this.#accept(byte)) this.fail(`${what} is missing`)
  }

  #accept(byte: number): boolean {
    this.#skipSpace()
    if (this.#bytes[this.#offset] !== byte) return false
    this.#offset += 1
    return true
  }

  #skipSpace(): void {
    for (;;) {
      const byte = this.#bytes[this.#offset]
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return
      this.#offset += 1
    }
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39
}

/** Letters, digits, `+`, `-` and `.`: what numbers, true, false and null are made of. */
function isScalarByte(byte: number | undefined): boolean {
  if (byte === undefined) return false
  const isLetter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a
  return isDigit(byte) || isLetter || byte === 0x2b || byte === 0x2d || byte === 0x2e
}
