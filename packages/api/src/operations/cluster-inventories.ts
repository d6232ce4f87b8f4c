// Brings namespaces and volumes of clusters up to date before they are read.
//
// Looking is cheap (names only, no sizes) and lists must show the cluster as it is now, so nothing
// is remembered; but one look at a time per cluster: who asks while one is under way waits for the
// next, which began after the asking and is shared by all who wait.
import {
  CLUSTERS,
  type Cluster,
  inTransaction,
  listResources,
  type Queries,
  recordClusterUnreachable,
  recordInventory,
  type SeenVolume,
} from '@holdfast/db'
import { isOperationError, OperationError } from './operation-failure.ts'

export interface SeenResource {
  readonly assetID: string
  readonly kind: string
  readonly group: string
  readonly version: string
  readonly name: string
  readonly namespace?: string
  readonly createdAt: string
  readonly manifest?: Readonly<Record<string, unknown>>
}

/** What a platform sees on a cluster; the part of its inventory that is needed here. */
export interface SeenInventory {
  readonly namespaces: readonly { readonly name: string; readonly uid: string }[]
  /** Without sizes: measuring takes as long as reading, which no list may wait for. */
  readonly volumes: readonly Omit<SeenVolume, 'estimatedBytes'>[]
  readonly resources: readonly SeenResource[]
  readonly refused: readonly string[]
}

/**
 * Asks the platform of the cluster; fails when that cannot be reached. Undefined: this service does
 * not have the cluster, so it can say nothing of it.
 */
export type DiscoverCluster = (
  cluster: { readonly id: string; readonly type: string },
  signal: AbortSignal,
) => Promise<SeenInventory | undefined>

export interface ClusterInventories {
  /** Answers what is there now and has written it down. Fails with `cluster-unreachable`. */
  refresh(cluster: {
    readonly id: string
    readonly accountID: string
    readonly type: string
  }): Promise<SeenInventory>
  /** Refreshes all clusters of the account; one that cannot be reached is marked so. */
  refreshAll(accountID: string): Promise<void>
}

/** A cluster that does not answer must not hold a request for longer. */
const DISCOVERY_TIMEOUT_MS = 20_000

/** More clusters than this in one account are refreshed by page. */
const CLUSTERS_PER_PAGE = 100

export function makeClusterInventories(options: {
  readonly database: Queries
  readonly discover: DiscoverCluster
  readonly now: () => Date
}): ClusterInventories {
  const looks = new Map<string, Looks>()

  function refresh(cluster: ClusterToLookAt): Promise<SeenInventory> {
    const present = looks.get(cluster.id)
    if (present !== undefined) {
      present.next ??= present.running.then(ignore, ignore).then(() => start(cluster))
      return present.next
    }
    return start(cluster)
  }

  function start(cluster: ClusterToLookAt): Promise<SeenInventory> {
    const running = look(options, cluster).finally(() => {
      if (looks.get(cluster.id)?.running === running) looks.delete(cluster.id)
    })
    looks.set(cluster.id, { running })
    return running
  }

  return {
    refresh,
    async refreshAll(accountID) {
      for (const cluster of await clustersOf(options.database, accountID)) {
        await refresh({ id: cluster.id, accountID, type: cluster.clusterType }).catch(
          unlessUnreachable,
        )
      }
    },
  }
}

interface ClusterToLookAt {
  readonly id: string
  readonly accountID: string
  readonly type: string
}

interface Looks {
  readonly running: Promise<SeenInventory>
  next?: Promise<SeenInventory>
}

async function look(
  options: {
    readonly database: Queries
    readonly discover: DiscoverCluster
    readonly now: () => Date
  },
  cluster: ClusterToLookAt,
): Promise<SeenInventory> {
  const { database, discover, now } = options
  let seen: SeenInventory | undefined
  try {
    seen = await discover(cluster, AbortSignal.timeout(DISCOVERY_TIMEOUT_MS))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    await inTransaction(database, (transaction) =>
      recordClusterUnreachable(transaction, { clusterID: cluster.id, reason, now: now() }),
    )
    throw new OperationError({ code: 'cluster-unreachable', clusterID: cluster.id, reason })
  }
  if (seen === undefined) {
    // What is known of it stays: the service that has it knows better.
    const reason = 'This service does not have the cluster.'
    throw new OperationError({ code: 'cluster-unreachable', clusterID: cluster.id, reason })
  }
  const { namespaces, volumes, refused } = seen
  await inTransaction(database, (transaction) =>
    recordInventory(transaction, {
      accountID: cluster.accountID,
      clusterID: cluster.id,
      namespaces,
      volumes: volumes.map(({ namespace, key, strategies, holes }) => ({
        namespace,
        key,
        strategies,
        holes,
      })),
      refused,
      now: now(),
    }),
  )
  return seen
}

async function clustersOf(database: Queries, accountID: string): Promise<readonly Cluster[]> {
  const query = { scope: { accountID, parents: {} }, where: [], limit: CLUSTERS_PER_PAGE }
  let page = await listResources(database, CLUSTERS, query)
  const clusters = [...page.resources]
  while (page.next !== undefined) {
    page = await listResources(database, CLUSTERS, { ...query, after: page.next })
    clusters.push(...page.resources)
  }
  return clusters
}

function unlessUnreachable(error: unknown): void {
  if (isOperationError(error) && error.failure.code === 'cluster-unreachable') return
  throw error
}

function ignore(): void {
  // The one who asked first hears of it.
}
