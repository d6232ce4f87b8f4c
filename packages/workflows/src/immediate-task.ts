// Tells of what was done with its request as a completed task, for users who follow tasks.
import { insertCompletedTask, type Queries } from '@holdfast/db'

export interface ImmediateTask {
  /** A new UUIDv4. */
  readonly id: string
  readonly accountID: string
  /** Of the app that it concerns. */
  readonly appID?: string
  /** Absent when the service itself acts. */
  readonly userID?: string
  /** Dotted lower-case letters, such as `holdfast.container.reconfigure`. */
  readonly name: string
  /** 3 to 63 characters. */
  readonly summary: string
  /** At most 511 characters. */
  readonly description: string
  /** `app`, `bucket`, `role` … */
  readonly resourceKind: string
  readonly resourceID: string
  readonly now: Date
}

/** Joins the transaction of the deed: who sees the one sees the other. No workflow is started. */
export async function recordImmediateTask(
  transaction: Queries,
  { now, ...task }: ImmediateTask,
): Promise<void> {
  await insertCompletedTask(transaction, { task: { ...task, kind: 'immediate', input: {} }, now })
}
