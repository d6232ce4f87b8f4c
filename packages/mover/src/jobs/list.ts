// Lists snapshots by their tags.
import type { MoverResults } from '@holdfast/domain'
import { listSnapshots } from '@holdfast/engine'
import type { JobContext } from '../job-context.ts'
import { withLockedRepository } from '../open-repository.ts'
import type { JobOf } from './job-of.ts'

export async function runList(
  job: JobOf<'list'>,
  context: JobContext,
): Promise<MoverResults['list']> {
  return await withLockedRepository(
    context,
    job.repository,
    'shared',
    async ({ repository, signal }) => {
      const found = await listSnapshots({ repository, tags: job.tags, signal })
      const snapshots = found.map(({ id, snapshot }) => ({
        id,
        time: Temporal.Instant.fromEpochNanoseconds(snapshot.time).toString(),
        hostname: snapshot.hostname,
        paths: snapshot.paths,
        tags: snapshot.tags,
      }))
      return { snapshots }
    },
  )
}
