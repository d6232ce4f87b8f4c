// The host clusters of this service: their rows, and the platform of each.
import { randomUUID } from 'node:crypto'
import { release } from 'node:os'
import { join } from 'node:path'
import { type Database, findFirstOwner, registerHostClusters } from '@holdfast/db'
import { createHostPlatform, type HostPlatformOptions, type Platform } from '@holdfast/platforms'
import type { ServiceConfig } from './config.ts'
import { CLUSTER_VERSION_MAX, hostClusterName } from './first-start.ts'
import type { Log } from './log.ts'
import { describeMachine } from './machine-description.ts'
import { isWithin, resolveExisting } from './real-path.ts'
import { ServerError } from './server-error.ts'

export interface HostClustersOptions {
  readonly config: Pick<ServiceConfig, 'home' | 'hostRoot' | 'hostClusters'>
  readonly executorID: string
  readonly log: Log
  /** What all platforms of this machine share. */
  readonly shared: Omit<HostPlatformOptions, 'hostRoot' | 'stateDir'>
}

/** Undefined for clusters that this service does not have: of other types, or of other machines. */
export type PlatformOf = (cluster: { readonly id: string }) => Platform | undefined

export async function openHostClusters(
  database: Database,
  options: HostClustersOptions,
): Promise<PlatformOf> {
  const { config, executorID, log, shared } = options
  const owner = await findFirstOwner(database)
  if (owner === undefined) {
    log.warn('no account has an owner, so this machine is no cluster of any')
    return () => undefined
  }
  const { builtInID, byRoot } = await registerHostClusters(database, {
    accountID: owner.accountID,
    executorID,
    machine: describeMachine(),
    clusterVersion: release().slice(0, CLUSTER_VERSION_MAX),
    builtIn: { name: hostClusterName(), root: config.hostRoot },
    named: config.hostClusters,
    now: new Date(),
    newID: randomUUID,
  })
  const open = (hostRoot: string, stateDir: string) =>
    createHostPlatform({ ...shared, hostRoot, stateDir })
  const platforms = new Map([[builtInID, open(config.hostRoot, join(config.home, 'host'))]])
  for (const [root, id] of byRoot) {
    platforms.set(id, open(root, join(config.home, 'host-clusters', id)))
  }
  return ({ id }) => platforms.get(id)
}

/**
 * A volume in two clusters, or the service's own state in one, would be restored over itself. Fails
 * with `invalid-configuration`.
 */
export async function refuseOverlappingRoots(config: HostClustersOptions['config']): Promise<void> {
  const home = await resolveExisting(config.home)
  const taken = [{ root: await resolveExisting(config.hostRoot), name: 'HOLDFAST_HOST_ROOT' }]
  const problems: string[] = []
  for (const { name, root } of config.hostClusters) {
    const real = await resolveExisting(root)
    if (isWithin(real, home) || isWithin(home, real)) {
      problems.push(`The host cluster ${name} (${root}) and HOLDFAST_HOME contain each other.`)
    }
    for (const other of taken) {
      if (!isWithin(real, other.root) && !isWithin(other.root, real)) continue
      problems.push(`The host cluster ${name} (${root}) and ${other.name} contain each other.`)
    }
    taken.push({ root: real, name: `the host cluster ${name}` })
  }
  if (problems.length > 0) throw new ServerError({ code: 'invalid-configuration', problems })
}
