// Writes a whole file system to its disk without holding up the event loop.
import { libc } from './libc.ts'
import { lastSystemError } from './system-error.ts'

/**
 * Flushes the file system that holds the open handle. An error of an earlier write to it is
 * reported here, once (since Linux 5.8), so a failed call must not be taken for harmless.
 */
export function flushFilesystemInBackground(handle: number): Promise<void> {
  return new Promise((resolve, reject) => {
    syncfs.async(handle, (error: unknown, code: number) => {
      if (error !== null) reject(error)
      else if (code !== 0) reject(lastSystemError('syncfs', new Uint8Array(0)))
      else resolve()
    })
  })
}

const syncfs = libc.func('int syncfs(int)')
