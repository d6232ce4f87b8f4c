// The directory into which a tree is restored.
//
// Names come from a backup, which an attacker may have made, so no path is ever resolved as a
// whole: every directory is opened from the one above it without following links, and every
// entry is made exclusively. That also reaches depths at which a path would be too long.
import {
  closeSync,
  constants,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  symlinkSync,
} from 'node:fs'
import { flushFilesystemInBackground, makeSpecialFile, pathInDirectory } from '@holdfast/filesystem'

export interface RestoreTarget {
  /** For calls that take a path; valid until the next call on the target. */
  accessPath(path: Buffer): Buffer
  makeDirectory(path: Buffer): void
  makeLink(path: Buffer, linkTarget: Buffer): void
  /** A second name of a file that was made before. */
  makeHardLink(path: Buffer, existing: Buffer): void
  makeSpecial(
    path: Buffer,
    special: {
      readonly type: 'fifo' | 'block-device' | 'character-device'
      readonly deviceNumber: bigint
    },
  ): void
  /** The caller closes the handle. */
  createFile(path: Buffer): number
  openFile(path: Buffer): number
  /** Resolves when everything that was written, files and directories, is on the disk. */
  flush(): Promise<void>
  close(): void
}

/** `path` is an existing directory. */
export function openRestoreTarget(path: Buffer): RestoreTarget {
  const root = openSync(path, OPEN_DIRECTORY)
  const handles = new Map<string, number>()

  /** Most recently used last. */
  function directoryHandle(directory: Buffer): number {
    if (directory.length === 0) return root
    const key = directory.toString('latin1')
    const known = handles.get(key)
    const handle = known ?? openBelow(directory)
    if (known !== undefined) handles.delete(key)
    handles.set(key, handle)
    return handle
  }

  function openBelow(directory: Buffer): number {
    const handle = openSync(accessPath(directory), OPEN_DIRECTORY)
    const [oldest] = handles
    if (handles.size >= HANDLES_MAX && oldest !== undefined) {
      handles.delete(oldest[0])
      closeSync(oldest[1])
    }
    return handle
  }

  function accessPath(entry: Buffer): Buffer {
    if (entry.length === 0) return pathInDirectory(root, SELF)
    const slash = entry.lastIndexOf(SLASH)
    const above = directoryHandle(entry.subarray(0, Math.max(slash, 0)))
    return pathInDirectory(above, entry.subarray(slash + 1))
  }

  return {
    accessPath,
    makeDirectory: (entry) => mkdirSync(accessPath(entry), OWNER_ONLY_DIRECTORY),
    makeLink: (entry, linkTarget) => symlinkSync(linkTarget, accessPath(entry)),
    makeHardLink: (entry, existing) => linkSync(accessPath(existing), accessPath(entry)),
    makeSpecial: (entry, special) =>
      makeSpecialFile(accessPath(entry), { ...special, permissions: OWNER_ONLY_FILE }),
    createFile: (entry) => openSync(accessPath(entry), CREATE_FILE, OWNER_ONLY_FILE),
    openFile: (entry) => openSync(accessPath(entry), WRITE_FILE),
    async flush() {
      await flushFilesystemInBackground(root)
      fsyncSync(root)
    },
    close() {
      for (const handle of handles.values()) closeSync(handle)
      handles.clear()
      closeSync(root)
    },
  }
}

const SELF = Buffer.from('.')
const SLASH = 0x2f
const HANDLES_MAX = 128
/** Nobody else looks into what is half restored; the last step gives everything its own mode. */
const OWNER_ONLY_DIRECTORY = 0o700
const OWNER_ONLY_FILE = 0o600

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } = constants
const OPEN_DIRECTORY = O_RDONLY | O_DIRECTORY | O_NOFOLLOW
const CREATE_FILE = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
const WRITE_FILE = O_WRONLY | O_NOFOLLOW
