// Takes locks on a repository, as stock restic respects them (repository format, section 6.1).
//
// Any number of shared locks stand together; an exclusive one stands alone. Stale locks of others
// block as live ones do and are never removed here: only their owner knows that they are dead.
import { EngineError } from '../engine-failure.ts'
import type { LockId } from '../format/ids.ts'
import {
  type AcquireLockOptions,
  HeldLock,
  type RepositoryLock,
  VISIBILITY_DELAY_MS,
  writeLock,
} from './held-lock.ts'
import { ignoreHangup } from './ignore-hangup.ts'
import { listLocks, removeLock } from './list-locks.ts'
import type { LockRecord } from './lock-file.ts'

/** Fails at once with `repository-locked` when another lock stands against it. */
export async function acquireLock(options: AcquireLockOptions): Promise<RepositoryLock> {
  const outcome = await tryAcquire(options)
  if (outcome instanceof HeldLock) return outcome
  throw lockedBy(outcome)
}

export interface WaitForLockOptions extends AcquireLockOptions {
  /** Gives up with `repository-locked` after this long. */
  readonly timeoutMs: number
  /** Called once for each holder that stands against us. */
  readonly onConflict: (holder: LockRecord) => void
}

/** The first waits are short because most conflicts are our own and end at once. */
const WAIT_MS_MIN = 250
const WAIT_MS_MAX = 10_000

/** Tries again, ever more slowly, until the lock is ours. */
export async function waitForLock(options: WaitForLockOptions): Promise<RepositoryLock> {
  const { clock, randomBytes, signal } = options
  const deadline = clock.now().add({ milliseconds: options.timeoutMs })
  const told = new Set<string>()
  let waitMs = WAIT_MS_MIN
  for (;;) {
    const outcome = await tryAcquire(options)
    if (outcome instanceof HeldLock) return outcome
    const holder = `${outcome.hostname} ${outcome.pid} ${outcome.exclusive}`
    if (!told.has(holder)) options.onConflict(outcome)
    told.add(holder)
    const leftMs = deadline.since(clock.now()).total('milliseconds')
    if (leftMs <= 0) throw lockedBy(outcome)
    // Two that met and both withdrew must not meet again.
    const jitteredMs = Math.round(waitMs * (0.75 + (randomBytes(1)[0]! / 255) * 0.5))
    await clock.sleep(Math.min(jitteredMs, leftMs), { signal, keepsAlive: true })
    waitMs = Math.min(waitMs * 2, WAIT_MS_MAX)
  }
}

/** Answers the lock that stands against us when it cannot be had. */
async function tryAcquire(options: AcquireLockOptions): Promise<HeldLock | LockRecord> {
  const { backend, clock, signal } = options
  const before = await findConflict(options, undefined)
  if (before !== undefined) return before
  const stopIgnoringHangup = ignoreHangup()
  try {
    const written = await writeLock(options, signal)
    try {
      // Who wrote at the same time is seen by now, and sees us: one or both withdraw.
      await clock.sleep(VISIBILITY_DELAY_MS, { signal, keepsAlive: true })
      const after = await findConflict(options, written.id)
      if (after === undefined) return new HeldLock(options, written, stopIgnoringHangup)
      await removeLock(backend, written.id, undefined)
      stopIgnoringHangup()
      return after
    } catch (error) {
      // That it could not be removed, too, must not hide why we gave up.
      await removeLock(backend, written.id, undefined).catch(() => false)
      throw error
    }
  } catch (error) {
    stopIgnoringHangup()
    throw error
  }
}

async function findConflict(
  options: AcquireLockOptions,
  ownId: LockId | undefined,
): Promise<LockRecord | undefined> {
  const locks = await listLocks(options, options.signal)
  return locks.find((lock) => lock.id !== ownId && (options.exclusive || lock.exclusive))
}

function lockedBy(lock: LockRecord): EngineError {
  return new EngineError({
    code: 'repository-locked',
    lockedBy: `${lock.hostname} (process ${lock.pid})`,
    lockedAt: lock.time.toString(),
    exclusive: lock.exclusive,
    lockId: lock.id,
  })
}
