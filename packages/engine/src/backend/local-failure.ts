// Turns errors of the file system into failures of the engine.
import { stat, statfs } from 'node:fs/promises'
import { EngineError, isEngineError } from '../engine-failure.ts'

const NO_SPACE_ERRNOS: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT'])

/** Pass by themselves: too many open files, or a network file system that is not answering now. */
const TRANSIENT_ERRNOS: ReadonlySet<string> = new Set([
  'EAGAIN',
  'EBUSY',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'EINTR',
  'EMFILE',
  'ENETDOWN',
  'ENETUNREACH',
  'ENFILE',
  'ENOBUFS',
  'ENOMEM',
  'ESTALE',
  'ETIMEDOUT',
])

/** `root` is the repository's directory, `content` what was being written. */
export async function localFailure(
  error: unknown,
  root: string,
  content: readonly Uint8Array[] = [],
): Promise<Error> {
  if (isEngineError(error)) return error
  const errno = errnoOf(error)
  const cause = { cause: error }
  if (errno === 'ENOENT' && !(await isThere(root))) {
    return new EngineError({ code: 'repository-not-found', url: root }, cause)
  }
  if (errno !== undefined && NO_SPACE_ERRNOS.has(errno)) {
    const neededBytes = content.reduce((sum, part) => sum + part.length, 0)
    const freeBytes = await freeBytesAt(root)
    return new EngineError({ code: 'no-space', path: root, freeBytes, neededBytes }, cause)
  }
  const reason = error instanceof Error ? error.message : String(error)
  const code =
    errno !== undefined && TRANSIENT_ERRNOS.has(errno) ? 'backend-unavailable' : 'backend-failed'
  return new EngineError({ code, url: root, reason }, cause)
}

export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

async function isThere(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  )
}

async function freeBytesAt(path: string): Promise<number> {
  return await statfs(path).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => 0,
  )
}
