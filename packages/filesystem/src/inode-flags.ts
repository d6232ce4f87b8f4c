// The inode flags that forbid changes even to root (`chattr +i`, `chattr +a`).
import { controlHandle } from './ioctl.ts'
import { errnoName } from './system-error.ts'

export interface InodeFlags {
  readonly isImmutable: boolean
  readonly isAppendOnly: boolean
}

/** Both false on file systems that know no such flags. */
export function readInodeFlags(handle: number): InodeFlags {
  const block = Buffer.alloc(8)
  try {
    controlHandle(handle, FS_IOC_GETFLAGS, block)
  } catch (error) {
    const errno = errnoName(error)
    if (errno !== 'ENOTTY' && errno !== 'ENOTSUP' && errno !== 'ENOSYS') throw error
  }
  const flags = block.readUInt32LE(0)
  return { isImmutable: (flags & IMMUTABLE) !== 0, isAppendOnly: (flags & APPEND_ONLY) !== 0 }
}

const FS_IOC_GETFLAGS = { name: 'FS_IOC_GETFLAGS', number: 0x80086601 }
const APPEND_ONLY = 0x20
const IMMUTABLE = 0x10
