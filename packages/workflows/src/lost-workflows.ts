// Ends what belongs to workflows that are not active any more although their task says otherwise,
// settles their obligations, and looks after what platforms own beside these.
import { DBOS } from '@dbos-inc/dbos-sdk'
import {
  deleteObligation,
  endAppRestore,
  endScheduleRun,
  failCopy,
  failSnapshotDeletion,
  findCopyFacts,
  findTask,
  findTaskCommand,
  listObligations,
  listUnendedTasks,
  type Obligation,
  type StateDetail,
  type WorkflowTask,
  workflowIDOf,
} from '@holdfast/db'
import type { Platform } from '@holdfast/platforms'
import { dropSourceSnapshot } from './clone-source.ts'
import { platformsOf } from './dead-services.ts'
import { endAndTellTask } from './end-task.ts'
import { beginFailedDeletionsAgain } from './failed-deletions.ts'
import { sentencesOf, stateDetailsOf } from './failure-sentence.ts'
import { settleMover } from './mover-obligation.ts'
import { settleOrphans } from './orphans.ts'
import { purgeTrash } from './purge-app.ts'
import type { Runtime } from './runtime.ts'
import { dataLeftByCommand } from './safety-snapshot.ts'
import { endStaging } from './staging-obligation.ts'
import {
  deleteVolumeSnapshotsOf,
  releaseVolumeSnapshots,
  type VolumeSnapshotDetail,
} from './volume-snapshot-obligation.ts'
import { settleHooks } from './with-hooks.ts'
import type { WorkflowFailure } from './workflow-failure.ts'

const TASKS_AT_ONCE_MAX = 1000
const LOST: WorkflowFailure = { code: 'workflow-lost' }

/** One failure does not keep the rest from being settled; the next sweep tries it again. */
export async function settleLostWorkflows(runtime: Runtime): Promise<void> {
  await failLostTasks(runtime)
  await orLater(runtime, 'failed deletions', () => beginFailedDeletionsAgain(runtime))
  await orLater(runtime, 'the trash', () => purgeTrash(runtime))
  const platforms = await platformsOf(runtime)
  const obligations = (await listObligations(runtime.database, {})).toSorted(hooksFirst)
  const active = await activeWorkflows(obligations.map(({ workflowID }) => workflowID))
  for (const obligation of obligations) {
    // What the service does by itself belongs to a start, not to a workflow.
    if (obligation.taskID === undefined || active.has(obligation.workflowID)) continue
    await orLater(runtime, `the ${obligation.kind} ${obligation.id}`, () =>
      settle(runtime, platforms, obligation),
    )
  }
  for (const platform of platforms.values()) {
    await orLater(runtime, 'orphans', () => settleOrphans(runtime, platform))
  }
}

/** An app's turn is given back when its hooks have run. */
function hooksFirst(one: Obligation, other: Obligation): number {
  return Number(other.kind === 'hooks') - Number(one.kind === 'hooks')
}

async function failLostTasks(runtime: Runtime): Promise<void> {
  const { database } = runtime
  const tasks = (await listUnendedTasks(database, TASKS_AT_ONCE_MAX)).filter(
    // Others are started by the outbox.
    (task) => task.attempt > 0 || task.parentTaskID !== null,
  )
  const active = await activeWorkflows(tasks.flatMap(workflowsThatRun))
  for (const task of tasks) {
    if (workflowsThatRun(task).some((id) => active.has(id))) continue
    await orLater(runtime, `the task ${task.id}`, async () => {
      // It may have ended between the two looks.
      const now = await findTask(database, task.id)
      if (now === undefined || now.attempt !== task.attempt) return
      await failResource(runtime, now)
      await endAndTellTask(runtime, execution(now), {
        state: 'failed',
        failure: LOST,
        stateDetails: stateDetailsOf(LOST),
      })
    })
  }
}

/** A child that was never started is started by its parent. */
function workflowsThatRun({ attempt, parentTaskID, workflowID }: WorkflowTask): string[] {
  if (attempt > 0 || parentTaskID === null) return [workflowID]
  const parents = ['backup', 'schedule-run', 'stream-restore'] as const
  return parents.map((kind) => workflowIDOf(kind, parentTaskID))
}

async function lostRestoreDetails(runtime: Runtime, { id }: WorkflowTask): Promise<StateDetail[]> {
  const { hasBegun, hasEndedWell } = await findTaskCommand(runtime.database, id)
  const isHalfDone = hasBegun && !hasEndedWell
  return [...stateDetailsOf(LOST), ...(isHalfDone ? await dataLeftByCommand(runtime, id) : [])]
}

async function failResource(runtime: Runtime, task: WorkflowTask): Promise<void> {
  const { database } = runtime
  const sentences = sentencesOf(LOST)
  const stateDetails = stateDetailsOf(LOST)
  const { resourceID } = task
  switch (task.kind) {
    case 'backup':
    case 'stream-backup':
    case 'snapshot':
      await failCopy(database, execution(task), {
        kind: task.kind === 'snapshot' ? 'snapshot' : 'backup',
        id: resourceID,
        sentences,
        stateDetails,
      })
      break
    case 'stream-restore':
      await endAppRestore(database, execution(task), {
        appID: resourceID,
        state: 'failed',
        stateDetails: await lostRestoreDetails(runtime, task),
      })
      break
    case 'restore':
      await endAppRestore(database, execution(task), {
        appID: resourceID,
        state: 'failed',
        stateDetails,
      })
      break
    case 'clone':
      await endAppRestore(database, execution(task), {
        appID: resourceID,
        state: 'failed',
        stateDetails,
      })
      await dropSourceSnapshot(runtime, task)
      break
    case 'delete-snapshot':
      await failSnapshotDeletion(database, execution(task), {
        snapshotID: resourceID,
        sentences,
        stateDetails,
      })
      break
    case 'schedule-run':
      await endScheduleRun(database, {
        taskID: task.id,
        state: 'failed',
        reason: sentences.join(' '),
        now: runtime.now(),
      })
      break
    case 'move':
    case 'delete-backup':
    case 'verify-bucket':
    case 'immediate':
      break
    default: {
      const never: never = task.kind
      return never
    }
  }
}

async function settle(
  runtime: Runtime,
  platforms: ReadonlyMap<string, Platform>,
  obligation: Obligation,
): Promise<void> {
  if (obligation.kind === 'turn') return await deleteObligation(runtime.database, obligation.id)
  const platform = platforms.get(obligation.clusterID ?? '')
  if (platform === undefined) return
  switch (obligation.kind) {
    case 'mover':
      return await settleMover(runtime, platform, obligation.id)
    case 'volume-snapshot': {
      const { snapshotID } = obligation.detail as VolumeSnapshotDetail
      return await settleVolumeSnapshots(runtime, platform, snapshotID)
    }
    case 'hooks':
      return await settleHooks(runtime, platform, obligation)
    case 'staging':
      await endStaging(runtime, platform, obligation.id)
      return await deleteObligation(runtime.database, obligation.id)
    default: {
      const never: never = obligation.kind
      return never
    }
  }
}

/** Those of a snapshot that was completed before its workflow was lost are its own. */
async function settleVolumeSnapshots(
  runtime: Runtime,
  platform: Platform,
  snapshotID: string,
): Promise<void> {
  const snapshot = await findCopyFacts(runtime.database, { kind: 'snapshot', id: snapshotID })
  if (snapshot?.state === 'completed') return await releaseVolumeSnapshots(runtime, snapshotID)
  await deleteVolumeSnapshotsOf(runtime, platform, snapshotID, runtime.closing)
}

async function activeWorkflows(workflowIDs: readonly string[]): Promise<ReadonlySet<string>> {
  const wanted = [...new Set(workflowIDs)]
  if (wanted.length === 0) return new Set()
  const found = await DBOS.listWorkflows({
    workflowIDs: wanted,
    status: ['PENDING', 'ENQUEUED', 'DELAYED'],
    loadInput: false,
    loadOutput: false,
  })
  return new Set(found.map(({ workflowID }) => workflowID))
}

async function orLater(runtime: Runtime, what: string, work: () => Promise<void>): Promise<void> {
  if (runtime.closing.aborted) return
  try {
    await work()
  } catch (error) {
    runtime.log.warn('Not settled yet, tried again in a minute', { what, reason: String(error) })
  }
}

function execution({ id, attempt }: WorkflowTask): { taskID: string; attempt: number } {
  return { taskID: id, attempt }
}
