// Removes what no snapshot needs, in batches that each leave a whole repository behind
// (repository format, sections 6.2 and 7.3).
//
// Order within a batch, so that a crash anywhere costs space at most: packs that no index lists
// are removed → needed blobs of wasteful packs are stored again, in new packs with a new index →
// new index files without the old packs are stored → the old index files are removed → the old
// packs are removed. After a crash, or when the time is up, packs may be left that no index lists;
// the next batch begins with them.
import type { Clock } from '../clock.ts'
import { failureOf } from '../engine-failure.ts'
import type { BlobId, PackId } from '../format/ids.ts'
import type { RepositoryLock } from '../lock/held-lock.ts'
import type { Repository } from '../repository.ts'
import { markNeededBlobs } from './mark-needed-blobs.ts'
import { measurePackUsage } from './pack-usage.ts'
import { type PrunePlan, planPrune, type UnindexedPack } from './plan-prune.ts'
import { removePacksFromIndex } from './remove-packs-from-index.ts'
import { repackPacks } from './repack-packs.ts'

export interface PruneOptions {
  readonly repository: Repository
  /** Exclusive, held by the caller. Once it is lost nothing more is written. */
  readonly lock: RepositoryLock
  readonly clock: Clock
  /**
   * The batch ends about this long after its start. It always does some work, however short this
   * is, so that repeated batches come to an end.
   */
  readonly batchMs: number
  /** Unused bytes may be this part of all bytes before data packs are rewritten, 0 to below 1. */
  readonly maxUnusedRatio: number
  readonly signal: AbortSignal | undefined
}

export interface PruneResult {
  /** False: there is more to do, call again. The lock may be given away in between. */
  readonly isDone: boolean
  /** Stored bytes of removed packs, less those of the packs that replace them. */
  readonly freedBytes: number
}

/** What stock restic tolerates: rewriting everything for a few bytes costs more than it frees. */
export const DEFAULT_MAX_UNUSED_RATIO = 0.05

/**
 * Does one batch, with a plan of its own. Fails before anything is changed with `snapshot-corrupt`,
 * `blob-not-found`, `blob-corrupt` or `pack-corrupt` when the repository is damaged.
 */
export async function prune(options: PruneOptions): Promise<PruneResult> {
  const { repository, lock, clock, batchMs } = options
  const signal =
    options.signal === undefined ? lock.signal : AbortSignal.any([options.signal, lock.signal])
  const deadline = clock.now().add({ milliseconds: batchMs })
  function isTimeUp(): boolean {
    return Temporal.Instant.compare(clock.now(), deadline) >= 0
  }

  // Snapshots first: what is written after the index was loaded must not look unneeded.
  const roots = await rootsOfSnapshots(repository, signal)
  await repository.loadIndex(signal)
  const used = await markNeededBlobs(repository, roots, signal)
  const { storedBytes, unindexed } = await listPacks(repository, signal)
  const { packs, kept } = measurePackUsage({ index: repository.index, used, storedBytes })
  const plan = planPrune({ packs, unindexed, maxUnusedRatio: options.maxUnusedRatio })

  await lock.assertHeld(signal)
  await repository.backend.removeLeftovers(signal)
  const removal = new PackRemoval(repository, isTimeUp, signal)
  await removal.remove(plan.unindexed)

  const repacked = await repackPacks({ repository, plan, kept, isTimeUp, signal })
  const dropped = [...plan.missing, ...plan.unused, ...repacked.packs]
  await removePacksFromIndex({ repository, dropped, lock, signal })
  await lock.assertHeld(signal)
  await removal.remove(storedOnes(plan, repacked.packs))
  return {
    isDone: removal.leftBehind === 0 && repacked.isComplete,
    freedBytes: removal.removedBytes - repacked.addedBytes,
  }
}

async function rootsOfSnapshots(repository: Repository, signal: AbortSignal): Promise<Set<BlobId>> {
  const roots = new Set<BlobId>()
  for await (const { snapshot } of repository.listSnapshots(signal)) roots.add(snapshot.tree)
  return roots
}

interface ListedPacks {
  /** By pack number of the index; -1 where there is no file. */
  readonly storedBytes: Float64Array
  readonly unindexed: readonly UnindexedPack[]
}

async function listPacks(
  { backend, index }: Repository,
  signal: AbortSignal,
): Promise<ListedPacks> {
  const storedBytes = new Float64Array(index.packCount).fill(-1)
  const unindexed: UnindexedPack[] = []
  for await (const { name, sizeBytes } of backend.list('data', signal)) {
    const id = name as PackId
    const number = index.findPack(id)
    if (number === undefined) unindexed.push({ id, storedBytes: sizeBytes })
    else storedBytes[number] = sizeBytes
  }
  return { storedBytes, unindexed }
}

function storedOnes(plan: PrunePlan, repacked: PrunePlan['unused']): UnindexedPack[] {
  return [...plan.unused, ...repacked].map(({ id, storedBytes }) => ({
    id,
    storedBytes: storedBytes ?? 0,
  }))
}

/** Removes packs that no index lists, until the time is up. */
class PackRemoval {
  readonly #repository: Repository
  readonly #isTimeUp: () => boolean
  readonly #signal: AbortSignal
  removedBytes = 0
  leftBehind = 0

  constructor(repository: Repository, isTimeUp: () => boolean, signal: AbortSignal) {
    this.#repository = repository
    this.#isTimeUp = isTimeUp
    this.#signal = signal
  }

  async remove(packs: readonly UnindexedPack[]): Promise<void> {
    for (const [at, { id, storedBytes }] of packs.entries()) {
      // At least one of each call, however late it is.
      if (at > 0 && this.#isTimeUp()) {
        this.leftBehind += packs.length - at
        return
      }
      await this.#removeOne(id)
      this.removedBytes += storedBytes
    }
  }

  async #removeOne(id: PackId): Promise<void> {
    try {
      await this.#repository.backend.remove({ kind: 'data', name: id }, this.#signal)
    } catch (error) {
      if (failureOf(error, 'object-not-found') === undefined) throw error
    }
  }
}
