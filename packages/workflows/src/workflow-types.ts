// What `launchWorkflows` is given and what it answers: the public face of this package.
import type { Database, Sealing } from '@holdfast/db'
import type { Platform } from '@holdfast/platforms'
import type { StepObserver } from './step-observer.ts'

export interface WorkflowsLog {
  debug(message: string, fields?: object): void
  info(message: string, fields?: object): void
  warn(message: string, fields?: object): void
  error(message: string, fields?: object): void
}

export interface WorkflowsOptions {
  readonly database: Database
  readonly sealing: Sealing
  readonly installationID: string
  /** Its lock (`takeExecutorLock`) is held by this process before the launch and until after `close`. */
  readonly executorID: string
  /** Random for each service start; part of the hostname in our repository locks. */
  readonly boot: string
  /** The driver of a cluster; undefined when this process cannot reach clusters of that type. */
  readonly platformOf: (cluster: ClusterRef) => Platform | undefined
  /** `$HOLDFAST_HOME/snapshots`: the local snapshot repositories, one directory an account. */
  readonly snapshotsDirectory: string
  /** Whether buckets may be in loopback and private networks. */
  readonly mayReachPrivateNetworks: boolean
  readonly now: () => Date
  readonly randomUUID: () => string
  /** Makes a repository password: at least 32 characters from a good source. */
  readonly randomPassword: () => string
  readonly log: WorkflowsLog
  /** After so long without a byte the command of a stream is taken for hanging. Two minutes. */
  readonly commandStallMs?: number
  /** Tests stop or kill the process in it. */
  readonly observer?: StepObserver
}

export interface ClusterRef {
  readonly id: string
  readonly type: string
}

export interface Workflows {
  /**
   * Starts the workflow of a committed `tasks` row. Idempotent; never fails for a reason that
   * passes: what cannot start now is started by the sweep within seconds.
   */
  startTask(taskID: string): Promise<void>
  /**
   * Makes or opens the repository of a bucket (local directory) and seals its secrets; answers
   * its id. Idempotent. The service calls it for the first bucket; backups call it by themselves.
   */
  ensureBucketRepository(request: {
    readonly accountID: string
    readonly bucketID: string
  }): Promise<string>
  /** Movers of this process that work, and how much waits for one. */
  countMovers(): { readonly working: number; readonly waiting: number }
  /** Resolves when no workflow that this process executes is active. For tests and the demo. */
  whenIdle(): Promise<void>
  /**
   * Stops movers, leaves workflows where they are (the next start resumes them) and closes DBOS.
   * Nothing is written afterwards.
   */
  close(): Promise<void>
}
