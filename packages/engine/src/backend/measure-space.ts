// How full a local file system is.
import { statfs } from 'node:fs/promises'
import type { Space } from './free-space-floor.ts'
import { localFailure } from './local-failure.ts'

/** Of the file system that holds `path`, which must exist. */
export async function measureSpace(path: string | Buffer): Promise<Space> {
  try {
    const { bavail, blocks, bsize } = await statfs(path)
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize }
  } catch (error) {
    throw await localFailure(error, path.toString())
  }
}
