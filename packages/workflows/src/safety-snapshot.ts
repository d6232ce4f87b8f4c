// The snapshot that a restore by a command takes of its app before the command runs: an ordinary
// one, which users see, restore and delete as any other, since nothing else undoes what a command
// does.
import { createHash } from 'node:crypto'
import { DBOS } from '@dbos-inc/dbos-sdk'
import {
  type CopyFacts,
  findCopyFacts,
  insertApplicationSnapshot,
  insertTask,
  inTransaction,
  lockApp,
  type Queries,
  type StateDetail,
  workflowIDOf,
} from '@holdfast/db'
import { NIL_UUID, SUFFIX_LENGTH, scheduledCopyName } from '@holdfast/domain'
import { appIDOf, type Execution, logTask, type TaskOutcome } from './execution.ts'
import { sentencesOf } from './failure-sentence.ts'
import { newSafetySnapshotTask } from './new-task.ts'
import { type Runtime, uuidFrom } from './runtime.ts'
import { snapshotWorkflow } from './snapshot-workflow.ts'
import { step } from './step.ts'
import { WorkflowError } from './workflow-failure.ts'

const RESULT_POLL_MS = 100
/** So many of these names cannot be taken by chance. */
const NAMES_MAX = 20

/**
 * Whatever becomes of it, the restore goes on, and its log says which snapshot there is, or why
 * there is none. Its description lies where the backup does.
 */
export async function takeSafetySnapshot(execution: Execution, bucketID: string): Promise<void> {
  const { id, taskID } = idsOf(execution.taskID)
  await step(execution, 'request-safety-snapshot', () => request(execution, bucketID))
  const child = await DBOS.startWorkflow(snapshotWorkflow, {
    workflowID: workflowIDOf('snapshot', taskID),
  })(taskID)
  const outcome = await child.getResult({ pollingIntervalMs: RESULT_POLL_MS })
  await step(execution, 'note-safety-snapshot', () => note(execution, id, outcome))
}

/** What undoes the restore whose command began and failed. */
export async function dataLeftByCommand(
  { database }: Pick<Runtime, 'database'>,
  taskID: string,
): Promise<StateDetail[]> {
  const snapshot = await findUsable({ database }, taskID)
  const undo =
    snapshot === undefined
      ? 'There is no snapshot of the app from before the restore.'
      : `Restoring the snapshot ${snapshot.name} (${snapshot.id}) undoes it.`
  return [
    {
      type: 'urn:holdfast:failure:data-left-by-command',
      title: 'data as the command left it',
      detail: 'The data is as the restore command left it.',
    },
    { type: 'urn:holdfast:failure:undo', title: 'what undoes it', detail: undo },
  ]
}

function idsOf(taskID: string): { readonly id: string; readonly taskID: string } {
  return {
    id: uuidFrom('safety snapshot of', taskID),
    taskID: uuidFrom('safety snapshot task of', taskID),
  }
}

async function request(execution: Execution, bucketID: string): Promise<void> {
  const { task, runtime } = execution
  const { id, taskID } = idsOf(task.id)
  const { accountID } = task
  const appID = appIDOf(execution)
  await inTransaction(runtime.database, async (transaction) => {
    if ((await lockApp(transaction, { accountID, appID })) === undefined) {
      throw new WorkflowError({ code: 'app-not-found', appID })
    }
    if ((await findCopyFacts(transaction, { kind: 'snapshot', id })) !== undefined) return
    await insertNamed(transaction, execution, { id, bucketID })
    await insertTask(transaction, newSafetySnapshotTask(taskID, task, id))
  })
}

async function insertNamed(
  transaction: Queries,
  execution: Execution,
  { id, bucketID }: { readonly id: string; readonly bucketID: string },
): Promise<void> {
  const { task, runtime } = execution
  for (let at = 0; at < NAMES_MAX; at += 1) {
    const digest = createHash('sha256').update(`${task.id} ${at}`).digest()
    const isInserted = await insertApplicationSnapshot(transaction, {
      id,
      accountID: task.accountID,
      appID: appIDOf(execution),
      name: scheduledCopyName('before-restore', digest.subarray(0, SUFFIX_LENGTH)),
      bucketID,
      version: '1.3',
      labels: [],
      createdBy: task.userID ?? NIL_UUID,
      now: runtime.now(),
    })
    if (isInserted) return
  }
  throw new RangeError(`No name is free for the snapshot ${id}.`)
}

async function note(execution: Execution, id: string, outcome: TaskOutcome): Promise<void> {
  const { database } = execution.runtime
  const snapshot = await findCopyFacts(database, { kind: 'snapshot', id })
  if (outcome.state === 'completed' && snapshot !== undefined) {
    const line = `The snapshot ${snapshot.name} (${id}) holds the app as it was before this restore.`
    return await logTask(execution, 'info', line)
  }
  const reasons = outcome.state === 'completed' ? ['it is gone'] : sentencesOf(outcome.failure)
  const line = `There is no snapshot of the app from before this restore: ${reasons.join(' ')}`
  await logTask(execution, 'warning', `${line}\nThe restore goes on.`)
}

/** Undefined also when it failed, or was deleted since. */
async function findUsable(queries: Pick<Runtime, 'database'>, taskID: string) {
  const { id } = idsOf(taskID)
  const snapshot: CopyFacts | undefined = await findCopyFacts(queries.database, {
    kind: 'snapshot',
    id,
  })
  return snapshot?.state === 'completed' && !snapshot.isDeleted ? snapshot : undefined
}
