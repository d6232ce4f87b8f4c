// What the workflows that make, restore or remove a copy do alike with its row.
import {
  type CopyFacts,
  type CopyRef,
  commitBackup,
  failCopy,
  findAppFacts,
  findCopyFacts,
  setCopyRepository,
} from '@holdfast/db'
import { ensureRepository } from './ensure-repository.ts'
import { appIDOf } from './execution.ts'
import { sentencesOf, stateDetailsOf } from './failure-sentence.ts'
import type { StepScope } from './step.ts'
import { failTask, throwRefusedCommit } from './task-end.ts'
import { appContext } from './workflow-context.ts'
import { WorkflowError, type WorkflowFailure } from './workflow-failure.ts'

/** Fails with `copy-not-found`. */
export async function factsOfCopy({ execution }: StepScope, copy: CopyRef): Promise<CopyFacts> {
  const facts = await findCopyFacts(execution.runtime.database, copy)
  if (facts === undefined) throw new WorkflowError({ code: 'copy-not-found', copyID: copy.id })
  return facts
}

/** One that can be read: fails with `copy-not-found` or `copy-not-completed`. */
export async function factsOfSource(scope: StepScope, copy: CopyRef): Promise<CopyFacts> {
  const facts = await factsOfCopy(scope, copy)
  const { state, isDeleted } = facts
  if (isDeleted) throw new WorkflowError({ code: 'copy-not-found', copyID: copy.id })
  if (state !== 'completed') {
    throw new WorkflowError({ code: 'copy-not-completed', copyID: copy.id, state })
  }
  return facts
}

/** Answers the id of the repository in the copy's bucket, which stands in the copy's row then. */
export async function ensureRepositoryOfCopy(scope: StepScope, copy: CopyRef): Promise<string> {
  const { execution } = scope
  const { appID, accountID, bucketID } = await factsOfCopy(scope, copy)
  const { mover } = await appContext(scope, appID, copy)
  const repositoryID = await ensureRepository(mover, accountID, { kind: 'bucket', bucketID })
  await setCopyRepository(execution.runtime.database, execution, { ...copy, repositoryID })
  return repositoryID
}

/** Completes a backup in one statement; from then on nothing can fail it. */
export async function commitBackupOfTask(
  scope: StepScope,
  written: {
    readonly backupID: string
    readonly descriptionID: string
    readonly totalBytes: number
  },
): Promise<void> {
  const { execution } = scope
  const { database } = execution.runtime
  const app = await findAppFacts(database, appIDOf(execution))
  const hasCommitted = await commitBackup(database, execution, {
    backupID: written.backupID,
    descriptionSnapshotID: written.descriptionID,
    totalBytes: written.totalBytes,
    definition: app?.definition ?? {},
  })
  if (!hasCommitted) await throwRefusedCommit(scope)
}

/** The last of a copy that failed: its row says why, and so does its task. */
export async function failCopyAndTask(
  scope: StepScope,
  copy: CopyRef,
  failure: WorkflowFailure,
): Promise<void> {
  const { execution } = scope
  await failCopy(execution.runtime.database, execution, {
    ...copy,
    sentences: sentencesOf(failure),
    stateDetails: stateDetailsOf(failure),
  })
  await failTask(scope, failure)
}
