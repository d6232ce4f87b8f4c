// Repeats what failed for a reason that passes by itself.
import type { Clock } from '../clock.ts'
import type { RandomBytes } from '../crypto/random.ts'
import { type EngineFailure, failureOf, isEngineError } from '../engine-failure.ts'
import type { Backend, ListedObject, ObjectKind } from './backend.ts'

export interface RetryOptions {
  readonly clock: Clock
  /** At least 1: the first attempt counts. */
  readonly attemptsMax: number
  /** Before the second attempt; doubles with each further one. */
  readonly firstDelayMs: number
  /**
   * Shortens each delay by up to a half, so that many who were refused at once do not come back
   * at once. Without it delays are exact.
   */
  readonly randomBytes?: RandomBytes
  readonly onRetry: (failure: EngineFailure) => void
}

/** About half a minute altogether: what takes longer is for the step around the job to retry. */
export const DEFAULT_RETRY = { attemptsMax: 6, firstDelayMs: 1_000 } as const

/** Only `backend-unavailable` is repeated; every other failure passes through at once. */
export function withRetry(backend: Backend, options: RetryOptions): Backend {
  return {
    url: backend.url,
    connections: backend.connections,
    load: (handle, range, signal) =>
      repeat(options, signal, () => backend.load(handle, range, signal)),
    stat: (handle, signal) => repeat(options, signal, () => backend.stat(handle, signal)),
    list: (kind, signal) => listAgain(backend, options, kind, signal),
    create: (signal) => repeat(options, signal, () => backend.create(signal)),
    save: (handle, content, signal) =>
      repeat(options, signal, () => backend.save(handle, content, signal)),
    remove: (handle, signal) => {
      let isRepeated = false
      return repeat(options, signal, async () => {
        try {
          await backend.remove(handle, signal)
        } catch (error) {
          // The attempt before may have removed it and failed only then.
          if (!isRepeated || failureOf(error, 'object-not-found') === undefined) throw error
        } finally {
          isRepeated = true
        }
      })
    },
    listLeftovers: (signal) => repeat(options, signal, () => backend.listLeftovers(signal)),
    removeLeftovers: (signal) => repeat(options, signal, () => backend.removeLeftovers(signal)),
  }
}

/** A listing that broke off begins anew and leaves out what was given already. */
async function* listAgain(
  backend: Backend,
  options: RetryOptions,
  kind: ObjectKind,
  signal: AbortSignal | undefined,
): AsyncIterable<ListedObject> {
  const given = new Set<string>()
  for (let attempt = 1; ; attempt += 1) {
    try {
      for await (const object of backend.list(kind, signal)) {
        if (given.has(object.name)) continue
        given.add(object.name)
        yield object
      }
      return
    } catch (error) {
      await delayOrThrow(error, attempt, options, signal)
    }
  }
}

async function repeat<Result>(
  options: RetryOptions,
  signal: AbortSignal | undefined,
  work: () => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work()
    } catch (error) {
      await delayOrThrow(error, attempt, options, signal)
    }
  }
}

async function delayOrThrow(
  error: unknown,
  attempt: number,
  { clock, attemptsMax, firstDelayMs, randomBytes, onRetry }: RetryOptions,
  signal: AbortSignal | undefined,
): Promise<void> {
  const isTransient = isEngineError(error) && error.failure.code === 'backend-unavailable'
  if (!isTransient || attempt >= attemptsMax || signal?.aborted === true) throw error
  onRetry(error.failure)
  const delayMs = firstDelayMs * 2 ** (attempt - 1)
  await clock.sleep(delayMs * jitter(randomBytes), { signal, keepsAlive: true })
}

function jitter(randomBytes: RandomBytes | undefined): number {
  if (randomBytes === undefined) return 1
  return 1 - Buffer.from(randomBytes(2)).readUInt16LE() / 2 ** 17
}
