// Looks for damage, without changing anything.
import type { MoverResults } from '@holdfast/domain'
import { check } from '@holdfast/engine'
import type { JobContext } from '../job-context.ts'
import { withLockedRepository } from '../open-repository.ts'
import type { JobOf } from './job-of.ts'

export async function runCheck(
  job: JobOf<'check'>,
  context: JobContext,
): Promise<MoverResults['check']> {
  const { reporter } = context
  return await withLockedRepository(
    context,
    job.repository,
    'shared',
    async ({ repository, signal }) => {
      const findings = await check({
        repository,
        readData: job.readData,
        onProgress({ packsDone, bytesDone }) {
          reporter.progress({ entries: packsDone, bytes: bytesDone })
        },
        signal,
      })
      return { findings }
    },
  )
}
