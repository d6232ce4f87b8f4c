// The tree of the parent snapshot, read along with the walk.
import { isEngineError } from '../engine-failure.ts'
import type { BlobId } from '../format/ids.ts'
import type { Node } from '../format/node.ts'
import { decodeTree } from '../format/tree.ts'
import type { BlobReader } from '../repository.ts'

/** One directory of the parent. Names must be asked for in ascending byte order. */
export interface ParentDirectory {
  find(name: Buffer): Node | undefined
}

export const NO_PARENT: ParentDirectory = { find: () => undefined }

/**
 * Opens the parent's version of a directory. A tree that is lost or damaged only costs the reuse:
 * everything in it is read anew, which also heals the repository.
 */
export async function openParentDirectory(
  repository: BlobReader,
  subtree: BlobId | undefined,
  signal: AbortSignal | undefined,
): Promise<ParentDirectory> {
  if (subtree === undefined || !repository.hasBlob('tree', subtree)) return NO_PARENT
  try {
    return cursorOver(decodeTree(await repository.loadBlob('tree', subtree, signal)))
  } catch (error) {
    if (!isEngineError(error)) throw error
    return NO_PARENT
  }
}

function cursorOver(nodes: Iterator<Node, void>): ParentDirectory {
  let current = nextNode(nodes)
  return {
    find(name) {
      while (current !== undefined) {
        const order = current.name.compare(name)
        if (order === 0) return current
        if (order > 0) return undefined
        current = nextNode(nodes)
      }
      return undefined
    },
  }
}

/** The tree is decoded as it is read, so damage may show in its middle: the parent ends there. */
function nextNode(nodes: Iterator<Node, void>): Node | undefined {
  try {
    const next = nodes.next()
    return next.done === true ? undefined : next.value
  } catch (error) {
    if (!isEngineError(error)) throw error
    return undefined
  }
}

/**
 * May the file's content be taken over unread? Exactly restic's rule (repository format, section
 * 7.1): device, mode and owner do not matter.
 */
export function isUnchangedFile(
  parent: Node,
  file: {
    readonly size: bigint
    readonly mtimeNs: bigint
    readonly ctimeNs: bigint
    readonly inode: bigint
  },
): boolean {
  return (
    parent.type === 'file' &&
    parent.content !== undefined &&
    parent.size === file.size &&
    parent.mtime === file.mtimeNs &&
    parent.ctime === file.ctimeNs &&
    parent.inode === file.inode
  )
}
