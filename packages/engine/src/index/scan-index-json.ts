// Reads index files byte by byte: no object and no string is made per blob, so that millions of
// blobs cost no garbage (repository format, sections 2.3 and 8.1).
import type { BlobType } from '../format/ids.ts'

/** Ids are given as offsets of their 64 hex digits in the scanned bytes. */
export interface IndexSink {
  pack(idAt: number): void
  /** Belongs to the pack announced last. */
  blob(
    type: BlobType,
    idAt: number,
    offset: number,
    length: number,
    uncompressedLength: number,
  ): void
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const ZERO = 0x30
const NINE = 0x39
const ID_DIGITS = 64
const U32_MAX = 0xffff_ffff
const DEPTH_MAX = 64

/** Thrown by the scanner and turned into an answer by `scanIndexJson`. */
class ScanError extends Error {}

/** Answers a sentence about what is wrong, or undefined when all went well. */
export function scanIndexJson(json: Uint8Array, sink: IndexSink): string | undefined {
  try {
    new IndexScanner(json, sink).scan()
    return undefined
  } catch (error) {
    if (error instanceof ScanError) return error.message
    throw error
  }
}

class IndexScanner {
  readonly #bytes: Uint8Array
  readonly #sink: IndexSink
  #at = 0

  constructor(bytes: Uint8Array, sink: IndexSink) {
    this.#bytes = bytes
    this.#sink = sink
  }

  scan(): void {
    this.#object((nameAt, nameEnd) => {
      if (this.#is(nameAt, nameEnd, 'packs')) this.#list(() => this.#pack())
      else this.#skipValue(0)
    })
    this.#skipSpace()
    if (this.#at !== this.#bytes.length) this.#fail('bytes after the end')
  }

  #pack(): void {
    let isAnnounced = false
    // In case `blobs` stands before `id`: order means nothing in JSON.
    let blobsAt = -1
    this.#object((nameAt, nameEnd) => {
      if (this.#is(nameAt, nameEnd, 'id')) {
        this.#sink.pack(this.#id())
        isAnnounced = true
      } else if (!this.#is(nameAt, nameEnd, 'blobs')) this.#skipValue(0)
      else if (isAnnounced) this.#list(() => this.#blob())
      else {
        blobsAt = this.#at
        this.#skipValue(0)
      }
    })
    if (!isAnnounced) this.#fail('a pack without id')
    if (blobsAt === -1) return
    const end = this.#at
    this.#at = blobsAt
    this.#list(() => this.#blob())
    this.#at = end
  }

  #blob(): void {
    let idAt = -1
    let type: BlobType | undefined
    let offset = -1
    let length = -1
    let uncompressedLength = 0
    this.#object((nameAt, nameEnd) => {
      if (this.#is(nameAt, nameEnd, 'id')) idAt = this.#id()
      else if (this.#is(nameAt, nameEnd, 'type')) type = this.#type()
      else if (this.#is(nameAt, nameEnd, 'offset')) offset = this.#number()
      else if (this.#is(nameAt, nameEnd, 'length')) length = this.#number()
      else if (this.#is(nameAt, nameEnd, 'uncompressed_length')) uncompressedLength = this.#number()
      else this.#skipValue(0)
    })
    if (idAt === -1 || type === undefined || offset === -1 || length === -1) {
      this.#fail('a blob without id, type, offset or length')
    }
    this.#sink.blob(type, idAt, offset, length, uncompressedLength)
  }

  #object(member: (nameAt: number, nameEnd: number) => void): void {
    if (this.#skipNull()) return
    this.#expect(OPEN_BRACE)
    if (this.#take(CLOSE_BRACE)) return
    do {
      const nameEnd = this.#string()
      const nameAt = this.#stringAt
      this.#expect(COLON)
      this.#skipSpace()
      member(nameAt, nameEnd)
    } while (this.#take(COMMA))
    this.#expect(CLOSE_BRACE)
  }

  #list(element: () => void): void {
    if (this.#skipNull()) return
    this.#expect(OPEN_BRACKET)
    if (this.#take(CLOSE_BRACKET)) return
    do element()
    while (this.#take(COMMA))
    this.#expect(CLOSE_BRACKET)
  }

  /** Go writes an empty list that was never made as `null`. */
  #skipNull(): boolean {
    this.#skipSpace()
    if (!this.#is(this.#at, this.#at + 4, 'null')) return false
    this.#at += 4
    return true
  }

  #id(): number {
    const end = this.#string()
    const at = this.#stringAt
    if (end - at !== ID_DIGITS) this.#fail('an id that has not 64 digits')
    for (let digit = at; digit < end; digit += 1) {
      const code = this.#bytes[digit]!
      const isHex = (code >= ZERO && code <= NINE) || (code >= 0x61 && code <= 0x66)
      if (!isHex) this.#fail('an id that is not lower-case hex')
    }
    return at
  }

  #type(): BlobType {
    const end = this.#string()
    if (this.#is(this.#stringAt, end, 'data')) return 'data'
    if (this.#is(this.#stringAt, end, 'tree')) return 'tree'
    return this.#fail('an unknown blob type')
  }

  #number(): number {
    this.#skipSpace()
    const start = this.#at
    let value = 0
    let code = this.#bytes[this.#at]
    while (code !== undefined && code >= ZERO && code <= NINE) {
      value = value * 10 + (code - ZERO)
      if (value > U32_MAX) this.#fail('a number above 2^32')
      this.#at += 1
      code = this.#bytes[this.#at]
    }
    if (this.#at === start) this.#fail('something that is no number')
    return value
  }

  #stringAt = 0

  /** Leaves the start in `#stringAt` and answers the end, quotes excluded. */
  #string(): number {
    this.#expect(QUOTE)
    this.#stringAt = this.#at
    for (;;) {
      const code = this.#bytes[this.#at]
      if (code === undefined) this.#fail('a string without end')
      if (code === QUOTE) break
      this.#at += code === BACKSLASH ? 2 : 1
    }
    const end = this.#at
    this.#at += 1
    return end
  }

  #skipValue(depth: number): void {
    if (depth > DEPTH_MAX) this.#fail('values nested too deeply')
    this.#skipSpace()
    const code = this.#bytes[this.#at]
    if (code === QUOTE) this.#string()
    else if (code === OPEN_BRACE) this.#object(() => this.#skipValue(depth + 1))
    else if (code === OPEN_BRACKET) this.#list(() => this.#skipValue(depth + 1))
    else this.#skipScalar()
  }

  #skipScalar(): void {
    const start = this.#at
    let code = this.#bytes[this.#at]
    while (code !== undefined && isScalarByte(code)) {
      this.#at += 1
      code = this.#bytes[this.#at]
    }
    if (this.#at === start) this.#fail('something that is no value')
  }

  #take(code: number): boolean {
    this.#skipSpace()
    if (this.#bytes[this.#at] !== code) return false
    this.#at += 1
    return true
  }

  #expect(code: number): void {
    if (!this.#take(code)) this.#fail(`no ${String.fromCharCode(code)}`)
  }

  #skipSpace(): void {
    for (;;) {
      const code = this.#bytes[this.#at]
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
      this.#at += 1
    }
  }

  #is(at: number, end: number, word: string): boolean {
    if (end - at !== word.length) return false
    for (let n = 0; n < word.length; n += 1) {
      if (this.#bytes[at + n] !== word.charCodeAt(n)) return false
    }
    return true
  }

  #fail(found: string): never {
    throw new ScanError(`${found} at byte ${this.#at}`)
  }
}

/** Digits, letters of true, false and null, and what numbers consist of. */
function isScalarByte(code: number): boolean {
  return (
    (code >= ZERO && code <= NINE) ||
    (code >= 0x61 && code <= 0x7a) ||
    code === 0x2d ||
    code === 0x2b ||
    code === 0x2e ||
    code === 0x45
  )
}
