// Writes a list of buffers to a file, however little each call takes.
import type { FileHandle } from 'node:fs/promises'

/** The kernel takes at most this many buffers in one writev call (IOV_MAX). */
const BUFFERS_PER_CALL_MAX = 1024
/** Between two calls an abort is noticed. */
const BYTES_PER_CALL_MAX = 8 * 1024 * 1024

/** Answers how many bytes were written: all of them. */
export async function writeAll(
  file: FileHandle,
  content: readonly Uint8Array[],
  signal: AbortSignal | undefined,
): Promise<number> {
  let position = 0
  let next = 0
  let skip = 0
  while (next < content.length) {
    signal?.throwIfAborted()
    const batch = batchFrom(content, next, skip)
    const { bytesWritten } = await file.writev(batch, position)
    position += bytesWritten
    let taken = skip + bytesWritten
    while (next < content.length && taken >= content[next]!.length) {
      taken -= content[next]!.length
      next += 1
    }
    skip = taken
  }
  return position
}

function batchFrom(content: readonly Uint8Array[], first: number, skip: number): Uint8Array[] {
  const batch = [content[first]!.subarray(skip)]
  let bytes = batch[0]!.length
  for (let at = first + 1; at < content.length; at += 1) {
    bytes += content[at]!.length
    if (batch.length === BUFFERS_PER_CALL_MAX || bytes > BYTES_PER_CALL_MAX) break
    batch.push(content[at]!)
  }
  return batch
}
