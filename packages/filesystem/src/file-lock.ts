// A lock on an open file that dies with its holder: the kernel frees it when the file is closed.
import { koffi, libc } from './libc.ts'
import { lastSystemError } from './system-error.ts'

/**
 * Takes the exclusive lock of the open file unless another open file has it. It is the inode's, so
 * containers that share a directory see each other's.
 */
export function tryLockFile(handle: number): boolean {
  if (flock(handle, LOCK_EX | LOCK_NB) === 0) return true
  if (koffi.errno() === koffi.os.errno.EWOULDBLOCK) return false
  throw lastSystemError('flock', new Uint8Array(0))
}

const LOCK_EX = 2
const LOCK_NB = 4

const flock = libc.func('int flock(int, int)')
