// Apps: reading, managing, renaming, restoring in place and hiding.
import type { AppState, Label } from '@holdfast/domain'
import { sql } from 'kysely'
import { insertInstances } from './instance-rows.ts'
import type { ResourceSource } from './list-resources.ts'
import { isAppHeld } from './namespace-reach.ts'
import {
  PROTECTION_STATE,
  PROTECTION_STATE_DETAILS,
  type ProtectionState,
} from './protection-state.ts'
import {
  type CommonRow,
  commonFields,
  instant,
  json,
  type ResourceCommon,
  text,
  toCommon,
} from './resource-fields.ts'
import type { StateDetail } from './state-detail.ts'
import type { Queries } from './transaction.ts'

export interface NamespaceScopedResource {
  readonly namespace: string
  readonly labelSelectors: readonly string[]
}

export interface App extends ResourceCommon {
  readonly name: string
  readonly clusterID: string
  readonly clusterName: string
  readonly clusterType: string
  readonly namespaceScopedResources: readonly NamespaceScopedResource[]
  readonly clusterScopedResources: readonly unknown[]
  readonly namespaceMapping?: readonly unknown[]
  readonly storageClassMapping?: readonly unknown[]
  readonly restoreFilter?: object
  readonly state: AppState
  readonly stateDetails: readonly StateDetail[]
  readonly lastResourceCollectionAt?: Date
  readonly sourceAppID?: string
  readonly sourceClusterID?: string
  readonly sourceClusterName?: string
  readonly backupID?: string
  readonly snapshotID?: string
  /** A backup that has not ended: the app can be neither restored nor removed now. */
  readonly hasUnendedBackup: boolean
  readonly hasUnendedSnapshot: boolean
  readonly protectionState: ProtectionState
  readonly protectionStateDetails: readonly StateDetail[]
}

interface AppRow extends CommonRow {
  readonly name: string
  readonly cluster_id: string
  readonly cluster_name: string
  readonly cluster_type: string
  readonly namespace_scoped_resources: readonly NamespaceScopedResource[]
  readonly cluster_scoped_resources: readonly unknown[]
  readonly namespace_mapping: readonly unknown[] | null
  readonly storage_class_mapping: readonly unknown[] | null
  readonly restore_filter: object | null
  readonly state: AppState
  readonly state_details: readonly StateDetail[]
  readonly last_resource_collection_at: Date | null
  readonly source_app_id: string | null
  readonly source_cluster_id: string | null
  readonly source_cluster_name: string | null
  readonly backup_id: string | null
  readonly snapshot_id: string | null
  readonly has_unended_backup: boolean
  readonly has_unended_snapshot: boolean
  readonly protection_state: ProtectionState
  readonly protection_state_details: readonly StateDetail[]
}

const HAS_UNENDED_BACKUP = sql<boolean>`exists (
  select 1 from backups where backups.app_id = apps.id and backups.hidden_at is null
    and backups.deleted_at is null and backups.state in ('pending', 'discovering', 'running'))`

// A snapshot that a backup took by itself is the backup's affair. It stays `running` a little
// longer than that, until it is gone: whoever saw the backup completed may restore at once.
const HAS_UNENDED_SNAPSHOT = sql<boolean>`exists (
  select 1 from application_snapshots as unended where unended.app_id = apps.id
    and unended.hidden_at is null and unended.deleted_at is null
    and unended.taken_by_backup_id is null and unended.state in ('pending', 'discovering', 'running'))`

const SOURCE_CLUSTER_NAME = sql`(
  select name from clusters as source where source.id = apps.source_cluster_id
    and source.id <> apps.cluster_id)`

export const APPS: ResourceSource<App> = {
  from: sql`apps join clusters on clusters.id = apps.cluster_id`,
  columns: sql`apps.*, clusters.name as cluster_name, clusters.cluster_type,
    ${SOURCE_CLUSTER_NAME} as source_cluster_name,
    ${HAS_UNENDED_BACKUP} as has_unended_backup, ${HAS_UNENDED_SNAPSHOT} as has_unended_snapshot,
    ${PROTECTION_STATE} as protection_state,
    ${PROTECTION_STATE_DETAILS} as protection_state_details`,
  isVisible: sql`apps.hidden_at is null`,
  limitedTo: ({ reach }) => ({ rows: isAppHeld(reach, 'apps') }),
  id: sql`apps.id`,
  accountID: sql`apps.account_id`,
  createdAt: sql`apps.created_at`,
  parents: { clusterID: sql`apps.cluster_id`, appID: sql`apps.id` },
  fields: {
    ...commonFields('apps'),
    name: text(sql`apps.name`),
    clusterID: text(sql`apps.cluster_id`),
    clusterName: text(sql`clusters.name`),
    clusterType: text(sql`clusters.cluster_type`),
    namespaceScopedResources: json(sql`apps.namespace_scoped_resources`),
    clusterScopedResources: json(sql`apps.cluster_scoped_resources`),
    namespaceMapping: json(sql`apps.namespace_mapping`),
    storageClassMapping: json(sql`apps.storage_class_mapping`),
    restoreFilter: json(sql`apps.restore_filter`),
    namespaces: json(
      sql`jsonb_path_query_array(apps.namespace_scoped_resources, '$[*].namespace')`,
    ),
    state: text(sql`apps.state`),
    stateDetails: json(sql`apps.state_details`),
    protectionState: text(PROTECTION_STATE),
    protectionStateDetails: json(PROTECTION_STATE_DETAILS),
    lastResourceCollectionAt: instant(sql`apps.last_resource_collection_at`),
    sourceAppID: text(sql`apps.source_app_id`),
    sourceClusterID: text(sql`apps.source_cluster_id`),
    sourceClusterName: text(SOURCE_CLUSTER_NAME),
    backupID: text(sql`apps.backup_id`),
    snapshotID: text(sql`apps.snapshot_id`),
  },
  toResource: toApp,
}

function toApp(row: AppRow): App {
  return {
    ...toCommon(row),
    name: row.name,
    clusterID: row.cluster_id,
    clusterName: row.cluster_name,
    clusterType: row.cluster_type,
    namespaceScopedResources: row.namespace_scoped_resources,
    clusterScopedResources: row.cluster_scoped_resources,
    ...(row.namespace_mapping === null ? {} : { namespaceMapping: row.namespace_mapping }),
    ...(row.storage_class_mapping === null
      ? {}
      : { storageClassMapping: row.storage_class_mapping }),
    ...(row.restore_filter === null ? {} : { restoreFilter: row.restore_filter }),
    state: row.state,
    stateDetails: row.state_details,
    ...(row.last_resource_collection_at === null
      ? {}
      : { lastResourceCollectionAt: row.last_resource_collection_at }),
    ...(row.source_app_id === null ? {} : { sourceAppID: row.source_app_id }),
    ...(row.source_cluster_id === null ? {} : { sourceClusterID: row.source_cluster_id }),
    ...(row.source_cluster_name === null ? {} : { sourceClusterName: row.source_cluster_name }),
    ...(row.backup_id === null ? {} : { backupID: row.backup_id }),
    ...(row.snapshot_id === null ? {} : { snapshotID: row.snapshot_id }),
    hasUnendedBackup: row.has_unended_backup,
    hasUnendedSnapshot: row.has_unended_snapshot,
    protectionState: row.protection_state,
    protectionStateDetails: row.protection_state_details,
  }
}

export interface NewApp {
  readonly id: string
  readonly accountID: string
  readonly clusterID: string
  readonly name: string
  readonly version: string
  readonly namespaceScopedResources: readonly NamespaceScopedResource[]
  readonly state: AppState
  readonly labels: readonly Label[]
  readonly createdBy: string
  readonly now: Date
  /** Of one that is made from a copy or from another app. */
  readonly origin?: AppOrigin
}

export interface AppOrigin {
  readonly sourceAppID: string
  readonly sourceClusterID: string
  readonly snapshotID?: string
  readonly backupID?: string
  readonly namespaceMapping?: readonly object[]
  readonly storageClassMapping?: readonly object[]
  readonly restoreFilter?: object
}

export async function insertApp({ queries }: Queries, app: NewApp): Promise<void> {
  await queries
    .insertInto('apps')
    .values({
      id: app.id,
      account_id: app.accountID,
      cluster_id: app.clusterID,
      name: app.name,
      version: app.version,
      namespace_scoped_resources: JSON.stringify(app.namespaceScopedResources),
      ...(app.origin === undefined ? {} : originColumns(app.origin)),
      state: app.state,
      labels: JSON.stringify(app.labels),
      created_at: app.now,
      modified_at: app.now,
      created_by: app.createdBy,
    })
    .execute()
  await insertInstances({ queries }, { accountID: app.accountID, appID: app.id })
}

function originColumns(origin: AppOrigin) {
  const { namespaceMapping, storageClassMapping, restoreFilter } = origin
  const jsonOrNull = (value: unknown) => (value === undefined ? null : JSON.stringify(value))
  return {
    source_app_id: origin.sourceAppID,
    source_cluster_id: origin.sourceClusterID,
    snapshot_id: origin.snapshotID ?? null,
    backup_id: origin.backupID ?? null,
    namespace_mapping: jsonOrNull(namespaceMapping),
    storage_class_mapping: jsonOrNull(storageClassMapping),
    restore_filter: jsonOrNull(restoreFilter),
  }
}

export interface LockedApp {
  readonly id: string
  readonly clusterID: string
  readonly state: AppState
}

/**
 * Holds the app's row until the transaction ends, so that of two requests that exclude each other
 * one sees what the other did. Undefined when the app does not exist for the account.
 */
export async function lockApp(
  { queries }: Queries,
  { accountID, appID }: { readonly accountID: string; readonly appID: string },
): Promise<LockedApp | undefined> {
  const row = await queries
    .selectFrom('apps')
    .select(['id', 'cluster_id', 'state'])
    .where('id', '=', appID)
    .where('account_id', '=', accountID)
    .where('hidden_at', 'is', null)
    .forNoKeyUpdate()
    .executeTakeFirst()
  return row && { id: row.id, clusterID: row.cluster_id, state: row.state as AppState }
}

/** As `lockApp`, also for an app that users do not see any more. */
export async function lockAppRow({ queries }: Queries, appID: string): Promise<void> {
  await queries.selectFrom('apps').select('id').where('id', '=', appID).forNoKeyUpdate().execute()
}

/** Waits for and holds off every other change of which apps a cluster has. */
export async function lockAppsOfCluster({ queries }: Queries, clusterID: string): Promise<void> {
  await queries
    .selectFrom('clusters')
    .select('id')
    .where('id', '=', clusterID)
    .forNoKeyUpdate()
    .execute()
}

/** The visible app of the cluster that is defined by exactly these namespaces and selectors. */
export async function findAppWithDefinition(
  { queries }: Queries,
  wanted: {
    readonly clusterID: string
    readonly namespaceScopedResources: readonly NamespaceScopedResource[]
    readonly exceptID?: string
  },
): Promise<{ readonly id: string; readonly name: string } | undefined> {
  const definition = JSON.stringify(wanted.namespaceScopedResources)
  let query = queries
    .selectFrom('apps')
    .select(['id', 'name'])
    .where('cluster_id', '=', wanted.clusterID)
    .where('hidden_at', 'is', null)
    .where(sql<boolean>`namespace_scoped_resources @> ${definition}::jsonb`)
    .where(sql<boolean>`namespace_scoped_resources <@ ${definition}::jsonb`)
  if (wanted.exceptID !== undefined) query = query.where('id', '<>', wanted.exceptID)
  return query.executeTakeFirst()
}

/** The visible app of the cluster that has one of these namespaces, and which of them. */
export async function findAppWithNamespace(
  { queries }: Queries,
  wanted: { readonly clusterID: string; readonly namespaces: readonly string[] },
): Promise<{ readonly name: string; readonly namespace: string } | undefined> {
  const { rows } = await sql<{ name: string; namespace: string }>`
    select apps.name, resource ->> 'namespace' as namespace
    from apps, jsonb_array_elements(apps.namespace_scoped_resources) as resource
    where apps.cluster_id = ${wanted.clusterID} and apps.hidden_at is null
      and resource ->> 'namespace' = any(${[...wanted.namespaces]}::text[])
    limit 1
  `.execute(queries)
  return rows[0]
}

export interface AppChange {
  readonly name?: string
  readonly version?: string
  readonly namespaceScopedResources?: readonly NamespaceScopedResource[]
  readonly labels?: readonly Label[]
  readonly state?: AppState
  readonly stateDetails?: readonly StateDetail[]
  readonly modifiedBy: string
  readonly now: Date
}

export async function updateApp(
  { queries }: Queries,
  appID: string,
  change: AppChange,
): Promise<void> {
  const { namespaceScopedResources, labels, stateDetails } = change
  await queries
    .updateTable('apps')
    .set({
      ...(change.name === undefined ? {} : { name: change.name }),
      ...(change.version === undefined ? {} : { version: change.version }),
      ...(namespaceScopedResources === undefined
        ? {}
        : { namespace_scoped_resources: JSON.stringify(namespaceScopedResources) }),
      ...(labels === undefined ? {} : { labels: JSON.stringify(labels) }),
      ...(change.state === undefined ? {} : { state: change.state }),
      ...(stateDetails === undefined ? {} : { state_details: JSON.stringify(stateDetails) }),
      modified_at: change.now,
      modified_by: change.modifiedBy,
    })
    .where('id', '=', appID)
    .execute()
}

/**
 * Takes the app and all its copies out of sight; nothing of them is deleted before `purgeAfter`.
 * Its schedules are switched off, and stay so when it comes back.
 */
export async function hideApp(
  { queries }: Queries,
  {
    appID,
    now,
    purgeAfter,
  }: { readonly appID: string; readonly now: Date; readonly purgeAfter: Date },
): Promise<void> {
  const hidden = { hidden_at: now, purge_after: purgeAfter }
  await queries.updateTable('apps').set(hidden).where('id', '=', appID).execute()
  await queries
    .updateTable('schedules')
    .set({ is_enabled: false, next_run_at: null })
    .where('app_id', '=', appID)
    .execute()
  for (const copies of ['application_snapshots', 'backups'] as const) {
    await queries
      .updateTable(copies)
      .set(hidden)
      .where('app_id', '=', appID)
      .where('hidden_at', 'is', null)
      .execute()
  }
}
