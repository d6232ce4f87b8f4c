// Checks what an app says it consists of against the cluster it is on.
import {
  type Cluster,
  listNamespacesOutOfReach,
  listResources,
  NAMESPACES,
  type NamespaceScopedResource,
  type Queries,
} from '@holdfast/db'
import type { NamespaceReach } from '@holdfast/domain'
import type { SeenInventory } from './cluster-inventories.ts'
import { type InvalidMember, OperationError } from './operation-failure.ts'

export interface AppDefinitionToCheck {
  readonly accountID: string
  /** Which namespaces the caller may make part of an app. */
  readonly reach: NamespaceReach
  readonly cluster: Cluster
  readonly seen: SeenInventory
  readonly namespaceScopedResources: readonly NamespaceScopedResource[]
  readonly clusterScopedResources: readonly unknown[]
}

/** Directories and containers have neither labels nor kinds; only Kubernetes does. */
const TYPES_WITHOUT_LABELS = ['host', 'docker']

export async function checkAppDefinition(
  database: Queries,
  definition: AppDefinitionToCheck,
): Promise<void> {
  const { cluster, namespaceScopedResources, clusterScopedResources } = definition
  const members = [
    ...emptyDefinition(namespaceScopedResources),
    ...repeatedNamespaces(namespaceScopedResources),
    ...(TYPES_WITHOUT_LABELS.includes(cluster.clusterType)
      ? uselessSelectors(namespaceScopedResources)
      : []),
  ]
  if (members.length > 0) throw new OperationError({ code: 'invalid-request', members })
  if (TYPES_WITHOUT_LABELS.includes(cluster.clusterType) && clusterScopedResources.length > 0) {
    throw new OperationError({ code: 'kind-unknown', member: 'clusterScopedResources[0].GVK' })
  }
  await checkNamespaces(database, definition)
}

function emptyDefinition(resources: readonly NamespaceScopedResource[]): InvalidMember[] {
  if (resources.length > 0) return []
  return [{ name: 'namespaceScopedResources', reason: 'must name at least one namespace' }]
}

function repeatedNamespaces(resources: readonly NamespaceScopedResource[]): InvalidMember[] {
  const names = resources.map((resource) => resource.namespace)
  return names.flatMap((name, at) =>
    names.indexOf(name) === at
      ? []
      : [
          {
            name: `namespaceScopedResources[${at}].namespace`,
            reason: `names ${name} again: one element says everything of a namespace`,
          },
        ],
  )
}

function uselessSelectors(resources: readonly NamespaceScopedResource[]): InvalidMember[] {
  return resources.flatMap((resource, at) =>
    resource.labelSelectors.length === 0
      ? []
      : [
          {
            name: `namespaceScopedResources[${at}].labelSelectors`,
            reason: 'must be empty: nothing on this cluster carries labels',
          },
        ],
  )
}

async function checkNamespaces(
  database: Queries,
  { accountID, reach, cluster, seen, namespaceScopedResources }: AppDefinitionToCheck,
): Promise<void> {
  const names = namespaceScopedResources.map(({ namespace }) => namespace)
  const wanted = { clusterID: cluster.id, names, reach }
  const outOfReach = new Set(await listNamespacesOutOfReach(database, wanted))
  const present = new Set(seen.namespaces.map((namespace) => namespace.name))
  for (const [at, { namespace }] of namespaceScopedResources.entries()) {
    const member = `namespaceScopedResources[${at}].namespace`
    // What is out of reach is not there for the caller.
    if (outOfReach.has(namespace)) {
      throw new OperationError({ code: 'namespace-not-found', namespace, member })
    }
    if (present.has(namespace)) continue
    const known = await listResources(database, NAMESPACES, {
      scope: { accountID, parents: { clusterID: cluster.id } },
      where: [{ field: 'name', path: [], operator: 'eq', value: namespace }],
      limit: 1,
    })
    const code = known.resources.length > 0 ? 'namespace-removed' : 'namespace-not-found'
    throw new OperationError({ code, namespace, member })
  }
}
