// The mover's contract: one job in, events out. Everything here is JSON: it crosses a process
// boundary as one line on stdin (the job) and as NDJSON on stdout (the events).
import type { RepositoryId } from './ids.ts'
import type { BucketProvider } from './s3-place.ts'
import type { S3Store } from './s3-store.ts'
import type { CopyWarning, EntryCount, Hole, MissedEntry } from './volume-copy.ts'

/** The repository's master keys, base64, as in restic's key file. Never logged. */
export interface RepositoryKeys {
  readonly encrypt: string
  readonly macK: string
  readonly macR: string
}

/** Where a repository's objects are. */
export type RepositoryStore = { readonly kind: 'local'; readonly path: string } | S3Store

export interface RepositoryAccess {
  readonly id: RepositoryId
  readonly store: RepositoryStore
  readonly keys: RepositoryKeys
  /** `holdfast-<installation>-<executor>-<boot>`: the hostname our lock files carry. */
  readonly lockHostname: string
}

/** A source or target of bytes. `path` is a local absolute path, percent-encoded bytes. */
export type Location =
  | {
      readonly kind: 'directory'
      readonly path: string
      /** Names the file with each entry's original inode, ctime and device (reflink copies). */
      readonly manifestPath?: string
      /** True for volume `.`: only the loose entries of the directory, no directory below it. */
      readonly looseEntriesOnly?: boolean
      /** True where `.holdfast` at the top is the platform's own and no part of the volume. */
      readonly holdsWorkArea?: boolean
      readonly holes?: readonly Hole[]
    }
  | {
      readonly kind: 'repository'
      readonly repository: RepositoryAccess
      readonly repositorySnapshotID: string
    }
  | CommandLocation

/** A volume's bytes: a tree, or a copy of one. */
export type VolumeLocation = Exclude<Location, { readonly kind: 'command' }>

/**
 * A program where the mover runs: its standard output as a source, its standard input as a target.
 * All three of its streams are pipes that it may open by their names (`openPipe` of filesystem, given
 * to its user): the sockets that Node makes are none, and `tar c -f /dev/stdout` would fail.
 */
export interface CommandLocation {
  readonly kind: 'command'
  /** Whoever comes later finds by it what is left of the program. */
  readonly id: string
  /** Program and arguments. */
  readonly words: readonly [string, ...string[]]
  /** Where it runs: a local absolute path, percent-encoded bytes. */
  readonly directory: string
  /** Who it runs as; absent: the mover's own user. */
  readonly user?: { readonly uid: number; readonly gid: number }
  /** All of its environment, with `id` somewhere in it. Never secrets of ours. */
  readonly environment: Readonly<Record<string, string>>
}

/** How a command ended. Only exit code 0 is a success. */
export type CommandEnd =
  | { readonly kind: 'exited'; readonly exitCode: number }
  | { readonly kind: 'killed'; readonly signal: string }
  | { readonly kind: 'timed-out'; readonly timeoutMs: number }
  /** It could not be started, and nothing was done. */
  | { readonly kind: 'not-started'; readonly reason: string }

export interface CommandReport {
  readonly durationMs: number
  /** Bytes that it wrote, or that it was given: of the last 64 KiB it may have read less. */
  readonly streamedBytes: number
  /** Printable; the end of it when there was more than `COMMAND_STDERR_BYTES_MAX`. */
  readonly stderr: string
  readonly isStderrCut: boolean
}

export const COMMAND_STDERR_BYTES_MAX = 16_384
/** Of its output, when it failed and wrote nothing to stderr: some tools tell their errors there. */
export const COMMAND_OUTPUT_TAIL_BYTES = 1024

/** What the written repository snapshot says of itself. */
export interface RepositorySnapshotLabel {
  /** RFC 3339: the consistency point. */
  readonly time: string
  /** The cluster's name. */
  readonly hostname: string
  /** `/<namespace>/<key>`, or `/<namespace>` for volume `.`; logical, never a staging path. */
  readonly logicalPath: string
  readonly tags: readonly string[]
}

export type MoverJob =
  | {
      readonly kind: 'init'
      readonly store: RepositoryStore
      readonly password: string
      /** Hex; made when absent. */
      readonly polynomial?: string
      readonly lockHostname: string
    }
  | {
      readonly kind: 'backup'
      readonly repository: RepositoryAccess
      readonly source: Extract<Location, { kind: 'directory' }>
      readonly label: RepositorySnapshotLabel
      /**
       * Parent for change detection: the newest snapshot with the same hostname and path,
       * unless this names one.
       */
      readonly parentSnapshotID?: string
    }
  | {
      /** Keeps what a command writes as one file, at `label.logicalPath`. */
      readonly kind: 'stream-backup'
      readonly repository: RepositoryAccess
      readonly source: CommandLocation
      readonly label: RepositorySnapshotLabel
      /** Of the command and of the transfer; absent: as long as it takes. */
      readonly timeoutMs?: number
    }
  | {
      /** Gives a kept file to a command. */
      readonly kind: 'stream-restore'
      readonly repository: RepositoryAccess
      readonly repositorySnapshotID: string
      readonly logicalPath: string
      readonly target: CommandLocation
      readonly timeoutMs?: number
    }
  | {
      readonly kind: 'describe'
      readonly repository: RepositoryAccess
      readonly label: RepositorySnapshotLabel
      /** Content of `/holdfast/backup.json`. */
      readonly description: unknown
    }
  | {
      readonly kind: 'restore'
      readonly repository: RepositoryAccess
      readonly repositorySnapshotID: string
      /** The node in the snapshot's tree whose content lands in `targetPath`. */
      readonly logicalPath: string
      /**
       * An existing directory made by the platform; gets the node's own metadata too. It is empty,
       * or holds what an earlier run left, which is cleared if nobody else can reach it.
       */
      readonly targetPath: string
    }
  | {
      readonly kind: 'copy'
      readonly from: RepositoryAccess
      readonly repositorySnapshotID: string
      readonly to: RepositoryAccess
      readonly label: RepositorySnapshotLabel
    }
  | {
      readonly kind: 'forget'
      readonly repository: RepositoryAccess
      /** Snapshots with every tag of one of these lists are forgotten, in this order. */
      readonly tagLists: readonly (readonly string[])[]
      /** Spares these (the attempt that counts). */
      readonly keepSnapshotIDs?: readonly string[]
    }
  | {
      readonly kind: 'prune'
      readonly repository: RepositoryAccess
      /** The exclusive lock is held this long at most; the result says whether more is left. */
      readonly batchMs: number
    }
  | {
      readonly kind: 'check'
      readonly repository: RepositoryAccess
      readonly readData: boolean
    }
  | {
      readonly kind: 'list'
      readonly repository: RepositoryAccess
      /** Only snapshots with all of these tags. */
      readonly tags: readonly string[]
    }
  | {
      readonly kind: 'unlock'
      readonly repository: RepositoryAccess
      /** Locks of these hostnames are removed: their holders are known to have ended. */
      readonly lockHostnames: readonly string[]
      /**
       * When given, only locks that also carry one of these process ids: a single mover of a
       * service that lives on was killed, the locks of its other movers must stay.
       */
      readonly holderPIDs?: readonly number[]
    }
  | {
      /** Tries a bucket, without a repository: what it makes there it removes again. */
      readonly kind: 'verify'
      readonly store: RepositoryStore
      readonly provider: BucketProvider
    }

export type MoverJobKind = MoverJob['kind']

export interface ListedSnapshot {
  readonly id: string
  readonly time: string
  readonly hostname: string
  readonly paths: readonly string[]
  readonly tags: readonly string[]
}

export interface CheckFinding {
  readonly severity: 'error' | 'hint'
  /** Kebab-case, stable: `pack-missing`, `pack-truncated`, `index-missing-blob` … */
  readonly code: string
  readonly message: string
}

export const BUCKET_FINDING_CODES = [
  'unreachable',
  /** The policy of outgoing connections forbids the address. */
  'address-refused',
  'certificate-not-trusted',
  'credentials-refused',
  'wrong-region',
  'wrong-provider',
  /** More than the server tolerates, or soon: signatures carry the time. */
  'clock-skew',
  'bucket-not-found',
  'not-listable',
  'not-writable',
  'not-readable',
  'not-deletable',
  /** What answers is no S3 server, or does not do what the protocol says. */
  'unexpected-answer',
] as const
export type BucketFindingCode = (typeof BUCKET_FINDING_CODES)[number]

/** Something that keeps a bucket from being used. */
export interface BucketFinding {
  readonly code: BucketFindingCode
  /** A sentence for people: what was found and what to do. Holds no secrets. */
  readonly detail: string
  /** Of `clock-skew`: how far the server's clock is ahead of ours; negative when it is behind. */
  readonly skewSeconds?: number
}

/** What a finished job answers, by its kind. */
export interface MoverResults {
  init: {
    readonly created: boolean
    readonly repositoryConfigID: string
    readonly polynomial: string
    readonly keys: RepositoryKeys
  }
  backup: {
    /** Empty when an entry was missed: an incomplete copy gets no repository snapshot. */
    readonly repositorySnapshotID: string
    readonly expected: EntryCount
    readonly captured: EntryCount
    /** Names of at most `NAMED_ENTRIES_MAX`; the count is of all. A backup with one is failed. */
    readonly missed: readonly MissedEntry[]
    readonly missedCount: number
    readonly warnings: readonly CopyWarning[]
    readonly warningCount: number
    /** Holes met while walking (mounts); the platform's own are repeated. */
    readonly holes: readonly Hole[]
    readonly filesNew: number
    readonly filesChanged: number
    readonly filesUnmodified: number
    /** Stored bytes that this job added to the repository. */
    readonly addedBytes: number
  }
  'stream-backup': {
    readonly repositorySnapshotID: string
    /** The time of its label; where a former run made it, that one's. */
    readonly takenAt: string
    readonly sizeBytes: number
    /** Stored bytes that this job added to the repository. */
    readonly addedBytes: number
    readonly command: CommandReport
  }
  /** `sizeBytes` is that of the file, of which the command may have read less. */
  'stream-restore': { readonly sizeBytes: number; readonly command: CommandReport }
  describe: { readonly repositorySnapshotID: string }
  restore: {
    readonly restored: EntryCount
    readonly warnings: readonly CopyWarning[]
    readonly warningCount: number
  }
  copy: { readonly repositorySnapshotID: string; readonly copied: EntryCount }
  forget: { readonly forgotten: readonly string[] }
  prune: { readonly isDone: boolean; readonly freedBytes: number }
  check: { readonly findings: readonly CheckFinding[] }
  list: { readonly snapshots: readonly ListedSnapshot[] }
  unlock: { readonly removed: number }
  /** Empty: the bucket can be used. The first finding is the one to show when only one can be. */
  verify: { readonly findings: readonly BucketFinding[] }
}

export type MoverEvent<Kind extends MoverJobKind = MoverJobKind> =
  | { readonly event: 'scanned'; readonly entries: number; readonly bytes: number }
  | {
      readonly event: 'progress'
      readonly entriesDone: number
      readonly bytesDone: number
      readonly totalBytes: number
    }
  | { readonly event: 'warning'; readonly warning: CopyWarning }
  | { readonly event: 'result'; readonly result: MoverResults[Kind] }
  | {
      readonly event: 'failed'
      readonly failure: MoverFailure
      /**
       * Of a stream job whose command was started and is not itself what failed. Absent: the
       * command did not run.
       */
      readonly command?: CommandReport
      /**
       * The mover itself gave no answer, or left its job as it was: whether a command ran is not
       * known, and its lock may still be there.
       */
      readonly isUnanswered?: true
    }

/** Why a job failed. Closed: workflows decide retry and wording over it. */
export type MoverFailure =
  | {
      readonly code: 'repository-locked'
      readonly lockedBy: string
      readonly lockedAt: string
      readonly exclusive: boolean
    }
  /** May pass by itself. */
  | { readonly code: 'repository-unreachable'; readonly reason: string }
  /** Does not pass by itself: `reason` is sentences that say what was refused and what to do. */
  | { readonly code: 'repository-refused'; readonly reason: string }
  | { readonly code: 'repository-not-found'; readonly location: string }
  | { readonly code: 'repository-damaged'; readonly reason: string }
  | { readonly code: 'wrong-password' }
  | {
      readonly code: 'no-space'
      readonly path: string
      readonly freeBytes: number
      readonly neededBytes: number
    }
  | { readonly code: 'source-vanished'; readonly path: string }
  | { readonly code: 'source-unreadable'; readonly path: string; readonly reason: string }
  | { readonly code: 'target-not-writable'; readonly path: string; readonly reason: string }
  | { readonly code: 'snapshot-not-found'; readonly repositorySnapshotID: string }
  | { readonly code: 'verification-failed'; readonly path: string; readonly reason: string }
  | { readonly code: 'lock-lost'; readonly reason: string }
  /** Nothing of a backup is kept; what a restore wrote is as the command left it. */
  | {
      readonly code: 'command-failed'
      readonly end: CommandEnd
      readonly report: CommandReport
      /** The end of its output, where it said nothing on stderr. */
      readonly outputTail?: string
    }
  | { readonly code: 'stopped' }
  | {
      readonly code: 'mover-died'
      readonly exitCode: number | null
      readonly signal: string | null
    }
  | { readonly code: 'invalid-job'; readonly reason: string }

export type MoverFailureCode = MoverFailure['code']
