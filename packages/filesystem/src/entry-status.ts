// What the kernel says of one directory entry, exact: nanoseconds and 64-bit numbers as bigint.
import { cPath } from './c-path.ts'
import { libc } from './libc.ts'
import { lastSystemError } from './system-error.ts'

export const ENTRY_TYPES = [
  'file',
  'directory',
  'symlink',
  'block-device',
  'character-device',
  'fifo',
  'socket',
] as const
export type EntryType = (typeof ENTRY_TYPES)[number]

export interface EntryStatus {
  readonly type: EntryType
  /** The low twelve bits: permissions, set-user-id, set-group-id, sticky. */
  readonly permissions: number
  readonly uid: number
  readonly gid: number
  readonly inode: bigint
  /** `st_dev` */
  readonly device: bigint
  readonly links: number
  readonly size: bigint
  /** Allocated bytes; less than `size` means that the file may have holes. */
  readonly allocatedBytes: bigint
  /** Nanoseconds since 1970; negative before. */
  readonly atimeNs: bigint
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
  /** `st_rdev`; 0 unless a device. */
  readonly deviceNumber: bigint
  /** True where a mount begins, also a bind mount of the same file system. */
  readonly isMountRoot: boolean
}

/** For `statusAt`: paths are below the working directory, or absolute. */
export const WORKING_DIRECTORY = -100

/**
 * Status of `name` below the open directory `directory`; a final symbolic link is not followed.
 * Calls the kernel synchronously: about one microsecond when the inode is cached.
 */
export function statusAt(directory: number, name: Uint8Array): EntryStatus {
  return status(directory, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT)
}

/** Status of an open file or directory. */
export function statusOfHandle(handle: number): EntryStatus {
  return status(handle, EMPTY_PATH, AT_EMPTY_PATH)
}

const EMPTY_PATH = new Uint8Array(0)
const AT_SYMLINK_NOFOLLOW = 0x100
const AT_NO_AUTOMOUNT = 0x800
const AT_EMPTY_PATH = 0x1000
const STATX_BASIC_STATS = 0x7ff
const STATX_ATTR_MOUNT_ROOT = 0x2000n

const statx = libc.func('int statx(int, void *, int, unsigned int, void *)')

// `struct statx` has one layout on all architectures (linux/stat.h); little-endian ones only.
const STATX_SIZE = 256
const buffer = new Uint8Array(STATX_SIZE)
const view = new DataView(buffer.buffer)

function status(directory: number, name: Uint8Array, flags: number): EntryStatus {
  if (statx(directory, cPath(name), flags, STATX_BASIC_STATS, buffer) !== 0) {
    throw lastSystemError('statx', name)
  }
  const mode = view.getUint16(28, true)
  return {
    type: typeOfMode(mode),
    permissions: mode & 0o7777,
    uid: view.getUint32(20, true),
    gid: view.getUint32(24, true),
    inode: view.getBigUint64(32, true),
    device: deviceFrom(view.getUint32(136, true), view.getUint32(140, true)),
    links: view.getUint32(16, true),
    size: view.getBigUint64(40, true),
    allocatedBytes: view.getBigUint64(48, true) * 512n,
    atimeNs: timeAt(64),
    ctimeNs: timeAt(96),
    mtimeNs: timeAt(112),
    deviceNumber: deviceFrom(view.getUint32(128, true), view.getUint32(132, true)),
    isMountRoot: (view.getBigUint64(8, true) & STATX_ATTR_MOUNT_ROOT) !== 0n,
  }
}

function timeAt(offset: number): bigint {
  return view.getBigInt64(offset, true) * 1_000_000_000n + BigInt(view.getUint32(offset + 8, true))
}

/** glibc's `makedev`: what `st_dev` and `st_rdev` hold. */
function deviceFrom(major: number, minor: number): bigint {
  const high = BigInt(major)
  const low = BigInt(minor)
  return (
    (low & 0xffn) | ((high & 0xfffn) << 8n) | ((low & ~0xffn) << 12n) | ((high & ~0xfffn) << 32n)
  )
}

function typeOfMode(mode: number): EntryType {
  const type = TYPE_OF_FORMAT.get(mode & 0o170000)
  if (type === undefined) throw new RangeError(`unknown file type in mode ${mode.toString(8)}`)
  return type
}

const TYPE_OF_FORMAT: ReadonlyMap<number, EntryType> = new Map([
  [0o100000, 'file'],
  [0o040000, 'directory'],
  [0o120000, 'symlink'],
  [0o060000, 'block-device'],
  [0o020000, 'character-device'],
  [0o010000, 'fifo'],
  [0o140000, 'socket'],
])
