// Where blobs of one type are: columns in typed arrays with open addressing, about 56 bytes a blob
// (repository format, section 8.1). Entries are numbered in the order in which they came.
//
// Columns are kept in segments, so that growing copies nothing and never needs twice the memory.

/** `{ bytes, at }` points to the 32 bytes of an id. */
export interface IdBytes {
  readonly bytes: Uint8Array
  readonly at: number
}

const ID_BYTES = 32
/** A power of two: 384 KiB a segment. */
const SEGMENT_ENTRIES_LOG2 = 13
const SEGMENT_ENTRIES = 2 ** SEGMENT_ENTRIES_LOG2
const SEGMENT_MASK = SEGMENT_ENTRIES - 1
/** Per entry: pack, offset, length, uncompressed length. */
const PLACE_WORDS = 4
const SLOTS_MIN = 1024
/** Beyond this part of the slots being taken, probing would become long. */
const LOAD_MAX = 0.7

interface Segment {
  readonly ids: Uint8Array
  readonly places: Uint32Array
}

export class BlobTable {
  readonly #segments: Segment[] = []
  /** Entry number + 1; 0 is free. The length is a power of two. */
  #slots = new Uint32Array(SLOTS_MIN)
  #count = 0

  /** Entries: each copy of a blob is one. */
  get count(): number {
    return this.#count
  }

  /** A copy at the same place of the same pack is taken once. */
  add(
    { bytes, at }: IdBytes,
    pack: number,
    offset: number,
    length: number,
    uncompressedLength: number,
  ): void {
    if (this.#count >= this.#slots.length * LOAD_MAX) this.#rehash()
    const mask = this.#slots.length - 1
    let slot = hashOf(bytes, at) & mask
    for (let entry = this.#slots[slot]! - 1; entry !== -1; entry = this.#slots[slot]! - 1) {
      const isSame = this.packOf(entry) === pack && this.offsetOf(entry) === offset
      if (isSame && this.#hasId(entry, bytes, at)) return
      slot = (slot + 1) & mask
    }
    this.#slots[slot] = this.#count + 1
    const { ids, places } = this.#segmentOfNext()
    const row = this.#count & SEGMENT_MASK
    for (let n = 0; n < ID_BYTES; n += 1) ids[row * ID_BYTES + n] = bytes[at + n]!
    places[row * PLACE_WORDS] = pack
    places[row * PLACE_WORDS + 1] = offset
    places[row * PLACE_WORDS + 2] = length
    places[row * PLACE_WORDS + 3] = uncompressedLength
    this.#count += 1
  }

  /** The first copy's entry, or -1. */
  find({ bytes, at }: IdBytes): number {
    const mask = this.#slots.length - 1
    let slot = hashOf(bytes, at) & mask
    for (let entry = this.#slots[slot]! - 1; entry !== -1; entry = this.#slots[slot]! - 1) {
      if (this.#hasId(entry, bytes, at)) return entry
      slot = (slot + 1) & mask
    }
    return -1
  }

  /** The entries of all copies. */
  findAll({ bytes, at }: IdBytes): number[] {
    const mask = this.#slots.length - 1
    const found: number[] = []
    let slot = hashOf(bytes, at) & mask
    for (let entry = this.#slots[slot]! - 1; entry !== -1; entry = this.#slots[slot]! - 1) {
      if (this.#hasId(entry, bytes, at)) found.push(entry)
      slot = (slot + 1) & mask
    }
    return found
  }

  /** A view: valid as long as the table. */
  idOf(entry: number): Uint8Array {
    const start = (entry & SEGMENT_MASK) * ID_BYTES
    return this.#segmentOf(entry).ids.subarray(start, start + ID_BYTES)
  }

  packOf(entry: number): number {
    return this.#wordOf(entry, 0)
  }

  offsetOf(entry: number): number {
    return this.#wordOf(entry, 1)
  }

  lengthOf(entry: number): number {
    return this.#wordOf(entry, 2)
  }

  uncompressedLengthOf(entry: number): number {
    return this.#wordOf(entry, 3)
  }

  #wordOf(entry: number, word: number): number {
    return this.#segmentOf(entry).places[(entry & SEGMENT_MASK) * PLACE_WORDS + word]!
  }

  #segmentOf(entry: number): Segment {
    return this.#segments[entry >>> SEGMENT_ENTRIES_LOG2]!
  }

  #segmentOfNext(): Segment {
    const number = this.#count >>> SEGMENT_ENTRIES_LOG2
    if (number === this.#segments.length) {
      this.#segments.push({
        ids: new Uint8Array(SEGMENT_ENTRIES * ID_BYTES),
        places: new Uint32Array(SEGMENT_ENTRIES * PLACE_WORDS),
      })
    }
    return this.#segments[number]!
  }

  #hasId(entry: number, bytes: Uint8Array, at: number): boolean {
    const { ids } = this.#segmentOf(entry)
    const start = (entry & SEGMENT_MASK) * ID_BYTES
    for (let n = 0; n < ID_BYTES; n += 1) {
      if (ids[start + n] !== bytes[at + n]) return false
    }
    return true
  }

  #rehash(): void {
    const slots = new Uint32Array(this.#slots.length * 2)
    const mask = slots.length - 1
    for (let entry = 0; entry < this.#count; entry += 1) {
      const { ids } = this.#segmentOf(entry)
      let slot = hashOf(ids, (entry & SEGMENT_MASK) * ID_BYTES) & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = entry + 1
    }
    this.#slots = slots
  }
}

/** Ids are hashes already: any four bytes of them are evenly spread. */
function hashOf(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}
