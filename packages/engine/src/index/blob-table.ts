// Where blobs of one type are: columns in typed arrays with open addressing, 56 bytes a blob
// (repository format, section 8.1). Entries are numbered in the order in which they came.

/** `{ bytes, at }` points to the 32 bytes of an id. */
export interface IdBytes {
  readonly bytes: Uint8Array
  readonly at: number
}

const ID_BYTES = 32
const CAPACITY_MIN = 1024
const GROWTH = 1.5
/** Slots per entry at least: probing stays short. */
const SLOTS_PER_ENTRY = 1.5

export class BlobTable {
  #ids = new Uint8Array(CAPACITY_MIN * ID_BYTES)
  #packs = new Uint32Array(CAPACITY_MIN)
  #offsets = new Uint32Array(CAPACITY_MIN)
  #lengths = new Uint32Array(CAPACITY_MIN)
  #uncompressedLengths = new Uint32Array(CAPACITY_MIN)
  /** Entry number + 1; 0 is free. The length is a power of two. */
  #slots = new Uint32Array(slotCountFor(CAPACITY_MIN))
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
    if (this.#count === this.#packs.length) this.#grow()
    const mask = this.#slots.length - 1
    let slot = hashOf(bytes, at) & mask
    for (let entry = this.#slots[slot]! - 1; entry !== -1; entry = this.#slots[slot]! - 1) {
      const isSame = this.#packs[entry] === pack && this.#offsets[entry] === offset
      if (isSame && this.#hasId(entry, bytes, at)) return
      slot = (slot + 1) & mask
    }
    const entry = this.#count
    this.#slots[slot] = entry + 1
    this.#ids.set(bytes.subarray(at, at + ID_BYTES), entry * ID_BYTES)
    this.#packs[entry] = pack
    this.#offsets[entry] = offset
    this.#lengths[entry] = length
    this.#uncompressedLengths[entry] = uncompressedLength
    this.#count += 1
  }

  /** The first copy's entry, or -1. */
  find({ bytes, at }: IdBytes): number {
    return this.#probe(hashOf(bytes, at) & (this.#slots.length - 1), bytes, at)
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

  idOf(entry: number): Uint8Array {
    return this.#ids.subarray(entry * ID_BYTES, (entry + 1) * ID_BYTES)
  }

  packOf(entry: number): number {
    return this.#packs[entry]!
  }

  offsetOf(entry: number): number {
    return this.#offsets[entry]!
  }

  lengthOf(entry: number): number {
    return this.#lengths[entry]!
  }

  uncompressedLengthOf(entry: number): number {
    return this.#uncompressedLengths[entry]!
  }

  #probe(firstSlot: number, bytes: Uint8Array, at: number): number {
    const mask = this.#slots.length - 1
    let slot = firstSlot
    for (let entry = this.#slots[slot]! - 1; entry !== -1; entry = this.#slots[slot]! - 1) {
      if (this.#hasId(entry, bytes, at)) return entry
      slot = (slot + 1) & mask
    }
    return -1
  }

  #hasId(entry: number, bytes: Uint8Array, at: number): boolean {
    const ids = this.#ids
    const start = entry * ID_BYTES
    for (let n = 0; n < ID_BYTES; n += 1) {
      if (ids[start + n] !== bytes[at + n]) return false
    }
    return true
  }

  #grow(): void {
    const capacity = Math.ceil(this.#packs.length * GROWTH)
    this.#ids = grown(new Uint8Array(capacity * ID_BYTES), this.#ids)
    this.#packs = grown(new Uint32Array(capacity), this.#packs)
    this.#offsets = grown(new Uint32Array(capacity), this.#offsets)
    this.#lengths = grown(new Uint32Array(capacity), this.#lengths)
    this.#uncompressedLengths = grown(new Uint32Array(capacity), this.#uncompressedLengths)
    const slotCount = slotCountFor(capacity)
    if (slotCount === this.#slots.length) return
    const slots = new Uint32Array(slotCount)
    for (let entry = 0; entry < this.#count; entry += 1) {
      let slot = hashOf(this.#ids, entry * ID_BYTES) & (slotCount - 1)
      while (slots[slot] !== 0) slot = (slot + 1) & (slotCount - 1)
      slots[slot] = entry + 1
    }
    this.#slots = slots
  }
}

function slotCountFor(capacity: number): number {
  return 2 ** Math.ceil(Math.log2(capacity * SLOTS_PER_ENTRY))
}

/** Ids are hashes already: any four bytes of them are evenly spread. */
function hashOf(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}

function grown<Column extends Uint8Array | Uint32Array>(wide: Column, old: Column): Column {
  wide.set(old)
  return wide
}
