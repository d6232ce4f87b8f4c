// Waits for a state of the world that comes by itself.
import { setTimeout as delay } from 'node:timers/promises'

const POLL_MS = 50
const TIMEOUT_MS = 60_000

/** Repeats `attempt` until it does not throw; after a minute its last failure is the answer. */
export async function eventually<Result>(
  attempt: () => Promise<Result>,
  timeoutMs: number = TIMEOUT_MS,
): Promise<Result> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (performance.now() > deadline) throw error
    }
    await delay(POLL_MS)
  }
}
