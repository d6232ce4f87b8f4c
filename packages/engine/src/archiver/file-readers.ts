// Threads that read and chunk files, several at once, with bounded memory.
import { closeSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { ByteBudget } from '../byte-budget.ts'
import { CHUNK_SIZE_BYTES_MIN } from '../chunker/chunker.ts'
import { EngineError } from '../engine-failure.ts'
import type { BlobId } from '../format/ids.ts'
import type { FileReaderData, FileReply, FileRequest } from './file-reader-messages.ts'

export interface FileReadersOptions {
  /** Hex text of the repository's chunker polynomial. */
  readonly polynomial: string
  readonly threads: number
  /** Readings that wait for their turn are given up when it is aborted. */
  readonly signal: AbortSignal
  /** Stores one chunk, whose memory it takes over. */
  readonly saveChunk: (chunk: Uint8Array) => Promise<BlobId>
}

export interface FileToRead extends Omit<FileRequest, 'id'> {
  /** Called as bytes of it are stored. */
  readonly onBytes: (bytes: number) => void
}

export type FileReading =
  | {
      readonly kind: 'read'
      readonly content: readonly BlobId[]
      readonly sizeBytes: number
      readonly isChanged: boolean
    }
  | { readonly kind: 'failed'; readonly errno: string }

export interface FileReaders {
  /**
   * Reads an open file to the size it had and stores its chunks; waits while too much is under
   * way. Takes over the handle. Rejects when storing fails or a thread dies.
   */
  readFile(file: FileToRead): Promise<FileReading>
  /** Ends the threads and closes all handles; readings under way never settle. */
  close(): Promise<void>
}

/** Whole small files lie in memory between reading and storing. */
const BYTES_UNDER_WAY_MAX = 16 * 1024 * 1024
/** What one large file counts for; its own memory is bounded by `UNSAVED_BYTES_MAX`. */
const LARGE_FILE_BYTES = 8 * 1024 * 1024
/** Requests wait for company until the walk pauses, up to this many. */
const BATCH_MAX = 32

/** Less than this is read before another thread has started. */
const WORTH_A_THREAD_BYTES = 4 * 1024 * 1024

export function startFileReaders(options: FileReadersOptions): FileReaders {
  const underWay = new ByteBudget(BYTES_UNDER_WAY_MAX)
  const died = new AbortController()
  const signal = AbortSignal.any([options.signal, died.signal])
  const saveZeroChunk = onceSaved(options)
  const threads: ReadingThread[] = []
  let nextId = 0

  /** Threads start when there is work for them: an unchanged tree needs none. */
  function idlestThread(): ReadingThread {
    const idlest = leastBusy(threads)
    const isFree = idlest !== undefined && idlest.bytesUnderWay() < WORTH_A_THREAD_BYTES
    if (idlest !== undefined && (isFree || threads.length >= options.threads)) return idlest
    const started = startThread(options, saveZeroChunk, (reason) => {
      died.abort(reason)
      for (const thread of threads) thread.fail(reason)
    })
    threads.push(started)
    return started
  }

  return {
    async readFile({ onBytes, ...file }) {
      const weight = Math.min(Math.max(file.sizeBytes, 1), LARGE_FILE_BYTES)
      const giveBack = await underWay.take(weight, signal).catch((reason) => {
        closeSync(file.handle)
        throw reason
      })
      try {
        nextId += 1
        return await idlestThread().read({ ...file, id: nextId }, onBytes)
      } finally {
        giveBack()
      }
    },
    async close() {
      await Promise.all(threads.map((thread) => thread.end()))
    },
  }
}

interface ReadingThread {
  bytesUnderWay(): number
  read(request: FileRequest, onBytes: (bytes: number) => void): Promise<FileReading>
  fail(reason: unknown): void
  end(): Promise<void>
}

interface OpenReading {
  readonly request: FileRequest
  readonly onBytes: (bytes: number) => void
  /** In the order of the file; ids arrive in any order. */
  readonly content: (BlobId | undefined)[]
  sizeBytes: number
  unsavedChunks: number
  end: Extract<FileReply, { readonly kind: 'end' }> | undefined
  readonly resolve: (reading: FileReading) => void
  readonly reject: (reason: unknown) => void
}

function leastBusy([first, ...others]: readonly ReadingThread[]): ReadingThread | undefined {
  if (first === undefined) return undefined
  return others.reduce((a, b) => (b.bytesUnderWay() < a.bytesUnderWay() ? b : a), first)
}

/** The chunk that holes are made of is stored once. */
function onceSaved({ saveChunk }: FileReadersOptions): () => Promise<BlobId> {
  let saved: Promise<BlobId> | undefined
  return () => {
    saved ??= saveChunk(new Uint8Array(CHUNK_SIZE_BYTES_MIN))
    return saved
  }
}

function startThread(
  { polynomial, saveChunk }: FileReadersOptions,
  saveZeroChunk: () => Promise<BlobId>,
  onDeath: (reason: unknown) => void,
): ReadingThread {
  const unsavedBytes = new SharedArrayBuffer(4)
  const unsaved = new Int32Array(unsavedBytes)
  const data: FileReaderData = { polynomial, unsavedBytes }
  const worker = new Worker(new URL('./file-reader-worker.ts', import.meta.url), {
    workerData: data,
    // Flags of the process, such as those of a test runner, are not for the thread.
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16 },
  })
  const open = new Map<number, OpenReading>()
  /** Closed here, never by the thread: so it is certain at any time which ones are open. */
  const handles = new Map<number, number>()
  let batch: FileRequest[] = []
  let bytesUnderWay = 0
  let isEnding = false
  let failure: { readonly reason: unknown } | undefined

  function sendBatch(): void {
    if (batch.length > 0) worker.postMessage(batch)
    batch = []
  }

  function close(reading: OpenReading): void {
    open.delete(reading.request.id)
    bytesUnderWay -= reading.request.sizeBytes + 1
  }

  function finishIfDone(reading: OpenReading): void {
    if (reading.end === undefined || reading.unsavedChunks > 0) return
    close(reading)
    const { content, sizeBytes, end } = reading
    const { isChanged } = end
    reading.resolve({ kind: 'read', content: content as BlobId[], sizeBytes, isChanged })
  }

  function keep(reading: OpenReading, bytes: number, saving: Promise<BlobId>, times: number): void {
    const at = reading.content.length
    reading.content.length += times
    reading.unsavedChunks += 1
    saving.then(
      (id) => {
        reading.content.fill(id, at, at + times)
        reading.sizeBytes += bytes
        reading.onBytes(bytes)
        reading.unsavedChunks -= 1
        finishIfDone(reading)
      },
      (reason) => {
        close(reading)
        reading.reject(reason)
      },
    )
  }

  function closeHandle(id: number): void {
    const handle = handles.get(id)
    handles.delete(id)
    if (handle !== undefined) closeSync(handle)
  }

  function take(reply: FileReply): void {
    if (reply.kind === 'end' || reply.kind === 'failed') closeHandle(reply.id)
    const reading = open.get(reply.id)
    // Storing one of its chunks failed before; the rest is of no use.
    if (reading === undefined) return
    switch (reply.kind) {
      case 'chunk': {
        const length = reply.chunk.byteLength
        const saving = saveChunk(new Uint8Array(reply.chunk)).finally(() => {
          Atomics.sub(unsaved, 0, length)
          Atomics.notify(unsaved, 0)
        })
        keep(reading, length, saving, 1)
        return
      }
      case 'zero-chunks':
        keep(reading, reply.count * CHUNK_SIZE_BYTES_MIN, saveZeroChunk(), reply.count)
        return
      case 'end':
        reading.end = reply
        finishIfDone(reading)
        return
      case 'failed':
        close(reading)
        reading.resolve({ kind: 'failed', errno: reply.errno })
        return
      default:
        reply satisfies never
    }
  }

  function die(reason: string, cause: unknown): void {
    if (!isEnding) onDeath(new EngineError({ code: 'worker-died', reason }, { cause }))
  }

  worker.on('message', (replies: readonly FileReply[]) => replies.forEach(take))
  worker.on('error', (error) => die(error instanceof Error ? error.message : String(error), error))
  worker.on('exit', (code) => die(`exit code ${code}`, undefined))
  return {
    bytesUnderWay: () => bytesUnderWay,
    read(request, onBytes) {
      if (failure !== undefined) {
        closeSync(request.handle)
        return Promise.reject(failure.reason)
      }
      return new Promise((resolve, reject) => {
        const reading: OpenReading = {
          request,
          onBytes,
          content: [],
          sizeBytes: 0,
          unsavedChunks: 0,
          end: undefined,
          resolve,
          reject,
        }
        open.set(request.id, reading)
        handles.set(request.id, request.handle)
        bytesUnderWay += request.sizeBytes + 1
        batch.push(request)
        if (batch.length >= BATCH_MAX) sendBatch()
        else if (batch.length === 1) setImmediate(sendBatch)
      })
    },
    fail(reason) {
      failure ??= { reason }
      for (const reading of [...open.values()]) {
        close(reading)
        reading.reject(reason)
      }
    },
    async end() {
      isEnding = true
      await worker.terminate()
      for (const id of [...handles.keys()]) closeHandle(id)
    },
  }
}
