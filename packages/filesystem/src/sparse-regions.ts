// Where the data of a sparse file lies.
import { libc } from './libc.ts'
import { lastSystemError } from './system-error.ts'

/**
 * The next stretch of data at or after `offset` in an open file, or undefined when only a hole (or
 * nothing) follows. Where the file system knows no holes, all of the file is data. Moves the
 * handle's position.
 */
export function nextDataRegion(
  handle: number,
  offset: number,
): { readonly start: number; readonly end: number } | undefined {
  const start = Number(lseek(handle, offset, SEEK_DATA))
  if (start < 0) {
    const error = lastSystemError('lseek', NO_PATH)
    if (error.code === 'ENXIO') return undefined
    throw error
  }
  const end = Number(lseek(handle, start, SEEK_HOLE))
  if (end < 0) throw lastSystemError('lseek', NO_PATH)
  return { start, end }
}

const NO_PATH = new Uint8Array(0)
const SEEK_DATA = 3
const SEEK_HOLE = 4

const lseek = libc.func('int64_t lseek(int, int64_t, int)')
