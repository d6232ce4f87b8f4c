// Removes trees that may be huge, without holding up the service and without leaving the tree.
import {
  deleteSubvolume,
  errnoName,
  isSubvolume,
  makeSubvolumeWritable,
} from '@holdfast/filesystem'
import { type OpenDirectory, openSubdirectory, statusIfExists } from './open-directory.ts'
import { describeEnd, runProgram } from './run-program.ts'

/**
 * Removes `name` in the directory; missing is success. A btrfs subvolume is deleted as one. Fails
 * with an `Error` whose message is what `rm` said.
 */
export async function removeTree(
  parent: OpenDirectory,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  const status = statusIfExists(parent, name)
  if (status === undefined) return
  if (status.type === 'directory' && removeSubvolume(parent, name)) return
  const result = await runProgram(
    {
      command: 'rm',
      arguments: ['-rf', '--one-file-system', '--', `/proc/self/fd/3/${name}`],
      directories: [parent],
      input: [],
    },
    () => false,
    signal,
  )
  if (result.exitCode !== 0) throw new Error(describeEnd('rm', result))
}

/** False when it is none, or when only its content can be removed by this user. */
function removeSubvolume(parent: OpenDirectory, name: string): boolean {
  using directory = openSubdirectory(parent, name)
  if (!isSubvolume(directory.handle)) return false
  try {
    deleteSubvolume({ directory: parent.handle, name: Buffer.from(name) })
    return true
  } catch (error) {
    // Without the right to delete subvolumes one may still empty one and remove the directory;
    // one that holds another subvolume is emptied by `rm` as far as that goes, which says so.
    const errno = errnoName(error)
    if (errno !== 'EPERM' && errno !== 'ENOTEMPTY') throw error
    makeSubvolumeWritable(directory.handle)
    return false
  }
}
