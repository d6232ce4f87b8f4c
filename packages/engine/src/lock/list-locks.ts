// Finds the locks of a repository, and removes those whose holders are known to have ended.
import type { Backend } from '../backend/backend.ts'
import type { Clock } from '../clock.ts'
import type { MasterKey } from '../crypto/sealed-bytes.ts'
import { EngineError, failureOf } from '../engine-failure.ts'
import type { LockId } from '../format/ids.ts'
import { loadUnpacked } from '../unpacked-file.ts'
import { decodeLock, type LockRecord } from './lock-file.ts'

export interface LocksContext {
  readonly backend: Backend
  readonly key: MasterKey
  readonly clock: Clock
}

/** A store without atomic writes may show half of a lock at first; stock restic waits as long. */
const UNREADABLE_DELAYS_MS = [5_000, 10_000, 20_000] as const

/**
 * Every lock, stale ones included. Empty lock files, which stock restic leaves on some stores,
 * are skipped. Fails with `lock-unreadable`.
 */
export async function listLocks(
  context: LocksContext,
  signal: AbortSignal | undefined,
): Promise<LockRecord[]> {
  const locks: LockRecord[] = []
  for await (const { name, sizeBytes } of context.backend.list('locks', signal)) {
    if (sizeBytes === 0) continue
    const lock = await loadLock(context, name as LockId, signal)
    if (lock !== undefined) locks.push(lock)
  }
  return locks
}

/** Answers how many there were. A lock is never removed because of its age alone. */
export async function removeLocksOfHosts(
  context: LocksContext,
  hostnames: readonly string[],
  signal: AbortSignal | undefined,
): Promise<number> {
  let removed = 0
  for (const { id, hostname } of await listLocks(context, signal)) {
    if (!hostnames.includes(hostname)) continue
    if (await removeLock(context.backend, id, signal)) removed += 1
  }
  return removed
}

/** Answers false when it was gone already. */
export async function removeLock(
  backend: Backend,
  id: LockId,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    await backend.remove({ kind: 'locks', name: id }, signal)
    return true
  } catch (error) {
    if (failureOf(error, 'object-not-found') === undefined) throw error
    return false
  }
}

async function loadLock(
  context: LocksContext,
  id: LockId,
  signal: AbortSignal | undefined,
): Promise<LockRecord | undefined> {
  for (let attempt = 0; ; attempt += 1) {
    const lock = await tryLoadLock(context, id, signal)
    if (typeof lock !== 'string') return lock
    const delayMs = UNREADABLE_DELAYS_MS[attempt]
    if (delayMs === undefined) {
      throw new EngineError({ code: 'lock-unreadable', lockId: id, reason: lock })
    }
    await context.clock.sleep(delayMs, { signal, keepsAlive: true })
  }
}

/** Undefined when it was removed since it was listed; a sentence when it cannot be read. */
async function tryLoadLock(
  context: LocksContext,
  id: LockId,
  signal: AbortSignal | undefined,
): Promise<LockRecord | string | undefined> {
  try {
    const json = await loadUnpacked(context, 'locks', id, signal)
    return typeof json === 'string' ? json : decodeLock(id, json)
  } catch (error) {
    if (failureOf(error, 'object-not-found') !== undefined) return undefined
    throw error
  }
}
