// Writes file content and leaves out what is zero, so that sparse files come back sparse.
import { writeSync } from 'node:fs'

/** Whole blocks of zeros become holes; smaller ones would only scatter the file on the disk. */
const BLOCK_SIZE = 64 * 1024
const ZEROS = Buffer.alloc(BLOCK_SIZE)

/**
 * Writes `content` at `offset` of a new file, of which nothing at that place was written before.
 * The caller sets the file's size at the end.
 */
export function writeSparsely(handle: number, content: Buffer, offset: number): void {
  let dataStart = 0
  let at = 0
  while (at < content.length) {
    // Blocks are those of the file, so that a hole is one for the file system, too.
    const end = Math.min(at + BLOCK_SIZE - ((offset + at) % BLOCK_SIZE), content.length)
    if (end - at === BLOCK_SIZE && ZEROS.compare(content, at, end) === 0) {
      writeAll(handle, content, { from: dataStart, to: at, offset })
      dataStart = end
    }
    at = end
  }
  writeAll(handle, content, { from: dataStart, to: content.length, offset })
}

function writeAll(
  handle: number,
  content: Buffer,
  { from, to, offset }: { readonly from: number; readonly to: number; readonly offset: number },
): void {
  for (let at = from; at < to; ) at += writeSync(handle, content, at, to - at, offset + at)
}
