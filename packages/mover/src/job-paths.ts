// Paths of a job: bytes inside, text in JSON.
import { decodePathBytes, type Hole, readShownPath } from '@holdfast/domain'
import { MoverError } from './mover-error.ts'

/** A percent-encoded absolute path. */
export function pathOfJob(text: string, member: string): Buffer {
  const bytes = decodePathBytes(text)
  if (bytes === undefined || bytes[0] !== SLASH || bytes.includes(0)) {
    throw new MoverError({
      code: 'invalid-job',
      reason: `its ${member} is no percent-encoded absolute path`,
    })
  }
  return Buffer.from(bytes)
}

/** Answers for each path below the source whether it is one of the given holes. */
export function givenHoles(holes: readonly Hole[]): (path: Buffer) => Hole['reason'] | undefined {
  const reasons = new Map<string, Hole['reason']>()
  for (const { path, reason } of holes) {
    const bytes = readShownPath(path)
    if (bytes === undefined) {
      throw new MoverError({ code: 'invalid-job', reason: 'one of its holes has no valid path' })
    }
    reasons.set(Buffer.from(bytes).toString('latin1'), reason)
  }
  return (path) => reasons.get(path.toString('latin1'))
}

/** What a platform keeps in a volume that is a mount point is no part of the volume. */
export function isWorkArea(path: Buffer): boolean {
  return path.equals(WORK_AREA)
}

const WORK_AREA = Buffer.from('.holdfast')
const SLASH = 0x2f
