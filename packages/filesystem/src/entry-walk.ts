// Walks a directory tree in one fixed order: each directory before its entries, entries sorted by
// the bytes of their names, a directory's whole content before its next sibling.
//
// Every step goes through open directory handles, so a directory that is swapped for a symbolic
// link while we walk cannot lead outside. Mounts and nested subvolumes are not entered.
import { closeSync, constants, openSync } from 'node:fs'
import { pathInDirectory } from './c-path.ts'
import { type DirectoryNames, readDirectoryNames } from './directory-names.ts'
import { type EntryStatus, statusAt, statusOfHandle } from './entry-status.ts'
import { errnoName } from './system-error.ts'

export type HoleReason = 'mount' | 'subvolume'

export interface WalkOptions {
  /** An existing directory. */
  readonly root: Uint8Array
  /** Yields the root and its entries that are no directories, and nothing below. */
  readonly looseEntriesOnly: boolean
  /** Directories, by path below the root, that are not entered although nothing shows it. */
  readonly isGivenHole: (path: Buffer) => HoleReason | undefined
  /** Entries, by path below the root, that the walk passes over as if they were not there. */
  readonly isExcluded?: ((path: Buffer) => boolean) | undefined
}

export type WalkStep =
  | {
      readonly kind: 'entry'
      /** Below the root; empty for the root itself. */
      readonly path: Buffer
      /** Last component; `.` for the root. */
      readonly name: Buffer
      /** Open handle of the directory that holds it; valid until the next step. */
      readonly directory: number
      readonly status: EntryStatus
      /** Set for a directory that is not entered; its `leave` still comes. */
      readonly hole: HoleReason | undefined
    }
  /** After the last entry of a directory. */
  | { readonly kind: 'leave'; readonly path: Buffer }
  /** A file that is itself a mount: outside of the tree. */
  | { readonly kind: 'mounted-file'; readonly path: Buffer }
  /** Listed, but gone when it was looked at. */
  | { readonly kind: 'vanished'; readonly path: Buffer }
  /**
   * No status of the entry; or, between a directory's `entry` and its `leave`, it could not be
   * opened or read to its end.
   */
  | { readonly kind: 'failed'; readonly path: Buffer; readonly error: Error }

/**
 * Synchronous; the caller hands the thread back now and then. Fails only when the root cannot be
 * opened or read. Returning the generator closes every handle.
 */
export function* walkEntries(options: WalkOptions): Generator<WalkStep, void, undefined> {
  const open: OpenDirectory[] = []
  try {
    const root = openRoot(options.root)
    open.push(root)
    const { status } = root
    yield {
      kind: 'entry',
      path: NO_PATH,
      name: SELF,
      directory: root.handle,
      status,
      hole: undefined,
    }
    for (let current = open.at(-1); current !== undefined; current = open.at(-1)) {
      if (current.position < current.names.count) {
        yield* visitNext(options, current, open)
      } else {
        open.pop()
        closeSync(current.handle)
        yield { kind: 'leave', path: current.path }
      }
    }
  } finally {
    for (const directory of open) closeSync(directory.handle)
  }
}

/**
 * Compares paths as `walkEntries` visits them: component by component, a directory before what it
 * holds.
 */
export function compareInWalkOrder(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length)
  for (let at = 0; at < shared; at += 1) {
    const byteOfA = a[at] as number
    const byteOfB = b[at] as number
    if (byteOfA !== byteOfB) return rank(byteOfA) - rank(byteOfB)
  }
  return a.length - b.length
}

interface OpenDirectory {
  readonly path: Buffer
  readonly handle: number
  readonly status: EntryStatus
  readonly names: DirectoryNames
  position: number
}

const NO_PATH = Buffer.alloc(0)
const SELF = Buffer.from('.')
const SLASH = 0x2f
const OPEN_DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW

/** A name that ends here sorts before one that goes on, whatever the next byte is. */
function rank(byte: number): number {
  return byte === SLASH ? 0 : byte
}

function openRoot(root: Uint8Array): OpenDirectory {
  const handle = openSync(Buffer.from(root), OPEN_DIRECTORY)
  try {
    const status = statusOfHandle(handle)
    return { path: NO_PATH, handle, status, names: readDirectoryNames(handle), position: 0 }
  } catch (error) {
    closeSync(handle)
    throw error
  }
}

function* visitNext(
  options: WalkOptions,
  parent: OpenDirectory,
  open: OpenDirectory[],
): Generator<WalkStep, void, undefined> {
  const name = parent.names.nameAt(parent.position)
  parent.position += 1
  const path =
    parent.path.length === 0 ? name : Buffer.concat([parent.path, Buffer.of(SLASH), name])
  if (options.isExcluded?.(path) === true) return
  const status = attempt(() => statusAt(parent.handle, name))
  if (status instanceof Error) {
    yield isGone(status) ? { kind: 'vanished', path } : { kind: 'failed', path, error: status }
    return
  }
  const isDirectory = status.type === 'directory'
  if (isDirectory && options.looseEntriesOnly) return
  const hole = options.isGivenHole(path) ?? holeOf(parent.status, status)
  if (!isDirectory && hole !== undefined) {
    yield { kind: 'mounted-file', path }
    return
  }
  yield { kind: 'entry', path, name, directory: parent.handle, status, hole }
  if (!isDirectory) return
  if (hole === undefined) {
    const entered = attempt(() => enter(parent.handle, name, path))
    if (!(entered instanceof Error)) {
      open.push(entered)
      return
    }
    yield isGone(entered) ? { kind: 'vanished', path } : { kind: 'failed', path, error: entered }
  }
  yield { kind: 'leave', path }
}

function enter(parent: number, name: Buffer, path: Buffer): OpenDirectory {
  const handle = openSync(pathInDirectory(parent, name), OPEN_DIRECTORY)
  try {
    const status = statusOfHandle(handle)
    return { path, handle, status, names: readDirectoryNames(handle), position: 0 }
  } catch (error) {
    closeSync(handle)
    throw error
  }
}

/** A bind mount of the same file system keeps its device number and shows only as a mount root. */
function holeOf(parent: EntryStatus, status: EntryStatus): HoleReason | undefined {
  if (status.isMountRoot) return 'mount'
  return status.device === parent.device ? undefined : 'subvolume'
}

/** Gone, or no longer a directory. */
function isGone(error: Error): boolean {
  const errno = errnoName(error)
  return errno === 'ENOENT' || errno === 'ENOTDIR' || errno === 'ELOOP'
}

function attempt<Value>(action: () => Value): Value | Error {
  try {
    return action()
  } catch (error) {
    if (errnoName(error) === undefined) throw error
    return error as Error
  }
}
