// Gives a kept file to a command.
import type { MoverResults } from '@holdfast/domain'
import type { JobContext } from '../job-context.ts'
import { MoverError } from '../mover-error.ts'
import type { JobOf } from './job-of.ts'

export async function runStreamRestore(
  _job: JobOf<'stream-restore'>,
  _context: JobContext,
): Promise<MoverResults['stream-restore']> {
  throw new MoverError({ code: 'invalid-job', reason: 'this mover runs no commands yet' })
}
