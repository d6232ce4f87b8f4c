// Keeps namespaces and volumes of a cluster as they were last seen there.
import type { Hole, SnapshotStrategy } from '@holdfast/domain'
import { sql } from 'kysely'
import { clearCondition, raiseCondition } from './event-conditions.ts'
import type { Queries } from './transaction.ts'

export interface ClusterInventory {
  readonly accountID: string
  readonly clusterID: string
  readonly namespaces: readonly { readonly name: string; readonly uid: string }[]
  readonly volumes: readonly SeenVolume[]
  /** What was seen and left out: a sentence each, at most 127 characters. */
  readonly refused: readonly string[]
  readonly now: Date
}

export interface SeenVolume {
  readonly namespace: string
  readonly key: string
  /** Absent when nobody measured it; what is known stays. */
  readonly estimatedBytes?: number
  readonly strategies: readonly SnapshotStrategy[]
  readonly holes: readonly Hole[]
}

/**
 * Call in a transaction. Rows of what is gone are kept as `removed`, so that what comes back has
 * its old id; modification times change only where something did.
 */
export async function recordInventory(
  { queries }: Queries,
  inventory: ClusterInventory,
): Promise<void> {
  const { clusterID, now } = inventory
  // Two refreshes at once would otherwise deadlock on each other's rows.
  const present = await lockCluster({ queries }, clusterID)
  await recordNamespaces({ queries }, inventory)
  await recordVolumes({ queries }, inventory)
  const stateUnready = JSON.stringify([...new Set(inventory.refused)])
  await sql`
    update clusters set discovered_at = ${now}, state = 'running', state_unready = ${stateUnready},
      modified_at = case when state_unready = ${stateUnready}::jsonb and state = 'running'
        then modified_at else ${now} end
    where id = ${clusterID}
  `.execute(queries)
  if (present?.state === 'removed') await tellReachable({ queries }, present, now)
}

/**
 * Call in a transaction. The cluster cannot be looked at now; what was known of it stays as it is.
 */
export async function recordClusterUnreachable(
  { queries }: Queries,
  seen: { readonly clusterID: string; readonly reason: string; readonly now: Date },
): Promise<void> {
  const present = await lockCluster({ queries }, seen.clusterID)
  if (present === undefined) return
  const stateUnready = JSON.stringify([seen.reason.slice(0, 127).toWellFormed()])
  await sql`
    update clusters set state = 'removed', state_unready = ${stateUnready},
      modified_at = case when state_unready = ${stateUnready}::jsonb and state = 'removed'
        then modified_at else ${seen.now} end
    where id = ${seen.clusterID}
  `.execute(queries)
  await tellUnreachable({ queries }, present, seen)
}

/** Call in a transaction. It answers; what there is on it is looked at when somebody asks. */
export async function recordClusterReachable(
  transaction: Queries,
  { clusterID, now }: { readonly clusterID: string; readonly now: Date },
): Promise<void> {
  const present = await lockCluster(transaction, clusterID)
  if (present?.state !== 'removed') return
  await sql`
    update clusters set state = 'running', state_unready = '[]', modified_at = ${now}
    where id = ${clusterID}
  `.execute(transaction.queries)
  await tellReachable(transaction, present, now)
}

interface PresentCluster {
  readonly id: string
  readonly accountID: string
  readonly name: string
  readonly state: string
}

async function lockCluster(
  { queries }: Queries,
  clusterID: string,
): Promise<PresentCluster | undefined> {
  const { rows } = await sql<PresentCluster>`
    select id, account_id as "accountID", name, state from clusters where id = ${clusterID}
    for no key update
  `.execute(queries)
  return rows[0]
}

const UNREACHABLE = 'holdfast.cluster.unreachable'

async function tellUnreachable(
  transaction: Queries,
  { id, accountID, name }: PresentCluster,
  { reason, now }: { readonly reason: string; readonly now: Date },
): Promise<void> {
  await raiseCondition(transaction, {
    accountID,
    resourceID: id,
    resourceName: 'cluster',
    resourceURI: `/accounts/${accountID}/topology/v1/clusters/${id}`,
    name: UNREACHABLE,
    summary: 'Cluster cannot be reached',
    description: `The cluster "${name}" cannot be reached: ${reason}`,
    correctiveAction: 'Make it reachable; until then its apps are neither backed up nor restored.',
    source: 'holdfast',
    severity: 'critical',
    class: 'system',
    eventTime: now,
  })
}

async function tellReachable(
  transaction: Queries,
  { id, accountID, name }: PresentCluster,
  now: Date,
): Promise<void> {
  await clearCondition(transaction, {
    accountID,
    resourceID: id,
    name: UNREACHABLE,
    description: `The cluster "${name}" can be reached again.`,
    eventTime: now,
  })
}

async function recordNamespaces({ queries }: Queries, inventory: ClusterInventory): Promise<void> {
  const { accountID, clusterID, namespaces, now } = inventory
  const seen = JSON.stringify(namespaces)
  await sql`
    insert into namespaces (id, account_id, cluster_id, name, uid, created_at, modified_at)
    select gen_random_uuid(), ${accountID}, ${clusterID}, seen.name, seen.uid, ${now}, ${now}
    from jsonb_to_recordset(${seen}::jsonb) as seen (name text, uid text)
    order by seen.name collate "C"
    on conflict (cluster_id, name) do update
      set uid = excluded.uid, namespace_state = 'discovered', modified_at = excluded.modified_at
      where namespaces.uid <> excluded.uid or namespaces.namespace_state <> 'discovered'
  `.execute(queries)
  await sql`
    update namespaces set namespace_state = 'removed', modified_at = ${now}
    where cluster_id = ${clusterID} and namespace_state = 'discovered'
      and name not in (select seen.name from jsonb_to_recordset(${seen}::jsonb) as seen (name text))
  `.execute(queries)
}

async function recordVolumes({ queries }: Queries, inventory: ClusterInventory): Promise<void> {
  const { accountID, clusterID, volumes, now } = inventory
  const seen = JSON.stringify(volumes)
  await sql`
    insert into volumes (id, account_id, cluster_id, namespace, key, estimated_bytes, strategies,
      holes, created_at, modified_at)
    select gen_random_uuid(), ${accountID}, ${clusterID}, seen.namespace, seen.key,
      seen."estimatedBytes", seen.strategies, seen.holes, ${now}, ${now}
    from jsonb_to_recordset(${seen}::jsonb) as seen
      (namespace text, key text, "estimatedBytes" bigint, strategies jsonb, holes jsonb)
    order by seen.namespace collate "C", seen.key collate "C"
    on conflict (cluster_id, namespace, key) do update
      set estimated_bytes = coalesce(excluded.estimated_bytes, volumes.estimated_bytes),
        strategies = excluded.strategies, holes = excluded.holes, state = 'ready',
        modified_at = excluded.modified_at
      where volumes.strategies <> excluded.strategies or volumes.holes <> excluded.holes
        or volumes.state <> 'ready'
        or coalesce(excluded.estimated_bytes, volumes.estimated_bytes)
          is distinct from volumes.estimated_bytes
  `.execute(queries)
  await sql`
    update volumes set state = 'removed', modified_at = ${now}
    where cluster_id = ${clusterID} and state = 'ready' and (namespace, key) not in (
      select seen.namespace, seen.key
      from jsonb_to_recordset(${seen}::jsonb) as seen (namespace text, key text))
  `.execute(queries)
}
