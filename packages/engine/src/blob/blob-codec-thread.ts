// A thread of the codec: one batch of requests at a time, buffers handed over rather than copied.
import { parentPort, workerData } from 'node:worker_threads'
import type { MasterKey } from '../crypto/sealed-bytes.ts'
import { isEngineError } from '../engine-failure.ts'
import { releaseMemory } from '../release-memory.ts'
import type { CodecAnswer, CodecReply, CodecRequest, CodecTask } from './blob-codec-messages.ts'
import { blobIdOf, decodeBlob, encodeBlob } from './blob-encoding.ts'
import { ownBuffer } from './own-buffer.ts'

const { key } = workerData as { readonly key: MasterKey }
const port = parentPort
if (port === null) throw new Error('runs as a worker thread only')

port.on('message', (requests: readonly CodecRequest[]) => {
  const replies = requests.map(replyTo)
  port.postMessage(
    replies,
    replies.flatMap((reply) => ('answer' in reply ? [transferableOf(reply.answer)] : [])),
  )
})

function replyTo({ number, task }: CodecRequest): CodecReply {
  try {
    return { number, answer: answerTo(task) }
  } catch (error) {
    return replyWithError(number, error)
  }
}

function answerTo(task: CodecTask): CodecAnswer {
  switch (task.verb) {
    case 'hash':
      return { verb: 'hash', id: blobIdOf(task.plain), plain: task.plain }
    case 'encode': {
      const { sealed, uncompressedLength } = encodeBlob(key, task.blob)
      releaseMemory(task.blob.plain)
      return { verb: 'encode', sealed: ownBuffer(sealed), uncompressedLength }
    }
    case 'open': {
      const plain = ownBuffer(decodeBlob(key, task.blob))
      releaseMemory(task.blob.sealed)
      return { verb: 'open', plain }
    }
    default: {
      const never: never = task
      return never
    }
  }
}

function transferableOf(answer: CodecAnswer): ArrayBuffer {
  const bytes = answer.verb === 'encode' ? answer.sealed : answer.plain
  return bytes.buffer as ArrayBuffer
}

function replyWithError(number: number, error: unknown): CodecReply {
  if (isEngineError(error)) return { number, failure: error.failure }
  return { number, crash: error instanceof Error ? (error.stack ?? error.message) : String(error) }
}
