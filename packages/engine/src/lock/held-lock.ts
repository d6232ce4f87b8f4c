// A lock that is held: refreshed while it can be, given up when it cannot.
//
// held ──release──► released
//   │  every five minutes: a new lock file, then the old one is removed
//   └──no refresh for 22.5 minutes, or our file was removed by somebody──► lost
//
// Lost is final and aborts the lock's signal. Others may call a lock stale after 30 minutes and
// remove it, so that giving up must be certain to come before.
import type { RandomBytes } from '../crypto/random.ts'
import { EngineError, failureOf } from '../engine-failure.ts'
import type { LockId } from '../format/ids.ts'
import { encodeUnpacked } from '../unpacked-file.ts'
import { type LocksContext, removeLock } from './list-locks.ts'
import { encodeLock, type LockHolder } from './lock-file.ts'

export interface AcquireLockOptions extends LocksContext {
  readonly randomBytes: RandomBytes
  readonly exclusive: boolean
  readonly holder: LockHolder
  readonly signal: AbortSignal | undefined
}

/**
 * A held lock. It refreshes itself every five minutes until `release`. When it cannot be kept,
 * `signal` aborts with `lock-lost`: whoever works under the lock must write nothing more. SIGHUP
 * is ignored while it is held.
 */
export interface RepositoryLock {
  readonly exclusive: boolean
  readonly signal: AbortSignal
  /** Is our lock file still there? Fails with `lock-lost`. To be asked before a snapshot is saved. */
  assertHeld(signal: AbortSignal | undefined): Promise<void>
  /** Removes our lock file, also after the work was cancelled. Repeating it is harmless. */
  release(): Promise<void>
}

export const REFRESH_INTERVAL_MS = 5 * 60_000
export const GIVE_UP_AFTER_MS = 22.5 * 60_000
/** How long a written lock file may take to be seen by everybody. */
export const VISIBILITY_DELAY_MS = 200
/** A machine that slept notices within this long after it woke that its lock is old. */
const POLL_INTERVAL_MS = 10_000
/** A refresh that hangs counts as failed: other attempts must fit in before giving up. */
const REFRESH_TIMEOUT_MS = 2 * 60_000
const RETRY_INTERVAL_MS = 60_000
const RELEASE_TIMEOUT_MS = 60_000

export interface WrittenLock {
  readonly id: LockId
  readonly time: Temporal.Instant
}

/** Writes a lock file; one of which it is not certain that it was written is removed again. */
export async function writeLock(
  options: Omit<AcquireLockOptions, 'signal'>,
  signal: AbortSignal | undefined,
): Promise<WrittenLock> {
  const { backend, key, randomBytes, clock, exclusive, holder } = options
  const time = clock.now()
  // Uncompressed JSON is valid in both versions of the format.
  const files = { key, randomBytes, version: 1 }
  const encoded = encodeUnpacked(files, 'locks', encodeLock({ ...holder, time, exclusive }))
  const id = encoded.id as LockId
  try {
    await backend.save({ kind: 'locks', name: id }, [encoded.stored], signal)
  } catch (error) {
    await removeLock(backend, id, undefined).catch(() => false)
    throw error
  }
  return { id, time }
}

export class HeldLock implements RepositoryLock {
  readonly #options: AcquireLockOptions
  readonly #onRelease: () => void
  readonly #lost = new AbortController()
  readonly #stop = new AbortController()
  #current: WrittenLock
  /** Files of ours that could not be removed when they were replaced. */
  readonly #obsolete = new Set<LockId>()
  readonly #keeping: Promise<void>
  #releasing: Promise<void> | undefined

  constructor(options: AcquireLockOptions, written: WrittenLock, onRelease: () => void) {
    this.#options = options
    this.#current = written
    this.#onRelease = onRelease
    this.#keeping = this.#keep()
  }

  get exclusive(): boolean {
    return this.#options.exclusive
  }

  get signal(): AbortSignal {
    return this.#lost.signal
  }

  async assertHeld(signal: AbortSignal | undefined): Promise<void> {
    this.#lost.signal.throwIfAborted()
    const { id } = this.#current
    if (await this.#isThere(id, signal)) return
    // A refresh may have replaced it in between.
    if (this.#current.id !== id && (await this.#isThere(this.#current.id, signal))) return
    this.#lose('its file was removed by somebody else')
    this.#lost.signal.throwIfAborted()
  }

  release(): Promise<void> {
    this.#releasing ??= this.#release()
    return this.#releasing
  }

  async #keep(): Promise<void> {
    let nextAttemptAgeMs = REFRESH_INTERVAL_MS
    while (await this.#sleepUntilNextPoll()) {
      const ageMs = this.#ageMs()
      if (ageMs < nextAttemptAgeMs) continue
      try {
        await this.#refreshInTime(ageMs >= GIVE_UP_AFTER_MS)
        nextAttemptAgeMs = REFRESH_INTERVAL_MS
      } catch (error) {
        if (this.#stop.signal.aborted) return
        const isLost = failureOf(error, 'lock-lost') !== undefined
        if (isLost || this.#ageMs() >= GIVE_UP_AFTER_MS) return this.#lose(reasonOf(error))
        nextAttemptAgeMs = this.#ageMs() + RETRY_INTERVAL_MS
      }
    }
  }

  /** Answers false once the lock is being released. */
  async #sleepUntilNextPoll(): Promise<boolean> {
    const options = { signal: this.#stop.signal, keepsAlive: false }
    return await this.#options.clock.sleep(POLL_INTERVAL_MS, options).then(
      () => !this.#stop.signal.aborted && !this.#lost.signal.aborted,
      () => false,
    )
  }

  #ageMs(): number {
    return this.#options.clock.now().since(this.#current.time).total('milliseconds')
  }

  async #refreshInTime(isOverdue: boolean): Promise<void> {
    const attempt = new AbortController()
    const settled = new AbortController()
    const timer = this.#options.clock
      .sleep(REFRESH_TIMEOUT_MS, { signal: settled.signal, keepsAlive: false })
      .then(
        () => {
          const error = new Error(`a refresh took longer than ${REFRESH_TIMEOUT_MS} ms`)
          attempt.abort(error)
          throw error
        },
        () => new Promise<never>(() => undefined),
      )
    try {
      const signal = AbortSignal.any([attempt.signal, this.#stop.signal])
      await Promise.race([this.#refresh(isOverdue, signal), timer])
    } finally {
      settled.abort()
    }
  }

  async #refresh(isOverdue: boolean, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options
    const previous = this.#current
    await this.#assertThere(previous.id, signal)
    const next = await writeLock(this.#options, signal)
    try {
      // Somebody may have called the overdue lock stale and begun exclusive work: only a file that
      // is still there after ours can be seen proves the contrary.
      if (isOverdue) {
        await clock.sleep(VISIBILITY_DELAY_MS, { signal, keepsAlive: false })
        await this.#assertThere(previous.id, signal)
      }
      signal.throwIfAborted()
    } catch (error) {
      this.#obsolete.add(next.id)
      await this.#removeObsolete()
      throw error
    }
    this.#current = next
    this.#obsolete.add(previous.id)
    await this.#removeObsolete()
  }

  async #assertThere(id: LockId, signal: AbortSignal): Promise<void> {
    if (await this.#isThere(id, signal)) return
    throw new EngineError({ code: 'lock-lost', reason: 'its file was removed by somebody else' })
  }

  async #isThere(id: LockId, signal: AbortSignal | undefined): Promise<boolean> {
    try {
      await this.#options.backend.stat({ kind: 'locks', name: id }, signal)
      return true
    } catch (error) {
      if (failureOf(error, 'object-not-found') === undefined) throw error
      return false
    }
  }

  /** What cannot be removed now is removed with the next refresh or at release. */
  async #removeObsolete(): Promise<void> {
    for (const id of this.#obsolete) {
      const isGone = await removeLock(this.#options.backend, id, undefined).then(
        () => true,
        () => false,
      )
      if (isGone) this.#obsolete.delete(id)
    }
  }

  #lose(reason: string): void {
    this.#lost.abort(new EngineError({ code: 'lock-lost', reason }))
  }

  async #release(): Promise<void> {
    this.#stop.abort()
    const end = new AbortController()
    const options = { signal: end.signal, keepsAlive: true }
    const timeout = this.#options.clock.sleep(RELEASE_TIMEOUT_MS, options).then(
      () => {
        throw new Error(`the lock could not be removed within ${RELEASE_TIMEOUT_MS} ms`)
      },
      () => undefined,
    )
    try {
      await Promise.race([this.#keeping.then(() => this.#removeAll()), timeout])
    } finally {
      end.abort()
      this.#onRelease()
    }
  }

  async #removeAll(): Promise<void> {
    this.#obsolete.add(this.#current.id)
    for (const id of this.#obsolete) await removeLock(this.#options.backend, id, undefined)
  }
}

function reasonOf(error: unknown): string {
  const lost = failureOf(error, 'lock-lost')
  if (lost !== undefined) return lost.reason
  const text = error instanceof Error ? error.message : String(error)
  return `it was not refreshed for ${GIVE_UP_AFTER_MS / 60_000} minutes (${text})`
}
