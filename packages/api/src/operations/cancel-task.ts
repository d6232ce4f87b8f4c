// Asks a durable operation to stop and to undo what it began.
import { findResource, requestTaskCancel, TASKS, type Task } from '@holdfast/db'
import { type Caller, scopeOf, viewerOf } from './caller.ts'
import type { OperationContext } from './operation-context.ts'
import { OperationError } from './operation-failure.ts'
import { outOfReach } from './permissions.ts'

/** Answers the task, which is `cancelling` now; asking again is harmless. */
export async function cancelTask(
  context: OperationContext,
  caller: Caller,
  taskID: string,
): Promise<Task> {
  const { accountID, userID } = caller
  await checkTask(context, caller, taskID)
  const answer = await requestTaskCancel(context.database, { accountID, taskID, userID })
  if (answer === 'too-late') throw new OperationError({ code: 'task-not-cancellable', taskID })
  const scope = { accountID, parents: {} }
  const task = await findResource(context.database, TASKS, { scope, id: taskID })
  if (answer === 'not-found' || task === undefined) {
    throw new OperationError({ code: 'not-found', kind: 'task', id: taskID })
  }
  return task
}

async function checkTask(
  { database }: OperationContext,
  caller: Caller,
  id: string,
): Promise<void> {
  const scope = scopeOf(caller)
  if (await findResource(database, TASKS, { scope, id })) return
  const seen = { ...scope, viewer: viewerOf(caller) }
  if (await findResource(database, TASKS, { scope: seen, id })) {
    throw outOfReach(caller, 'cancel-tasks')
  }
  throw new OperationError({ code: 'not-found', kind: 'task', id })
}
