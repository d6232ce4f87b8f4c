// What every job gets from the mover.
import type { Clock, LockHolder, RandomBytes } from '@holdfast/engine'
import type { EventReporter } from './event-reporter.ts'

export interface JobContext {
  readonly clock: Clock
  readonly randomBytes: RandomBytes
  /** Who we are, for lock files and snapshots; the host name comes with the job. */
  readonly process: Omit<LockHolder, 'hostname'>
  readonly reporter: EventReporter
  /** Threads that hash, compress and seal. */
  readonly workers: number
  /** Threads that read and chunk. */
  readonly readers: number
  /** Once aborted the job writes nothing more, gives its lock back and ends. */
  readonly signal: AbortSignal
}
