// Where a bucket of provider `local` may be: not where the service keeps its own things, and not
// where the data is that it protects.
import { sep } from 'node:path'
import type { ServiceConfig } from './config.ts'
import { bucketDirectory } from './first-start.ts'
import { isWithin, resolveExisting } from './real-path.ts'

/** What the machine itself is made of. Disks that users plug in are below `/run/media`. */
const SYSTEM_DIRECTORIES = [
  '/bin',
  '/boot',
  '/dev',
  '/etc',
  '/lib',
  '/lib32',
  '/lib64',
  '/proc',
  '/run',
  '/sbin',
  '/sys',
  '/usr',
]
const PLUGGED_IN = '/run/media'

/**
 * Why there can be none at `path`, an absolute one: the end of a sentence. Symbolic links are
 * followed as far as there is something, so that none leads around the rules.
 */
export async function refuseLocalBucket(
  config: Pick<ServiceConfig, 'home' | 'hostRoot' | 'hostClusters'>,
  path: string,
): Promise<string | undefined> {
  const [place, home, bucket] = (await Promise.all(
    [path, config.home, bucketDirectory(config.home)].map(resolveExisting),
  )) as [string, string, string]
  if (place === sep) return 'must not be the root directory'
  const system = SYSTEM_DIRECTORIES.find((directory) => isWithin(place, directory))
  if (system !== undefined && (place === PLUGGED_IN || !isWithin(place, PLUGGED_IN))) {
    return `must not be in ${system}, which belongs to the system`
  }
  if (isWithin(place, bucket)) {
    // The one directory of the home that is meant for it; nothing of a repository is a bucket.
    return place === bucket ? undefined : 'must not be inside of the default bucket'
  }
  if (isWithin(place, home)) return `must not be inside of the service's home ${config.home}`
  for (const root of [config.hostRoot, ...config.hostClusters.map((cluster) => cluster.root)]) {
    if (!isWithin(place, await resolveExisting(root))) continue
    return `must not be in the host root ${root}, where the protected data is`
  }
  return undefined
}
