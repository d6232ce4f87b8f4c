// btrfs subvolumes by ioctl; the `btrfs` program is not needed.
//
// Numbers and layouts are those of linux/btrfs.h.
import { statfsSync } from 'node:fs'
import { statusOfHandle } from './entry-status.ts'
import type { EntryOfDirectory } from './exchange.ts'
import { controlHandle, controlHandleInBackground, type IoctlRequest } from './ioctl.ts'
import { errnoName } from './system-error.ts'

/** True for the root directory of a subvolume, the file system's own first one included. */
export function isSubvolume(handle: number): boolean {
  return statusOfHandle(handle).inode === SUBVOLUME_ROOT_INODE && isOnBtrfs(handle)
}

export function isOnBtrfs(handle: number): boolean {
  return statfsSync(`/proc/self/fd/${handle}`).type === BTRFS_MAGIC
}

export function createSubvolume(target: EntryOfDirectory): void {
  controlHandle(target.directory, SUBVOL_CREATE_V2, volumeArguments(target.name, {}))
}

/** Flushes the subvolume first, so it may wait for the disk; off the event loop. */
export async function snapshotSubvolume({
  source,
  target,
  isReadOnly,
}: {
  /** File descriptor of the subvolume's root directory. */
  readonly source: number
  readonly target: EntryOfDirectory
  readonly isReadOnly: boolean
}): Promise<void> {
  const block = volumeArguments(target.name, { source, isReadOnly })
  await controlHandleInBackground(target.directory, SNAP_CREATE_V2, block)
}

/** The name is gone at once; the file system gives the space back in the background. */
export function deleteSubvolume(target: EntryOfDirectory): void {
  const block = Buffer.alloc(ARGUMENTS_SIZE)
  putName(block, 8, target.name)
  controlHandle(target.directory, SNAP_DESTROY, block)
}

export function makeSubvolumeWritable(handle: number): void {
  const flags = Buffer.alloc(8)
  controlHandle(handle, SUBVOL_GETFLAGS, flags)
  flags.writeBigUInt64LE(flags.readBigUInt64LE() & ~SUBVOLUME_READ_ONLY)
  controlHandle(handle, SUBVOL_SETFLAGS, flags)
}

/**
 * What tells one subvolume from another: all roots have the same inode number, and device numbers
 * change with a reboot.
 */
export function subvolumeUUID(handle: number): string {
  const block = Buffer.alloc(504)
  controlHandle(handle, GET_SUBVOL_INFO, block)
  return block.toString('hex', 0x128, 0x128 + 16)
}

/** Paths, relative to the open directory, of the subvolumes below it; not those inside of them. */
export function nestedSubvolumes(handle: number): Buffer[] {
  const paths: Buffer[] = []
  for (const child of childrenOfSubvolume(handle)) {
    const path = pathBelow(handle, child)
    if (path !== undefined) paths.push(path)
  }
  return paths.sort(Buffer.compare)
}

const SUBVOLUME_ROOT_INODE = 256n
const BTRFS_MAGIC = 0x9123683e
const ARGUMENTS_SIZE = 4096
const NAME_MAX = 255
const CREATE_READ_ONLY = 2n
const SUBVOLUME_READ_ONLY = 2n

const SNAP_DESTROY = { name: 'BTRFS_IOC_SNAP_DESTROY', number: 0x5000940f }
const SNAP_CREATE_V2 = { name: 'BTRFS_IOC_SNAP_CREATE_V2', number: 0x50009417 }
const SUBVOL_CREATE_V2 = { name: 'BTRFS_IOC_SUBVOL_CREATE_V2', number: 0x50009418 }
const SUBVOL_GETFLAGS = { name: 'BTRFS_IOC_SUBVOL_GETFLAGS', number: 0x80089419 }
const SUBVOL_SETFLAGS = { name: 'BTRFS_IOC_SUBVOL_SETFLAGS', number: 0x4008941a }
const GET_SUBVOL_INFO = { name: 'BTRFS_IOC_GET_SUBVOL_INFO', number: 0x81f8943c }
const GET_SUBVOL_ROOTREF = { name: 'BTRFS_IOC_GET_SUBVOL_ROOTREF', number: 0xd000943d }
const INO_LOOKUP_USER: IoctlRequest = { name: 'BTRFS_IOC_INO_LOOKUP_USER', number: 0xd000943e }

/** `struct btrfs_ioctl_vol_args_v2` */
function volumeArguments(
  name: Uint8Array,
  { source = 0, isReadOnly = false }: { readonly source?: number; readonly isReadOnly?: boolean },
): Buffer {
  const block = Buffer.alloc(ARGUMENTS_SIZE)
  block.writeBigInt64LE(BigInt(source), 0)
  block.writeBigUInt64LE(isReadOnly ? CREATE_READ_ONLY : 0n, 16)
  putName(block, 56, name)
  return block
}

function putName(block: Buffer, offset: number, name: Uint8Array): void {
  if (name.length === 0 || name.length > NAME_MAX || name.includes(0)) {
    throw new RangeError('a subvolume name has 1 to 255 bytes and no zero byte')
  }
  block.set(name, offset)
}

interface SubvolumeReference {
  readonly treeID: bigint
  /** Inode of the directory that holds it. */
  readonly directoryInode: bigint
}

/** `struct btrfs_ioctl_get_subvol_rootref_args`: at most 255 at a time, then `EOVERFLOW`. */
function childrenOfSubvolume(handle: number): SubvolumeReference[] {
  const children: SubvolumeReference[] = []
  const block = Buffer.alloc(ARGUMENTS_SIZE)
  for (;;) {
    const isLast = readReferences(handle, block)
    const count = block.readUInt8(0xff8)
    for (let index = 0; index < count; index += 1) {
      const at = 8 + index * 16
      const treeID = block.readBigUInt64LE(at)
      children.push({ treeID, directoryInode: block.readBigUInt64LE(at + 8) })
    }
    // The kernel has put the next tree id to ask for into the block.
    if (isLast) return children
  }
}

function readReferences(handle: number, block: Buffer): boolean {
  try {
    controlHandle(handle, GET_SUBVOL_ROOTREF, block)
    return true
  } catch (error) {
    if (errnoName(error) === 'EOVERFLOW') return false
    throw error
  }
}

/** Undefined when the subvolume lies elsewhere in the same parent, or was deleted meanwhile. */
function pathBelow(handle: number, child: SubvolumeReference): Buffer | undefined {
  const block = Buffer.alloc(ARGUMENTS_SIZE)
  block.writeBigUInt64LE(child.directoryInode, 0)
  block.writeBigUInt64LE(child.treeID, 8)
  try {
    controlHandle(handle, INO_LOOKUP_USER, block)
  } catch (error) {
    const errno = errnoName(error)
    if (errno === 'EACCES' || errno === 'ENOENT') return undefined
    throw error
  }
  return Buffer.concat([textAt(block, 0x110), textAt(block, 0x10)])
}

function textAt(block: Buffer, offset: number): Buffer {
  return Buffer.from(block.subarray(offset, block.indexOf(0, offset)))
}
