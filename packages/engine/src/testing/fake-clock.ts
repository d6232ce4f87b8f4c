// A clock that stands still until it is told to go on.
import type { Clock } from '../clock.ts'

export interface FakeClock extends Clock {
  /** Lets this much time pass, and everything happen that was to happen in it, in order. */
  advance(ms: number): Promise<void>
  /** Sleeps that have not ended. */
  readonly sleeping: number
}

interface Sleep {
  readonly endsAtMs: number
  readonly wake: () => void
}

export function fakeClock(start = '2026-01-02T03:04:05Z'): FakeClock {
  const startMs = Temporal.Instant.from(start).epochMilliseconds
  let passedMs = 0
  const sleeps = new Set<Sleep>()
  return {
    get sleeping() {
      return sleeps.size
    },
    now: () => Temporal.Instant.fromEpochMilliseconds(startMs + passedMs),
    sleep(ms, { signal }) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted === true) return reject(signal.reason)
        const giveUp = (): void => {
          sleeps.delete(sleep)
          reject(signal?.reason)
        }
        const sleep: Sleep = {
          endsAtMs: passedMs + ms,
          wake: () => {
            sleeps.delete(sleep)
            signal?.removeEventListener('abort', giveUp)
            resolve()
          },
        }
        signal?.addEventListener('abort', giveUp, { once: true })
        sleeps.add(sleep)
      })
    },
    async advance(ms) {
      const untilMs = passedMs + ms
      await settled()
      for (;;) {
        const due = [...sleeps].filter(({ endsAtMs }) => endsAtMs <= untilMs)
        if (due.length === 0) break
        const next = due.reduce((a, b) => (a.endsAtMs <= b.endsAtMs ? a : b))
        passedMs = Math.max(passedMs, next.endsAtMs)
        next.wake()
        await settled()
      }
      passedMs = untilMs
    },
  }
}

/** Long enough for work in memory to come to its next sleep or its end. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
