// Sets metadata exactly, by byte path; symbolic links are never followed.
import { chmodSync, lchownSync } from 'node:fs'
import { cPath } from './c-path.ts'
import { WORKING_DIRECTORY } from './entry-status.ts'
import { libc } from './libc.ts'
import { lastSystemError } from './system-error.ts'

/** Sets both times to the nanosecond; negative ones are before 1970. */
export function setTimes(
  path: Uint8Array,
  { atimeNs, mtimeNs }: { readonly atimeNs: bigint; readonly mtimeNs: bigint },
): void {
  putTime(0, atimeNs)
  putTime(16, mtimeNs)
  if (utimensat(WORKING_DIRECTORY, cPath(path), times, AT_SYMLINK_NOFOLLOW) !== 0) {
    throw lastSystemError('utimensat', path)
  }
}

export function setOwner(
  path: Uint8Array,
  { uid, gid }: { readonly uid: number; readonly gid: number },
): void {
  lchownSync(Buffer.from(path), uid, gid)
}

/** Not for symbolic links: Linux keeps no mode for them and this call would follow one. */
export function setPermissions(path: Uint8Array, permissions: number): void {
  chmodSync(Buffer.from(path), permissions)
}

/** Makes a fifo or a device; `deviceNumber` as in `st_rdev`. The umask applies. */
export function makeSpecialFile(
  path: Uint8Array,
  {
    type,
    permissions,
    deviceNumber,
  }: {
    readonly type: 'fifo' | 'block-device' | 'character-device'
    readonly permissions: number
    readonly deviceNumber: bigint
  },
): void {
  const mode = FORMAT_OF_TYPE[type] | permissions
  if (mknodat(WORKING_DIRECTORY, cPath(path), mode, deviceNumber) !== 0) {
    throw lastSystemError('mknodat', path)
  }
}

const AT_SYMLINK_NOFOLLOW = 0x100
const NANOSECONDS = 1_000_000_000n

const FORMAT_OF_TYPE = {
  fifo: 0o010000,
  'character-device': 0o020000,
  'block-device': 0o060000,
} as const

const utimensat = libc.func('int utimensat(int, void *, void *, int)')
const mknodat = libc.func('int mknodat(int, void *, unsigned int, uint64_t)')

const times = new Uint8Array(32)
const timesView = new DataView(times.buffer)

/** `struct timespec` counts seconds down below zero and nanoseconds always up. */
function putTime(offset: number, timeNs: bigint): void {
  const nanoseconds = ((timeNs % NANOSECONDS) + NANOSECONDS) % NANOSECONDS
  timesView.setBigInt64(offset, (timeNs - nanoseconds) / NANOSECONDS, true)
  timesView.setBigInt64(offset + 8, nanoseconds, true)
}
