// The host clusters that a service serves, as its configuration names them, and their rows.
//
// A row says which service has it (the id of its executor) and on which machine: services of
// several machines can share a database, and none may take another's directories for its own. The
// built-in cluster of a service stays the same one wherever the configuration puts it; any other
// is known by its directory.
import { SNAPSHOT_STRATEGIES } from '@holdfast/domain'
import { sql } from 'kysely'
import { recordClusterUnreachable } from './cluster-inventory.ts'
import type { MachineDescription } from './derived-resources.ts'
import { inTransaction, type Queries } from './transaction.ts'

export interface ServedHostClusters {
  readonly accountID: string
  readonly executorID: string
  readonly machine: MachineDescription
  /** Of the machine's system; what clusters show as theirs. */
  readonly clusterVersion: string
  /** The name is for when it has to be made. */
  readonly builtIn: HostClusterPlace
  /** Beside the built-in one; all roots are absolute and differ. */
  readonly named: readonly HostClusterPlace[]
  readonly now: Date
  readonly newID: () => string
}

export interface HostClusterPlace {
  readonly name: string
  readonly root: string
}

export interface RegisteredHostClusters {
  readonly builtInID: string
  /** Ids of the named ones. */
  readonly byRoot: ReadonlyMap<string, string>
}

/**
 * Finds or makes the row of each cluster; a new one is unmanaged. One of ours that the
 * configuration does not name any more cannot be reached from now on.
 */
export function registerHostClusters(
  database: Queries,
  served: ServedHostClusters,
): Promise<RegisteredHostClusters> {
  return inTransaction(database, async (transaction) => {
    // Of two services that start at once, one makes a row that both would make.
    await sql`select pg_advisory_xact_lock(hashtext('holdfast host clusters'))`.execute(
      transaction.queries,
    )
    const present = await listOwn(transaction, served)
    const builtIn = present.find(
      ({ isBuiltIn, isOurs, hostRoot }) =>
        isBuiltIn && (isOurs || hostRoot === served.builtIn.root),
    )
    const builtInID = await register(transaction, served, builtIn, served.builtIn)
    const byRoot = new Map<string, string>()
    for (const cluster of served.named) {
      const row = present.find(({ hostRoot, id }) => hostRoot === cluster.root && id !== builtInID)
      byRoot.set(cluster.root, await register(transaction, served, row, cluster))
    }
    const isServed = new Set([builtInID, ...byRoot.values()])
    for (const { id, isDeleted, isOurs } of present) {
      if (isServed.has(id) || isDeleted || !isOurs) continue
      const reason = 'The configuration of the service names its directory no more.'
      await recordClusterUnreachable(transaction, { clusterID: id, reason, now: served.now })
    }
    return { builtInID, byRoot }
  })
}

interface PresentCluster {
  readonly id: string
  /** Null before a service took it. */
  readonly hostRoot: string | null
  readonly isBuiltIn: boolean
  /** This service had it last, or none ever had. */
  readonly isOurs: boolean
  readonly isDeleted: boolean
}

/** Ours, and those that a service with another home on this machine had at the same place. */
async function listOwn(
  { queries }: Queries,
  { accountID, executorID, machine, builtIn, named }: ServedHostClusters,
): Promise<readonly PresentCluster[]> {
  const roots = [builtIn, ...named].map(({ root }) => root)
  const { rows } = await sql<PresentCluster>`
    select id, host_root as "hostRoot", is_built_in as "isBuiltIn",
      home is null or home = ${executorID} as "isOurs", deleted_at is not null as "isDeleted"
    from clusters
    where account_id = ${accountID} and cluster_type = 'host' and (home is null
      or home = ${executorID}
      or (machine ->> 'name' = ${machine.name} and host_root in (${sql.join(roots)})))
    order by home = ${executorID} desc nulls last, created_at, id
  `.execute(queries)
  return rows
}

async function register(
  transaction: Queries,
  served: ServedHostClusters,
  present: PresentCluster | undefined,
  place: HostClusterPlace,
): Promise<string> {
  const { executorID, machine, now } = served
  const id = present?.id ?? (await insertCluster(transaction, served, place))
  const description = JSON.stringify(machine)
  await sql`
    update clusters set home = ${executorID}, host_root = ${place.root}, machine = ${description},
      is_built_in = ${place === served.builtIn},
      cluster_version = ${served.clusterVersion},
      managed_state = case when deleted_at is null then managed_state else 'unmanaged' end,
      managed_at = case when deleted_at is null then managed_at end,
      cloud_id = ${await ensureCloud(transaction, served, id)}, deleted_at = null,
      modified_at = case
        when machine = ${description}::jsonb and deleted_at is null
          and cluster_version = ${served.clusterVersion}
        then modified_at else ${now} end
    where id = ${id}
  `.execute(transaction.queries)
  await ensureStorageClasses(transaction, served, id)
  return id
}

async function insertCluster(
  transaction: Queries,
  served: ServedHostClusters,
  { name }: HostClusterPlace,
): Promise<string> {
  const { accountID, clusterVersion, now, newID } = served
  const id = newID()
  await transaction.queries
    .insertInto('clusters')
    .values({
      id,
      account_id: accountID,
      cloud_id: await ensureCloud(transaction, served, undefined),
      name,
      cluster_type: 'host',
      cluster_version: clusterVersion,
      managed_state: 'unmanaged',
      created_at: now,
      modified_at: now,
    })
    .execute()
  return id
}

/** The cloud of the cluster, or else the oldest private one; made when there is none. */
async function ensureCloud(
  { queries }: Queries,
  { accountID, now, newID }: ServedHostClusters,
  clusterID: string | undefined,
): Promise<string> {
  const { rows } = await sql<{ id: string }>`
    select clouds.id from clouds
    left join clusters on clusters.cloud_id = clouds.id and clusters.id = ${clusterID ?? null}
    where clouds.account_id = ${accountID} and clouds.deleted_at is null
      and clouds.cloud_type = 'private'
    order by clusters.id is null, clouds.created_at, clouds.id limit 1
  `.execute(queries)
  if (rows[0] !== undefined) return rows[0].id
  const id = newID()
  await queries
    .insertInto('clouds')
    .values({
      id,
      account_id: accountID,
      name: 'local',
      cloud_type: 'private',
      created_at: now,
      modified_at: now,
    })
    .execute()
  return id
}

/** On a host the ways to take a snapshot; the one that works everywhere is the default. */
async function ensureStorageClasses(
  { queries }: Queries,
  { accountID, now }: ServedHostClusters,
  clusterID: string,
): Promise<void> {
  // What earlier versions called the only one.
  await sql`
    update storage_classes set name = 'copy', modified_at = ${now}
    where cluster_id = ${clusterID} and name = 'directory' and not exists (
      select 1 from storage_classes where cluster_id = ${clusterID} and name = 'copy')
  `.execute(queries)
  await sql`
    insert into storage_classes (id, account_id, cluster_id, name, provisioner, is_default,
      created_at, modified_at)
    select gen_random_uuid(), ${accountID}, ${clusterID}, strategy.name, 'holdfast.host',
      strategy.name = 'copy', ${now}, ${now}
    from jsonb_array_elements_text(${JSON.stringify(SNAPSHOT_STRATEGIES)}::jsonb) as strategy (name)
    on conflict (cluster_id, name) do nothing
  `.execute(queries)
  await sql`
    update clusters set default_storage_class_id = (
      select id from storage_classes where cluster_id = ${clusterID} and name = 'copy')
    where id = ${clusterID} and default_storage_class_id is null
  `.execute(queries)
}
