// Saves a small document as a snapshot of one file, so that it travels with the repository and
// stock restic can show it.
import { createChunker } from '../chunker/chunker.ts'
import type { BlobId, SnapshotId } from '../format/ids.ts'
import type { Node, NodeType } from '../format/node.ts'
import { goModeOfUnixMode } from '../format/node-mode.ts'
import { createTreeEncoder } from '../format/tree.ts'
import type { Repository } from '../repository.ts'

export interface DescribeOptions {
  /** With its index loaded; the caller holds a lock from before until after. */
  readonly repository: Repository
  readonly label: DescriptionLabel
  /** Names of the directories and, last, of the file. */
  readonly path: readonly string[]
  readonly content: Uint8Array
  /** Asked right before the snapshot is saved; throws when the lock is gone. */
  readonly beforeSnapshot: () => Promise<void>
  readonly signal: AbortSignal | undefined
}

export interface DescriptionLabel {
  /** Nanoseconds since 1970; also the time of the file and its directories. */
  readonly time: bigint
  readonly hostname: string
  readonly username: string
  readonly tags: readonly string[]
  readonly programVersion: string
}

const FILE_MODE = 0o600
const DIRECTORY_MODE = 0o700

/** The same content, path and label give the same tree. */
export async function describe(options: DescribeOptions): Promise<SnapshotId> {
  const { repository, label, path, content, signal } = options
  const names = path.map((name) => Buffer.from(name))
  const fileName = names.pop()
  if (fileName === undefined) throw new RangeError('a description needs a name')
  const blobs = await saveContent(options)
  const file = {
    ...emptyNode(fileName, 'file', label),
    size: BigInt(content.length),
    content: blobs,
  }
  let tree = await saveTree(repository, { ...file, links: 1n }, signal)
  for (const name of names.reverse()) {
    const directory = { ...emptyNode(name, 'dir', label), subtree: tree }
    tree = await saveTree(repository, directory, signal)
  }
  await repository.flush(signal)
  await options.beforeSnapshot()
  return await repository.saveSnapshot(
    {
      time: label.time,
      tree,
      paths: [`/${path.join('/')}`],
      hostname: label.hostname,
      username: label.username,
      uid: 0,
      gid: 0,
      excludes: [],
      tags: label.tags,
      programVersion: label.programVersion,
    },
    signal,
  )
}

async function saveContent({ repository, content, signal }: DescribeOptions): Promise<BlobId[]> {
  const chunker = createChunker(repository.config.chunkerPolynomial)
  const blobs: BlobId[] = []
  let rest = content
  while (rest.length > 0) {
    const cut = chunker.findCut(rest) ?? rest.length
    // A copy, since the writer takes ownership of what it gets.
    const { id } = await repository.saveBlob('data', Uint8Array.from(rest.subarray(0, cut)), signal)
    blobs.push(id)
    rest = rest.subarray(cut)
  }
  return blobs
}

async function saveTree(
  repository: Repository,
  node: Node,
  signal: AbortSignal | undefined,
): Promise<BlobId> {
  const encoder = createTreeEncoder()
  encoder.append(node)
  const { id } = await repository.saveBlob('tree', encoder.finish(), signal)
  return id
}

function emptyNode(name: Buffer, type: NodeType, { time }: DescriptionLabel): Node {
  return {
    name,
    type,
    mode: goModeOfUnixMode(type, type === 'dir' ? DIRECTORY_MODE : FILE_MODE),
    mtime: time,
    atime: time,
    ctime: time,
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
