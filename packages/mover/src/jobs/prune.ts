// One batch of pruning. The caller comes again while the result says that more is left, so that
// others get their turn in between.
import type { MoverResults } from '@holdfast/domain'
import { DEFAULT_MAX_UNUSED_RATIO, prune } from '@holdfast/engine'
import type { JobContext } from '../job-context.ts'
import { withLockedRepository } from '../open-repository.ts'
import type { JobOf } from './job-of.ts'

export async function runPrune(
  job: JobOf<'prune'>,
  context: JobContext,
): Promise<MoverResults['prune']> {
  return await withLockedRepository(
    context,
    job.repository,
    'exclusive',
    async ({ repository, lock, signal }) =>
      await prune({
        repository,
        lock,
        clock: context.clock,
        batchMs: job.batchMs,
        maxUnusedRatio: DEFAULT_MAX_UNUSED_RATIO,
        signal,
      }),
  )
}
