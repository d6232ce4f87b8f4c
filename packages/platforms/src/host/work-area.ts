// The service's own directory, `.holdfast`, on the file system of a volume: staging and snapshots.
//
// It lies in the host root, or in the namespace when that is a mount or subvolume of its own, or
// in the volume only when the volume is itself a mount point. There the app can rename it or put
// another thing in its place, so it counts only while it is a real directory of ours with mode
// 0700, and whoever kept its inode number compares it.
import { fchmodSync, mkdirSync } from 'node:fs'
import { encodePathBytes } from '@holdfast/domain'
import { errnoName } from '@holdfast/filesystem'
import { PlatformError } from '../platform-error.ts'
import {
  joinPath,
  type OpenDirectory,
  openSubdirectory,
  openSubdirectoryIfExists,
} from './open-directory.ts'
import { WORK_AREA_NAME } from './volume-names.ts'

export const WORK_AREA_PLACES = ['root', 'namespace', 'volume'] as const
export type WorkAreaPlace = (typeof WORK_AREA_PLACES)[number]

/** Makes it when missing. Fails with `target-not-writable` when what is there is not ours. */
export function ensureWorkArea(parent: OpenDirectory): OpenDirectory {
  const path = encodePathBytes(joinPath(parent.path, WORK_AREA_NAME))
  try {
    makeDirectory(parent)
    return checked(openSubdirectory(parent, WORK_AREA_NAME), parent)
  } catch (error) {
    const errno = errnoName(error)
    if (errno === undefined) throw error
    const reason = REASON_OF_ERRNO.get(errno) ?? `making a directory failed with ${errno}`
    throw new PlatformError({ code: 'target-not-writable', path, reason }, { cause: error })
  }
}

/** Fails when there is none, or when what is there is not ours. */
export function openWorkArea(parent: OpenDirectory): OpenDirectory {
  return checked(openSubdirectory(parent, WORK_AREA_NAME), parent)
}

/** Undefined when there is none, or when what is there is not ours. */
export function openWorkAreaIfExists(parent: OpenDirectory): OpenDirectory | undefined {
  try {
    const area = openSubdirectoryIfExists(parent, WORK_AREA_NAME)
    return area === undefined ? undefined : checked(area, parent)
  } catch (error) {
    const errno = errnoName(error)
    if (errno !== undefined || error instanceof PlatformError) return undefined
    throw error
  }
}

const PRIVATE_MODE = 0o700

const REASON_OF_ERRNO: ReadonlyMap<string, string> = new Map([
  ['EROFS', 'the file system is mounted read-only'],
  ['EACCES', 'the service has no permission there'],
  ['EPERM', 'the file system refuses changes there (an immutable directory?)'],
  ['ENOTDIR', 'something that is no directory stands there; remove it'],
  ['ELOOP', 'a symbolic link stands there; remove it'],
  ['ENOSPC', 'the file system is full'],
])

function makeDirectory(parent: OpenDirectory): void {
  try {
    mkdirSync(parent.entryPath(WORK_AREA_NAME), PRIVATE_MODE)
  } catch (error) {
    if (errnoName(error) !== 'EEXIST') throw error
  }
}

function checked(area: OpenDirectory, parent: OpenDirectory): OpenDirectory {
  const reason = reasonNotOurs(area, parent)
  if (reason === undefined) {
    // A umask of the past may have left other bits; they are ours to set.
    if (area.status().permissions !== PRIVATE_MODE) fchmodSync(area.handle, PRIVATE_MODE)
    return area
  }
  const path = encodePathBytes(area.path)
  area[Symbol.dispose]()
  throw new PlatformError({ code: 'target-not-writable', path, reason })
}

function reasonNotOurs(area: OpenDirectory, parent: OpenDirectory): string | undefined {
  const status = area.status()
  if (status.uid !== process.geteuid?.()) return 'it belongs to another user; remove it'
  if (status.device !== parent.status().device) return 'it is on another file system; unmount it'
  return undefined
}
