// Saves a small document as a snapshot of one file, so that it travels with the repository and
// stock restic can show it.
import { createChunker } from '../chunker/chunker.ts'
import type { BlobId, SnapshotId } from '../format/ids.ts'
import type { Node, NodeType } from '../format/node.ts'
import { goModeOfUnixMode } from '../format/node-mode.ts'
import { createTreeEncoder } from '../format/tree.ts'
import type { Repository } from '../repository.ts'
import type { BackupLabel } from './backup.ts'
import { pathComponents } from './find-node.ts'

export interface DescribeOptions {
  /** With its index loaded; the caller holds a lock from before until after. */
  readonly repository: Repository
  /** Its `logicalPath` names the file; `timeNs` is the time of the file and its directories too. */
  readonly label: BackupLabel
  readonly content: Uint8Array
  /** Last chance to refuse before the snapshot is written: is the lock still held? */
  readonly beforeSnapshot: () => Promise<void>
  readonly signal: AbortSignal | undefined
}

const FILE_MODE = 0o600
const DIRECTORY_MODE = 0o700

/** The same content and label give the same tree. */
export async function describe(options: DescribeOptions): Promise<SnapshotId> {
  const { repository, label, content, signal } = options
  const names = pathComponents(label.logicalPath)
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
      time: label.timeNs,
      tree,
      paths: [label.logicalPath],
      hostname: label.hostname,
      username: label.username,
      uid: label.uid,
      gid: label.gid,
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

function emptyNode(name: Buffer, type: NodeType, { timeNs }: BackupLabel): Node {
  return {
    name,
    type,
    mode: goModeOfUnixMode(type, type === 'dir' ? DIRECTORY_MODE : FILE_MODE),
    mtime: timeNs,
    atime: timeNs,
    ctime: timeNs,
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
