// Lists snapshots by their tags.
import type { SnapshotStore } from '../repository.ts'
import { hasEveryTag, type StoredSnapshot } from './forget.ts'

export interface ListSnapshotsOptions {
  readonly repository: SnapshotStore
  /** Only those that have all of these; all snapshots when empty. */
  readonly tags: readonly string[]
  readonly signal: AbortSignal | undefined
}

/** Oldest first. Fails with `snapshot-corrupt`. */
export async function listSnapshots({
  repository,
  tags,
  signal,
}: ListSnapshotsOptions): Promise<StoredSnapshot[]> {
  const matching: StoredSnapshot[] = []
  for await (const stored of repository.listSnapshots(signal)) {
    if (hasEveryTag(stored.snapshot, tags)) matching.push(stored)
  }
  return matching.sort((left, right) => {
    if (left.snapshot.time === right.snapshot.time) return left.id < right.id ? -1 : 1
    return left.snapshot.time < right.snapshot.time ? -1 : 1
  })
}
