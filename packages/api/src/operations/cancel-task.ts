// Asks a durable operation to stop and to undo what it began.
import { findResource, requestTaskCancel, TASKS, type Task } from '@holdfast/db'
import type { Caller } from './caller.ts'
import type { OperationContext } from './operation-context.ts'
import { OperationError } from './operation-failure.ts'

/** Answers the task, which is `cancelling` now; asking again is harmless. */
export async function cancelTask(
  context: OperationContext,
  caller: Caller,
  taskID: string,
): Promise<Task> {
  const { accountID, userID } = caller
  const answer = await requestTaskCancel(context.database, { accountID, taskID, userID })
  if (answer === 'too-late') throw new OperationError({ code: 'task-not-cancellable', taskID })
  const scope = { accountID, parents: {} }
  const task = await findResource(context.database, TASKS, { scope, id: taskID })
  if (answer === 'not-found' || task === undefined) {
    throw new OperationError({ code: 'not-found', kind: 'task', id: taskID })
  }
  return task
}
