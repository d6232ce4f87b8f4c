// Directories held open, so that whoever can rename or replace a directory on the way cannot lead
// us elsewhere. Everything below is reached through the handle.
import { closeSync, constants, openSync, realpathSync } from 'node:fs'
import {
  type EntryStatus,
  errnoName,
  pathInDirectory,
  statusAt,
  statusOfHandle,
} from '@holdfast/filesystem'

export interface OpenDirectory extends Disposable {
  readonly handle: number
  /** The absolute path it was opened by: for messages and for other programs, never to act on. */
  readonly path: Buffer
  status(): EntryStatus
  /** A path to act on, valid in this process while the directory is open. */
  entryPath(name: Uint8Array | string): Buffer
}

/** Opens a directory by its absolute path, symbolic links resolved. */
export function openRootDirectory(path: string | Uint8Array): OpenDirectory {
  const real = realpathSync(typeof path === 'string' ? path : Buffer.from(path), {
    encoding: 'buffer',
  })
  return toOpenDirectory(openSync(real, OPEN_DIRECTORY), real)
}

/** Opens an entry of `parent`; a symbolic link or anything but a directory fails. */
export function openSubdirectory(parent: OpenDirectory, name: Uint8Array | string): OpenDirectory {
  const handle = openSync(parent.entryPath(name), OPEN_DIRECTORY)
  return toOpenDirectory(handle, joinPath(parent.path, name))
}

/** As `openSubdirectory`; undefined when there is nothing of that name. */
export function openSubdirectoryIfExists(
  parent: OpenDirectory,
  name: Uint8Array | string,
): OpenDirectory | undefined {
  try {
    return openSubdirectory(parent, name)
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return undefined
    throw error
  }
}

/** As `openSubdirectoryIfExists`; undefined also for a file or a symbolic link in its place. */
export function openIfDirectory(
  parent: OpenDirectory,
  name: Uint8Array | string,
): OpenDirectory | undefined {
  try {
    return openSubdirectoryIfExists(parent, name)
  } catch (error) {
    const errno = errnoName(error)
    if (errno === 'ENOTDIR' || errno === 'ELOOP') return undefined
    throw error
  }
}

/** The directory itself once more, by a handle of its own. */
export function reopenDirectory(directory: OpenDirectory): OpenDirectory {
  const handle = openSync(directory.entryPath('.'), OPEN_DIRECTORY)
  return toOpenDirectory(handle, directory.path)
}

/** Undefined when there is no such entry; a symbolic link is not followed. */
export function statusIfExists(
  directory: OpenDirectory,
  name: Uint8Array | string,
): EntryStatus | undefined {
  try {
    return statusAt(directory.handle, Buffer.from(name))
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return undefined
    throw error
  }
}

export function joinPath(directory: Uint8Array, name: Uint8Array | string): Buffer {
  const separator = directory.at(-1) === SLASH ? '' : '/'
  return Buffer.concat([directory, Buffer.from(separator), Buffer.from(name)])
}

const SLASH = 0x2f
const OPEN_DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW

function toOpenDirectory(handle: number, path: Buffer): OpenDirectory {
  let isOpen = true
  return {
    handle,
    path,
    status: () => statusOfHandle(handle),
    entryPath: (name) => pathInDirectory(handle, Buffer.from(name)),
    [Symbol.dispose]() {
      if (!isOpen) return
      isOpen = false
      closeSync(handle)
    },
  }
}
