// What is backed up, what is told about it on the way, and what came of it.
import type { HoleReason } from '@holdfast/filesystem'

export interface ArchiveSource {
  /** Absolute path of a directory. */
  readonly path: Buffer
  /** Only the directory and its entries that are no directories. */
  readonly looseEntriesOnly: boolean
  /** Directories below, by path, that are not entered although the file system does not show it. */
  readonly isGivenHole: (path: Buffer) => HoleReason | undefined
  /** Entries, by path below, that are no part of the source. */
  readonly isExcluded?: ((path: Buffer) => boolean) | undefined
  /** The file with each entry's original inode, ctime and device (a reflink copy's). */
  readonly manifestPath: Buffer | undefined
}

export interface ArchiveCount {
  /** Entries of every type, the source directory included. */
  readonly entries: number
  /** Bytes of regular files. */
  readonly bytes: number
}

export type ArchiveWarningCode =
  | 'changed-while-read'
  | 'vanished'
  | 'socket-skipped'
  | 'xattrs-unreadable'

export interface ArchiveWarning {
  readonly code: ArchiveWarningCode
  /** Below the source; empty for itself. */
  readonly path: Buffer
  readonly message: string
}

export interface ArchiveObserver {
  /** After a first quick walk: what is there. */
  onScanned(count: ArchiveCount): void
  /** Very often. */
  onProgress(done: ArchiveCount): void
  onWarning(warning: ArchiveWarning): void
  /** An entry that should have been captured and was not. */
  onMissed(missed: { readonly path: Buffer; readonly reason: string }): void
  /** A mount or nested subvolume, in the order of the walk. */
  onHole(hole: { readonly path: Buffer; readonly reason: HoleReason }): void
}

export interface ArchiveOutcome {
  /** Captured and missed together; what vanished or is a socket was not expected. */
  readonly expected: ArchiveCount
  readonly captured: ArchiveCount
  readonly filesNew: number
  readonly filesChanged: number
  readonly filesUnmodified: number
  readonly directoriesNew: number
  readonly directoriesChanged: number
  readonly directoriesUnmodified: number
  /** New blobs of this run and their plain and stored sizes. */
  readonly dataBlobs: number
  readonly treeBlobs: number
  readonly addedPlainBytes: number
  readonly addedStoredBytes: number
}
