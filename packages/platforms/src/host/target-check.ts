// Whether a volume can be exchanged, before anything is changed.
import { accessSync, constants } from 'node:fs'
import { encodePathBytes, type Hole } from '@holdfast/domain'
import { errnoName, type Mount, readInodeFlags } from '@holdfast/filesystem'
import { PlatformError } from '../platform-error.ts'
import { findHoles } from './holes.ts'
import { joinPath, type OpenDirectory, statusIfExists } from './open-directory.ts'
import type { VolumeSite } from './volume-site.ts'

/** How the volume will be exchanged. Fails with `target-not-writable`. */
export function checkTarget(site: VolumeSite, mounts: readonly Mount[]): 'whole' | 'entries' {
  const { namespaceDirectory, directory, kind } = site
  if (namespaceDirectory === undefined) {
    refuseOtherThing(site.root, site.namespace)
    checkWritable(site.root)
    return kind === 'missing' && site.name === undefined ? 'entries' : 'whole'
  }
  if (site.name !== undefined && directory === undefined) {
    refuseOtherThing(namespaceDirectory, site.name)
    checkWritable(namespaceDirectory)
    return 'whole'
  }
  if (directory === undefined) throw new TypeError('a namespace that exists has its directory')
  checkWritable(directory)
  if (kind === 'loose') return 'entries'
  const manner = mannerFor(site, directory, findHoles(directory, mounts))
  if (manner === 'whole') checkWritable(namespaceDirectory)
  return manner
}

/** A file or link in the place of the directory is not ours to replace. */
function refuseOtherThing(parent: OpenDirectory, name: Uint8Array | string): void {
  const status = statusIfExists(parent, name)
  if (status === undefined) return
  refuse(joinPath(parent.path, name), `a ${status.type} stands in the place of the directory`)
}

function checkWritable(directory: OpenDirectory): void {
  const flags = readInodeFlags(directory.handle)
  if (flags.isImmutable) refuse(directory.path, 'it is immutable (chattr -i makes it writable)')
  if (flags.isAppendOnly) refuse(directory.path, 'it is append-only (chattr -a makes it writable)')
  try {
    accessSync(directory.entryPath('.'), constants.W_OK | constants.X_OK)
  } catch (error) {
    const errno = errnoName(error)
    if (errno === undefined) throw error
    const isReadOnly = errno === 'EROFS'
    refuse(directory.path, isReadOnly ? 'it is mounted read-only' : `writing is refused (${errno})`)
  }
}

/**
 * A hole stays where it is: with holes only at the top of a directory, what is between them is
 * exchanged one by one; nested subvolumes are carried over to the new tree. A mount further below
 * would go away with the replaced tree.
 */
function mannerFor(
  site: VolumeSite,
  directory: OpenDirectory,
  holes: readonly Hole[],
): 'whole' | 'entries' {
  const areAllAtTop = holes.every(({ path }) => !path.includes('/'))
  if (site.kind === 'mount' || (site.kind === 'directory' && holes.length > 0)) {
    if (areAllAtTop) return 'entries'
    if (site.kind === 'mount')
      refuseHole(
        directory,
        holes.find(({ path }) => path.includes('/')),
      )
  }
  refuseHole(
    directory,
    holes.find(({ reason }) => reason === 'mount'),
  )
  return 'whole'
}

function refuseHole(directory: OpenDirectory, hole: Hole | undefined): void {
  if (hole === undefined) return
  const what = hole.reason === 'mount' ? 'something is mounted' : 'a subvolume lies'
  refuse(directory.path, `${what} at ${hole.path} inside of it; unmount or move that first`)
}

function refuse(path: Buffer, reason: string): never {
  throw new PlatformError({ code: 'target-not-writable', path: encodePathBytes(path), reason })
}
