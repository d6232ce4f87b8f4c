// Where a bucket of provider `local` may be: not where the service keeps its own things, and not
// where the data is that it protects.
import { realpath } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import type { ServiceConfig } from './config.ts'
import { bucketDirectory } from './first-start.ts'

/**
 * Why there can be none at `path`, an absolute one: the end of a sentence. Symbolic links are
 * followed as far as there is something, so that none leads around the rules.
 */
export async function refuseLocalBucket(
  config: Pick<ServiceConfig, 'home' | 'hostRoot'>,
  path: string,
): Promise<string | undefined> {
  const [place, home, bucket, hostRoot] = (await Promise.all(
    [path, config.home, bucketDirectory(config.home), config.hostRoot].map(resolveExisting),
  )) as [string, string, string, string]
  if (place === sep) return 'must not be the root directory'
  if (isWithin(place, bucket)) {
    // The one directory of the home that is meant for it; nothing of a repository is a bucket.
    return place === bucket ? undefined : 'must not be inside of the default bucket'
  }
  if (isWithin(place, home)) return `must not be inside of the service's home ${config.home}`
  if (isWithin(place, hostRoot)) {
    return `must not be in the host root ${config.hostRoot}, where the protected data is`
  }
  return undefined
}

function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory === sep ? sep : `${directory}${sep}`)
}

async function resolveExisting(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    const parent = dirname(path)
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === path) return path
    return join(await resolveExisting(parent), path.slice(parent.length))
  }
}
