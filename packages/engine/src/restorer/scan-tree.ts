// Counts what a tree will take, before anything is written.
import { blobIdOf } from '../blob/blob-encoding.ts'
import { CHUNK_SIZE_BYTES_MIN } from '../chunker/chunker.ts'
import type { Node } from '../format/node.ts'
import type { BlobReader } from '../repository.ts'
import { trackHardLinks } from './hard-links.ts'
import { walkTreeInOrder } from './ordered-tree-walk.ts'
import type { RestoreCount } from './restore-observer.ts'

export interface TreeScan {
  readonly count: RestoreCount
  /** Bytes on the disk: holes and further names of a file take none, every entry takes a block. */
  readonly neededBytes: number
}

const BYTES_PER_ENTRY = 4096
const ZERO_CHUNK_ID = blobIdOf(new Uint8Array(CHUNK_SIZE_BYTES_MIN))

export async function scanTree(
  repository: BlobReader,
  root: Node,
  signal: AbortSignal | undefined,
): Promise<TreeScan> {
  const hardLinks = trackHardLinks()
  let entries = 0
  let bytes = 0
  let neededBytes = 0
  for await (const { kind, path, node } of walkTreeInOrder(repository, root, signal)) {
    signal?.throwIfAborted()
    if (kind === 'leave' || node.type === 'socket') continue
    entries += 1
    neededBytes += BYTES_PER_ENTRY
    if (node.type !== 'file') continue
    const size = Number(node.size)
    bytes += size
    if (hardLinks.firstPathOf(path, node) === undefined) neededBytes += size - holeBytes(node)
  }
  return { count: { entries, bytes }, neededBytes }
}

function holeBytes(node: Node): number {
  let zeroChunks = 0
  for (const id of node.content ?? []) if (id === ZERO_CHUNK_ID) zeroChunks += 1
  return zeroChunks * CHUNK_SIZE_BYTES_MIN
}
