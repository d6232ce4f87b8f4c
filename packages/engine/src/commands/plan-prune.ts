// Decides what prune does with each pack (repository format, section 7.3). Pure.
import { EngineError } from '../engine-failure.ts'
import type { PackId } from '../format/ids.ts'

export interface PackUsage {
  /** Of the pack in the index. */
  readonly number: number
  readonly id: PackId
  readonly contents: 'data' | 'tree' | 'mixed'
  /** Size of the stored file; undefined when there is none. */
  readonly storedBytes: number | undefined
  /** Size that the file must have by what the index says. */
  readonly expectedBytes: number
  /** Sealed bytes of blobs that are needed and whose copy here is the one to keep. */
  readonly usedBytes: number
  /** Sealed bytes of all others. */
  readonly unusedBytes: number
}

export interface UnindexedPack {
  readonly id: PackId
  readonly storedBytes: number
}

export type RepackReason = 'mixed' | 'partly-used' | 'small'

export interface PackToRepack {
  readonly pack: PackUsage
  readonly reason: RepackReason
}

export interface PrunePlan {
  /** In no index file: left by a writer that died. */
  readonly unindexed: readonly UnindexedPack[]
  /** Hold nothing that is needed, and are not there any more. */
  readonly missing: readonly PackUsage[]
  /** Hold nothing that is needed. */
  readonly unused: readonly PackUsage[]
  /** In the order of their worth: what comes first helps most. */
  readonly repack: readonly PackToRepack[]
  /** Unused bytes in packs that stay as they are. */
  readonly unusedBytesKept: number
}

export interface PlanPruneInput {
  readonly packs: Iterable<PackUsage>
  readonly unindexed: readonly UnindexedPack[]
  /** Unused bytes may be this part of all kept ones, 0 <= ratio < 1. */
  readonly maxUnusedRatio: number
}

/** A pack below this is worth merging with others. */
export const SMALL_PACK_BYTES = 3_355_443
/** Fewer small packs of one kind than this are left alone: rewriting them gains nothing. */
export const SMALL_PACKS_MIN = 10

/**
 * Fails with `pack-corrupt` when a pack that holds needed blobs is missing or has another size:
 * deleting anything then would make repairs harder.
 */
export function planPrune({ packs, unindexed, maxUnusedRatio }: PlanPruneInput): PrunePlan {
  const missing: PackUsage[] = []
  const unused: PackUsage[] = []
  const partly: PackToRepack[] = []
  const small: PackUsage[] = []
  let usedBytes = 0
  for (const pack of packs) {
    usedBytes += pack.usedBytes
    if (pack.usedBytes > 0) assertWhole(pack)
    if (pack.usedBytes === 0) (pack.storedBytes === undefined ? missing : unused).push(pack)
    else if (pack.contents === 'mixed') partly.push({ pack, reason: 'mixed' })
    else if (pack.unusedBytes > 0) partly.push({ pack, reason: 'partly-used' })
    else if (pack.expectedBytes < SMALL_PACK_BYTES) small.push(pack)
  }
  const limitBytes = (maxUnusedRatio / (1 - maxUnusedRatio)) * usedBytes
  const { repack, unusedBytesKept } = chooseRepacks([...partly, ...worthMerging(small)], limitBytes)
  return { unindexed, missing, unused, repack, unusedBytesKept }
}

function assertWhole({ id, storedBytes, expectedBytes }: PackUsage): void {
  if (storedBytes === expectedBytes) return
  const reason =
    storedBytes === undefined
      ? 'it is missing and holds blobs that are needed'
      : `it has ${storedBytes} bytes instead of ${expectedBytes} and holds blobs that are needed`
  throw new EngineError({ code: 'pack-corrupt', packId: id, reason })
}

function worthMerging(small: readonly PackUsage[]): PackToRepack[] {
  const enough = (['data', 'tree'] as const).flatMap((contents) => {
    const packs = small.filter((pack) => pack.contents === contents)
    return packs.length < SMALL_PACKS_MIN ? [] : packs
  })
  return enough.map((pack) => ({ pack, reason: 'small' }))
}

/** Unused bytes in trees cost a request each at every walk, so only those in data are tolerated. */
function chooseRepacks(
  candidates: readonly PackToRepack[],
  limitBytes: number,
): { repack: PackToRepack[]; unusedBytesKept: number } {
  const byWorth = candidates.toSorted((left, right) => {
    const rank = rankOf(left) - rankOf(right)
    return rank === 0 ? unusedRatio(right.pack) - unusedRatio(left.pack) : rank
  })
  let unusedBytesKept = byWorth.reduce((sum, { pack }) => sum + pack.unusedBytes, 0)
  const repack = byWorth.filter((candidate) => {
    const isTolerable = candidate.pack.contents === 'data' && candidate.reason === 'partly-used'
    if (isTolerable && unusedBytesKept <= limitBytes) return false
    unusedBytesKept -= candidate.pack.unusedBytes
    return true
  })
  return { repack, unusedBytesKept }
}

function rankOf({ pack, reason }: PackToRepack): number {
  if (pack.contents !== 'data') return 0
  return reason === 'small' ? 1 : 2
}

function unusedRatio({ usedBytes, unusedBytes }: PackUsage): number {
  return unusedBytes / usedBytes
}
