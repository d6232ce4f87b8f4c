// Removes snapshots by their tags; their data stays until a prune.
import type { MoverResults } from '@holdfast/domain'
import { forget, parseObjectId, type SnapshotId } from '@holdfast/engine'
import type { JobContext } from '../job-context.ts'
import { MoverError } from '../mover-error.ts'
import { withLockedRepository } from '../open-repository.ts'
import type { JobOf } from './job-of.ts'

export async function runForget(
  job: JobOf<'forget'>,
  context: JobContext,
): Promise<MoverResults['forget']> {
  const { tagLists, keepSnapshotIDs = [] } = job
  if (tagLists.some((tags) => tags.length === 0)) {
    const reason = 'an empty list of tags would forget every snapshot'
    throw new MoverError({ code: 'invalid-job', reason })
  }
  const keepIds = keepSnapshotIDs.flatMap((text) => parseObjectId<SnapshotId>(text) ?? [])
  return await withLockedRepository(
    context,
    job.repository,
    'shared',
    async ({ repository, signal }) => {
      const forgotten = await forget({ repository, selection: { tagLists, keepIds }, signal })
      return { forgotten }
    },
  )
}
