// Deletes a backup that users do not see any more.
//
// still running: cancelled and waited for → its description, then its volumes are forgotten →
// their data is freed, in batches → its rows are gone → ended. A failure leaves the data in the
// bucket and the task `failed` with the reason.
import { deleteBackupVolumes, deleteCopyAssets, findCopyFacts } from '@holdfast/db'
import { cancelAndWait } from './cancel-and-wait.ts'
import { type Execution, registerTaskWorkflow, type TaskOutcome } from './execution.ts'
import { openRepository } from './open-repository.ts'
import { pruneRepository } from './prune-repository.ts'
import { allTagLists } from './repository-labels.ts'
import { runMover } from './run-mover.ts'
import { type StepScope, step } from './step.ts'
import { completeTask, failedOutcome, failTask, failureToEndWith, SHIELDED } from './task-end.ts'
import { withTurn } from './turn.ts'
import { appContext, repositoryTurn } from './workflow-context.ts'

export const deleteBackupWorkflow = registerTaskWorkflow('delete-backup', runDeleteBackup)

async function runDeleteBackup(execution: Execution): Promise<TaskOutcome> {
  const backup = { kind: 'backup', id: execution.task.resourceID } as const
  try {
    await step(execution, 'cancel-backup', (scope) => cancelAndWait(scope, backup), SHIELDED)
    const forgotten = await step(
      execution,
      'forget-backup',
      (scope) => forget(scope, backup),
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
      await completeTask(scope)
    },
    SHIELDED,
  )
  return { state: 'completed' }
}

/** Null when no repository ever had anything of it. */
async function forget(
  scope: StepScope,
  backup: { readonly kind: 'backup'; readonly id: string },
): Promise<{ appID: string; repositoryID: string } | null> {
  const { runtime } = scope.execution
  const facts = await findCopyFacts(runtime.database, backup)
  if (facts?.repositoryID === undefined) return null
  const { appID, repositoryID } = facts
  const { mover } = await appContext(scope, appID)
  await withTurn(repositoryTurn(scope, repositoryID, 'shared'), async () => {
    await runMover(mover, {
      kind: 'forget',
      repository: await openRepository(runtime, repositoryID),
      tagLists: allTagLists(backup),
    })
  })
  return { appID, repositoryID }
}
