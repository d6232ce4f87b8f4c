// Snapshots of trees that exist only in a test, and what they hold when they are read again.
import type { BlobId, SnapshotId } from '../format/ids.ts'
import type { Node, NodeType } from '../format/node.ts'
import { goModeOfUnixMode } from '../format/node-mode.ts'
import { createTreeEncoder, decodeTree } from '../format/tree.ts'
import type { Repository } from '../repository.ts'

/** Directories by name; the content of files. */
export interface SyntheticTree {
  readonly [name: string]: SyntheticTree | Buffer
}

export interface SyntheticLabel {
  /** Seconds since 1970; tells snapshots apart. */
  readonly second: number
  readonly tags: readonly string[]
}

/** Small, so that little content makes many blobs. */
const BLOB_BYTES_MAX = 64 * 1024

/** Saves and flushes as a backup does; the repository's index must be loaded. */
export async function saveSyntheticSnapshot(
  repository: Repository,
  content: SyntheticTree,
  { second, tags }: SyntheticLabel,
): Promise<SnapshotId> {
  const tree = await saveTree(repository, content)
  await repository.flush(undefined)
  return await repository.saveSnapshot(
    {
      time: BigInt(second) * 1_000_000_000n,
      tree,
      paths: ['/'],
      hostname: 'test',
      username: 'test',
      uid: 0,
      gid: 0,
      excludes: [],
      tags,
    },
    undefined,
  )
}

export async function readSyntheticSnapshot(
  repository: Repository,
  id: SnapshotId,
): Promise<SyntheticTree> {
  const { tree } = await repository.loadSnapshot(id, undefined)
  return await readTree(repository, tree)
}

async function saveTree(repository: Repository, content: SyntheticTree): Promise<BlobId> {
  const named = Object.entries(content)
    .map(([name, value]) => ({ name: Buffer.from(name), value }))
    .sort((left, right) => left.name.compare(right.name))
  const encoder = createTreeEncoder()
  for (const { name, value } of named) {
    encoder.append(
      Buffer.isBuffer(value)
        ? { ...emptyNode(name, 'file'), ...(await saveFile(repository, value)) }
        : { ...emptyNode(name, 'dir'), subtree: await saveTree(repository, value) },
    )
  }
  const { id } = await repository.saveBlob('tree', encoder.finish(), undefined)
  return id
}

async function saveFile(
  repository: Repository,
  content: Buffer,
): Promise<Pick<Node, 'size' | 'links' | 'content'>> {
  const blobs: BlobId[] = []
  for (let start = 0; start < content.length; start += BLOB_BYTES_MAX) {
    const plain = Uint8Array.from(content.subarray(start, start + BLOB_BYTES_MAX))
    blobs.push((await repository.saveBlob('data', plain, undefined)).id)
  }
  return { size: BigInt(content.length), links: 1n, content: blobs }
}

async function readTree(repository: Repository, tree: BlobId): Promise<SyntheticTree> {
  const content: Record<string, SyntheticTree | Buffer> = {}
  for (const node of decodeTree(await repository.loadBlob('tree', tree, undefined))) {
    const name = node.name.toString('utf8')
    if (node.subtree !== undefined) {
      content[name] = await readTree(repository, node.subtree)
    } else {
      const blobs: Buffer[] = []
      for (const id of node.content ?? []) {
        blobs.push(await repository.loadBlob('data', id, undefined))
      }
      content[name] = Buffer.concat(blobs)
    }
  }
  return content
}

function emptyNode(name: Buffer, type: NodeType): Node {
  return {
    name,
    type,
    mode: goModeOfUnixMode(type, 0o755),
    mtime: 0n,
    atime: 0n,
    ctime: 0n,
    uid: 0,
    gid: 0,
    user: '',
    group: '',
    inode: 0n,
    deviceId: 0n,
    size: 0n,
    links: 0n,
    extendedAttributes: [],
    device: 0n,
  }
}
