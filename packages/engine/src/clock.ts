// The only place of the engine that asks what time it is.
import { setTimeout as sleepFor } from 'node:timers/promises'

export interface Clock {
  now(): Temporal.Instant
  /**
   * Resolves after `ms`; rejects with the signal's reason once it is aborted. `keepsAlive: false`
   * lets the process end meanwhile.
   */
  sleep(
    ms: number,
    options: { readonly signal: AbortSignal | undefined; readonly keepsAlive: boolean },
  ): Promise<void>
}

export const systemClock: Clock = {
  now: () => Temporal.Now.instant(),
  async sleep(ms, { signal, keepsAlive }) {
    try {
      await sleepFor(ms, undefined, {
        ref: keepsAlive,
        ...(signal === undefined ? {} : { signal }),
      })
    } catch (error) {
      signal?.throwIfAborted()
      throw error
    }
  },
}
