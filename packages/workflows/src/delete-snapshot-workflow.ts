// Deletes an application snapshot; until its data is gone users see it as `deleting`.
//
// still running: cancelled and waited for → its volumes are dropped, on the platform and in the
// local snapshot repository → its description is forgotten in the bucket → the local repository
// frees the data → gone. The few bytes of a description are freed by the bucket's next prune; when
// the app itself goes for good there may be none, so then the bucket is pruned, too. A failure makes it `failed`, with the reason; it may be deleted again.
import { failSnapshotDeletion, isAppBeingPurged, markSnapshotGone } from '@holdfast/db'
import { cancelAndWait } from './cancel-and-wait.ts'
import { dropSnapshotData, findLocalRepository } from './drop-snapshot.ts'
import { appIDOf, type Execution, registerTaskWorkflow, type TaskOutcome } from './execution.ts'
import { sentencesOf, stateDetailsOf } from './failure-sentence.ts'
import { forgetCopy } from './forget-copy.ts'
import { pruneRepository } from './prune-repository.ts'
import { completeDeletion } from './purge-app.ts'
import { type StepScope, step } from './step.ts'
import { failedOutcome, failTask, failureToEndWith, SHIELDED } from './task-end.ts'
import { appContext } from './workflow-context.ts'

export const deleteSnapshotWorkflow = registerTaskWorkflow('delete-snapshot', runDeleteSnapshot)

interface SnapshotRef {
  readonly kind: 'snapshot'
  readonly id: string
}

async function runDeleteSnapshot(execution: Execution): Promise<TaskOutcome> {
  const snapshot: SnapshotRef = { kind: 'snapshot', id: execution.task.resourceID }
  try {
    await step(execution, 'cancel-snapshot', (scope) => cancelAndWait(scope, snapshot), SHIELDED)
    const localID = await step(
      execution,
      'drop-volumes',
      (scope) => drop(scope, snapshot),
      SHIELDED,
    )
    const bucketID = await step(
      execution,
      'forget-description',
      (scope) => forgetDescription(scope, snapshot),
      SHIELDED,
    )
    // A former version recorded nothing for the bucket.
    for (const repositoryID of [localID, bucketID ?? null].filter((id) => id !== null)) {
      await pruneRepository(execution, { appID: appIDOf(execution), repositoryID })
    }
  } catch (error) {
    const failure = failureToEndWith(error)
    await step(
      execution,
      'fail-delete-snapshot',
      async (scope) => {
        await failSnapshotDeletion(execution.runtime.database, execution, {
          snapshotID: snapshot.id,
          sentences: sentencesOf(failure),
          stateDetails: stateDetailsOf(failure),
        })
        await failTask(scope, failure)
      },
      SHIELDED,
    )
    return failedOutcome(failure)
  }
  await step(
    execution,
    'end-delete-snapshot',
    async (scope) => {
      await markSnapshotGone(execution.runtime.database, snapshot.id)
      await completeDeletion(scope)
    },
    SHIELDED,
  )
  return { state: 'completed' }
}

/**
 * Answers the local repository to be pruned: also when this snapshot has nothing there any more,
 * since a deletion that failed after this step was to free it.
 */
async function drop(scope: StepScope, snapshot: SnapshotRef): Promise<string | null> {
  const context = await appContext(scope, appIDOf(scope.execution))
  await dropSnapshotData(scope, context, snapshot.id)
  return (await findLocalRepository(scope, context)) ?? null
}

/** Answers the bucket's repository when that is to be pruned as well. */
async function forgetDescription(
  scope: StepScope,
  snapshot: SnapshotRef,
): Promise<string | null | undefined> {
  const forgotten = await forgetCopy(scope, snapshot)
  if (forgotten === null) return null
  const { database } = scope.execution.runtime
  return (await isAppBeingPurged(database, forgotten.appID)) ? forgotten.repositoryID : null
}
