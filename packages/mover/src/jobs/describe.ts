// Writes a backup's description, the last thing that a backup writes.
import type { MoverResults } from '@holdfast/domain'
import { describe, forget, listSnapshots } from '@holdfast/engine'
import type { JobContext } from '../job-context.ts'
import { withLockedRepository } from '../open-repository.ts'
import { backupLabel } from '../snapshot-label.ts'
import type { JobOf } from './job-of.ts'

export async function runDescribe(
  job: JobOf<'describe'>,
  context: JobContext,
): Promise<MoverResults['describe']> {
  const label = backupLabel(job.label, context)
  const content = Buffer.from(`${JSON.stringify(job.description, undefined, 2)}\n`)
  return await withLockedRepository(
    context,
    job.repository,
    'shared',
    async ({ repository, signal, assertLockHeld }) => {
      const { tags, logicalPath } = label
      await repository.loadIndex(signal)
      const beforeSnapshot = assertLockHeld
      const id = await describe({ repository, label, content, beforeSnapshot, signal })
      // A run whose result got lost wrote one already; the newest words count.
      const equal = await listSnapshots({ repository, tags, signal })
      const ids = equal
        .filter(({ snapshot }) => snapshot.tags.length === tags.length)
        .filter((one) => one.id !== id && one.snapshot.paths.includes(logicalPath))
        .map((one) => one.id)
      await forget({ repository, selection: { ids }, signal })
      return { repositorySnapshotID: id }
    },
  )
}
