// The open repository over a backend, an index, a blob writer and a codec.
import type { Backend, ByteRange } from './backend/backend.ts'
import type { BlobCodec } from './blob/blob-codec.ts'
import { PackingBlobWriter } from './blob/blob-writer.ts'
import type { RandomBytes } from './crypto/random.ts'
import type { MasterKey } from './crypto/sealed-bytes.ts'
import { EngineError, type EngineFailureCode, failureOf, isEngineError } from './engine-failure.ts'
import type { RepositoryConfig } from './format/config.ts'
import type { BlobId, BlobType, IndexId, PackId, SnapshotId } from './format/ids.ts'
import { decodeSnapshot, encodeSnapshot, type Snapshot } from './format/snapshot.ts'
import { BlobIndex, type IndexedPack } from './index/blob-index.ts'
import { loadBlobIndex, saveIndexFiles } from './index/index-file.ts'
import type { BlobLocation, Repository, SavedBlob, SealedBlob } from './repository.ts'
import { loadUnpacked, saveUnpacked, type UnpackedFiles } from './unpacked-file.ts'

/** Failures of one copy of a blob, after which another copy is worth a try. */
const COPY_FAILURES: ReadonlySet<EngineFailureCode> = new Set([
  'blob-corrupt',
  'object-not-found',
  'object-truncated',
])

export interface OpenedRepositoryParts {
  readonly backend: Backend
  readonly config: RepositoryConfig
  readonly key: MasterKey
  readonly codec: BlobCodec
  readonly randomBytes: RandomBytes
}

export class OpenedRepository implements Repository {
  readonly config: RepositoryConfig
  readonly key: MasterKey
  readonly backend: Backend
  readonly #codec: BlobCodec
  readonly #files: UnpackedFiles
  readonly #writer: PackingBlobWriter
  #index = new BlobIndex()

  constructor({ backend, config, key, codec, randomBytes }: OpenedRepositoryParts) {
    this.backend = backend
    this.config = config
    this.key = key
    this.#codec = codec
    this.#files = { backend, key, randomBytes, version: config.version }
    this.#writer = new PackingBlobWriter({ ...this.#files, codec, index: () => this.#index })
  }

  get index(): BlobIndex {
    return this.#index
  }

  async loadIndex(signal: AbortSignal | undefined): Promise<void> {
    this.#writer.assertFlushed()
    this.#index = await loadBlobIndex(this.#files, signal)
  }

  saveIndex(packs: Iterable<IndexedPack>, signal: AbortSignal | undefined): Promise<IndexId[]> {
    return saveIndexFiles(this.#files, packs, signal)
  }

  hasBlob(type: BlobType, id: BlobId): boolean {
    return this.#writer.has(type, id)
  }

  blobSize(type: BlobType, id: BlobId): number | undefined {
    const entry = this.#index.findEntry(type, id)
    return entry === -1 ? undefined : this.#index.plainSizeOf(type, entry)
  }

  locateBlob(type: BlobType, id: BlobId): BlobLocation | undefined {
    return this.#index.find(type, id)
  }

  locateCopies(type: BlobType, id: BlobId): BlobLocation[] {
    return this.#index.findCopies(type, id)
  }

  async loadBlob(type: BlobType, id: BlobId, signal: AbortSignal | undefined): Promise<Buffer> {
    let firstError: unknown
    for (const location of this.#index.findCopies(type, id)) {
      try {
        const sealed = await this.loadPackRange(location.packId, location, signal)
        const { uncompressedLength } = location
        return await this.openBlob({ type, id, sealed, uncompressedLength }, signal)
      } catch (error) {
        if (!isEngineError(error) || !COPY_FAILURES.has(error.failure.code)) throw error
        firstError ??= error
      }
    }
    if (firstError === undefined) {
      throw new EngineError({ code: 'blob-not-found', type, blobId: id })
    }
    if (failureOf(firstError, 'blob-corrupt') !== undefined) throw firstError
    const reason = firstError instanceof Error ? firstError.message : String(firstError)
    const cause = { cause: firstError }
    throw new EngineError({ code: 'blob-corrupt', type, blobId: id, reason }, cause)
  }

  loadPackRange(
    packId: PackId,
    { offset, length }: ByteRange,
    signal: AbortSignal | undefined,
  ): Promise<Buffer> {
    return this.backend.load({ kind: 'data', name: packId }, { offset, length }, signal)
  }

  async openBlob(sealedBlob: SealedBlob, signal: AbortSignal | undefined): Promise<Buffer> {
    signal?.throwIfAborted()
    const plain = await this.#codec.open(sealedBlob)
    signal?.throwIfAborted()
    return plain
  }

  saveBlob(type: BlobType, plain: Uint8Array, signal: AbortSignal | undefined): Promise<SavedBlob> {
    return this.#writer.save(type, plain, signal)
  }

  repackBlob(sealedBlob: SealedBlob, signal: AbortSignal | undefined): Promise<void> {
    return this.#writer.repack(sealedBlob, signal)
  }

  flush(signal: AbortSignal | undefined): Promise<void> {
    return this.#writer.flush(signal)
  }

  async *listSnapshots(
    signal: AbortSignal | undefined,
  ): AsyncIterable<{ readonly id: SnapshotId; readonly snapshot: Snapshot }> {
    for await (const { name } of this.backend.list('snapshots', signal)) {
      const id = name as SnapshotId
      const snapshot = await this.#loadSnapshotIfThere(id, signal)
      if (snapshot !== undefined) yield { id, snapshot }
    }
  }

  async loadSnapshot(id: SnapshotId, signal: AbortSignal | undefined): Promise<Snapshot> {
    const json = await loadUnpacked(this.#files, 'snapshots', id, signal)
    if (typeof json === 'string') failSnapshot(id, json, undefined)
    try {
      return decodeSnapshot(json)
    } catch (error) {
      const failure = failureOf(error, 'format-invalid')
      if (failure === undefined) throw error
      return failSnapshot(id, failure.reason, error)
    }
  }

  async saveSnapshot(snapshot: Snapshot, signal: AbortSignal | undefined): Promise<SnapshotId> {
    // A snapshot must never be seen before what it refers to.
    this.#writer.assertFlushed()
    return await saveUnpacked(this.#files, 'snapshots', encodeSnapshot(snapshot), signal)
  }

  removeSnapshot(id: SnapshotId, signal: AbortSignal | undefined): Promise<void> {
    return this.backend.remove({ kind: 'snapshots', name: id }, signal)
  }

  async close(): Promise<void> {
    await this.#writer.end()
    await this.#codec.close()
  }

  /** Undefined when it was removed since it was listed. */
  async #loadSnapshotIfThere(
    id: SnapshotId,
    signal: AbortSignal | undefined,
  ): Promise<Snapshot | undefined> {
    try {
      return await this.loadSnapshot(id, signal)
    } catch (error) {
      if (failureOf(error, 'object-not-found') !== undefined) return undefined
      throw error
    }
  }
}

function failSnapshot(snapshotId: SnapshotId, reason: string, cause: unknown): never {
  throw new EngineError({ code: 'snapshot-corrupt', snapshotId, reason }, { cause })
}
