// What the copy of one volume is, how it was made and what it should have held.

export const SNAPSHOT_STRATEGIES = ['btrfs', 'reflink', 'copy'] as const
export type SnapshotStrategy = (typeof SNAPSHOT_STRATEGIES)[number]

/** `atomic`: one instant. `per-file`: each file whole. `live`: read while it changes. */
export const CONSISTENCIES = ['atomic', 'per-file', 'live'] as const
export type Consistency = (typeof CONSISTENCIES)[number]

export const CONSISTENCY_OF_STRATEGY: Readonly<Record<SnapshotStrategy, Consistency>> = {
  btrfs: 'atomic',
  reflink: 'per-file',
  copy: 'live',
}

/** A mount or nested subvolume inside a volume: outside of it by definition, never crossed. */
export interface Hole {
  /** Path below the volume's root, percent-encoded where it is not plain UTF-8. */
  readonly path: string
  readonly reason: 'mount' | 'subvolume'
}

export interface EntryCount {
  /** Entries of every type: files, directories, links, devices. */
  readonly entries: number
  /** Bytes of regular files, as read; deduplicated ones included. */
  readonly bytes: number
}

export const COPY_WARNING_CODES = [
  'changed-while-read',
  'vanished',
  'socket-skipped',
  'xattrs-unreadable',
  'waiting-for-lock',
  'kept-volume',
  'metadata-not-restored',
] as const
export type CopyWarningCode = (typeof COPY_WARNING_CODES)[number]

/** Something worth telling that did not make the copy incomplete. */
export interface CopyWarning {
  readonly code: CopyWarningCode
  /** Path below the volume, percent-encoded where it is not plain UTF-8; empty for the volume. */
  readonly path: string
  /** One sentence. */
  readonly message: string
}

/** An entry that should have been captured and was not; one of these fails the backup. */
export interface MissedEntry {
  readonly path: string
  /** errno name (`EIO`, `EACCES`) with a sentence. */
  readonly reason: string
}

/** Warnings and missed entries are named up to this many; the rest is counted. */
export const NAMED_ENTRIES_MAX = 100
