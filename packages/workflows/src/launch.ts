// Launches the durable workflows of this process, and stops them.
//
// unlaunched → launching: what dead services left is cleared, then DBOS takes up this executor's
// own pending workflows → running: tasks start at once or by the sweep, every minute lost
// workflows are settled and those of dead executors are taken up → closing: movers are stopped,
// effects under way are waited for, workflows stay where they are → closed.
import { DBOS } from '@dbos-inc/dbos-sdk'
import { DBOSExecutor } from '@dbos-inc/dbos-sdk/internal/dbos-executor'
import {
  type Database,
  findBucketPlace,
  insertServiceBoot,
  listClusterRefs,
  openDatabase,
  recordServiceStop,
  removeExpiredEvents,
  removeOldScheduleRuns,
  removeUnneededCredentials,
} from '@holdfast/db'
import { MOVE_QUEUE, MOVES_PER_WORKER_MAX } from './backup-workflow.ts'
import {
  clearDeadServices,
  type DeadService,
  endDeadServices,
  platformsOf,
} from './dead-services.ts'
import { deliverDue } from './deliver.ts'
import { ensureRepository } from './ensure-repository.ts'
import { settleLostWorkflows } from './lost-workflows.ts'
import { removeOldWorkflows } from './old-workflows.ts'
import { startSweeps } from './periodic.ts'
import { createRuntime, type Runtime, setCurrentRuntime, track } from './runtime.ts'
import { createScheduler } from './schedules.ts'
import { tellServiceStart } from './service-start-event.ts'
import { startTask, startTasksNotStarted } from './task-starter.ts'
import { verifyDueBuckets } from './verify-buckets.ts'
import { watchClusters } from './watch-clusters.ts'
import { WorkflowError } from './workflow-failure.ts'
import type { Workflows, WorkflowsLog, WorkflowsOptions } from './workflow-types.ts'

/** Constant: a deployment must take up the workflows of the one before it (see `step-names.ts`). */
const APPLICATION_VERSION = 'holdfast-1'

const START_SWEEP_MS = 2000
const SETTLE_SWEEP_MS = 60_000
const VERIFY_SWEEP_MS = 1000
/** A run begins this long after its time, at most. */
const SCHEDULE_SWEEP_MS = 1000
const WATCH_SWEEP_MS = 60_000
const REMOVE_SWEEP_MS = 3_600_000
/** Of each schedule: years of one that runs daily, most of a day of one that runs every minute. */
const RUNS_KEPT = 1000
/** A notification is on its way this long after what it tells, at most. */
const DELIVER_SWEEP_MS = 2000
const QUEUE_POLL_MS = 250
/** Beside the pool of the product: DBOS holds one connection to listen and one per statement. */
const DBOS_POOL_SIZE = 8

export async function launchWorkflows(options: WorkflowsOptions): Promise<Workflows> {
  const { runtime, abort } = createRuntime(options)
  const { database } = runtime
  await insertServiceBoot(database, {
    boot: runtime.boot,
    executorID: runtime.executorID,
    lockHostname: runtime.lockHostname,
  })
  const dead = await clearDeadServices(runtime)
  await tellServiceStart(runtime, { hasCrashed: dead.some(({ isStopped }) => !isStopped) })
  setCurrentRuntime(runtime)
  const dbosDatabase = await launchDBOS(runtime)
  await takeUpWorkflows(runtime, dead)
  const stopSweeps = startSweeps(runtime, [
    { everyMs: START_SWEEP_MS, work: () => startTasksNotStarted(runtime) },
    { everyMs: SETTLE_SWEEP_MS, work: () => sweep(runtime) },
    { everyMs: SCHEDULE_SWEEP_MS, work: createScheduler(runtime) },
    { everyMs: VERIFY_SWEEP_MS, work: () => verifyDueBuckets(runtime) },
    { everyMs: REMOVE_SWEEP_MS, work: () => removeOldWorkflows(runtime) },
    { everyMs: WATCH_SWEEP_MS, work: () => watchClusters(runtime) },
    { everyMs: DELIVER_SWEEP_MS, work: () => deliver(runtime) },
    { everyMs: REMOVE_SWEEP_MS, work: () => removeOldEvents(runtime) },
    { everyMs: REMOVE_SWEEP_MS, work: () => removeOldScheduleRuns(database, RUNS_KEPT) },
    { everyMs: REMOVE_SWEEP_MS, work: () => removeUnneededCredentials(database) },
  ])
  return {
    startTask: (taskID) => startTask(runtime, taskID),
    ensureBucketRepository: (request) => ensureBucketRepository(runtime, request),
    countMovers: () => runtime.moverSlots.count(),
    whenIdle: () => whenIdle(runtime),
    async close() {
      abort()
      await stopSweeps()
      while (runtime.running.size > 0) await Promise.allSettled(runtime.running)
      await DBOS.shutdown()
      await noteStop(runtime)
      // Kysely ends the pool only when it made a query itself.
      await dbosDatabase.pool.end()
      setCurrentRuntime(undefined)
    },
  }
}

/** A stop that the database does not hear of looks like a crash to the next start, no worse. */
async function noteStop({ database, boot, log }: Runtime): Promise<void> {
  await recordServiceStop(database, boot).catch((error: unknown) => {
    log.warn('The stop could not be written down', { reason: String(error) })
  })
}

async function launchDBOS(runtime: Runtime): Promise<Database> {
  const dbosDatabase = openDatabase({
    url: runtime.database.url,
    applicationName: 'holdfast workflows',
    poolSizeMax: DBOS_POOL_SIZE,
    onConnectionLost: (error) =>
      runtime.log.warn('A connection of the workflows broke', { reason: error.message }),
  })
  DBOS.setConfig({
    name: 'holdfast',
    systemDatabaseUrl: runtime.database.url,
    systemDatabasePool: dbosDatabase.pool,
    applicationVersion: APPLICATION_VERSION,
    executorID: runtime.executorID,
    logger: toDBOSLogger(runtime.log),
  })
  await DBOS.launch()
  await DBOS.registerQueue(MOVE_QUEUE, {
    workerConcurrency: MOVES_PER_WORKER_MAX,
    minPollingIntervalMs: QUEUE_POLL_MS,
    onConflict: 'always_update',
  })
  return dbosDatabase
}

async function sweep(runtime: Runtime): Promise<void> {
  await takeUpWorkflows(runtime, await clearDeadServices(runtime))
  await settleLostWorkflows(runtime)
}

async function deliver(runtime: Runtime): Promise<void> {
  await deliverDue(runtime)
}

async function removeOldEvents({ database, now }: Runtime): Promise<void> {
  await removeExpiredEvents(database, now())
}

/** A living worker resumes what dead ones left; a workflow has one owner at a time (DBOS). */
async function takeUpWorkflows(runtime: Runtime, dead: readonly DeadService[]): Promise<void> {
  const executorIDs = new Set(dead.map(({ executorID }) => executorID))
  // Our own were taken up by the launch; a second time would disturb them.
  executorIDs.delete(runtime.executorID)
  if (executorIDs.size > 0) {
    await DBOSExecutor.globalInstance?.recoverPendingWorkflows([...executorIDs])
  }
  await endDeadServices(runtime, dead)
}

async function ensureBucketRepository(
  runtime: Runtime,
  { accountID, bucketID }: { readonly accountID: string; readonly bucketID: string },
): Promise<string> {
  return await track(runtime, async () => {
    const [cluster] = await listClusterRefs(runtime.database)
    const platform = cluster && (await platformsOf(runtime)).get(cluster.id)
    if (cluster === undefined || platform === undefined) {
      throw new WorkflowError({ code: 'cluster-unreachable', cluster: cluster?.id ?? 'none' })
    }
    const bucket = await findBucketPlace(runtime.database, bucketID)
    if (bucket?.accountID !== accountID) {
      throw new WorkflowError({ code: 'bucket-not-supported', bucket: bucketID })
    }
    const context = {
      runtime,
      platform,
      clusterID: cluster.id,
      workflowID: `service:${runtime.boot}`,
      taskID: undefined,
      signal: runtime.closing,
    }
    return await ensureRepository(context, accountID, { kind: 'bucket', bucketID })
  })
}

const IDLE_POLL_MS = 50

async function whenIdle(runtime: Runtime): Promise<void> {
  for (;;) {
    await startTasksNotStarted(runtime)
    const active = await DBOS.listWorkflows({
      status: ['PENDING', 'ENQUEUED', 'DELAYED'],
      limit: 1,
      loadInput: false,
      loadOutput: false,
    })
    if (active.length === 0) return
    await new Promise((resolve) => setTimeout(resolve, IDLE_POLL_MS))
  }
}

/** DBOS tells much; what it calls information is detail to a reader of our log. */
function toDBOSLogger(log: WorkflowsLog) {
  const line = (entry: unknown) => `DBOS: ${entry instanceof Error ? entry.message : String(entry)}`
  return {
    debug: (entry: unknown) => log.debug(line(entry)),
    info: (entry: unknown) => log.debug(line(entry)),
    warn: (entry: unknown) => log.warn(line(entry)),
    error: (entry: unknown) => log.error(line(entry)),
  }
}
