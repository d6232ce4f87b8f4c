// Keeps what a hook writes: its beginning and its end, as text that can be shown and stored.

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

/**
 * Text whose only control characters are tabs and line ends: others, which could act on a terminal
 * and of which PostgreSQL stores not all, become `\x1b` and the like; bytes that are no UTF-8
 * become the replacement character.
 */
export function printable(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('utf8')
  return text.replace(UNPRINTABLE, (character) => {
    const code = character.codePointAt(0) ?? 0
    return code < 0x100 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`
  })
}

/** Control characters, and what changes the direction of the text around it. */
const UNPRINTABLE = /[^\P{Cc}\t\n]|[\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0')
}
