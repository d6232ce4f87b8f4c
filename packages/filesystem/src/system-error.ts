// The one error of this package; most often a system call that the kernel refused.
import { getSystemErrorMap } from 'node:util'
import { koffi } from './libc.ts'

export type FilesystemFailure =
  | {
      readonly code: 'system-call-failed'
      /** `ENOENT`, `EIO` … */
      readonly errno: string
      /** The system call, such as `statx`. */
      readonly call: string
      /** The path or name it was given; bytes that are no UTF-8 show as U+FFFD. */
      readonly path: string
    }
  | { readonly code: 'manifest-invalid'; readonly path: string; readonly reason: string }

export class FilesystemError extends Error {
  readonly failure: FilesystemFailure
  /** The errno name, where Node's own file system errors have it too. */
  readonly code: string

  constructor(failure: FilesystemFailure) {
    super(messageOf(failure))
    this.name = 'FilesystemError'
    this.failure = failure
    this.code = failure.code === 'system-call-failed' ? failure.errno : failure.code
  }
}

/** The errno name of an error of this package or of `node:fs`; undefined for any other error. */
export function errnoName(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  const { code } = error
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : undefined
}

/** `EACCES: permission denied`, without the path, which may be one that only this process has. */
export function describeErrno(errno: string): string {
  const sentence = SENTENCES.get(errno)
  return sentence === undefined ? errno : `${errno}: ${sentence}`
}

/** Makes the error of the call that just failed; must run before any other call into libc. */
export function lastSystemError(call: string, path: Uint8Array): FilesystemError {
  return systemError({ call, path, errnoNumber: koffi.errno() })
}

export function systemError({
  call,
  path,
  errnoNumber,
}: {
  readonly call: string
  readonly path: Uint8Array
  readonly errnoNumber: number
}): FilesystemError {
  const errno = ERRNO_NAMES.get(errnoNumber) ?? `E${errnoNumber}`
  const shownPath = Buffer.from(path).toString('utf8')
  return new FilesystemError({ code: 'system-call-failed', errno, call, path: shownPath })
}

function messageOf(failure: FilesystemFailure): string {
  switch (failure.code) {
    case 'system-call-failed':
      return `${failure.errno}: ${failure.call} '${failure.path}'`
    case 'manifest-invalid':
      return `'${failure.path}' is no complete entry manifest: ${failure.reason}`
    default: {
      const never: never = failure
      return never
    }
  }
}

/** Several names share a number (`ENOTSUP`, `EOPNOTSUPP`); these are the ones Node shows. */
const PREFERRED_NAMES = ['EAGAIN', 'ENOTSUP', 'EDEADLK'] as const

const ERRNO_NAMES = namesByNumber()
const SENTENCES: ReadonlyMap<string, string> = new Map(getSystemErrorMap().values())

function namesByNumber(): ReadonlyMap<number, string> {
  const numbers: Readonly<Record<string, number>> = koffi.os.errno
  const names = new Map<number, string>()
  for (const [name, number] of Object.entries(numbers)) names.set(number, name)
  for (const name of PREFERRED_NAMES) names.set(numbers[name] ?? -1, name)
  return names
}
