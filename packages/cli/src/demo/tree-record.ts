// Records everything that a restore has to bring back of a directory tree: content as digests, and
// all metadata. Written apart from the engine on purpose: it is the judge, not a party.
import { createHash } from 'node:crypto'
import {
  type BigIntStats,
  closeSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
} from 'node:fs'
import { readExtendedAttributes } from '@holdfast/filesystem'

export interface TreeEntry {
  readonly type: string
  readonly permissions: number
  readonly uid: number
  readonly gid: number
  /** Nanoseconds since 1970. */
  readonly mtimeNs: bigint
  /** Bytes of a file; 0 for everything else. */
  readonly size: number
  readonly allocatedBytes: number
  /** SHA-256 of a file's bytes. */
  readonly digest: string | undefined
  /** Hexadecimal bytes. */
  readonly linkTarget: string | undefined
  readonly deviceNumber: bigint | undefined
  /** `name=value`, hexadecimal, in byte order of the names. */
  readonly attributes: readonly string[]
  /** The first path, in byte order, of the same inode; undefined when it has one link only. */
  readonly firstLink: string | undefined
}

/** By path below the root, one character for each byte; the root itself is the empty path. */
export type TreeRecord = ReadonlyMap<string, TreeEntry>

export interface ReadTreeOptions {
  /** Paths below the root, one character for each byte, that are left out with all they hold. */
  readonly leftOut: readonly string[]
}

/** Fails when an entry changes kind or vanishes meanwhile: the tree must be at rest. */
export function readTree(root: string, options: ReadTreeOptions = { leftOut: [] }): TreeRecord {
  const record = new Map<string, TreeEntry>()
  const firstLinks = new Map<string, string>()
  const leftOut = new Set(options.leftOut)
  const pending: string[] = ['']
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const absolute = Buffer.concat([Buffer.from(root), Buffer.from(`/${path}`, 'latin1')])
    const entry = readEntry(absolute, path, firstLinks)
    record.set(path, entry)
    if (entry.type !== 'directory') continue
    const names = readdirSync(absolute, { encoding: 'buffer' }).map((name) =>
      name.toString('latin1'),
    )
    // Taken from the end: byte order, which decides what the first link is.
    for (const name of names.toSorted().toReversed()) {
      const below = path === '' ? name : `${path}/${name}`
      if (!leftOut.has(below)) pending.push(below)
    }
  }
  return record
}

/** One for all files: a fresh one for each would cost more than reading them. */
const readBuffer = Buffer.alloc(1024 * 1024)
const BLOCK_BYTES = 512n

function readEntry(absolute: Buffer, path: string, firstLinks: Map<string, string>): TreeEntry {
  const status = lstatSync(absolute, { bigint: true })
  const type = typeOf(status)
  const isFile = type === 'file'
  return {
    type,
    permissions: Number(status.mode & 0o7777n),
    uid: Number(status.uid),
    gid: Number(status.gid),
    mtimeNs: status.mtimeNs,
    size: isFile ? Number(status.size) : 0,
    allocatedBytes: isFile ? Number(status.blocks * BLOCK_BYTES) : 0,
    digest: isFile ? digestOf(absolute) : undefined,
    linkTarget:
      type === 'symlink'
        ? readlinkSync(absolute, { encoding: 'buffer' }).toString('hex')
        : undefined,
    deviceNumber: type.endsWith('device') ? status.rdev : undefined,
    attributes: readExtendedAttributes(absolute)
      .map(({ name, value }) => `${name.toString('hex')}=${value.toString('hex')}`)
      .toSorted(),
    firstLink: firstLinkOf(status, type, path, firstLinks),
  }
}

function typeOf(status: BigIntStats): string {
  if (status.isFile()) return 'file'
  if (status.isDirectory()) return 'directory'
  if (status.isSymbolicLink()) return 'symlink'
  if (status.isFIFO()) return 'fifo'
  if (status.isSocket()) return 'socket'
  return status.isBlockDevice() ? 'block-device' : 'character-device'
}

function digestOf(absolute: Buffer): string {
  const hash = createHash('sha256')
  const handle = openSync(absolute, 'r')
  try {
    for (let read = readSync(handle, readBuffer); read > 0; read = readSync(handle, readBuffer)) {
      hash.update(readBuffer.subarray(0, read))
    }
  } finally {
    closeSync(handle)
  }
  return hash.digest('hex')
}

function firstLinkOf(
  status: BigIntStats,
  type: string,
  path: string,
  firstLinks: Map<string, string>,
): string | undefined {
  if (type === 'directory' || status.nlink < 2n) return undefined
  const inode = `${status.dev}:${status.ino}`
  const first = firstLinks.get(inode) ?? path
  firstLinks.set(inode, first)
  return first
}
