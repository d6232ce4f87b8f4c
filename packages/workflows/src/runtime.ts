// What lives as long as the workflows of this process: what they were launched with, whether they
// are to stop, and what still runs.
import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { isPassingDatabaseFailure } from '@holdfast/db'
import { createMoverSlots, MOVERS_AT_WORK_MAX, type MoverSlots } from './mover-slots.ts'
import type { WorkflowsOptions } from './workflow-types.ts'

export interface Runtime extends WorkflowsOptions {
  /** What our locks in repositories carry. */
  readonly lockHostname: string
  /** Aborts when `close` begins. */
  readonly closing: AbortSignal
  /** Effects that are under way; `close` waits for them. */
  readonly running: Set<Promise<unknown>>
  readonly moverSlots: MoverSlots
  /** Ids of what was told already (`orphans.ts`). */
  readonly toldOrphans: Set<string>
}

let current: Runtime | undefined

export function createRuntime(options: WorkflowsOptions): { runtime: Runtime; abort: () => void } {
  const closing = new AbortController()
  const runtime: Runtime = {
    ...options,
    lockHostname: lockHostnameOf(options),
    closing: closing.signal,
    running: new Set(),
    moverSlots: createMoverSlots(MOVERS_AT_WORK_MAX),
    toldOrphans: new Set(),
  }
  return { runtime, abort: () => closing.abort(new Error('The service stops.')) }
}

/** DBOS calls workflow functions by name, so what they need is found here. One per process. */
export function setCurrentRuntime(runtime: Runtime | undefined): void {
  current = runtime
}

export function currentRuntime(): Runtime {
  if (current === undefined) throw new Error('The workflows are not launched.')
  return current
}

function lockHostnameOf(options: WorkflowsOptions): string {
  return `holdfast-${options.installationID}-${options.executorID}-${options.boot}`
}

/** Counts `work` among what `close` waits for. */
export async function track<Result>(
  runtime: Runtime,
  work: () => Promise<Result>,
): Promise<Result> {
  const promise = work()
  runtime.running.add(promise)
  try {
    return await promise
  } finally {
    runtime.running.delete(promise)
  }
}

/**
 * Where an execution stays when the service stops: DBOS records nothing for it, and the next start
 * takes the workflow up again.
 */
export function park(): Promise<never> {
  return new Promise(() => undefined)
}

const DATABASE_PAUSE_MS = 500

/** Repeats a statement while the database is away. For what stands outside of steps. */
export async function persist<Result>(
  runtime: Runtime,
  statement: () => Promise<Result>,
): Promise<Result> {
  for (;;) {
    if (runtime.closing.aborted) return await park()
    try {
      return await statement()
    } catch (error) {
      if (!isPassingDatabaseFailure(error)) throw error
      runtime.log.warn('The database is away; trying again', { reason: String(error) })
      await delay(DATABASE_PAUSE_MS)
    }
  }
}

/** A UUID that is the same whenever it is made from the same parts: for rows written by steps. */
export function uuidFrom(...parts: readonly string[]): string {
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest()
  digest[6] = ((digest[6] ?? 0) & 0x0f) | 0x40
  digest[8] = ((digest[8] ?? 0) & 0x3f) | 0x80
  const hex = digest.toString('hex')
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20, 32),
  ].join('-')
}
