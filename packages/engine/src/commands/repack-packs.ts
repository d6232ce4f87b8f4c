// Stores the needed blobs of wasteful packs again, as they are sealed, each one verified.
import { entrySizeBytes, headerSizeBytes, type PackedBlob } from '../blob/pack-header.ts'
import { failureOf } from '../engine-failure.ts'
import { BLOB_TYPES, type BlobType, type PackId } from '../format/ids.ts'
import type { BlobIndex } from '../index/blob-index.ts'
import type { Repository, SealedBlob } from '../repository.ts'
import { coalesceBlobs } from './blob-ranges.ts'
import type { BlobMarks } from './pack-usage.ts'
import type { PackUsage, PrunePlan } from './plan-prune.ts'

export interface RepackOptions {
  readonly repository: Repository
  readonly plan: PrunePlan
  /** 1 at the copies that are needed. */
  readonly kept: BlobMarks
  readonly isTimeUp: () => boolean
  readonly signal: AbortSignal
}

export interface RepackResult {
  /** What they held and was needed is stored elsewhere and indexed there. */
  readonly packs: readonly PackUsage[]
  readonly addedBytes: number
  readonly isComplete: boolean
}

/** Bounds the list of blobs in memory; what is above waits for the next batch. */
const BLOBS_PER_BATCH_MAX = 200_000
/**
 * Repacked in every batch, however late it is: more than one full pack, so that batches that only
 * merge small packs come to an end too.
 */
const USED_BYTES_PER_BATCH_MIN = 32 * 1024 * 1024
/** Returns after the new packs and their index are stored. Fails with `blob-corrupt`. */
export async function repackPacks(options: RepackOptions): Promise<RepackResult> {
  const { repository, plan, isTimeUp, signal } = options
  const before = countsOf(repository.index)
  const batch = neededBlobsOfFirstPacks(options)
  const packs: PackUsage[] = []
  let usedBytes = 0
  for (const { pack, blobs } of batch) {
    if (usedBytes >= USED_BYTES_PER_BATCH_MIN && isTimeUp()) break
    await repackPack(repository, pack.id, blobs, signal)
    usedBytes += pack.usedBytes
    packs.push(pack)
  }
  if (packs.length > 0) await repository.flush(signal)
  return {
    packs,
    addedBytes: storedBytesSince(repository.index, before),
    isComplete: packs.length === plan.repack.length,
  }
}

interface NeededBlobs {
  readonly pack: PackUsage
  /** In order of their offsets. */
  readonly blobs: PackedBlob[]
}

/** As many packs from the start of the plan as may be listed in memory, but at least one. */
function neededBlobsOfFirstPacks({ repository, plan, kept }: RepackOptions): NeededBlobs[] {
  const { index } = repository
  const blobCounts = new Uint32Array(index.packCount)
  forEachKept(kept, (type, entry) => {
    blobCounts[index.packNumberOf(type, entry)]! += 1
  })
  const batch: NeededBlobs[] = []
  const blobsByPack = new Map<number, PackedBlob[]>()
  let blobCount = 0
  for (const { pack } of plan.repack) {
    blobCount += blobCounts[pack.number]!
    if (batch.length > 0 && blobCount > BLOBS_PER_BATCH_MAX) break
    const blobs: PackedBlob[] = []
    blobsByPack.set(pack.number, blobs)
    batch.push({ pack, blobs })
  }
  if (batch.length === 0) return batch
  forEachKept(kept, (type, entry) => {
    const blobs = blobsByPack.get(index.packNumberOf(type, entry))
    if (blobs === undefined) return
    const { offset, length, uncompressedLength } = index.locationOf(type, entry)
    blobs.push({ type, id: index.blobIdOf(type, entry), offset, length, uncompressedLength })
  })
  for (const { blobs } of batch) blobs.sort((left, right) => left.offset - right.offset)
  return batch
}

function forEachKept(kept: BlobMarks, visit: (type: BlobType, entry: number) => void): void {
  for (const type of BLOB_TYPES) {
    for (const [entry, isKept] of kept[type].entries()) {
      if (isKept === 1) visit(type, entry)
    }
  }
}

async function repackPack(
  repository: Repository,
  packId: PackId,
  blobs: readonly PackedBlob[],
  signal: AbortSignal,
): Promise<void> {
  for (const { offset, length, blobs: inRange } of coalesceBlobs(blobs)) {
    const bytes = await repository.loadPackRange(packId, { offset, length }, signal)
    await Promise.all(
      inRange.map((blob) => {
        const start = blob.offset - offset
        const sealed = bytes.subarray(start, start + blob.length)
        return repackBlob(repository, packId, { ...blob, sealed }, signal)
      }),
    )
  }
}

/** A copy that is damaged is replaced by another one, if there is any. */
async function repackBlob(
  repository: Repository,
  packId: PackId,
  blob: SealedBlob,
  signal: AbortSignal,
): Promise<void> {
  try {
    return await repository.repackBlob(blob, signal)
  } catch (error) {
    if (failureOf(error, 'blob-corrupt') === undefined) throw error
    const others = repository
      .locateCopies(blob.type, blob.id)
      .filter((copy) => copy.packId !== packId)
    for (const { packId: otherId, uncompressedLength, ...range } of others) {
      const sealed = await repository.loadPackRange(otherId, range, signal)
      try {
        return await repository.repackBlob({ ...blob, sealed, uncompressedLength }, signal)
      } catch (otherError) {
        if (failureOf(otherError, 'blob-corrupt') === undefined) throw otherError
      }
    }
    throw error
  }
}

type EntryCounts = Readonly<Record<BlobType, number>> & { readonly packs: number }

function countsOf(index: BlobIndex): EntryCounts {
  return {
    data: index.blobCount('data'),
    tree: index.blobCount('tree'),
    packs: index.packCount,
  }
}

function storedBytesSince(index: BlobIndex, before: EntryCounts): number {
  let bytes = (index.packCount - before.packs) * headerSizeBytes([])
  for (const type of BLOB_TYPES) {
    for (let entry = before[type]; entry < index.blobCount(type); entry += 1) {
      const { length, uncompressedLength } = index.locationOf(type, entry)
      bytes += length + entrySizeBytes(uncompressedLength)
    }
  }
  return bytes
}
