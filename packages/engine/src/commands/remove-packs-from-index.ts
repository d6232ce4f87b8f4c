// Replaces index files so that they no longer list some packs, and merges small ones.

import { failureOf } from '../engine-failure.ts'
import type { IndexId } from '../format/ids.ts'
import type { BlobIndex, IndexedPack } from '../index/blob-index.ts'
import { INDEX_BLOBS_MAX } from '../index/index-file.ts'
import type { RepositoryLock } from '../lock/held-lock.ts'
import type { Repository } from '../repository.ts'

export interface RemovePacksFromIndexOptions {
  readonly repository: Repository
  /** Numbers in the loaded index. */
  readonly dropped: readonly { readonly number: number }[]
  readonly lock: RepositoryLock
  readonly signal: AbortSignal
}

/** Every command loads every index file: this many small ones are worth merging by themselves. */
const SMALL_INDEX_FILES_MIN = 20

/**
 * New index files first, then the old ones are removed: in between packs are listed twice, which
 * is legal. The loaded index is not that of the repository any more afterwards.
 */
export async function removePacksFromIndex({
  repository,
  dropped,
  lock,
  signal,
}: RemovePacksFromIndexOptions): Promise<void> {
  const { index } = repository
  const isDropped = new Uint8Array(index.packCount)
  for (const { number } of dropped) isDropped[number] = 1
  const replaced = filesToReplace(index, isDropped)
  if (replaced.size === 0) return
  await repository.saveIndex(packsToKeep(index, isDropped, replaced), signal)
  // The last moment to notice that the lock is lost: from here on things go.
  await lock.assertHeld(signal)
  for (const id of replaced) {
    try {
      await repository.backend.remove({ kind: 'index', name: id }, signal)
    } catch (error) {
      if (failureOf(error, 'object-not-found') === undefined) throw error
    }
  }
}

/**
 * Files that list a dropped pack, or a pack that other files list too (then all of these), and
 * small files when anything is replaced or there are many of them.
 */
function filesToReplace(index: BlobIndex, isDropped: Uint8Array): Set<IndexId> {
  const replaced = new Set<IndexId>()
  for (let pack = 0; pack < index.packCount; pack += 1) {
    const files = index.indexFilesOf(pack)
    if (isDropped[pack] === 1 || files.length > 1) for (const file of files) replaced.add(file)
  }
  const small = smallFiles(index)
  if (replaced.size > 0 || small.length >= SMALL_INDEX_FILES_MIN) {
    for (const file of small) replaced.add(file)
  }
  return replaced
}

function smallFiles(index: BlobIndex): IndexId[] {
  const blobCounts = new Map<IndexId, number>(index.indexIds.map((id) => [id, 0]))
  for (const type of ['data', 'tree'] as const) {
    for (let entry = 0; entry < index.blobCount(type); entry += 1) {
      for (const file of index.indexFilesOf(index.packNumberOf(type, entry))) {
        blobCounts.set(file, blobCounts.get(file)! + 1)
      }
    }
  }
  return index.indexIds.filter((id) => blobCounts.get(id)! < INDEX_BLOBS_MAX / 2)
}

function* packsToKeep(
  index: BlobIndex,
  isDropped: Uint8Array,
  replaced: ReadonlySet<IndexId>,
): Iterable<IndexedPack> {
  for (const { number, id, blobs } of index.packs()) {
    const files = index.indexFilesOf(number)
    // Packs without a file were stored since the index was loaded, with an index of their own.
    const isListedByReplaced = files.length > 0 && files.every((file) => replaced.has(file))
    if (isListedByReplaced && isDropped[number] === 0) yield { id, blobs }
  }
}
