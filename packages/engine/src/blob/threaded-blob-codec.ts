// A codec whose work is done in worker threads, so that the thread of the caller can read and
// write meanwhile.
//
// Threads start with the first work for them and do not keep the process alive when idle. When a
// thread dies, what it was doing fails with `worker-died`, and so does everything after it.
import { Worker } from 'node:worker_threads'
import type { MasterKey } from '../crypto/sealed-bytes.ts'
import { EngineError } from '../engine-failure.ts'
import { type BlobCodec, inlineBlobCodec } from './blob-codec.ts'
import type { CodecAnswer, CodecReply, CodecRequest, CodecTask } from './blob-codec-messages.ts'
import { ownBuffer } from './own-buffer.ts'
import { COMPRESSED_BYTES_MIN } from './zstd.ts'

export interface ThreadedBlobCodecOptions {
  readonly key: MasterKey
  /** At least 1. */
  readonly workers: number
}

/** More threads than this only add memory: the disk is slower by then. */
export const WORKERS_MAX = 4
/** Hashing and opening so few bytes takes less time than handing them over. */
const INLINE_BYTES_MAX = 16 * 1024
/** One at work, one waiting in the thread's own queue: no gap between two. */
const BATCHES_PER_THREAD_MAX = 2
/** Small blobs travel together: a message for each would cost more than encoding it. */
const BATCH_TASKS_MAX = 64
const BATCH_BYTES_MAX = 256 * 1024

export function threadedBlobCodec({ key, workers }: ThreadedBlobCodecOptions): BlobCodec {
  const inline = inlineBlobCodec(key)
  const pool = new CodecThreads(key, Math.min(Math.max(workers, 1), WORKERS_MAX))
  return {
    async hash(plain) {
      if (plain.length <= INLINE_BYTES_MAX) return await inline.hash(plain)
      const answer = await pool.run({ verb: 'hash', plain: ownBuffer(plain) })
      return answer.verb === 'hash' ? answer : failMixedUp()
    },
    async encode(blob) {
      if (blob.type === 'data' && blob.plain.length < COMPRESSED_BYTES_MIN) {
        return await inline.encode(blob)
      }
      const plain = ownBuffer(blob.plain)
      const answer = await pool.run({ verb: 'encode', blob: { ...blob, plain } })
      return answer.verb === 'encode' ? answer : failMixedUp()
    },
    async open(blob) {
      if (blob.sealed.length <= INLINE_BYTES_MAX) return await inline.open(blob)
      const { type, id, uncompressedLength } = blob
      // Copied: the caller's view is usually one of many into a pack range.
      const sealed = Uint8Array.from(blob.sealed)
      const task: CodecTask = { verb: 'open', blob: { type, id, sealed, uncompressedLength } }
      const { plain } = await pool.run(task).then((a) => (a.verb === 'open' ? a : failMixedUp()))
      return Buffer.from(plain.buffer, plain.byteOffset, plain.byteLength)
    },
    close: () => pool.close(),
  }
}

interface PendingTask {
  readonly task: CodecTask
  readonly resolve: (answer: CodecAnswer) => void
  readonly reject: (error: unknown) => void
}

interface CodecThread {
  readonly worker: Worker
  readonly running: Map<number, PendingTask>
  batches: number
}

class CodecThreads {
  readonly #key: MasterKey
  readonly #threadsMax: number
  readonly #threads: CodecThread[] = []
  /** Its length is bounded by the bytes that callers may have in work. */
  readonly #waiting: PendingTask[] = []
  #nextNumber = 0
  #isDispatchDue = false
  #end: { readonly error: unknown } | undefined

  constructor(key: MasterKey, threadsMax: number) {
    this.#key = key
    this.#threadsMax = threadsMax
  }

  run(task: CodecTask): Promise<CodecAnswer> {
    if (this.#end !== undefined) return Promise.reject(this.#end.error)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ task, resolve, reject })
      if (bufferOf(task).byteLength >= BATCH_BYTES_MAX) this.#dispatch()
      else this.#dispatchSoon()
    })
  }

  async close(): Promise<void> {
    this.#fail(new EngineError({ code: 'worker-died', reason: 'the repository was closed' }))
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()))
  }

  /** What else is asked for in this turn of the event loop comes along. */
  #dispatchSoon(): void {
    if (this.#isDispatchDue) return
    this.#isDispatchDue = true
    setImmediate(() => {
      this.#isDispatchDue = false
      this.#dispatch()
    })
  }

  #dispatch(): void {
    while (this.#waiting.length > 0) {
      const thread = this.#idlestThread()
      if (thread === undefined) return
      const batch = this.#takeBatch()
      const requests = batch.map((pending): CodecRequest => {
        const number = this.#nextNumber
        this.#nextNumber += 1
        thread.running.set(number, pending)
        return { number, task: pending.task }
      })
      if (thread.batches === 0) thread.worker.ref()
      thread.batches += 1
      thread.worker.postMessage(
        requests,
        requests.map(({ task }) => bufferOf(task)),
      )
    }
  }

  #takeBatch(): PendingTask[] {
    let bytes = 0
    let tasks = 0
    for (const { task } of this.#waiting) {
      bytes += bufferOf(task).byteLength
      if (tasks > 0 && (tasks === BATCH_TASKS_MAX || bytes > BATCH_BYTES_MAX)) break
      tasks += 1
    }
    return this.#waiting.splice(0, tasks)
  }

  #idlestThread(): CodecThread | undefined {
    let idlest: CodecThread | undefined
    for (const thread of this.#threads) {
      if (idlest === undefined || thread.batches < idlest.batches) idlest = thread
    }
    if ((idlest === undefined || idlest.batches > 0) && this.#canStartThread()) {
      return this.#startThread()
    }
    return idlest !== undefined && idlest.batches < BATCHES_PER_THREAD_MAX ? idlest : undefined
  }

  #canStartThread(): boolean {
    return this.#threads.length < this.#threadsMax
  }

  #startThread(): CodecThread {
    const worker = new Worker(new URL('./blob-codec-thread.ts', import.meta.url), {
      workerData: { key: this.#key },
      // Flags of the process, such as those of a test runner, are not for the thread.
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16 },
    })
    const thread: CodecThread = { worker, running: new Map(), batches: 0 }
    worker.on('message', (replies: readonly CodecReply[]) => this.#settle(thread, replies))
    worker.on('error', (error) => this.#fail(threadDied(String(error))))
    worker.on('exit', (code) => this.#fail(threadDied(`exit code ${code}`)))
    worker.unref()
    this.#threads.push(thread)
    return thread
  }

  #settle(thread: CodecThread, replies: readonly CodecReply[]): void {
    // Too late: everything was rejected, and `close` may be waiting for the thread to end.
    if (this.#end !== undefined) return
    thread.batches -= 1
    if (thread.batches === 0) thread.worker.unref()
    for (const reply of replies) {
      const pending = thread.running.get(reply.number)
      thread.running.delete(reply.number)
      if ('answer' in reply) pending?.resolve(reply.answer)
      else if ('failure' in reply) pending?.reject(new EngineError(reply.failure))
      else pending?.reject(new Error(`In a worker thread: ${reply.crash}`))
    }
    this.#dispatch()
  }

  #fail(error: unknown): void {
    // Each thread that ends comes here. Once was enough, and releasing the others again would let
    // the process end before `close` has seen them end.
    if (this.#end !== undefined) return
    this.#end = { error }
    const lost = [...this.#waiting.splice(0)]
    for (const thread of this.#threads) {
      lost.push(...thread.running.values())
      thread.running.clear()
      thread.worker.unref()
    }
    for (const { reject } of lost) reject(error)
  }
}

function bufferOf(task: CodecTask): ArrayBuffer {
  switch (task.verb) {
    case 'hash':
      return task.plain.buffer as ArrayBuffer
    case 'encode':
      return task.blob.plain.buffer as ArrayBuffer
    case 'open':
      return task.blob.sealed.buffer as ArrayBuffer
    default: {
      const never: never = task
      return never
    }
  }
}

function threadDied(reason: string): EngineError {
  return new EngineError({ code: 'worker-died', reason })
}

function failMixedUp(): never {
  throw new Error('a worker thread answered another question')
}
