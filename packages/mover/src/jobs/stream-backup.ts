// Keeps what a command writes as one file of a repository snapshot.
import type { MoverResults } from '@holdfast/domain'
import type { JobContext } from '../job-context.ts'
import { MoverError } from '../mover-error.ts'
import type { JobOf } from './job-of.ts'

export async function runStreamBackup(
  _job: JobOf<'stream-backup'>,
  _context: JobContext,
): Promise<MoverResults['stream-backup']> {
  throw new MoverError({ code: 'invalid-job', reason: 'this mover runs no commands yet' })
}
