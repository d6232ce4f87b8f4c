// Makes the node of an entry from what the file system says of it.
import type { EntryOrigin, EntryStatus, EntryType, ExtendedAttribute } from '@holdfast/filesystem'
import type { BlobId } from '../format/ids.ts'
import type { Node, NodeType } from '../format/node.ts'
import { goModeOfUnixMode } from '../format/node-mode.ts'
import type { OwnerNames } from './owner-names.ts'

export interface EntryFacts {
  readonly name: Buffer
  /** With the origin's inode, ctime and device where there is one (`withOrigin`). */
  readonly status: EntryStatus
  readonly extendedAttributes: readonly ExtendedAttribute[]
  readonly owners: OwnerNames
}

/** What only some types have. */
export interface NodeContent {
  readonly linkTarget?: Buffer
  readonly content?: readonly BlobId[]
  /** Bytes that were read, for files. */
  readonly sizeBytes?: number
  readonly subtree?: BlobId
}

const NODE_TYPE_OF: Readonly<Record<EntryType, NodeType>> = {
  file: 'file',
  directory: 'dir',
  symlink: 'symlink',
  'block-device': 'dev',
  'character-device': 'chardev',
  fifo: 'fifo',
  socket: 'socket',
}

/** Types whose nodes say how many links they have (repository format, section 3.4). */
const TYPES_WITH_LINKS: ReadonlySet<NodeType> = new Set(['file', 'symlink', 'dev', 'chardev'])

export function entryNode(
  { name, status, extendedAttributes, owners }: EntryFacts,
  { linkTarget, content, sizeBytes, subtree }: NodeContent,
): Node {
  const type = NODE_TYPE_OF[status.type]
  const isDevice = type === 'dev' || type === 'chardev'
  return {
    name,
    type,
    mode: goModeOfUnixMode(type, status.permissions),
    mtime: status.mtimeNs,
    atime: status.mtimeNs,
    ctime: status.ctimeNs,
    uid: status.uid,
    gid: status.gid,
    user: owners.userName(status.uid),
    group: owners.groupName(status.gid),
    inode: status.inode,
    deviceId: status.device,
    size: BigInt(sizeBytes ?? 0),
    links: TYPES_WITH_LINKS.has(type) ? BigInt(status.links) : 0n,
    extendedAttributes,
    device: isDevice ? status.deviceNumber : 0n,
    ...(linkTarget === undefined ? {} : { linkTarget }),
    ...(content === undefined ? {} : { content }),
    ...(subtree === undefined ? {} : { subtree }),
  }
}

/** A copy speaks for its original, so that what is unchanged there counts as unchanged here. */
export function withOrigin(status: EntryStatus, origin: EntryOrigin | undefined): EntryStatus {
  return origin === undefined ? status : { ...status, ...origin }
}
