// A pipe of the kernel for a program's standard input or output. What Node makes for that is a
// socket, which nobody can open: `tar c -f /dev/stdout` and `mysql < /dev/stdin` would fail.
import { fchownSync } from 'node:fs'
import { koffi, libc } from './libc.ts'
import { lastSystemError } from './system-error.ts'

export interface Pipe {
  readonly readHandle: number
  readonly writeHandle: number
}

/**
 * The caller closes both ends; no program that is started meanwhile inherits them. `owner` is who may
 * open it by its name below /dev or /proc, where that is another user than ours.
 */
export function makePipe(owner?: { readonly uid: number; readonly gid: number }): Pipe {
  const handles = Buffer.alloc(2 * koffi.sizeof('int'))
  if (pipe2(handles, O_CLOEXEC) !== 0) throw lastSystemError('pipe2', new Uint8Array(0))
  const pipe = { readHandle: handles.readInt32LE(0), writeHandle: handles.readInt32LE(4) }
  if (owner !== undefined) fchownSync(pipe.readHandle, owner.uid, owner.gid)
  return pipe
}

const O_CLOEXEC = 0o2000000

const pipe2 = libc.func('int pipe2(void *, int)')
