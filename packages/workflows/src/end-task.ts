// Makes a task final and tells it, in one transaction.
import {
  clearCondition,
  type Database,
  endTask,
  findTaskSubject,
  inTransaction,
  type Queries,
  recordEvent,
  type TaskEnd,
  type TaskExecution,
} from '@holdfast/db'
import { uuidFrom } from './runtime.ts'
import { CLEARED_BY, eventOfTaskEnd } from './task-end-event.ts'

interface EndingContext {
  readonly database: Database
  readonly now: () => Date
}

/** False: another execution took over. Repeating it is harmless and tells nothing twice. */
export async function endAndTellTask(
  { database, now }: EndingContext,
  execution: TaskExecution,
  end: TaskEnd,
  /** What the end brings with it, in the same transaction. */
  follow?: (transaction: Queries) => Promise<void>,
): Promise<boolean> {
  return await inTransaction(database, async (transaction) => {
    const hasEnded = await endTask(transaction, execution, end)
    if (hasEnded) await tell(transaction, { taskID: execution.taskID, end, eventTime: now() })
    if (hasEnded) await follow?.(transaction)
    return hasEnded
  })
}

async function tell(
  transaction: Queries,
  { taskID, end, eventTime }: { taskID: string; end: TaskEnd; eventTime: Date },
): Promise<void> {
  const subject = await findTaskSubject(transaction, taskID)
  if (subject === undefined) return
  const event = eventOfTaskEnd(subject, end)
  if (event === undefined) return
  await recordEvent(transaction, { ...event, id: uuidFrom('end of task', taskID), eventTime })
  const cleared = CLEARED_BY[subject.kind]
  if (end.state !== 'completed' || cleared === undefined) return
  const { accountID, resourceID } = subject
  const { description } = event
  await clearCondition(transaction, {
    accountID,
    resourceID,
    name: cleared,
    description,
    eventTime,
  })
}
