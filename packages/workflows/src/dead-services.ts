// Clears what processes of earlier service starts left: movers are ended and waited for, only then
// are their locks removed from the repositories that they had open.
import {
  claimHookRun,
  deleteObligation,
  endServiceBoot,
  isExecutorAlive,
  listClusterRefs,
  listObligations,
  listOpenServiceBoots,
  listRunningHookRuns,
  type Obligation,
  type OpenServiceBoot,
} from '@holdfast/db'
import type { Platform } from '@holdfast/platforms'
import { endMoverOf, type MoverDetail, unlock } from './mover-obligation.ts'
import type { Runtime } from './runtime.ts'

/** A dead service whose movers have ended. */
export interface DeadService {
  readonly boot: string
  /** Its workflows are to be taken up by a living process. */
  readonly executorID: string
  /** False while one of its repositories cannot be reached: its locks are removed later. */
  readonly isClear: boolean
  /** It ended in order. */
  readonly isStopped: boolean
}

export async function clearDeadServices(runtime: Runtime): Promise<DeadService[]> {
  const dead = await listDeadBoots(runtime)
  if (dead.length === 0) return []
  const boots = dead.map(({ boot }) => boot)
  const platformsByID = await platformsOf(runtime)
  const movers = await listObligations(runtime.database, { kind: 'mover', boots })
  for (const mover of movers) {
    const platform = platformsByID.get(mover.clusterID ?? '')
    if (platform !== undefined) await endMoverOf(platform, mover)
  }
  await endHooksOf(runtime, platformsByID, boots)
  await leaveQueuesOfService(runtime, boots)
  const services: DeadService[] = []
  for (const { boot, executorID, lockHostname, isStopped } of dead) {
    const own = movers.filter((mover) => mover.boot === boot)
    const isClear = await clearLocks(runtime, platformsByID, { boot, lockHostname, movers: own })
    services.push({ boot, executorID, isClear, isStopped })
  }
  return services
}

/** After their workflows were taken up: nothing is left of these. */
export async function endDeadServices(
  runtime: Runtime,
  services: readonly DeadService[],
): Promise<void> {
  for (const { boot, isClear } of services) {
    if (isClear) await endServiceBoot(runtime.database, boot)
  }
}

async function listDeadBoots(runtime: Runtime): Promise<OpenServiceBoot[]> {
  const dead: OpenServiceBoot[] = []
  for (const boot of await listOpenServiceBoots(runtime.database)) {
    if (boot.boot === runtime.boot) continue
    // Our own lock is held by us: what else carries our executor id is a former start.
    const isDead =
      boot.executorID === runtime.executorID ||
      !(await isExecutorAlive(runtime.database, boot.executorID))
    if (isDead) dead.push(boot)
  }
  return dead
}

/** Their runs stay begun: whoever takes up the workflow runs them again. */
async function endHooksOf(
  runtime: Runtime,
  platforms: ReadonlyMap<string, Platform>,
  boots: readonly string[],
): Promise<void> {
  for (const { id, clusterID } of await listRunningHookRuns(runtime.database, boots)) {
    const platform = platforms.get(clusterID)
    if (platform === undefined) continue
    // One that is alive all the same must not take the end of its hook for that of its script.
    await claimHookRun(runtime.database, { id, boot: runtime.boot })
    await platform.stopHook(id)
  }
}

/** Turns of workflows stay with them; those that a service took for itself end with it. */
async function leaveQueuesOfService(runtime: Runtime, boots: readonly string[]): Promise<void> {
  for (const turn of await listObligations(runtime.database, { kind: 'turn', boots })) {
    if (turn.taskID === undefined) await deleteObligation(runtime.database, turn.id)
  }
}

interface LeftMovers {
  readonly boot: string
  readonly lockHostname: string
  readonly movers: readonly Obligation[]
}

/** False when a repository could not be reached: the next sweep tries again. */
async function clearLocks(
  runtime: Runtime,
  platforms: ReadonlyMap<string, Platform>,
  { boot, lockHostname, movers }: LeftMovers,
): Promise<boolean> {
  let isClear = true
  const done = new Set<string>()
  for (const mover of movers) {
    const platform = platforms.get(mover.clusterID ?? '')
    if (platform === undefined) {
      isClear = false
      continue
    }
    try {
      for (const repositoryID of (mover.detail as MoverDetail).repositoryIDs) {
        if (done.has(repositoryID)) continue
        await unlock(runtime, platform, {
          repositoryID,
          lockHostnames: [lockHostname],
          holderPIDs: undefined,
        })
        done.add(repositoryID)
      }
      await deleteObligation(runtime.database, mover.id)
    } catch (error) {
      isClear = false
      const fields = { boot, reason: String(error) }
      runtime.log.warn('Locks of an earlier start could not be removed yet', fields)
    }
  }
  return isClear
}

export async function platformsOf(runtime: Runtime): Promise<ReadonlyMap<string, Platform>> {
  const platforms = new Map<string, Platform>()
  for (const cluster of await listClusterRefs(runtime.database)) {
    const platform = runtime.platformOf(cluster)
    if (platform !== undefined) platforms.set(cluster.id, platform)
  }
  return platforms
}
