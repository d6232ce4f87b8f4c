// Remembers the first name of each file with several, until all of them were seen.
import type { Node } from '../format/node.ts'

export interface HardLinks {
  /**
   * The path of an earlier entry that is the same file, or undefined for the first one, whose path
   * is remembered.
   */
  firstPathOf(path: Buffer, node: Node): Buffer | undefined
}

export function trackHardLinks(): HardLinks {
  const known = new Map<string, KnownFile>()
  return {
    firstPathOf(path, node) {
      if (node.links <= 1n || node.type === 'dir') return undefined
      // The content is part of the identity: a file that was replaced while it was backed up may
      // have given its inode number to another.
      const key = [node.type, node.deviceId, node.inode, node.size, contentKey(node)].join(':')
      const first = known.get(key)
      if (first === undefined) {
        known.set(key, { path, namesLeft: node.links - 1n })
        return undefined
      }
      first.namesLeft -= 1n
      if (first.namesLeft === 0n) known.delete(key)
      return first.path
    },
  }
}

interface KnownFile {
  readonly path: Buffer
  namesLeft: bigint
}

/** Files that share device, inode, size and both ends of their content are one. */
function contentKey({ content, linkTarget, device }: Node): string {
  const ends = content === undefined ? '' : `${content[0]}-${content.at(-1)}`
  return `${ends}:${linkTarget?.toString('latin1') ?? ''}:${device}`
}
