// The end of what a program wrote.
import { printableText } from '@holdfast/domain'

export interface ByteTail {
  append(chunk: Uint8Array): void
  /** Printable, and itself no longer than the tail may be. */
  text(): { readonly text: string; readonly isCut: boolean }
}

export function keepTail(bytesMax: number): ByteTail {
  let kept = Buffer.alloc(0)
  let isCut = false
  return {
    append(chunk) {
      const joined = Buffer.concat([kept, chunk.subarray(-bytesMax)])
      isCut ||= kept.length + chunk.length > bytesMax
      kept = Buffer.from(joined.subarray(-bytesMax))
    },
    text() {
      // What is not printable takes more room when it is shown.
      const shown = Buffer.from(printableText(wholeCharacters(kept).toString('utf8')))
      const text = wholeCharacters(shown.subarray(-bytesMax)).toString('utf8')
      return { text, isCut: isCut || shown.length > bytesMax }
    },
  }
}

/** Without the rest of a character that was cut at the start. */
function wholeCharacters(bytes: Buffer): Buffer {
  let start = 0
  while (start < 3 && isContinuation(bytes[start])) start += 1
  return bytes.subarray(start)
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80
}
