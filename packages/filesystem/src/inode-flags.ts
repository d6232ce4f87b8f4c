// Inode flags: those that forbid changes even to root (`chattr +i`, `chattr +a`), and btrfs' `+C`.
import { controlHandle } from './ioctl.ts'
import { errnoName } from './system-error.ts'

export interface InodeFlags {
  readonly isImmutable: boolean
  readonly isAppendOnly: boolean
}

/** Both false on file systems that know no such flags. */
export function readInodeFlags(handle: number): InodeFlags {
  const flags = readFlags(handle)
  return { isImmutable: (flags & IMMUTABLE) !== 0, isAppendOnly: (flags & APPEND_ONLY) !== 0 }
}

/**
 * Gives the open directory `target` the flag of `source` that new files in it are not copied on
 * write: btrfs clones only between files that agree in it.
 */
export function copyNoCopyOnWrite(source: number, target: number): void {
  if ((readFlags(source) & NO_COPY_ON_WRITE) === 0) return
  const block = Buffer.alloc(8)
  block.writeUInt32LE((readFlags(target) | NO_COPY_ON_WRITE) >>> 0)
  controlHandle(target, FS_IOC_SETFLAGS, block)
}

const FS_IOC_SETFLAGS = { name: 'FS_IOC_SETFLAGS', number: 0x40086602 }
const NO_COPY_ON_WRITE = 0x0080_0000
const FS_IOC_GETFLAGS = { name: 'FS_IOC_GETFLAGS', number: 0x80086601 }
const APPEND_ONLY = 0x20
const IMMUTABLE = 0x10

function readFlags(handle: number): number {
  const block = Buffer.alloc(8)
  try {
    controlHandle(handle, FS_IOC_GETFLAGS, block)
  } catch (error) {
    const errno = errnoName(error)
    if (errno !== 'ENOTTY' && errno !== 'ENOTSUP' && errno !== 'ENOSYS') throw error
  }
  return block.readUInt32LE(0)
}
