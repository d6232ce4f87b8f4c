// Saves blobs: deduplicates, encodes, fills packs, uploads them and writes their index.
//
// A blob goes: hashed → reserved (equal ones wait for it) → encoded → in an open pack → its pack
// is stored → its pack is listed in a stored index file. A failed upload or index write ends the
// writer: every later call fails with the same error, since blobs that it vouched for are missing.
import { ByteBudget } from '../byte-budget.ts'
import { NONCE_BYTES } from '../crypto/sealed-bytes.ts'
import type { BlobId, BlobType } from '../format/ids.ts'
import type { BlobIndex, IndexedPack } from '../index/blob-index.ts'
import { INDEX_BLOBS_MAX, saveIndexFiles } from '../index/index-file.ts'
import { releaseMemory } from '../release-memory.ts'
import type { SavedBlob, SealedBlob } from '../repository.ts'
import type { UnpackedFiles } from '../unpacked-file.ts'
import type { BlobCodec, HashedBlob } from './blob-codec.ts'
import type { EncodedBlob } from './blob-encoding.ts'
import { type FinishedPack, PackBuilder } from './pack-builder.ts'

/**
 * Plain bytes between the call and the open pack. A blob there exists up to four times (plain,
 * compressed, sealed, opened again), so that this is a quarter of the memory it stands for.
 */
const BYTES_IN_WORK_MAX = 24 * 1024 * 1024
/** Packs of 16 MiB that are being stored, or wait for it. */
const PACKS_IN_UPLOAD_MAX = 2
/** Bounds what a crash makes a next run upload again: 4 GiB. */
const UNINDEXED_PACKS_MAX = 256

export interface BlobWriterOptions extends UnpackedFiles {
  readonly codec: BlobCodec
  readonly index: () => BlobIndex
}

export class PackingBlobWriter {
  readonly #options: BlobWriterOptions
  readonly #work = new ByteBudget(BYTES_IN_WORK_MAX)
  readonly #uploadSlots = new ByteBudget(PACKS_IN_UPLOAD_MAX)
  /** Blobs that are being encoded. */
  readonly #reserved = new Map<string, Promise<void>>()
  /** Blobs in packs that are not stored yet. */
  readonly #unstored = new Set<string>()
  readonly #openPacks: Record<BlobType, PackBuilder | undefined> = {
    data: undefined,
    tree: undefined,
  }
  /** Packs and index files on their way. */
  readonly #writes = new Set<Promise<void>>()
  #unindexed: IndexedPack[] = []
  #indexSavesRunning = 0
  #failure: { readonly error: unknown } | undefined

  constructor(options: BlobWriterOptions) {
    this.#options = options
  }

  /** Is it stored, or vouched for by this writer? */
  has(type: BlobType, id: BlobId): boolean {
    return this.#unstored.has(keyOf(type, id)) || this.#options.index().has(type, id)
  }

  /** Begins nothing more and waits for what is being written: the lock may go afterwards. */
  async end(): Promise<void> {
    this.#failure ??= { error: new Error('the repository was closed') }
    await this.#settle()
  }

  /** Throws unless everything that was saved is stored and indexed. */
  assertFlushed(): void {
    this.#throwIfFailed()
    if (this.#unstored.size > 0 || this.#unindexed.length > 0 || this.#indexSavesRunning > 0) {
      throw new Error('blobs were saved and not flushed')
    }
  }

  async save(
    type: BlobType,
    plain: Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<SavedBlob> {
    this.#throwIfFailed()
    const giveBack = await this.#work.take(plain.length, signal)
    try {
      const hashed = await this.#options.codec.hash(plain)
      const release = await this.#reserve(type, hashed.id)
      if (release === undefined) {
        releaseMemory(hashed.plain)
        return { id: hashed.id, isNew: false, storedBytes: 0 }
      }
      try {
        const storedBytes = await this.#encodeAndAdd(type, hashed, signal)
        return { id: hashed.id, isNew: true, storedBytes }
      } finally {
        release()
      }
    } finally {
      giveBack()
    }
  }

  async repack(blob: SealedBlob, signal: AbortSignal | undefined): Promise<void> {
    this.#throwIfFailed()
    const giveBack = await this.#work.take(blob.sealed.length, signal)
    try {
      await this.#options.codec.open(blob)
      await this.#addToPack(blob.type, blob.id, { ...blob, sealed: ownCopy(blob.sealed) }, signal)
    } finally {
      giveBack()
    }
  }

  async flush(signal: AbortSignal | undefined): Promise<void> {
    this.#throwIfFailed()
    for (const type of ['data', 'tree'] as const) await this.#closePack(type, signal)
    await this.#settle()
    this.#throwIfFailed()
    const indexSave = this.#failingForever(() => this.#saveIndex(signal))
    await this.#tracked(indexSave)
    this.#throwIfFailed()
  }

  /** Answers undefined when an equal blob is stored already, once that is certain. */
  async #reserve(type: BlobType, id: BlobId): Promise<(() => void) | undefined> {
    const key = keyOf(type, id)
    for (;;) {
      this.#throwIfFailed()
      if (this.has(type, id)) return undefined
      const other = this.#reserved.get(key)
      if (other === undefined) break
      // Whether it fails is its caller's matter: then this one takes the blob over.
      await other
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#reserved.set(key, promise)
    return () => {
      this.#reserved.delete(key)
      resolve()
    }
  }

  async #encodeAndAdd(
    type: BlobType,
    { id, plain }: HashedBlob,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    signal?.throwIfAborted()
    const nonce = this.#options.randomBytes(NONCE_BYTES)
    const mayCompress = this.#options.version !== 1
    const encoded = await this.#options.codec.encode({ type, id, plain, nonce, mayCompress })
    return await this.#addToPack(type, id, encoded, signal)
  }

  async #addToPack(
    type: BlobType,
    id: BlobId,
    encoded: EncodedBlob,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    signal?.throwIfAborted()
    this.#throwIfFailed()
    const pack = this.#openPacks[type] ?? new PackBuilder(type)
    this.#openPacks[type] = pack
    const storedBytes = pack.add(id, encoded)
    this.#unstored.add(keyOf(type, id))
    if (pack.isFull) await this.#closePack(type, signal)
    else await this.#waitForUploads(signal)
    return storedBytes
  }

  /** The back-pressure: new blobs wait while as many packs as may be are on their way. */
  async #waitForUploads(signal: AbortSignal | undefined): Promise<void> {
    if (this.#writes.size < PACKS_IN_UPLOAD_MAX) return
    const giveBack = await this.#uploadSlots.take(1, signal)
    giveBack()
  }

  /** Returns when the upload has begun. */
  async #closePack(type: BlobType, signal: AbortSignal | undefined): Promise<void> {
    const pack = this.#openPacks[type]
    if (pack === undefined) return
    this.#openPacks[type] = undefined
    const upload = this.#uploadWhenPossible(pack, signal)
    const { begun, done } = upload
    void this.#tracked(this.#failingForever(() => done))
    await begun
    this.#throwIfFailed()
  }

  /** Never rejects: what fails is kept in `#failure`. */
  async #tracked(write: Promise<void>): Promise<void> {
    const settled = write.catch(() => undefined)
    this.#writes.add(settled)
    await settled
    this.#writes.delete(settled)
  }

  async #settle(): Promise<void> {
    while (this.#writes.size > 0) await Promise.all(this.#writes)
  }

  #uploadWhenPossible(pack: PackBuilder, signal: AbortSignal | undefined) {
    const slot = this.#uploadSlots.take(1, signal)
    const done = slot.then(async (giveBack) => {
      try {
        this.#throwIfFailed()
        const { key, randomBytes } = this.#options
        await this.#store(pack.finish(key, randomBytes(NONCE_BYTES)), signal)
      } finally {
        giveBack()
      }
    })
    return { begun: slot.then(() => undefined), done }
  }

  async #store(pack: FinishedPack, signal: AbortSignal | undefined): Promise<void> {
    const { backend, index } = this.#options
    await backend.save({ kind: 'data', name: pack.id }, pack.content, signal)
    pack.content.forEach(releaseMemory)
    const indexed = { id: pack.id, blobs: pack.blobs }
    index().addPack(indexed)
    for (const { type, id } of pack.blobs) this.#unstored.delete(keyOf(type, id))
    this.#unindexed.push(indexed)
    this.#throwIfFailed()
    if (isIndexDue(this.#unindexed)) await this.#saveIndex(signal)
  }

  async #saveIndex(signal: AbortSignal | undefined): Promise<void> {
    const packs = this.#unindexed
    this.#unindexed = []
    this.#indexSavesRunning += 1
    await saveIndexFiles(this.#options, packs, signal)
    this.#indexSavesRunning -= 1
  }

  async #failingForever<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work()
    } catch (error) {
      this.#failure ??= { error }
      throw error
    }
  }

  #throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }
}

function isIndexDue(packs: readonly IndexedPack[]): boolean {
  const blobs = packs.reduce((sum, pack) => sum + pack.blobs.length, 0)
  return blobs >= INDEX_BLOBS_MAX || packs.length >= UNINDEXED_PACKS_MAX
}

function keyOf(type: BlobType, id: BlobId): string {
  return `${type}:${id}`
}

/** A view may keep a whole pack range alive. */
function ownCopy(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(bytes)
}
