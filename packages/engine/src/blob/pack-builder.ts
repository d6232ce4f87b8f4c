// A pack while it fills, in memory. Homogeneous: data and tree blobs never share one.
import { createHash } from 'node:crypto'
import { type MasterKey, open, SEAL_OVERHEAD_BYTES, seal } from '../crypto/sealed-bytes.ts'
import { EngineError } from '../engine-failure.ts'
import type { BlobId, BlobType, PackId } from '../format/ids.ts'
import type { EncodedBlob } from './blob-encoding.ts'
import {
  encodePackHeader,
  entrySizeBytes,
  HEADER_LENGTH_BYTES,
  type PackedBlob,
} from './pack-header.ts'

/** As stock restic has it; a pack exceeds it by one blob at most. */
export const PACK_SIZE_BYTES_TARGET = 16 * 1024 * 1024
/** Keeps the bookkeeping of one pack small when blobs are tiny. */
export const PACK_BLOBS_MAX = 10_000

export interface FinishedPack {
  readonly id: PackId
  readonly content: readonly Uint8Array[]
  readonly sizeBytes: number
  readonly blobs: readonly PackedBlob[]
}

export class PackBuilder {
  readonly type: BlobType
  readonly #parts: Uint8Array[] = []
  readonly #blobs: PackedBlob[] = []
  readonly #hash = createHash('sha256')
  #blobBytes = 0
  #entryBytes = 0

  constructor(type: BlobType) {
    this.type = type
  }

  get isFull(): boolean {
    const size = this.#blobBytes + this.#entryBytes + SEAL_OVERHEAD_BYTES + HEADER_LENGTH_BYTES
    return size >= PACK_SIZE_BYTES_TARGET || this.#blobs.length >= PACK_BLOBS_MAX
  }

  get blobs(): readonly PackedBlob[] {
    return this.#blobs
  }

  /** Keeps `sealed` until the pack is stored. Answers the bytes by which the pack grows. */
  add(id: BlobId, { sealed, uncompressedLength }: EncodedBlob): number {
    const { type } = this
    const length = sealed.length
    this.#blobs.push({ type, id, offset: this.#blobBytes, length, uncompressedLength })
    this.#parts.push(sealed)
    this.#hash.update(sealed)
    this.#blobBytes += length
    this.#entryBytes += entrySizeBytes(uncompressedLength)
    return length + entrySizeBytes(uncompressedLength)
  }

  /** Ends the pack; the builder is of no use afterwards. Fails with `encoding-damaged`. */
  finish(key: MasterKey, nonce: Uint8Array): FinishedPack {
    const plainHeader = encodePackHeader(this.#blobs)
    const header = seal(key, nonce, plainHeader)
    if (!open(key, header).equals(plainHeader)) {
      throw new EngineError({ code: 'encoding-damaged', reason: 'a pack header' })
    }
    const trailer = Buffer.alloc(HEADER_LENGTH_BYTES)
    trailer.writeUInt32LE(header.length)
    const id = this.#hash.update(header).update(trailer).digest('hex') as PackId
    const sizeBytes = this.#blobBytes + header.length + trailer.length
    return { id, content: [...this.#parts, header, trailer], sizeBytes, blobs: this.#blobs }
  }
}
