// A nested subvolume is no part of the volume, so it stays in the app when the volume around it is
// exchanged: it moves from the replaced tree into the one that took its place.
import { mkdirSync, rmdirSync } from 'node:fs'
import { decodePathBytes } from '@holdfast/domain'
import { isSubvolume, moveEntry, subvolumeUUID } from '@holdfast/filesystem'
import { copyDirectoryMetadata } from './copy-by-reflink.ts'
import {
  type OpenDirectory,
  openSubdirectory,
  openSubdirectoryIfExists,
  reopenDirectory,
  statusIfExists,
} from './open-directory.ts'

export interface CarryRequest {
  /** The directory that holds the staged or, after the exchange, the replaced tree. */
  readonly staged: OpenDirectory
  readonly stagedName: string
  readonly target: OpenDirectory
  readonly targetName: string
  /** Percent-encoded, below the volume. */
  readonly path: string
  /** See `subvolumeUUID`. */
  readonly uuid: string
}

/**
 * Brings the subvolume into the tree that is in the app now, wherever it is of the two. So going
 * forward and going back are the same call, each after its exchange.
 */
export function carrySubvolume(request: CarryRequest): void {
  const components = componentsOf(request.path)
  const name = components.pop()
  if (name === undefined) throw new TypeError('a nested subvolume has a path')
  using other = openTree(request.staged, request.stagedName)
  using tree = openTree(request.target, request.targetName)
  if (other === undefined || tree === undefined) return
  using from = openWay(other, components)
  if (from === undefined || uuidOf(from, name) !== request.uuid) return
  using to = makeWay(tree, other, components)
  // The copy has an empty directory there; one that is not empty is not ours to remove.
  if (statusIfExists(to, name) !== undefined) rmdirSync(to.entryPath(name))
  moveEntry({ directory: from.handle, name }, { directory: to.handle, name })
}

function componentsOf(path: string): Buffer[] {
  const bytes = Buffer.from(decodePathBytes(path) ?? [])
  const names = bytes.toString('latin1').split('/')
  return names.map((name) => Buffer.from(name, 'latin1'))
}

function openTree(directory: OpenDirectory, encodedName: string): OpenDirectory | undefined {
  return openSubdirectoryIfExists(directory, Buffer.from(decodePathBytes(encodedName) ?? []))
}

/** Component by component, since the app may write there and put links on the way. */
function openWay(root: OpenDirectory, names: readonly Buffer[]): OpenDirectory | undefined {
  let current = reopenDirectory(root)
  for (const name of names) {
    using parent = current
    const next = openSubdirectoryIfExists(parent, name)
    if (next === undefined) return undefined
    current = next
  }
  return current
}

/** Directories that the copy lacks are made, like those of the other tree. */
function makeWay(
  root: OpenDirectory,
  other: OpenDirectory,
  names: readonly Buffer[],
): OpenDirectory {
  let current = reopenDirectory(root)
  for (const [depth, name] of names.entries()) {
    using parent = current
    const isMissing = statusIfExists(parent, name) === undefined
    if (isMissing) mkdirSync(parent.entryPath(name), 0o700)
    current = openSubdirectory(parent, name)
    using model = isMissing ? openWay(other, names.slice(0, depth + 1)) : undefined
    if (model !== undefined) copyDirectoryMetadata(model, current)
  }
  return current
}

function uuidOf(directory: OpenDirectory, name: Buffer): string | undefined {
  if (statusIfExists(directory, name)?.type !== 'directory') return undefined
  using entry = openSubdirectory(directory, name)
  return isSubvolume(entry.handle) ? subvolumeUUID(entry.handle) : undefined
}
