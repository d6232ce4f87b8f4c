// The open repository: what every command works on. `open-repository.ts` makes one.
import type { Backend, ByteRange } from './backend/backend.ts'
import type { MasterKey } from './crypto/sealed-bytes.ts'
import type { RepositoryConfig } from './format/config.ts'
import type { BlobId, BlobType, IndexId, PackId, SnapshotId } from './format/ids.ts'
import type { Snapshot } from './format/snapshot.ts'
import type { BlobIndex, IndexedPack } from './index/blob-index.ts'

export interface BlobLocation {
  readonly packId: PackId
  readonly offset: number
  /** Sealed length. */
  readonly length: number
  /** Plain length; 0 when the blob is stored uncompressed. */
  readonly uncompressedLength: number
}

/** Reads blobs through the loaded index. */
export interface BlobReader {
  /** Is it in the loaded index, or saved by this handle? */
  hasBlob(type: BlobType, id: BlobId): boolean
  /** Plain size in bytes, undefined when unknown. */
  blobSize(type: BlobType, id: BlobId): number | undefined
  locateBlob(type: BlobType, id: BlobId): BlobLocation | undefined
  /** All stored copies; `locateBlob` answers the first. Empty when unknown. */
  locateCopies(type: BlobType, id: BlobId): BlobLocation[]
  /**
   * Opens, decompresses and verifies the hash; a bad copy falls back to other copies. A blob saved
   * by this handle can be loaded once its pack is stored, at the latest after `flush`. Fails with
   * `blob-not-found` or `blob-corrupt`.
   */
  loadBlob(type: BlobType, id: BlobId, signal: AbortSignal | undefined): Promise<Buffer>
  /** Raw bytes of a pack: several neighbouring sealed blobs in one request. */
  loadPackRange(packId: PackId, range: ByteRange, signal: AbortSignal | undefined): Promise<Buffer>
  /**
   * Opens one sealed blob cut out of a pack range (`sealed` is copied, so it may be a view):
   * decrypts, decompresses, asserts the plain length and verifies the hash, in a worker thread
   * when the blob is large. Fails with `blob-corrupt`; then try `loadBlob`, which knows the other
   * copies.
   */
  openBlob(sealedBlob: SealedBlob, signal: AbortSignal | undefined): Promise<Buffer>
}

export interface SealedBlob {
  readonly type: BlobType
  readonly id: BlobId
  readonly sealed: Uint8Array
  /** 0 when stored uncompressed. */
  readonly uncompressedLength: number
}

export interface SavedBlob {
  readonly id: BlobId
  /** False when the repository held it already, or another caller is storing it now. */
  readonly isNew: boolean
  /** Stored bytes that this call added; 0 when not new. */
  readonly storedBytes: number
}

/** Saves blobs: hash, compress, seal and verify run in worker threads; packs upload as they fill. */
export interface BlobWriter {
  /**
   * Takes ownership of `plain` (its memory may be transferred to a worker). Resolves once the
   * blob is in an open pack, which is a wait under back-pressure; it is durable and indexed only
   * after `flush`. Concurrent calls for equal content store it once.
   */
  saveBlob(type: BlobType, plain: Uint8Array, signal: AbortSignal | undefined): Promise<SavedBlob>
  /**
   * Puts a blob of this repository into a new pack as it is sealed, although the index knows it:
   * how packs are rewritten. It is opened and verified first; fails with `blob-corrupt`.
   */
  repackBlob(sealedBlob: SealedBlob, signal: AbortSignal | undefined): Promise<void>
  /** Packs durable, then index durable. A snapshot may be saved only afterwards. */
  flush(signal: AbortSignal | undefined): Promise<void>
}

export interface SnapshotStore {
  /** In no order. Unreadable ones fail with `snapshot-corrupt`. */
  listSnapshots(
    signal: AbortSignal | undefined,
  ): AsyncIterable<{ readonly id: SnapshotId; readonly snapshot: Snapshot }>
  loadSnapshot(id: SnapshotId, signal: AbortSignal | undefined): Promise<Snapshot>
  saveSnapshot(snapshot: Snapshot, signal: AbortSignal | undefined): Promise<SnapshotId>
  removeSnapshot(id: SnapshotId, signal: AbortSignal | undefined): Promise<void>
}

export interface Repository extends BlobReader, BlobWriter, SnapshotStore {
  readonly config: RepositoryConfig
  readonly key: MasterKey
  readonly backend: Backend
  /** What `loadIndex` loaded and `saveBlob` stored since; each `loadIndex` makes a new one. */
  readonly index: BlobIndex
  /**
   * Loads all index files; blob reading and deduplication see only what was loaded. To be called
   * again after index files were replaced, but not between `saveBlob` and `flush`.
   */
  loadIndex(signal: AbortSignal | undefined): Promise<void>
  /** Writes index files that list these packs; answers their ids. */
  saveIndex(packs: Iterable<IndexedPack>, signal: AbortSignal | undefined): Promise<IndexId[]>
  /**
   * Begins no more writes, waits for those that are on their way (abort their signal to make that
   * short) and ends the workers. To be called before the lock is released: an index file that
   * comes later could list packs that somebody else's prune has removed. Repeating it is harmless.
   */
  close(): Promise<void>
}
