// Restores one directory of a snapshot.
import { type MoverResults, showPathBytes } from '@holdfast/domain'
import { measureSpace, parseObjectId, restore, type SnapshotId } from '@holdfast/engine'
import type { JobContext } from '../job-context.ts'
import { pathOfJob } from '../job-paths.ts'
import { MoverError } from '../mover-error.ts'
import { withLockedRepository } from '../open-repository.ts'
import type { JobOf } from './job-of.ts'

export async function runRestore(
  job: JobOf<'restore'>,
  context: JobContext,
): Promise<MoverResults['restore']> {
  const targetPath = pathOfJob(job.targetPath, 'target path')
  const { repositorySnapshotID, logicalPath } = job
  const snapshotId = parseObjectId<SnapshotId>(repositorySnapshotID)
  if (snapshotId === undefined) {
    throw new MoverError({ code: 'snapshot-not-found', repositorySnapshotID })
  }
  const { reporter } = context
  return await withLockedRepository(
    context,
    job.repository,
    'shared',
    async ({ repository, signal }) => {
      await repository.loadIndex(signal)
      const restored = await restore({
        repository,
        snapshotId,
        logicalPath,
        targetPath,
        measureSpace: () => measureSpace(targetPath),
        observer: {
          onScanned: reporter.scanned,
          onProgress: reporter.progress,
          onWarning({ code, path, message }) {
            reporter.warning({ code, path: showPathBytes(path), message })
          },
        },
        signal,
      })
      return { restored, ...reporter.warnings() }
    },
  )
}
