// The rows of the copies that a run of a schedule makes, each with its task in one transaction.
import { createHash } from 'node:crypto'
import {
  findContainerBackupPolicy,
  findCopyFacts,
  holdBucket,
  insertApplicationSnapshot,
  insertBackup,
  insertTask,
  inTransaction,
  type LockedApp,
  listBucketChoices,
  lockApp,
  noteCopyOfRun,
  type Queries,
} from '@holdfast/db'
import { NIL_UUID, SUFFIX_LENGTH, scheduledCopyName, selectBucket } from '@holdfast/domain'
import { appIDOf, type Execution } from './execution.ts'
import {
  newCopyTask,
  newStreamTask,
  type ScheduleRunInput,
  type StreamBackupInput,
} from './new-task.ts'
import { uuidFrom } from './runtime.ts'
import { streamCommandOf } from './stream-command.ts'
import { WorkflowError } from './workflow-failure.ts'

/** So many of one schedule's names cannot be taken by chance. */
const NAMES_MAX = 20

export interface ScheduledCopyRequest {
  readonly kind: 'snapshot' | 'backup'
  /** Of a backup: what it is made of; absent when it takes a snapshot for itself. */
  readonly snapshotID?: string
  /** A backup of what the app's command writes, as it is configured now. */
  readonly isStream?: boolean
}

/** Their ids come from the run's, so a repeated step finds what was written before. */
export function scheduledCopyIDs(
  taskID: string,
  kind: 'snapshot' | 'backup',
): { readonly id: string; readonly taskID: string } {
  return {
    id: uuidFrom(`${kind} of run`, taskID),
    taskID: uuidFrom(`${kind} task of run`, taskID),
  }
}

/** Fails with `app-not-found`, `no-bucket-available` or `command-not-configured`. */
export async function requestScheduledCopy(
  execution: Execution,
  request: ScheduledCopyRequest,
): Promise<void> {
  const { runtime, task } = execution
  const { kind } = request
  const { id, taskID } = scheduledCopyIDs(task.id, kind)
  await inTransaction(runtime.database, async (transaction) => {
    const app = await lockApp(transaction, { accountID: task.accountID, appID: appIDOf(execution) })
    if (app === undefined)
      throw new WorkflowError({ code: 'app-not-found', appID: appIDOf(execution) })
    if ((await findCopyFacts(transaction, { kind, id })) !== undefined) return
    const command = request.isStream ? await findCommand(transaction, app) : undefined
    const bucketID = await chooseBucket(transaction, execution, app)
    await insertNamed(transaction, execution, { ...request, id, bucketID })
    const copyTask =
      command === undefined
        ? newCopyTask(taskID, task, { kind, id })
        : newStreamTask(taskID, task, { ...command, backupID: id })
    await insertTask(transaction, copyTask)
    await noteCopyOfRun(transaction, { runID: inputOf(execution).runID, kind, id })
  })
}

async function findCommand(transaction: Queries, app: LockedApp): Promise<StreamBackupInput> {
  const policy = await findContainerBackupPolicy(transaction, app.id)
  if (policy === undefined) {
    throw new WorkflowError({ code: 'command-not-configured', app: app.id })
  }
  return streamCommandOf(policy.backup, policy.modifiedBy)
}

async function chooseBucket(
  transaction: Queries,
  execution: Execution,
  app: LockedApp,
): Promise<string> {
  const { accountID } = execution.task
  const { bucketID } = inputOf(execution)
  const choices = await listBucketChoices(transaction, { accountID, clusterID: app.clusterID })
  const fail = (reason: string) =>
    new WorkflowError({ code: 'no-bucket-available', app: app.id, reason })
  const named = choices.buckets.find(({ id }) => id === bucketID)
  if (bucketID !== undefined && named?.state !== 'available') {
    throw fail(`the bucket of the schedule is ${named?.state ?? 'gone'}`)
  }
  const chosen = named?.id ?? selectBucket({ ...choices, mayUseAny: true })
  if (chosen === undefined) throw fail('none is available')
  if (!(await holdBucket(transaction, { accountID, bucketID: chosen }))) {
    throw fail('the bucket of the schedule is gone')
  }
  return chosen
}

interface CopyToInsert extends ScheduledCopyRequest {
  readonly id: string
  readonly bucketID: string
}

async function insertNamed(
  transaction: Queries,
  execution: Execution,
  { kind, id, bucketID, snapshotID, isStream = false }: CopyToInsert,
): Promise<void> {
  const { accountID, resourceID: scheduleID } = execution.task
  for (let at = 0; at < NAMES_MAX; at += 1) {
    const copy = {
      id,
      accountID,
      appID: appIDOf(execution),
      name: nameOf(execution, at),
      bucketID,
      scheduleID,
      labels: [],
      createdBy: NIL_UUID,
      now: execution.runtime.now(),
    }
    const isInserted =
      kind === 'snapshot'
        ? await insertApplicationSnapshot(transaction, { ...copy, version: '1.3' })
        : await insertBackup(transaction, {
            ...copy,
            version: '1.2',
            kind: isStream ? 'stream' : 'volumes',
            ...(snapshotID === undefined ? {} : { snapshotID }),
          })
    if (isInserted) return
  }
  throw new RangeError(`No name is free for the ${kind} ${id}.`)
}

/** A run's snapshot and backup have the same one, unless somebody took it. */
function nameOf(execution: Execution, at: number): string {
  const digest = createHash('sha256').update(`${execution.taskID} ${at}`).digest()
  return scheduledCopyName(inputOf(execution).scheduleName, digest.subarray(0, SUFFIX_LENGTH))
}

function inputOf({ task }: Execution): ScheduleRunInput {
  return task.input as ScheduleRunInput
}
