// Deletes a backup that users do not see any more.
//
// still running: cancelled and waited for → its description, then its volumes are forgotten →
// their data is freed, in batches → its rows are gone → ended. A failure leaves the data in the
// bucket and the task `failed` with the reason.
import { deleteBackupVolumes, deleteCopyAssets } from '@holdfast/db'
import { cancelAndWait } from './cancel-and-wait.ts'
import { type Execution, registerTaskWorkflow, type TaskOutcome } from './execution.ts'
import { forgetCopy } from './forget-copy.ts'
import { pruneRepository } from './prune-repository.ts'
import { completeDeletion } from './purge-app.ts'
import { step } from './step.ts'
import { failedOutcome, failTask, failureToEndWith, SHIELDED } from './task-end.ts'

export const deleteBackupWorkflow = registerTaskWorkflow('delete-backup', runDeleteBackup)

async function runDeleteBackup(execution: Execution): Promise<TaskOutcome> {
  const backup = { kind: 'backup', id: execution.task.resourceID } as const
  try {
    await step(execution, 'cancel-backup', (scope) => cancelAndWait(scope, backup), SHIELDED)
    const forgotten = await step(
      execution,
      'forget-backup',
      (scope) => forgetCopy(scope, backup),
      SHIELDED,
    )
    if (forgotten !== null) await pruneRepository(execution, forgotten)
  } catch (error) {
    const failure = failureToEndWith(error)
    await step(execution, 'fail-delete-backup', (scope) => failTask(scope, failure), SHIELDED)
    return failedOutcome(failure)
  }
  await step(
    execution,
    'end-delete-backup',
    async (scope) => {
      const { database } = execution.runtime
      await deleteBackupVolumes(database, backup.id)
      await deleteCopyAssets(database, backup)
      await completeDeletion(scope)
    },
    SHIELDED,
  )
  return { state: 'completed' }
}
