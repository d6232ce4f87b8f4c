// Decides which parts of which packs to read for a window of files, and where each blob goes.

import { blobIdOf } from '../blob/blob-encoding.ts'
import { CHUNK_SIZE_BYTES_MIN } from '../chunker/chunker.ts'
import { EngineError } from '../engine-failure.ts'
import type { BlobId, PackId } from '../format/ids.ts'
import type { Node } from '../format/node.ts'
import type { BlobReader } from '../repository.ts'
import type { BlobInRange, PackRange } from './read-range.ts'

export interface FileToWrite {
  /** Below the target. */
  readonly path: Buffer
  readonly node: Node
}

export interface BlobTarget {
  /** Position in the list of files. */
  readonly file: number
  readonly offset: number
}

export interface PlannedBlob extends BlobInRange {
  readonly plainLength: number
  readonly targets: readonly BlobTarget[]
}

/** Neighbouring blobs of one pack that are read in one request. */
export interface PlannedRange extends PackRange {
  readonly blobs: readonly PlannedBlob[]
}

export interface ContentPlan {
  readonly ranges: readonly PlannedRange[]
  /** Bytes of files that need no reading. */
  readonly zeroBytes: number
}

/** Reading across a gap is cheaper than another request. */
export const RANGE_GAP_BYTES_MAX = 1024 * 1024
/** More than one blob of the largest size, and little enough that two are no burden. */
export const RANGE_BYTES_MAX = 8 * 1024 * 1024

/**
 * Packs in the order in which their blobs are first used, ranges by offset. Blobs that are all
 * zeros are left out: they become holes. Fails with `blob-not-found` when the index lacks one, and
 * with `format-invalid` when a file's blobs do not add up to its size.
 */
export function planContents(repository: BlobReader, files: readonly FileToWrite[]): ContentPlan {
  const packs = new Map<PackId, Map<BlobId, MutableBlob>>()
  let zeroBytes = 0
  for (const [file, { path, node }] of files.entries()) {
    let offset = 0
    for (const id of node.content ?? []) {
      const plainLength = repository.blobSize('data', id)
      const location = repository.locateBlob('data', id)
      if (location === undefined || plainLength === undefined) {
        throw new EngineError({ code: 'blob-not-found', type: 'data', blobId: id })
      }
      if (id === ZERO_CHUNK_ID) {
        zeroBytes += plainLength
      } else {
        const blobs = packs.get(location.packId) ?? new Map<BlobId, MutableBlob>()
        packs.set(location.packId, blobs)
        const blob = blobs.get(id) ?? { ...location, id, plainLength, targets: [] }
        blobs.set(id, blob)
        blob.targets.push({ file, offset })
      }
      offset += plainLength
    }
    assertSize(path, node, offset)
  }
  const ranges = [...packs].flatMap(([packId, blobs]) => coalesce(packId, [...blobs.values()]))
  return { ranges, zeroBytes }
}

/** 512 KiB of zeros, which is what the chunker makes of every hole. */
export const ZERO_CHUNK_ID = blobIdOf(new Uint8Array(CHUNK_SIZE_BYTES_MIN))

interface MutableBlob extends PlannedBlob {
  readonly targets: BlobTarget[]
}

function assertSize(path: Buffer, node: Node, contentBytes: number): void {
  if (BigInt(contentBytes) === node.size) return
  const reason = `the content of '${path}' has ${contentBytes} bytes and its node says ${node.size}`
  throw new EngineError({ code: 'format-invalid', part: 'tree', reason })
}

function coalesce(packId: PackId, blobs: readonly PlannedBlob[]): PlannedRange[] {
  const ranges: { offset: number; length: number; blobs: PlannedBlob[] }[] = []
  for (const blob of blobs.toSorted((a, b) => a.offset - b.offset)) {
    const last = ranges.at(-1)
    const end = blob.offset + blob.length
    const gap = last === undefined ? 0 : blob.offset - (last.offset + last.length)
    const isNear = last !== undefined && gap <= RANGE_GAP_BYTES_MAX
    if (isNear && end - last.offset <= RANGE_BYTES_MAX) {
      last.length = end - last.offset
      last.blobs.push(blob)
    } else {
      ranges.push({ offset: blob.offset, length: blob.length, blobs: [blob] })
    }
  }
  return ranges.map((range) => ({ packId, ...range }))
}
