// A UUID for a directory that stays while the directory lives, also over a reboot.
import { createHash } from 'node:crypto'
import { lstatSync } from 'node:fs'

export interface DirectoryIdentity {
  readonly uid: string
  /** RFC 3339 */
  readonly createdAt: string
}

/**
 * Made from inode number and birth time: an inode number alone is used again, and device numbers
 * change with the order in which disks are found. `scope` keeps hosts and kinds apart.
 */
export function identifyDirectory(path: Buffer, scope: string): DirectoryIdentity {
  const { ino, birthtimeNs } = lstatSync(path, { bigint: true })
  const digest = createHash('sha1').update(`${scope}\0${ino}\0${birthtimeNs}`).digest()
  const createdAt = new Date(Number(birthtimeNs / 1_000_000n)).toISOString()
  return { uid: toUUIDv5(digest), createdAt }
}

/** RFC 9562, section 5.5: version and variant put over a SHA-1. */
function toUUIDv5(digest: Buffer): string {
  const bytes = Buffer.from(digest.subarray(0, 16))
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  const hex = bytes.toString('hex')
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)]
  return [...parts, hex.slice(20)].join('-')
}
