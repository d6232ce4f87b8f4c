// Removes snapshots. Their blobs stay until prune (repository format, section 7.2).
import { failureOf } from '../engine-failure.ts'
import type { SnapshotId } from '../format/ids.ts'
import type { Snapshot } from '../format/snapshot.ts'
import type { SnapshotStore } from '../repository.ts'

export interface StoredSnapshot {
  readonly id: SnapshotId
  readonly snapshot: Snapshot
}

export interface ForgetSelection {
  readonly ids?: readonly SnapshotId[]
  /**
   * A snapshot with every tag of one of these lists is forgotten; those of the first list go
   * first. An empty list is refused: it would mean all snapshots.
   */
  readonly tagLists?: readonly (readonly string[])[]
  /** Spared, whatever else says. */
  readonly keepIds?: readonly SnapshotId[]
}

export interface ForgetOptions {
  readonly repository: SnapshotStore
  readonly selection: ForgetSelection
  readonly signal: AbortSignal | undefined
}

/** Answers what was removed, in that order. One that another process removed first is no failure. */
export async function forget({
  repository,
  selection,
  signal,
}: ForgetOptions): Promise<SnapshotId[]> {
  const snapshots: StoredSnapshot[] = []
  for await (const stored of repository.listSnapshots(signal)) snapshots.push(stored)
  const forgotten = planForget(snapshots, selection)
  for (const id of forgotten) {
    try {
      await repository.removeSnapshot(id, signal)
    } catch (error) {
      if (failureOf(error, 'object-not-found') === undefined) throw error
    }
  }
  return forgotten
}

/** Ids in the order in which they go: those named first, then list by list, oldest first. */
export function planForget(
  snapshots: readonly StoredSnapshot[],
  { ids = [], tagLists = [], keepIds = [] }: ForgetSelection,
): SnapshotId[] {
  if (tagLists.some((tags) => tags.length === 0)) {
    throw new RangeError('an empty list of tags would forget every snapshot')
  }
  const oldestFirst = snapshots.toSorted((left, right) => byTime(left.snapshot, right.snapshot))
  const named = oldestFirst.filter(({ id }) => ids.includes(id))
  const tagged = tagLists.flatMap((tags) =>
    oldestFirst.filter(({ snapshot }) => hasEveryTag(snapshot, tags)),
  )
  const chosen = new Set([...named, ...tagged].map(({ id }) => id))
  for (const id of keepIds) chosen.delete(id)
  return [...chosen]
}

export function hasEveryTag(snapshot: Snapshot, tags: readonly string[]): boolean {
  return tags.every((tag) => snapshot.tags.includes(tag))
}

function byTime(left: Snapshot, right: Snapshot): number {
  if (left.time === right.time) return 0
  return left.time < right.time ? -1 : 1
}
