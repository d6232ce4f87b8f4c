// What every operation works with.
import type { Database, Queries, Sealing } from '@holdfast/db'
import type { ClusterInventories } from './cluster-inventories.ts'

/** The part of the workflows that operations call, after their transaction has committed. */
export interface TaskStarter {
  startTask(taskID: string): Promise<void>
}

export interface OperationContext {
  readonly database: Database
  readonly sealing: Sealing
  readonly workflows: TaskStarter
  readonly inventories: ClusterInventories
  /** Why there can be no local bucket in this directory: the end of a sentence about it. */
  readonly refuseLocalBucket: (path: string) => Promise<string | undefined>
  readonly now: () => Date
  /** A new UUIDv4. */
  readonly newID: () => string
}

/** The database, or a transaction on it. */
export type { Queries }
