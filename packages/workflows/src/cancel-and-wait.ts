// Ends the workflow that still makes a copy before the copy is deleted.
import { setTimeout as delay } from 'node:timers/promises'
import { type CopyRef, findTask, findUnendedTaskOf, requestTaskCancel } from '@holdfast/db'
import { isFinalTaskState } from '@holdfast/domain'
import type { StepScope } from './step.ts'

const POLL_MS = 100

export async function cancelAndWait(scope: StepScope, copy: CopyRef): Promise<void> {
  const { execution, signal } = scope
  const { database } = execution.runtime
  const making = await findUnendedTaskOf(database, {
    kinds: copy.kind === 'backup' ? ['backup', 'stream-backup'] : ['snapshot'],
    resourceID: copy.id,
  })
  if (making === undefined) return
  // One past its commit is not cancelled but ends by itself.
  await requestTaskCancel(database, {
    accountID: making.accountID,
    taskID: making.id,
    ...(execution.task.userID === null ? {} : { userID: execution.task.userID }),
  })
  for (;;) {
    const task = await findTask(database, making.id)
    if (task === undefined || isFinalTaskState(task.state)) return
    await delay(POLL_MS, undefined, { signal })
  }
}
