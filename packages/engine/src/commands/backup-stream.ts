// Backs up a stream of bytes as a repository snapshot of one file, without a file in between.
//
// The stream is cut and stored as it flows; while much of it waits to be stored, no more of it is
// taken, so that a slow store slows whoever writes. Order of writes: packs, index, snapshot.
import { ByteBudget } from '../byte-budget.ts'
import { createChunker } from '../chunker/chunker.ts'
import type { Clock } from '../clock.ts'
import { BlobIdList } from '../format/blob-id-list.ts'
import type { UnknownMembers } from '../format/go-json.ts'
import type { SnapshotId } from '../format/ids.ts'
import type { SnapshotSummary } from '../format/snapshot.ts'
import { releaseMemory } from '../release-memory.ts'
import type { Repository } from '../repository.ts'
import type { BackupLabel } from './backup.ts'
import { type SavedFileTree, saveFileTree } from './save-file-tree.ts'

export interface BackupStreamOptions {
  /** With its index loaded, under a lock that the caller holds until this call ends. */
  readonly repository: Repository
  /** Its `logicalPath` names the file; `timeNs` is the time of the file and its directories too. */
  readonly label: BackupLabel
  /**
   * Pieces of any size, whose memory is taken over. When it throws, nothing is kept.
   * It is read no further once this call has failed, but a piece that it was asked for may be
   * waited for: then its maker ends it.
   */
  readonly source: AsyncIterable<Uint8Array>
  readonly clock: Clock
  /** Bytes that were stored so far. */
  readonly onProgress: (bytes: number) => void
  /** Last chance to refuse before the snapshot is written: is the lock still held? */
  readonly beforeSnapshot: () => Promise<void>
  /** Members of the caller's own that the snapshot keeps. */
  readonly annotate: (outcome: StreamOutcome) => UnknownMembers
  readonly signal: AbortSignal | undefined
}

export interface StreamOutcome {
  readonly sizeBytes: number
  /** Stored bytes that were added to the repository. */
  readonly addedStoredBytes: number
}

export interface BackupStreamResult {
  readonly snapshotId: SnapshotId
  readonly outcome: StreamOutcome
}

/** Chunks that wait for their turn; what the writer has in work comes on top. */
const UNSAVED_BYTES_MAX = 16 * 1024 * 1024

export async function backupStream(options: BackupStreamOptions): Promise<BackupStreamResult> {
  const { repository, label, clock, signal } = options
  const backupStart = clock.now().epochNanoseconds
  const stored = await storeStream(options)
  const { content, sizeBytes } = stored
  const file = await saveFileTree({ repository, label, content, sizeBytes, signal })
  await repository.flush(signal)
  await options.beforeSnapshot()
  const addedStoredBytes = stored.addedStoredBytes + file.addedStoredBytes
  const outcome = { sizeBytes, addedStoredBytes }
  const times = { backupStart, backupEnd: clock.now().epochNanoseconds }
  const snapshotId = await repository.saveSnapshot(
    {
      time: label.timeNs,
      tree: file.tree,
      paths: [label.logicalPath],
      hostname: label.hostname,
      username: label.username,
      uid: label.uid,
      gid: label.gid,
      excludes: [],
      tags: label.tags,
      programVersion: label.programVersion,
      summary: summarize(stored, file, times),
      unknownMembers: options.annotate(outcome),
    },
    signal,
  )
  return { snapshotId, outcome }
}

interface StoredStream {
  readonly content: BlobIdList
  readonly sizeBytes: number
  readonly dataBlobs: number
  readonly addedPlainBytes: number
  readonly addedStoredBytes: number
}

async function storeStream(options: BackupStreamOptions): Promise<StoredStream> {
  const { repository } = options
  const store = startStore(options)
  const { promise: stopped, reject } = Promise.withResolvers<never>()
  store.signal.addEventListener('abort', () => reject(store.signal.reason), { once: true })
  stopped.catch(() => undefined)
  store.signal.throwIfAborted()
  try {
    await Promise.race([takeAll(options, store), stopped])
  } catch (error) {
    // A source that failed by itself: what is stored is indexed, so that the next run, which will
    // hardly be about other data, need not store it again. Why this one failed is what counts.
    if (!store.signal.aborted) {
      await store.settled()
      await repository.flush(options.signal).catch(() => undefined)
    }
    throw error
  }
  await store.settled()
  store.signal.throwIfAborted()
  return store.result()
}

async function takeAll(
  { source, repository }: BackupStreamOptions,
  store: StreamStore,
): Promise<void> {
  const polynomial = repository.config.chunkerPolynomial
  for await (const chunk of cutIntoChunks(source, polynomial)) await store.save(chunk)
}

/** Each in memory of its own. */
async function* cutIntoChunks(
  source: AsyncIterable<Uint8Array>,
  polynomial: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const chunker = createChunker(polynomial)
  let pieces: Uint8Array[] = []
  for await (const piece of source) {
    let rest = piece
    while (rest.length > 0) {
      const cut = chunker.findCut(rest)
      const part = rest.subarray(0, cut)
      // Before the part is given back, which may be all of the piece.
      rest = rest.subarray(part.length)
      pieces.push(part)
      if (cut === undefined) break
      yield joined(pieces)
      pieces = []
    }
  }
  if (pieces.length > 0) yield joined(pieces)
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const chunk = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    chunk.set(piece, at)
    at += piece.length
    // At once, since each second may bring thousands of them.
    releaseMemory(piece)
  }
  return chunk
}

interface StreamStore {
  /** Aborted by the caller's signal and by the first chunk that cannot be stored. */
  readonly signal: AbortSignal
  /** Resolves when the next chunk may come. */
  save(chunk: Uint8Array): Promise<void>
  /** Resolves when no chunk is on its way any more. */
  settled(): Promise<void>
  result(): StoredStream
}

function startStore({ repository, onProgress, signal }: BackupStreamOptions): StreamStore {
  const failed = new AbortController()
  const stop = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal])
  const unsaved = new ByteBudget(UNSAVED_BYTES_MAX)
  const saving = new Set<Promise<void>>()
  const content = new BlobIdList()
  let sizeBytes = 0
  let dataBlobs = 0
  let addedPlainBytes = 0
  let addedStoredBytes = 0

  async function saveAt(at: number, chunk: Uint8Array): Promise<void> {
    const { length } = chunk
    const { id, isNew, storedBytes } = await repository.saveBlob('data', chunk, stop)
    content.set(at, id)
    sizeBytes += length
    if (isNew) {
      dataBlobs += 1
      addedPlainBytes += length
      addedStoredBytes += storedBytes
    }
    onProgress(sizeBytes)
  }

  return {
    signal: stop,
    async save(chunk) {
      const giveBack = await unsaved.take(chunk.length, stop)
      const saved = saveAt(content.reserve(), chunk)
        .catch((error: unknown) => failed.abort(error))
        .finally(() => {
          saving.delete(saved)
          giveBack()
        })
      saving.add(saved)
    },
    async settled() {
      await Promise.all(saving)
    },
    result: () => ({ content, sizeBytes, dataBlobs, addedPlainBytes, addedStoredBytes }),
  }
}

function summarize(
  stored: StoredStream,
  file: SavedFileTree,
  times: { readonly backupStart: bigint; readonly backupEnd: bigint },
): SnapshotSummary {
  return {
    ...times,
    filesNew: 1,
    filesChanged: 0,
    filesUnmodified: 0,
    dirsNew: 0,
    dirsChanged: 0,
    dirsUnmodified: 0,
    dataBlobs: stored.dataBlobs,
    treeBlobs: file.treeBlobs,
    dataAdded: stored.addedPlainBytes + file.addedPlainBytes,
    dataAddedPacked: stored.addedStoredBytes + file.addedStoredBytes,
    totalFilesProcessed: 1,
    totalBytesProcessed: stored.sizeBytes,
  }
}
