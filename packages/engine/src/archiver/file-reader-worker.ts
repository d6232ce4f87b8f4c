// A reading thread: reads open files, cuts them into chunks and hands these to the archiver.
import { readSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { errnoName, nextDataRegion, statusOfHandle } from '@holdfast/filesystem'
import { CHUNK_SIZE_BYTES_MAX, CHUNK_SIZE_BYTES_MIN, createChunker } from '../chunker/chunker.ts'
import {
  type FileReaderData,
  type FileReply,
  type FileRequest,
  UNSAVED_BYTES_MAX,
} from './file-reader-messages.ts'

const READ_SIZE = 512 * 1024
/** Replies go out together: one message per small file would cost more than reading it. */
const REPLIES_MAX = 64
const REPLY_BYTES_MAX = 1024 * 1024

if (parentPort === null) throw new Error('file-reader-worker.ts runs only as a worker thread')
const port = parentPort
const { polynomial, unsavedBytes } = workerData as FileReaderData
const unsaved = new Int32Array(unsavedBytes)
const chunker = createChunker(polynomial)
/** The current chunk and what was read behind it. */
const window = Buffer.allocUnsafeSlow(CHUNK_SIZE_BYTES_MAX + READ_SIZE)

let replies: FileReply[] = []
let replyBytes = 0

port.on('message', (requests: readonly FileRequest[]) => {
  for (const request of requests) answer(request)
  sendReplies()
})

function answer(request: FileRequest): void {
  try {
    const isChanged = readFile(request)
    reply({ kind: 'end', id: request.id, isChanged })
  } catch (error) {
    const errno = errnoName(error)
    if (errno === undefined) throw error
    reply({ kind: 'failed', id: request.id, errno })
  }
}

/** Answers whether the file changed meanwhile. */
function readFile({ id, handle, sizeBytes, mtimeNs, hasHoles }: FileRequest): boolean {
  chunker.reset()
  let position = 0
  let filled = 0
  while (position < sizeBytes) {
    if (hasHoles && filled === 0) {
      const count = wholeZeroChunks(handle, position, sizeBytes)
      if (count > 0) {
        reply({ kind: 'zero-chunks', id, count })
        position += count * CHUNK_SIZE_BYTES_MIN
        continue
      }
    }
    const wanted = Math.min(READ_SIZE, sizeBytes - position)
    const read = readSync(handle, window, filled, wanted, position)
    if (read === 0) break
    position += read
    filled = cutChunks(id, filled, filled + read)
  }
  if (filled > 0) sendChunk(id, filled)
  const after = statusOfHandle(handle)
  return position !== sizeBytes || after.size !== BigInt(sizeBytes) || after.mtimeNs !== mtimeNs
}

/**
 * Zeros are cut at exactly the least chunk size (repository format, section 4.1), so a hole at the
 * start of a chunk is that many chunks of known content: no need to read it.
 */
function wholeZeroChunks(handle: number, position: number, sizeBytes: number): number {
  const data = nextDataRegion(handle, position)
  const end = Math.min(data?.start ?? sizeBytes, sizeBytes)
  return Math.floor((end - position) / CHUNK_SIZE_BYTES_MIN)
}

/** Bytes before `fresh` were fed to the chunker before; answers how many are left in the window. */
function cutChunks(id: number, fresh: number, end: number): number {
  let from = fresh
  let filled = end
  for (;;) {
    const cut = chunker.findCut(window.subarray(from, filled))
    if (cut === undefined) return filled
    sendChunk(id, from + cut)
    window.copyWithin(0, from + cut, filled)
    filled -= from + cut
    from = 0
    if (filled === 0) return 0
  }
}

function sendChunk(id: number, length: number): void {
  const chunk = new Uint8Array(length)
  chunk.set(window.subarray(0, length))
  waitForRoom()
  Atomics.add(unsaved, 0, length)
  reply({ kind: 'chunk', id, chunk: chunk.buffer })
}

function waitForRoom(): void {
  for (;;) {
    const current = Atomics.load(unsaved, 0)
    if (current < UNSAVED_BYTES_MAX) return
    sendReplies()
    Atomics.wait(unsaved, 0, current)
  }
}

function reply(message: FileReply): void {
  replies.push(message)
  if (message.kind === 'chunk') replyBytes += message.chunk.byteLength
  if (replies.length >= REPLIES_MAX || replyBytes >= REPLY_BYTES_MAX) sendReplies()
}

function sendReplies(): void {
  if (replies.length === 0) return
  const chunks = replies.flatMap((message) => (message.kind === 'chunk' ? [message.chunk] : []))
  port.postMessage(replies, chunks)
  replies = []
  replyBytes = 0
}
