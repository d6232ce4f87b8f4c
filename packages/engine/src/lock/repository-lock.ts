// Locks of a repository, as stock restic respects them (repository format, section 6.1).
import type { Backend } from '../backend/backend.ts'
import type { Clock } from '../clock.ts'
import type { RandomBytes } from '../crypto/random.ts'
import type { MasterKey } from '../crypto/sealed-bytes.ts'
import type { LockId } from '../format/ids.ts'

export interface LockHolder {
  /** Unique per service start: stock restic judges a lock by host name and process id. */
  readonly hostname: string
  readonly username: string
  readonly pid: number
  readonly uid: number
  readonly gid: number
}

export interface LockRecord extends LockHolder {
  readonly id: LockId
  readonly time: Temporal.Instant
  readonly exclusive: boolean
}

export interface LockContext {
  readonly backend: Backend
  readonly key: MasterKey
  readonly clock: Clock
  readonly randomBytes: RandomBytes
}

export interface AcquireLockOptions extends LockContext {
  readonly exclusive: boolean
  readonly holder: LockHolder
  readonly signal: AbortSignal | undefined
}

/**
 * A held lock. It refreshes itself every five minutes until `release`. When it cannot be kept,
 * `signal` aborts with `lock-lost`: whoever works under the lock must write nothing more.
 */
export interface RepositoryLock {
  readonly exclusive: boolean
  readonly signal: AbortSignal
  /** Is our lock file still there? Fails with `lock-lost`. To be asked before a snapshot is saved. */
  assertHeld(signal: AbortSignal | undefined): Promise<void>
  /** Removes our lock file, also after the work was cancelled. Repeating it is harmless. */
  release(): Promise<void>
}

/** Fails at once with `repository-locked` when another lock stands against it. */
export declare function acquireLock(options: AcquireLockOptions): Promise<RepositoryLock>

export interface WaitForLockOptions extends AcquireLockOptions {
  /** Gives up with `repository-locked` after this long. */
  readonly timeoutMs: number
  /** Called once for each holder that stands against us. */
  readonly onConflict: (holder: LockRecord) => void
}

/** Tries again, ever more slowly, until the lock is ours. */
export declare function waitForLock(options: WaitForLockOptions): Promise<RepositoryLock>

/** Every readable lock. Empty lock files, which stock restic leaves on some stores, are skipped. */
export declare function listLocks(
  context: Pick<LockContext, 'backend' | 'key' | 'clock'>,
  signal: AbortSignal | undefined,
): Promise<LockRecord[]>

/** Removes the locks of holders that are known to have ended; answers how many there were. */
export declare function removeLocksOfHosts(
  context: Pick<LockContext, 'backend' | 'key' | 'clock'>,
  hostnames: readonly string[],
  signal: AbortSignal | undefined,
): Promise<number>
