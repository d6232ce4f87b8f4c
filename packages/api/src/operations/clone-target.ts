// Where a clone goes: its cluster, and the new namespaces there.
import {
  type Cluster,
  findResource,
  listResources,
  MANAGED_CLUSTERS,
  type Queries,
  STORAGE_CLASSES,
} from '@holdfast/db'
import { type NamespacePair, planNamespaces, type RestoreFilter } from '@holdfast/domain'
import { type Caller, scopeOf } from './caller.ts'
import type { CloneSource } from './clone-source.ts'
import type { OperationContext } from './operation-context.ts'
import { type InvalidMember, OperationError } from './operation-failure.ts'
import { selectVolumesOfCopy } from './restore-selection.ts'

export interface StorageClassPair {
  /** A name, or `*` for all. */
  readonly source: string
  readonly destination: string
}

export interface CloneTargetRequest {
  readonly name: string
  readonly clusterID?: string
  /** Where the one namespace of the source goes; the app's name says it when this is absent, too. */
  readonly namespace?: string
  readonly namespaceMapping?: readonly NamespacePair[]
  readonly storageClassMapping?: readonly StorageClassPair[]
  readonly restoreFilter?: RestoreFilter
}

export interface CloneTarget {
  readonly clusterID: string
  /** None of the destinations exists. */
  readonly pairs: readonly NamespacePair[]
}

/** Namespaces of a host are directories right below its root: one label, no dots. */
const NAMESPACE_PATTERN = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/

export async function findCloneTarget(
  context: OperationContext,
  caller: Caller,
  { request, source }: { readonly request: CloneTargetRequest; readonly source: CloneSource },
): Promise<CloneTarget> {
  const { database } = context
  const cluster = await findCluster(database, caller, request.clusterID)
  refuseLimitedReach(caller)
  if (cluster.clusterType !== source.app.cluster.type) {
    const reason = `Data of a ${source.app.cluster.type} cannot be put on a ${cluster.clusterType}.`
    throw new OperationError({ code: 'clone-unsupported', appID: source.app.id, reason })
  }
  await checkStorageClasses(database, cluster, request.storageClassMapping ?? [])
  const known = source.namespaces.map(({ namespace }) => namespace)
  const wanted = await wantedNamespaces(database, { source, known, filter: request.restoreFilter })
  const plan = planNamespaces({
    known,
    wanted,
    mapping: request.namespaceMapping,
    fallback: request.namespace ?? request.name,
  })
  if ('faults' in plan)
    throw invalid(plan.faults.map(({ member, reason }) => ({ name: member, reason })))
  const { id, accountID, clusterType: type } = cluster
  const seen = await context.inventories.refresh({ id, accountID, type })
  const present = new Set(seen.namespaces.map(({ name }) => name))
  checkDestinations(request, plan.pairs, present)
  return { clusterID: cluster.id, pairs: plan.pairs }
}

/** The member of the request that made `destination` a namespace of the clone. */
export function memberOf(
  { namespace, namespaceMapping }: Pick<CloneTargetRequest, 'namespace' | 'namespaceMapping'>,
  destination: string,
): string {
  const at = (namespaceMapping ?? []).findIndex((pair) => pair.destination === destination)
  if (at === -1) return namespace === undefined ? 'name' : 'namespace'
  return `namespaceMapping[${at}].destination`
}

/** A namespace that is yet to be made is in nobody's reach who does not hold them all. */
function refuseLimitedReach({ actsOn, role }: Caller): void {
  if (actsOn.isUnlimited || actsOn.holdsAll) return
  const needed = { permission: 'manage-apps', needed: 'member', isOutOfReach: true } as const
  throw new OperationError({ code: 'not-permitted', role: role ?? 'none', ...needed })
}

async function findCluster(
  database: Queries,
  caller: Caller,
  clusterID: string | undefined,
): Promise<Cluster> {
  if (clusterID === undefined) {
    throw invalid([{ name: 'clusterID', reason: 'must say where the clone goes' }])
  }
  const scope = scopeOf(caller)
  const cluster = await findResource(database, MANAGED_CLUSTERS, { scope, id: clusterID })
  if (cluster === undefined) throw new OperationError({ code: 'cluster-not-found', clusterID })
  return cluster
}

/**
 * On a host the file system of the target decides what a volume can do, so that a mapping is only
 * checked and kept.
 */
async function checkStorageClasses(
  database: Queries,
  { id: clusterID, accountID }: Cluster,
  mapping: readonly StorageClassPair[],
): Promise<void> {
  for (const [at, { source, destination }] of mapping.entries()) {
    if (mapping.findIndex((pair) => pair.source === source) !== at) {
      const reason = `names ${source} again`
      throw invalid([{ name: `storageClassMapping[${at}].source`, reason }])
    }
    const { resources } = await listResources(database, STORAGE_CLASSES, {
      scope: { accountID, parents: { clusterID } },
      where: [{ field: 'name', path: [], operator: 'eq', value: destination }],
      limit: 1,
    })
    if (resources.length > 0) continue
    const member = `storageClassMapping[${at}].destination`
    const failure = { storageClass: destination, clusterID, member }
    throw new OperationError({ code: 'storage-class-not-found', ...failure })
  }
}

/** Those that a filter leaves nothing of are not made. */
async function wantedNamespaces(
  database: Queries,
  {
    source,
    known,
    filter,
  }: {
    readonly source: CloneSource
    readonly known: readonly string[]
    readonly filter: RestoreFilter | undefined
  },
): Promise<readonly string[]> {
  if (filter === undefined) return known
  if (source.copy === undefined) {
    throw new OperationError({ code: 'selective-restore-unsupported', appID: source.app.id })
  }
  const volumes = await selectVolumesOfCopy(database, source.copy, filter)
  return known.filter((name) => volumes.some(({ namespace }) => namespace === name))
}

function checkDestinations(
  request: CloneTargetRequest,
  pairs: readonly NamespacePair[],
  present: ReadonlySet<string>,
): void {
  const members = pairs.flatMap(({ destination }): InvalidMember[] => {
    const name = memberOf(request, destination)
    if (!NAMESPACE_PATTERN.test(destination)) {
      return [{ name, reason: `${destination} cannot name a namespace of this cluster` }]
    }
    if (!present.has(destination)) return []
    return [
      { name, reason: `the namespace ${destination} exists already; the clone makes its own` },
    ]
  })
  if (members.length > 0) throw invalid(members)
}

function invalid(members: readonly InvalidMember[]): OperationError {
  return new OperationError({ code: 'invalid-request', members })
}
