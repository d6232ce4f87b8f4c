// Reads one file of a snapshot from its beginning to its end, without a file in between.
//
// A few runs of neighbouring blobs are read ahead; more are asked for as the reader takes what
// came, so that a slow reader slows the reading. Every blob is verified against its hash.
import { CHUNK_SIZE_BYTES_MIN } from '../chunker/chunker.ts'
import { EngineError } from '../engine-failure.ts'
import type { BlobId, SnapshotId } from '../format/ids.ts'
import type { BlobReader, Repository } from '../repository.ts'
import { RANGE_BYTES_MAX, RANGE_GAP_BYTES_MAX, ZERO_CHUNK_ID } from '../restorer/plan-contents.ts'
import {
  type BlobInRange,
  loadRange,
  openFromRange,
  type PackRange,
} from '../restorer/read-range.ts'
import { findNode, pathComponents } from './find-node.ts'

export interface OpenStreamOptions {
  /** With its index loaded. */
  readonly repository: Repository
  readonly snapshotId: SnapshotId
  /** Of a file in the snapshot's tree, such as `/holdfast/stream`. */
  readonly logicalPath: string
  readonly signal: AbortSignal | undefined
}

export interface StoredStream {
  readonly sizeBytes: number
  /**
   * To be read once. Fails with `blob-corrupt` where a blob is damaged: all bytes before it came.
   * A piece may come more than once; nobody changes its memory.
   */
  readonly pieces: AsyncGenerator<Buffer, void, undefined>
}

/**
 * Fails with `path-not-found`, with `blob-not-found` when the index lacks a part of the file, and
 * with `format-invalid` when its parts do not add up to its size.
 */
export async function openStream(options: OpenStreamOptions): Promise<StoredStream> {
  const { repository, snapshotId, logicalPath, signal } = options
  const { tree } = await repository.loadSnapshot(snapshotId, signal)
  const components = pathComponents(logicalPath)
  const node = await findNode(repository, { tree, components }, signal)
  if (node?.type !== 'file') {
    throw new EngineError({ code: 'path-not-found', snapshotId, path: logicalPath })
  }
  const content = node.content ?? []
  const sizeBytes = sizeOf(repository, content)
  if (BigInt(sizeBytes) !== node.size) {
    const reason = `the content of '${logicalPath}' has ${sizeBytes} bytes and not ${node.size}`
    throw new EngineError({ code: 'format-invalid', part: 'tree', reason })
  }
  return { sizeBytes, pieces: readPieces(repository, content, signal) }
}

/** Runs that are read ahead of the one that is being taken. */
const RUNS_AHEAD_MAX = 3
/** Bounds the list of a run whose blobs take next to nothing. */
const RUN_BLOBS_MAX = 1024

function sizeOf(repository: BlobReader, content: readonly BlobId[]): number {
  let bytes = 0
  for (const id of content) bytes += plainSizeOf(repository, id)
  return bytes
}

function plainSizeOf(repository: BlobReader, id: BlobId): number {
  const bytes = repository.blobSize('data', id)
  if (bytes !== undefined) return bytes
  throw new EngineError({ code: 'blob-not-found', type: 'data', blobId: id })
}

async function* readPieces(
  repository: BlobReader,
  content: readonly BlobId[],
  callerSignal: AbortSignal | undefined,
): AsyncGenerator<Buffer, void, undefined> {
  const stop = new AbortController()
  const signal =
    callerSignal === undefined ? stop.signal : AbortSignal.any([callerSignal, stop.signal])
  const runs = planRuns(repository, content)
  const ahead: Promise<readonly Buffer[]>[] = []
  const readAhead = () => {
    while (ahead.length < RUNS_AHEAD_MAX) {
      const { value: run } = runs.next()
      if (run === undefined) return
      const pieces = readRun(repository, run, signal)
      // An earlier run may fail, and this one is never looked at.
      pieces.catch(() => undefined)
      ahead.push(pieces)
    }
  }
  try {
    readAhead()
    for (let next = ahead.shift(); next !== undefined; next = ahead.shift()) {
      const pieces = await next
      readAhead()
      yield* pieces
    }
  } finally {
    stop.abort(new Error('the rest of the stream is not wanted'))
  }
}

/** Blobs that follow each other in the file and lie near each other in one pack. */
interface Run {
  readonly ids: BlobId[]
  readonly blobs: Map<BlobId, BlobInRange>
  range: PackRange | undefined
  plainBytes: number
}

function* planRuns(
  repository: BlobReader,
  content: readonly BlobId[],
): Generator<Run, undefined, undefined> {
  let run = emptyRun()
  for (const id of content) {
    if (!tryAdd(repository, run, id)) {
      yield run
      run = emptyRun()
      tryAdd(repository, run, id)
    }
  }
  if (run.ids.length > 0) yield run
  return undefined
}

function emptyRun(): Run {
  return { ids: [], blobs: new Map(), range: undefined, plainBytes: 0 }
}

/** An empty run takes every blob. */
function tryAdd(repository: BlobReader, run: Run, id: BlobId): boolean {
  const isEmpty = run.ids.length === 0
  if (run.ids.length === RUN_BLOBS_MAX) return false
  if (id !== ZERO_CHUNK_ID && !run.blobs.has(id)) {
    const location = repository.locateBlob('data', id)
    if (location === undefined) {
      throw new EngineError({ code: 'blob-not-found', type: 'data', blobId: id })
    }
    const range = widened(run.range, location)
    const storedBytes = location.length + storedBytesOf(run)
    const isNear = range !== undefined && range.length - storedBytes <= RANGE_GAP_BYTES_MAX
    const plainBytes = run.plainBytes + plainSizeOf(repository, id)
    const isLittle = plainBytes <= RANGE_BYTES_MAX && (range?.length ?? 0) <= RANGE_BYTES_MAX
    if (!isEmpty && !(isNear && isLittle)) return false
    run.range = range
    run.plainBytes = plainBytes
    run.blobs.set(id, { ...location, id })
  }
  run.ids.push(id)
  return true
}

function storedBytesOf({ blobs }: Run): number {
  let bytes = 0
  for (const { length } of blobs.values()) bytes += length
  return bytes
}

/** Undefined when they are in different packs. */
function widened(range: PackRange | undefined, blob: PackRange): PackRange | undefined {
  const { packId, offset, length } = blob
  if (range === undefined) return { packId, offset, length }
  if (range.packId !== packId) return undefined
  const start = Math.min(range.offset, offset)
  const end = Math.max(range.offset + range.length, offset + length)
  return { packId, offset: start, length: end - start }
}

async function readRun(
  repository: BlobReader,
  { ids, blobs, range }: Run,
  signal: AbortSignal,
): Promise<readonly Buffer[]> {
  const plain = new Map<BlobId, Buffer>()
  if (range !== undefined) {
    const sealed = await loadRange(repository, range, signal)
    await Promise.all(
      Array.from(blobs.values(), async (blob) => {
        plain.set(blob.id, await openFromRange(repository, { blob, range, sealed }, signal))
      }),
    )
  }
  return ids.map((id) => plain.get(id) ?? ZEROS)
}

/** Of `ZERO_CHUNK_ID`, whose content is known. */
const ZEROS = Buffer.alloc(CHUNK_SIZE_BYTES_MIN)
