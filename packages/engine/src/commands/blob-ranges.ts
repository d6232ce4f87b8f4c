// Groups blobs of one pack into requests.
import type { PackedBlob } from '../blob/pack-header.ts'

/** One request reads at most this much, unless a single blob is larger. */
const RANGE_BYTES_MAX = 16 * 1024 * 1024
/** Callers work on all blobs of a range at once: tiny ones would be tens of thousands. */
const RANGE_BLOBS_MAX = 1000
/** Bytes between two wanted blobs that are read along rather than asked around. */
const GAP_BYTES_MAX = 1024 * 1024

export interface BlobRange {
  readonly offset: number
  readonly length: number
  readonly blobs: readonly PackedBlob[]
}

/** `blobs` in order of their offsets. */
export function* coalesceBlobs(blobs: readonly PackedBlob[]): Iterable<BlobRange> {
  let current: PackedBlob[] = []
  let start = 0
  let end = 0
  for (const blob of blobs) {
    const blobEnd = blob.offset + blob.length
    const isNear =
      blob.offset - end <= GAP_BYTES_MAX &&
      blobEnd - start <= RANGE_BYTES_MAX &&
      current.length < RANGE_BLOBS_MAX
    if (current.length > 0 && !isNear) {
      yield { offset: start, length: end - start, blobs: current }
      current = []
    }
    if (current.length === 0) {
      start = blob.offset
      end = blob.offset
    }
    current.push(blob)
    end = Math.max(end, blobEnd)
  }
  if (current.length > 0) yield { offset: start, length: end - start, blobs: current }
}
