// Measures which blobs of which packs are needed, and which copy of a repeated blob is kept.
import { entrySizeBytes, headerSizeBytes } from '../blob/pack-header.ts'
import { BLOB_TYPES, type BlobType } from '../format/ids.ts'
import type { BlobIndex } from '../index/blob-index.ts'
import type { PackUsage } from './plan-prune.ts'

/** One byte per entry of the index. */
export type BlobMarks = Readonly<Record<BlobType, Uint8Array>>

export interface PackUsageInput {
  readonly index: BlobIndex
  /** 1 at the first copy of each needed blob. */
  readonly used: BlobMarks
  /** Sizes of the stored files by pack number; -1 where there is none. */
  readonly storedBytes: Float64Array
}

export interface PackUsages {
  readonly packs: readonly PackUsage[]
  /** 1 at the copy that is kept of each needed blob. */
  readonly kept: BlobMarks
}

export function measurePackUsage({ index, used, storedBytes }: PackUsageInput): PackUsages {
  const expectedBytes = expectedPackSizes(index)
  const kept = chooseCopies(index, used, (pack) => storedBytes[pack] === expectedBytes[pack])
  const usedBytes = new Float64Array(index.packCount)
  const unusedBytes = new Float64Array(index.packCount)
  const typesHeld = new Uint8Array(index.packCount)
  for (const [bit, type] of BLOB_TYPES.entries()) {
    for (let entry = 0; entry < index.blobCount(type); entry += 1) {
      const pack = index.packNumberOf(type, entry)
      const sums = kept[type][entry] === 1 ? usedBytes : unusedBytes
      sums[pack]! += index.lengthOf(type, entry)
      typesHeld[pack]! |= 1 << bit
    }
  }
  const packs = Array.from({ length: index.packCount }, (_, number): PackUsage => {
    const stored = storedBytes[number]!
    return {
      number,
      id: index.packIdAt(number),
      contents: CONTENTS_OF_TYPES[typesHeld[number]!]!,
      storedBytes: stored === -1 ? undefined : stored,
      expectedBytes: expectedBytes[number]!,
      usedBytes: usedBytes[number]!,
      unusedBytes: unusedBytes[number]!,
    }
  })
  return { packs, kept }
}

/** By pack number: the size of a file with exactly the blobs that the index names. */
export function expectedPackSizes(index: BlobIndex): Float64Array {
  const sizes = new Float64Array(index.packCount).fill(headerSizeBytes([]))
  for (const type of BLOB_TYPES) {
    for (let entry = 0; entry < index.blobCount(type); entry += 1) {
      const { length, uncompressedLength } = index.locationOf(type, entry)
      sizes[index.packNumberOf(type, entry)]! += length + entrySizeBytes(uncompressedLength)
    }
  }
  return sizes
}

/** Bit 0 is data, bit 1 is tree; a pack without blobs is as good as one of data. */
const CONTENTS_OF_TYPES = ['data', 'data', 'tree', 'mixed'] as const

/**
 * A repeated blob is kept where other needed blobs keep the pack alive anyway; if there is no such
 * pack, in one of nothing but repeated blobs, which is what an interrupted prune leaves. Only
 * whole packs count, unless there is none.
 */
function chooseCopies(
  index: BlobIndex,
  used: BlobMarks,
  isWhole: (packNumber: number) => boolean,
): BlobMarks {
  const kept = {
    data: new Uint8Array(index.blobCount('data')),
    tree: new Uint8Array(index.blobCount('tree')),
  }
  const packs = {
    isNeeded: new Uint8Array(index.packCount),
    hasOthers: new Uint8Array(index.packCount),
  }
  const repeated: { readonly type: BlobType; readonly first: number }[] = []
  for (const type of BLOB_TYPES) {
    const isRepeated = markRepeated(index, type)
    for (let entry = 0; entry < kept[type].length; entry += 1) {
      const pack = index.packNumberOf(type, entry)
      const first = index.firstCopyOf(type, entry)
      const isUsed = used[type][first] === 1
      if (!isUsed || isRepeated[first] === 0) packs.hasOthers[pack] = 1
      if (!isUsed) continue
      if (isRepeated[first] === 0) {
        kept[type][entry] = 1
        packs.isNeeded[pack] = 1
      } else if (first === entry) repeated.push({ type, first })
    }
  }
  for (const { type, first } of repeated) {
    const copies = index.findEntries(type, index.blobIdOf(type, first))
    const whole = copies.filter((entry) => isWhole(index.packNumberOf(type, entry)))
    const candidates = whole.length > 0 ? whole : copies
    const chosen =
      candidates.find((entry) => packs.isNeeded[index.packNumberOf(type, entry)] === 1) ??
      candidates.find((entry) => packs.hasOthers[index.packNumberOf(type, entry)] === 0) ??
      candidates.at(-1)!
    kept[type][chosen] = 1
    packs.isNeeded[index.packNumberOf(type, chosen)] = 1
  }
  return kept
}

/** 1 at each first copy that has others. */
function markRepeated(index: BlobIndex, type: BlobType): Uint8Array {
  const marks = new Uint8Array(index.blobCount(type))
  for (let entry = 0; entry < marks.length; entry += 1) {
    const first = index.firstCopyOf(type, entry)
    if (first !== entry) marks[first] = 1
  }
  return marks
}
