// The contract of a platform: the driver for one cluster type.
//
// What a platform promises: every call is idempotent under the caller's id (repeated after a
// crash it finds what its former self made and finishes it); handles are small JSON that
// survives a crash; nothing it makes is without an id that `listOwned` gives back. Calls are
// made by the steps of workflows; only they retry.
import type {
  CommandLocation,
  Consistency,
  CopyWarning,
  EntryCount,
  Hole,
  Location,
  MoverEvent,
  MoverJob,
  SnapshotStrategy,
  VolumeLocation,
} from '@holdfast/domain'

export interface InventoryVolume {
  readonly namespace: string
  /** Percent-encoded name; `.` for the loose entries of a namespace. */
  readonly key: string
  readonly estimatedBytes: number
  readonly estimatedEntries: number
  /** What is possible here, best first; never empty. */
  readonly strategies: readonly SnapshotStrategy[]
  readonly holes: readonly Hole[]
}

export interface InventoryInstance {
  readonly namespace: string
  readonly name: string
}

export interface InventoryNamespace {
  readonly name: string
  /** A UUID, stable while the namespace lives (from inode and birth time on a host). */
  readonly uid: string
}

/** A Kubernetes object, or on a host the directory that stands for it. Never holds secrets. */
export interface InventoryResource {
  /** A UUID, stable while the object lives. */
  readonly assetID: string
  readonly kind: string
  readonly group: string
  readonly version: string
  readonly name: string
  readonly namespace?: string
  readonly createdAt: string
  /** What it is made of, as far as that is kept with copies: `DirectoryOwnership` of a namespace. */
  readonly manifest?: Readonly<Record<string, unknown>>
}

/** Of a namespace's directory on a host. */
export interface DirectoryOwnership {
  /** The twelve permission bits. */
  readonly permissions: number
  readonly uid: number
  readonly gid: number
}

export interface Inventory {
  readonly namespaces: readonly InventoryNamespace[]
  readonly instances: readonly InventoryInstance[]
  readonly volumes: readonly InventoryVolume[]
  readonly resources: readonly InventoryResource[]
  /** What was seen and left out, with the reason: a sentence each, at most 127 characters. */
  readonly refused: readonly string[]
}

export interface SnapshotVolumeRequest {
  /** The caller's id for this volume snapshot; repeating the call with it is harmless. */
  readonly id: string
  readonly namespace: string
  readonly key: string
  /** One of the volume's strategies that the platform itself carries out (never `copy`). */
  readonly strategy: Exclude<SnapshotStrategy, 'copy'>
}

/** Opaque to callers; small JSON. */
export type VolumeSnapshotHandle = { readonly [member: string]: string | number | boolean }

export interface VolumeSnapshot {
  readonly handle: VolumeSnapshotHandle
  /** RFC 3339 */
  readonly takenAt: string
  readonly strategy: SnapshotStrategy
  readonly consistency: Consistency
  readonly holes: readonly Hole[]
}

export interface RestoreVolume {
  readonly namespace: string
  readonly key: string
  readonly expectedBytes: number
  readonly expectedEntries: number
  /** How the copy was made: a lost volume of strategy `btrfs` is made anew as a subvolume. */
  readonly strategy?: SnapshotStrategy
}

export interface PrepareRestoreRequest {
  /** Names the staging; one restore has one. */
  readonly id: string
  readonly volumes: readonly RestoreVolume[]
  /** Namespaces of the app: volumes there that `volumes` lacks are left alone, with a warning. */
  readonly namespaces: readonly string[]
  /**
   * Namespaces that the restore makes: none of them may exist, neither now nor at the exchange
   * (`namespace-exists`); going back removes them.
   */
  readonly newNamespaces?: readonly NewNamespace[]
  readonly allowInUse: boolean
}

export interface NewNamespace {
  readonly name: string
  /** Those of the namespace it is a copy of; the service's own when they are not known. */
  readonly ownership?: DirectoryOwnership
}

export interface StagedVolume {
  readonly namespace: string
  readonly key: string
  /** Percent-encoded absolute path of an empty directory into which a mover restores. */
  readonly targetPath: string
}

export interface Staging {
  readonly id: string
  readonly volumes: readonly StagedVolume[]
  readonly warnings: readonly CopyWarning[]
}

export interface MoverRef {
  readonly id: string
  /** Process id on a host. */
  readonly pid: number
  /** Start time in clock ticks since boot, so that a reused pid is not taken for ours. */
  readonly startTime: string
}

/**
 * A mover that was to be started: its process may exist although the caller died before it could
 * write the process id down. It is found by its id, which stands in its environment.
 */
export interface MoverToStop {
  readonly id: string
  readonly pid?: number
  readonly startTime?: string
}

export type OwnedThing =
  | { readonly kind: 'volume-snapshot'; readonly id: string; readonly handle: VolumeSnapshotHandle }
  | { readonly kind: 'staging'; readonly id: string }

export interface RunHookRequest {
  /** The caller's id for this run of the hook; the process carries it in its environment. */
  readonly id: string
  readonly namespace: string
  /** The script's bytes, its `#!` line included. */
  readonly script: Uint8Array
  readonly arguments: readonly string[]
  /** Beside what the platform itself sets. Names begin with `HOLDFAST_`; never secrets. */
  readonly environment: Readonly<Record<string, string>>
  /** May it run as the superuser? The platform's own configuration must allow it, too. */
  readonly mayRunAsRoot: boolean
  readonly timeoutMs: number
}

/** How a hook ended. Only exit code 0 is a success. */
export type HookEnd =
  | { readonly kind: 'exited'; readonly exitCode: number }
  | { readonly kind: 'killed'; readonly signal: string }
  | { readonly kind: 'timed-out'; readonly timeoutMs: number }
  /** It was not started, and nothing was done. */
  | { readonly kind: 'refused'; readonly reason: string }

export interface HookResult {
  readonly end: HookEnd
  /** What it wrote, standard output and error as they came; printable, bounded. */
  readonly output: string
}

export interface CommandRequest {
  /** The caller's id for this run of the command; `stopHook` ends whatever is left of it. */
  readonly id: string
  readonly namespace: string
  /** For the shell of the place where it runs. */
  readonly command: string
  /** Beside what the platform itself sets. Names begin with `HOLDFAST_`; never secrets. */
  readonly environment: Readonly<Record<string, string>>
  /** May it run as the superuser? The platform's own configuration must allow it, too. */
  readonly mayRunAsRoot: boolean
}

export type LocatedCommand =
  | { readonly location: CommandLocation; readonly refusal?: undefined }
  /** Why it may not run there; nothing was done. */
  | { readonly location?: undefined; readonly refusal: string }

export interface ProcessUsingVolume {
  readonly pid: number
  readonly command: string
  readonly namespace: string
  readonly key: string
}

export interface Platform {
  /** `namespaces` undefined means all. Sizes are estimated only when `namespaces` is given. */
  discover(
    request: { readonly namespaces: readonly string[] | undefined },
    signal: AbortSignal,
  ): Promise<Inventory>

  snapshotVolume(request: SnapshotVolumeRequest, signal: AbortSignal): Promise<VolumeSnapshot>
  /** Where a mover reads the snapshot, or the live volume (`{ namespace, key }`). */
  locateSnapshot(handle: VolumeSnapshotHandle): Promise<VolumeLocation>
  locateVolume(volume: {
    readonly namespace: string
    readonly key: string
  }): Promise<VolumeLocation>
  /** Missing is success. Gives the space back. */
  deleteVolumeSnapshot(handle: VolumeSnapshotHandle, signal: AbortSignal): Promise<void>

  /**
   * Makes empty staging beside every target, checks space, that targets are writable and that no
   * process uses them. Fails with nothing changed.
   */
  prepareRestore(request: PrepareRestoreRequest, signal: AbortSignal): Promise<Staging>
  /**
   * Fills the staged `volume` of restore `id` from a volume snapshot that lies where the app runs
   * (strategies `btrfs` and `reflink`), so that no byte moves where the file system shares them,
   * which is why this is no mover's job. Verified (every entry of the source is there with its size) and counted;
   * repeated, it begins with an empty target.
   */
  stageSnapshot(
    request: {
      readonly id: string
      readonly namespace: string
      readonly key: string
      readonly handle: VolumeSnapshotHandle
      /**
       * Given when the snapshot lies on another cluster that this machine reaches: where that
       * cluster's platform locates it.
       */
      readonly location?: Extract<Location, { kind: 'directory' }>
    },
    signal: AbortSignal,
  ): Promise<EntryCount>
  /**
   * Flushes the staged trees and exchanges all of them under a journal: a failure rolls all of
   * them back, a repeated call after a crash rolls forward. The replaced trees are kept until
   * `finishRestore`.
   */
  commitRestore(id: string, signal: AbortSignal): Promise<void>
  /**
   * Before commit: removes staging. After commit: exchanges back, then removes. Missing is success.
   * Once `finishRestore` has begun there is no way back: it is finished.
   */
  rollbackRestore(id: string, signal: AbortSignal): Promise<void>
  /** Removes replaced trees and the journal. Missing is success. */
  finishRestore(id: string, signal: AbortSignal): Promise<void>

  /** Starts a mover process for `job`; the job goes in on stdin and nowhere else. */
  startMover(id: string, job: MoverJob): Promise<RunningMover>
  /**
   * Ends the process if it still is the one `mover` means (SIGTERM, 10 s, SIGKILL) and resolves
   * when it is gone. Without a pid it looks for a process with the mover's id. Missing is success.
   */
  stopMover(mover: MoverToStop): Promise<void>

  /**
   * Runs a hook where the namespace's app runs, as that app, and waits for its end. Nothing of it
   * is left when the time is up or `signal` aborts. Not idempotent: a repeated call runs it again;
   * the caller ends a former run (`stopHook`) first.
   */
  runHook(request: RunHookRequest, signal: AbortSignal): Promise<HookResult>
  /** How a mover runs a command there, by the rules of hooks: user, directory, environment. */
  locateCommand(request: CommandRequest): Promise<LocatedCommand>

  /**
   * Ends whatever still runs of the hook run or command `id`, wherever it was started. Missing is
   * success.
   */
  stopHook(id: string): Promise<void>

  listOwned(): Promise<readonly OwnedThing[]>
}

export interface RunningMover {
  readonly ref: MoverRef
  /**
   * Ends after the process ended and always yields exactly one `result` or `failed` last
   * (`mover-died` when the process gave none). Aborting `signal` stops the mover.
   */
  events(signal: AbortSignal): AsyncIterable<MoverEvent>
  /** The end of what the mover wrote to stderr, for the log; bounded, without secrets. */
  stderrTail(): string
}

/** Why a platform refused or failed. Closed: both dialects and the workflows answer all of it. */
export type PlatformFailure =
  | { readonly code: 'namespace-not-found'; readonly namespace: string }
  | { readonly code: 'namespace-exists'; readonly namespace: string }
  | { readonly code: 'volume-not-found'; readonly namespace: string; readonly key: string }
  | { readonly code: 'volume-in-use'; readonly processes: readonly ProcessUsingVolume[] }
  | {
      readonly code: 'not-enough-space'
      readonly path: string
      readonly freeBytes: number
      readonly neededBytes: number
    }
  | { readonly code: 'target-not-writable'; readonly path: string; readonly reason: string }
  | { readonly code: 'snapshot-failed'; readonly path: string; readonly reason: string }
  | { readonly code: 'exchange-failed'; readonly path: string; readonly reason: string }
  | { readonly code: 'platform-unreachable'; readonly reason: string }
