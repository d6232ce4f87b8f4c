// Which snapshot strategies a volume allows, best first.
import { accessSync, constants } from 'node:fs'
import type { SnapshotStrategy } from '@holdfast/domain'
import { canReflinkIn, errnoName, isSubvolume } from '@holdfast/filesystem'
import type { OpenDirectory } from './open-directory.ts'

/** `looseEntriesOnly`: they are never a subvolume of their own. */
export function strategiesOf(volume: OpenDirectory, looseEntriesOnly: boolean): SnapshotStrategy[] {
  const strategies: SnapshotStrategy[] = []
  if (!looseEntriesOnly && isSubvolume(volume.handle) && isWritable(volume)) {
    strategies.push('btrfs')
  }
  // Only root can give the copies to the owners of the originals.
  if (process.geteuid?.() === 0 && canReflinkIn(volume.handle)) strategies.push('reflink')
  return [...strategies, 'copy']
}

/** A subvolume on a read-only mount cannot be given a snapshot. */
function isWritable(volume: OpenDirectory): boolean {
  try {
    accessSync(volume.entryPath('.'), constants.W_OK)
    return true
  } catch (error) {
    if (errnoName(error) === undefined) throw error
    return false
  }
}
