// Mounts and nested subvolumes inside a volume: outside of it by definition.
import { type Hole, showPathBytes } from '@holdfast/domain'
import { isOnBtrfs, type Mount, mountsBelow, nestedSubvolumes } from '@holdfast/filesystem'
import type { OpenDirectory } from './open-directory.ts'
import { isInWorkArea } from './volume-names.ts'

/** Sorted by path. What lies inside a hole is not named. */
export function findHoles(volume: OpenDirectory, mounts: readonly Mount[]): Hole[] {
  const found = new Map<string, Hole>()
  for (const path of nestedSubvolumePaths(volume)) add(found, { path, reason: 'subvolume' })
  for (const mount of mountsBelow(mounts, volume.path)) {
    add(found, { path: mount.mountPoint.subarray(volume.path.length + 1), reason: 'mount' })
  }
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
}

interface FoundHole {
  readonly path: Buffer
  readonly reason: Hole['reason']
}

function nestedSubvolumePaths(volume: OpenDirectory): Buffer[] {
  return isOnBtrfs(volume.handle) ? nestedSubvolumes(volume.handle) : []
}

function add(found: Map<string, Hole>, { path, reason }: FoundHole): void {
  if (isInWorkArea(path)) return
  const shown = showPathBytes(path)
  found.set(shown, { path: shown, reason })
}
