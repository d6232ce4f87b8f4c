// Where a path leads, and whether one is inside of another.
import { realpath } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'

/** Follows symbolic links as far as there is something. */
export async function resolveExisting(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    const parent = dirname(path)
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === path) return path
    return join(await resolveExisting(parent), path.slice(parent.length))
  }
}

/** True for the directory itself, too. */
export function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory === sep ? sep : `${directory}${sep}`)
}
