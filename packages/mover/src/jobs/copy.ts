// Copies a snapshot into another repository.
import type { MoverResults, RepositoryStore } from '@holdfast/domain'
import {
  copySnapshot,
  EngineError,
  freeSpaceFloor,
  listSnapshots,
  measureSpace,
  parseObjectId,
  planCopy,
  type Repository,
  type SnapshotId,
} from '@holdfast/engine'
import type { JobContext } from '../job-context.ts'
import { MoverError } from '../mover-error.ts'
import { withLockedRepository } from '../open-repository.ts'
import { backupLabel, copyTags } from '../snapshot-label.ts'
import type { JobOf } from './job-of.ts'

export async function runCopy(
  job: JobOf<'copy'>,
  context: JobContext,
): Promise<MoverResults['copy']> {
  const { repositorySnapshotID } = job
  const snapshotId = parseObjectId<SnapshotId>(repositorySnapshotID)
  if (snapshotId === undefined) {
    throw new MoverError({ code: 'snapshot-not-found', repositorySnapshotID })
  }
  const { timeNs, hostname, logicalPath, tags } = backupLabel(job.label, context)
  const relabel = { time: timeNs, hostname, paths: [logicalPath], tags }
  return await withLockedRepository(context, job.from, 'shared', (from) =>
    withLockedRepository(context, job.to, 'shared', async (to) => {
      const signal = AbortSignal.any([from.signal, to.signal])
      await from.repository.loadIndex(signal)
      await to.repository.loadIndex(signal)
      const done = await findDone(to.repository, tags, signal)
      if (done !== undefined) return done
      const plan = await planCopy({
        from: from.repository,
        to: to.repository,
        snapshotId,
        signal,
      })
      const { content, lackingStoredBytes } = plan
      await assertSpace(job.to.store, lackingStoredBytes)
      context.reporter.scanned(content)
      const id = await copySnapshot({
        plan,
        relabel,
        onProgress(copiedStoredBytes) {
          // The user knows the volume's bytes, not the stored ones: the same part of them is done.
          const part = lackingStoredBytes === 0 ? 1 : copiedStoredBytes / lackingStoredBytes
          const bytes = Math.floor(content.bytes * Math.min(part, 1))
          context.reporter.progress({ entries: 0, bytes })
        },
        async beforeSnapshot() {
          await from.assertLockHeld()
          await to.assertLockHeld()
        },
        signal,
      })
      return { repositorySnapshotID: id, copied: content }
    }),
  )
}

/** A run whose result got lost, perhaps as an earlier attempt, is found by its tags. */
async function findDone(
  to: Repository,
  tags: readonly string[],
  signal: AbortSignal,
): Promise<MoverResults['copy'] | undefined> {
  const wanted = copyTags(tags)
  if (wanted === undefined) return undefined
  const [done] = await listSnapshots({ repository: to, tags: wanted, signal })
  if (done === undefined) return undefined
  // A copy onto itself lacks nothing; its plan only counts what is there.
  const { content } = await planCopy({ from: to, to, snapshotId: done.id, signal })
  return { repositorySnapshotID: done.id, copied: content }
}

/**
 * Refused beforehand: a copy that stops half way costs time and space for nothing. A bucket does
 * not say how much room it has.
 */
async function assertSpace(store: RepositoryStore, copyBytes: number): Promise<void> {
  if (store.kind !== 'local') return
  const { path } = store
  const { freeBytes, totalBytes } = await measureSpace(path)
  const neededBytes = copyBytes + freeSpaceFloor(totalBytes)
  if (freeBytes >= neededBytes) return
  throw new EngineError({ code: 'no-space', path, freeBytes, neededBytes })
}
