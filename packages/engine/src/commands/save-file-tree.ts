// Saves the trees above one file that no file system has: a description, a stream.
import type { BlobId } from '../format/ids.ts'
import type { Node, NodeType, WritableNode } from '../format/node.ts'
import { goModeOfUnixMode } from '../format/node-mode.ts'
import { createTreeEncoder } from '../format/tree.ts'
import type { Repository } from '../repository.ts'
import type { BackupLabel } from './backup.ts'
import { pathComponents } from './find-node.ts'

export interface FileToSave {
  readonly repository: Repository
  /** Its `logicalPath` names the file; `timeNs` is the time of the file and its directories too. */
  readonly label: BackupLabel
  /** Its blobs in their order, saved by `repository`. */
  readonly content: Iterable<BlobId>
  readonly sizeBytes: number
  readonly signal: AbortSignal | undefined
}

export interface SavedFileTree {
  readonly tree: BlobId
  readonly treeBlobs: number
  readonly addedPlainBytes: number
  readonly addedStoredBytes: number
}

const FILE_MODE = 0o600
const DIRECTORY_MODE = 0o700

/** The same content and label give the same tree. The caller flushes. */
export async function saveFileTree(file: FileToSave): Promise<SavedFileTree> {
  const { label, content, sizeBytes } = file
  const names = pathComponents(label.logicalPath)
  const fileName = names.pop()
  if (fileName === undefined) throw new RangeError('a file needs a name')
  const node = { ...emptyNode(fileName, 'file', label), size: BigInt(sizeBytes), links: 1n }
  let saved = await saveTree(file, { ...node, content }, NOTHING_SAVED)
  for (const name of names.reverse()) {
    const directory = { ...emptyNode(name, 'dir', label), subtree: saved.tree }
    saved = await saveTree(file, directory, saved)
  }
  return saved
}

const NOTHING_SAVED = { treeBlobs: 0, addedPlainBytes: 0, addedStoredBytes: 0 }

async function saveTree(
  { repository, signal }: FileToSave,
  node: WritableNode,
  before: Omit<SavedFileTree, 'tree'>,
): Promise<SavedFileTree> {
  const encoder = createTreeEncoder()
  encoder.append(node)
  const plain = encoder.finish()
  // Read first: the writer takes the memory over.
  const plainBytes = plain.length
  const { id, isNew, storedBytes } = await repository.saveBlob('tree', plain, signal)
  return {
    tree: id,
    treeBlobs: before.treeBlobs + (isNew ? 1 : 0),
    addedPlainBytes: before.addedPlainBytes + (isNew ? plainBytes : 0),
    addedStoredBytes: before.addedStoredBytes + storedBytes,
  }
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
