// A lock for repositories that nobody else can reach.
import { EngineError } from '../engine-failure.ts'
import type { RepositoryLock } from '../lock/held-lock.ts'

export interface TestLock extends RepositoryLock {
  /** From now on the lock is gone. */
  lose(): void
}

/** Needs no lock file and no time; the real one is tested beside its source. */
export function testLock(): TestLock {
  const lost = new AbortController()
  return {
    exclusive: true,
    signal: lost.signal,
    assertHeld: async () => lost.signal.throwIfAborted(),
    release: async () => undefined,
    lose: () => lost.abort(new EngineError({ code: 'lock-lost', reason: 'the test said so' })),
  }
}
