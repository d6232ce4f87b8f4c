// Remembers the first name of each file with several, until all of them were seen.
//
// What is remembered grows with the files whose other names are not met: those still to come, and
// those outside of the tree. Each takes about 140 bytes and the length of its path: a million of
// them some 180 MiB.
import { createHash } from 'node:crypto'
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
      const key = identityOf(node)
      const first = known.get(key)
      if (first === undefined) {
        known.set(key, { path: path.toString('latin1'), namesLeft: Number(node.links) - 1 })
        return undefined
      }
      first.namesLeft -= 1
      if (first.namesLeft === 0) known.delete(key)
      return Buffer.from(first.path, 'latin1')
    },
  }
}

interface KnownFile {
  /** One character for each byte: a quarter of what a buffer takes. */
  readonly path: string
  namesLeft: number
}

/**
 * The whole content is part of it: a file that was replaced while it was backed up may have given
 * its inode number to another, and different files must never become one.
 */
function identityOf(node: Node): string {
  const { type, deviceId, inode, size, device, linkTarget, content } = node
  const hash = createHash('sha256')
  hash.update(`${type}:${deviceId}:${inode}:${size}:${device}:`)
  hash.update(linkTarget ?? '')
  // Ids are all of one length.
  for (const id of content ?? []) hash.update(id)
  return hash.digest('latin1')
}
