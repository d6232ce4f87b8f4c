// Work that is repeated while the process lives, one round at a time.
import type { Runtime } from './runtime.ts'

export interface Sweep {
  /** Pause between the end of one round and the begin of the next. */
  readonly everyMs: number
  readonly work: () => Promise<void>
}

/** A failed round is logged; the next one comes. Resolves when no round is under way any more. */
export function startSweeps(runtime: Runtime, sweeps: readonly Sweep[]): () => Promise<void> {
  const ended = sweeps.map((sweep) => repeat(runtime, sweep))
  return async () => {
    await Promise.all(ended)
  }
}

async function repeat(runtime: Runtime, { everyMs, work }: Sweep): Promise<void> {
  while (!runtime.closing.aborted) {
    try {
      await work()
    } catch (error) {
      runtime.log.warn('A periodic round failed', { reason: String(error) })
    }
    await pause(everyMs, runtime.closing)
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const end = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end, { once: true })
  })
}
