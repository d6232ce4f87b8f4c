// One entry of a directory, as a tree blob holds it (repository format, section 3.4).
import type { JsonValue } from './go-json.ts'
import type { BlobId } from './ids.ts'

export const NODE_TYPES = ['file', 'dir', 'symlink', 'dev', 'chardev', 'fifo', 'socket'] as const
export type NodeType = (typeof NODE_TYPES)[number]

export interface ExtendedAttribute {
  /** The format stores names as JSON text: bytes that are not UTF-8 become U+FFFD. */
  readonly name: Buffer
  readonly value: Buffer
}

/** Times are nanoseconds since 1970-01-01T00:00:00Z, negative before. */
export interface Node {
  /** Raw bytes of the name. */
  readonly name: Buffer
  readonly type: NodeType
  /** Go's FileMode, see `node-mode.ts`; a u32. */
  readonly mode: number
  readonly mtime: bigint
  /** Equal to `mtime` unless access times are wanted. */
  readonly atime: bigint
  readonly ctime: bigint
  readonly uid: number
  readonly gid: number
  /** Empty when the id has no name. */
  readonly user: string
  readonly group: string
  readonly inode: bigint
  readonly deviceId: bigint
  /** Regular files only: bytes actually read. 0 otherwise. */
  readonly size: bigint
  /** Not for dir, fifo and socket, which have 0. */
  readonly links: bigint
  /** Raw bytes, symlinks only. */
  readonly linkTarget?: Buffer
  readonly extendedAttributes: readonly ExtendedAttribute[]
  /** Written by other systems; kept. */
  readonly genericAttributes?: { readonly [name: string]: JsonValue }
  /** st_rdev of dev and chardev; 0 otherwise. */
  readonly device: bigint
  /** Data blobs in order; empty for an empty file, undefined for everything that is not a file. */
  readonly content?: readonly BlobId[]
  /** Tree blob of a dir. */
  readonly subtree?: BlobId
  readonly error?: string
}

/** A node to be written; the blobs of a long file need not be texts all at once. */
export interface WritableNode extends Omit<Node, 'content'> {
  readonly content?: Iterable<BlobId>
}
