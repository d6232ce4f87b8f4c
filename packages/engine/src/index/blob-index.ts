// The loaded index: which packs hold which blobs. A blob is known by type and id, and there may be
// several copies of it.
import type { PackedBlob } from '../blob/pack-header.ts'
import { BLOB_TYPES, type BlobId, type BlobType, type IndexId, type PackId } from '../format/ids.ts'
import { BlobTable } from './blob-table.ts'
import { scanIndexJson } from './scan-index-json.ts'

export interface IndexedPack {
  readonly id: PackId
  readonly blobs: readonly PackedBlob[]
}

export interface IndexedLocation {
  readonly packId: PackId
  readonly offset: number
  /** Sealed length. */
  readonly length: number
  /** Plain length; 0 when stored uncompressed. */
  readonly uncompressedLength: number
}

const ID_BYTES = 32
const SEAL_OVERHEAD_BYTES = 32

export class BlobIndex {
  readonly #tables: Readonly<Record<BlobType, BlobTable>> = {
    data: new BlobTable(),
    tree: new BlobTable(),
  }
  readonly #packIds: PackId[] = []
  readonly #packNumbers = new Map<PackId, number>()
  /** Per pack, the index files that list it; more than one is legal. */
  readonly #indexFilesOfPacks: IndexId[][] = []
  readonly #indexIds: IndexId[] = []
  /** Holds the id that is looked for. */
  readonly #wanted = Buffer.alloc(ID_BYTES)

  get packCount(): number {
    return this.#packIds.length
  }

  /** Entries of one type, every copy counted. */
  blobCount(type: BlobType): number {
    return this.#tables[type].count
  }

  /** The index files that were added, in their order. */
  get indexIds(): readonly IndexId[] {
    return this.#indexIds
  }

  /** Adds a decoded index file. Answers a sentence about what is wrong with it, if anything is. */
  addIndexFile(indexId: IndexId, json: Buffer): string | undefined {
    const scratch = Buffer.alloc(ID_BYTES)
    let packNumber = -1
    this.#indexIds.push(indexId)
    return scanIndexJson(json, {
      pack: (idAt) => {
        packNumber = this.#packNumberOf(json.toString('latin1', idAt, idAt + 64) as PackId)
        this.#indexFilesOfPacks[packNumber]!.push(indexId)
      },
      blob: (type, idAt, offset, length, uncompressedLength) => {
        decodeHex(json, idAt, scratch)
        const id = { bytes: scratch, at: 0 }
        this.#tables[type].add(id, packNumber, offset, length, uncompressedLength)
      },
    })
  }

  addPack({ id, blobs }: IndexedPack): void {
    const packNumber = this.#packNumberOf(id)
    const scratch = Buffer.alloc(ID_BYTES)
    for (const blob of blobs) {
      scratch.write(blob.id, 'hex')
      const table = this.#tables[blob.type]
      const { offset, length, uncompressedLength } = blob
      table.add({ bytes: scratch, at: 0 }, packNumber, offset, length, uncompressedLength)
    }
  }

  has(type: BlobType, id: BlobId): boolean {
    return this.findEntry(type, id) !== -1
  }

  find(type: BlobType, id: BlobId): IndexedLocation | undefined {
    const entry = this.findEntry(type, id)
    return entry === -1 ? undefined : this.locationOf(type, entry)
  }

  findCopies(type: BlobType, id: BlobId): IndexedLocation[] {
    this.#wanted.write(id, 'hex')
    const entries = this.#tables[type].findAll({ bytes: this.#wanted, at: 0 })
    return entries.map((entry) => this.locationOf(type, entry))
  }

  /**
   * Number of the first copy's entry, or -1. Entries of a type are numbered from 0 to
   * `blobCount(type)` - 1, so that marks can be kept in an array beside the index.
   */
  findEntry(type: BlobType, id: BlobId): number {
    this.#wanted.write(id, 'hex')
    return this.#tables[type].find({ bytes: this.#wanted, at: 0 })
  }

  /** Numbers of the entries of all copies. */
  findEntries(type: BlobType, id: BlobId): number[] {
    this.#wanted.write(id, 'hex')
    return this.#tables[type].findAll({ bytes: this.#wanted, at: 0 })
  }

  /** The entry of the first copy of the same blob, which is what `findEntry` answers for its id. */
  firstCopyOf(type: BlobType, entry: number): number {
    const table = this.#tables[type]
    return table.find({ bytes: table.idOf(entry), at: 0 })
  }

  /** Sealed length. */
  lengthOf(type: BlobType, entry: number): number {
    return this.#tables[type].lengthOf(entry)
  }

  locationOf(type: BlobType, entry: number): IndexedLocation {
    const table = this.#tables[type]
    return {
      packId: this.#packIds[table.packOf(entry)]!,
      offset: table.offsetOf(entry),
      length: table.lengthOf(entry),
      uncompressedLength: table.uncompressedLengthOf(entry),
    }
  }

  blobIdOf(type: BlobType, entry: number): BlobId {
    return Buffer.from(this.#tables[type].idOf(entry)).toString('hex') as BlobId
  }

  /** Plain size of a blob. */
  plainSizeOf(type: BlobType, entry: number): number {
    const table = this.#tables[type]
    return table.uncompressedLengthOf(entry) || table.lengthOf(entry) - SEAL_OVERHEAD_BYTES
  }

  packNumberOf(type: BlobType, entry: number): number {
    return this.#tables[type].packOf(entry)
  }

  packIdAt(packNumber: number): PackId {
    return this.#packIds[packNumber]!
  }

  findPack(id: PackId): number | undefined {
    return this.#packNumbers.get(id)
  }

  /** Index files that list the pack; none when it was added by `addPack` only. */
  indexFilesOf(packNumber: number): readonly IndexId[] {
    return this.#indexFilesOfPacks[packNumber]!
  }

  /** Every pack with its blobs in order of offset. Objects exist for one pack at a time. */
  *packs(): Iterable<IndexedPack & { readonly number: number }> {
    const grouped = BLOB_TYPES.map((type) => ({
      type,
      ...groupByPack(this.#tables[type], this.#packIds.length),
    }))
    for (const [number, id] of this.#packIds.entries()) {
      const blobs: PackedBlob[] = []
      for (const { type, entries, starts } of grouped) {
        for (const entry of entries.subarray(starts[number]!, starts[number + 1]!)) {
          const { offset, length, uncompressedLength } = this.locationOf(type, entry)
          const blobId = this.blobIdOf(type, entry)
          blobs.push({ type, id: blobId, offset, length, uncompressedLength })
        }
      }
      blobs.sort((a, b) => a.offset - b.offset)
      yield { number, id, blobs }
    }
  }

  #packNumberOf(id: PackId): number {
    const known = this.#packNumbers.get(id)
    if (known !== undefined) return known
    const number = this.#packIds.length
    this.#packIds.push(id)
    this.#packNumbers.set(id, number)
    this.#indexFilesOfPacks.push([])
    return number
  }
}

/** Counting sort: entries of pack n stand at starts[n] to starts[n + 1]. */
function groupByPack(table: BlobTable, packCount: number) {
  const starts = new Uint32Array(packCount + 1)
  for (let entry = 0; entry < table.count; entry += 1) starts[table.packOf(entry) + 1]! += 1
  for (let pack = 0; pack < packCount; pack += 1) starts[pack + 1]! += starts[pack]!
  const next = starts.slice()
  const entries = new Uint32Array(table.count)
  for (let entry = 0; entry < table.count; entry += 1) {
    const pack = table.packOf(entry)
    entries[next[pack]!] = entry
    next[pack]! += 1
  }
  return { entries, starts }
}

function decodeHex(hex: Uint8Array, at: number, out: Uint8Array): void {
  for (let n = 0; n < ID_BYTES; n += 1) {
    out[n] = (digitOf(hex[at + 2 * n]!) << 4) | digitOf(hex[at + 2 * n + 1]!)
  }
}

/** The scanner let only 0-9 and a-f through. */
function digitOf(code: number): number {
  return code <= 0x39 ? code - 0x30 : code - 0x57
}
