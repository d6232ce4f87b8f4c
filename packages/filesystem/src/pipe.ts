// A pipe of the kernel. What Node gives a child as a pipe is a socket, which cannot be opened by
// its name: `tar cf /dev/stdout` or `mysql < /dev/stdin` would fail.
import { controlHandle } from './ioctl.ts'
import { libc } from './libc.ts'
import { lastSystemError } from './system-error.ts'

export interface Pipe {
  readonly readHandle: number
  readonly writeHandle: number
}

/** Both ends are closed in processes that are started, unless they are given to them. */
export function openPipe(): Pipe {
  const handles = new Int32Array(2)
  if (pipe2(handles, O_CLOEXEC) < 0) throw lastSystemError('pipe2', new Uint8Array(0))
  const [readHandle, writeHandle] = handles as unknown as [number, number]
  return { readHandle, writeHandle }
}

/** Of either end: bytes that were written and not read yet. */
export function bytesInPipe(handle: number): number {
  const count = new Int32Array(1)
  controlHandle(handle, FIONREAD, new Uint8Array(count.buffer))
  return count[0] ?? 0
}

const FIONREAD = { name: 'FIONREAD', number: 0x541b }

/** The same number on every architecture that Node supports on Linux. */
const O_CLOEXEC = 0o2000000

const pipe2 = libc.func('int pipe2(_Out_ int *, int)')
