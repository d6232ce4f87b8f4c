// Keeps what a hook writes: its beginning and its end, as text that can be shown and stored.
import { printableText } from '@holdfast/domain'

export interface HookOutput {
  append(chunk: Buffer): void
  text(): string
}

const HEAD_BYTES_MAX = 8 * 1024
const TAIL_BYTES_MAX = 24 * 1024

export function createHookOutput(): HookOutput {
  let head = Buffer.alloc(0)
  let tail = Buffer.alloc(0)
  let leftOutBytes = 0
  return {
    append(chunk) {
      const room = HEAD_BYTES_MAX - head.length
      head = Buffer.concat([head, chunk.subarray(0, room)])
      const joined = Buffer.concat([tail, chunk.subarray(room)])
      const excess = Math.max(0, joined.length - TAIL_BYTES_MAX)
      leftOutBytes += excess
      tail = Buffer.from(joined.subarray(excess))
    },
    text() {
      if (leftOutBytes === 0) return printable(Buffer.concat([head, tail]))
      return `${printable(head)}\n… ${leftOutBytes} bytes left out …\n${printable(tail)}`
    },
  }
}

/** Bytes that are no UTF-8 become the replacement character. */
export function printable(bytes: Uint8Array): string {
  return printableText(Buffer.from(bytes).toString('utf8'))
}
