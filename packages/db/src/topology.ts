// Where apps run: clouds, clusters, namespaces, storage classes and volumes.
import type { Hole, Label, SnapshotStrategy } from '@holdfast/domain'
import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { LimitedView, LimitedViewer, ResourceSource } from './list-resources.ts'
import {
  isAppHeld,
  isCloudNeeded,
  isClusterNeeded,
  isNamedNamespaceHeld,
  isNamespaceSeen,
} from './namespace-reach.ts'
import {
  type CommonRow,
  commonFields,
  instant,
  json,
  number,
  type ResourceCommon,
  text,
  toCommon,
} from './resource-fields.ts'

export interface Cloud extends ResourceCommon {
  readonly name: string
  readonly state: string
  readonly stateUnready: readonly string[]
  readonly cloudType: string
  readonly defaultBucketID?: string
  readonly credentialID?: string
}

interface CloudRow extends CommonRow {
  readonly name: string
  readonly state: string
  readonly state_unready: readonly string[]
  readonly cloud_type: string
  readonly default_bucket_id: string | null
  readonly credential_id: string | null
}

export const CLOUDS: ResourceSource<Cloud> = {
  from: sql`clouds`,
  columns: sql`clouds.*`,
  isVisible: sql`clouds.deleted_at is null`,
  limitedTo: ({ reach }) => ({ rows: isCloudNeeded(reach, sql`clouds.id`) }),
  id: sql`clouds.id`,
  accountID: sql`clouds.account_id`,
  createdAt: sql`clouds.created_at`,
  parents: { cloudID: sql`clouds.id` },
  fields: {
    ...commonFields('clouds'),
    name: text(sql`clouds.name`),
    state: text(sql`clouds.state`),
    stateUnready: json(sql`clouds.state_unready`),
    cloudType: text(sql`clouds.cloud_type`),
    defaultBucketID: text(sql`clouds.default_bucket_id`),
    credentialID: text(sql`clouds.credential_id`),
  },
  toResource: (row: CloudRow) => ({
    ...toCommon(row),
    name: row.name,
    state: row.state,
    stateUnready: row.state_unready,
    cloudType: row.cloud_type,
    ...(row.default_bucket_id === null ? {} : { defaultBucketID: row.default_bucket_id }),
    ...(row.credential_id === null ? {} : { credentialID: row.credential_id }),
  }),
}

export interface Cluster extends ResourceCommon {
  readonly cloudID: string
  readonly name: string
  readonly clusterType: string
  readonly clusterVersion: string
  readonly state: string
  readonly stateUnready: readonly string[]
  readonly managedState: string
  readonly managedAt?: Date
  readonly defaultBucketID?: string
  readonly defaultStorageClassID?: string
  /** Names of the namespaces that exist there now. */
  readonly namespaces: readonly string[]
  readonly hasApps: boolean
}

interface ClusterRow extends CommonRow {
  readonly cloud_id: string
  readonly name: string
  readonly cluster_type: string
  readonly cluster_version: string
  readonly state: string
  readonly state_unready: readonly string[]
  readonly managed_state: string
  readonly managed_at: Date | null
  readonly default_bucket_id: string | null
  readonly default_storage_class_id: string | null
  readonly namespace_names: readonly string[]
  readonly has_apps: boolean
}

const NAMESPACE_NAMES = namespaceNames(sql`true`)

function namespaceNames(isShown: RawBuilder<SqlBool>): RawBuilder<unknown> {
  return sql`(
    select coalesce(jsonb_agg(namespaces.name order by namespaces.name collate "C"), '[]')
    from namespaces where namespaces.cluster_id = clusters.id
      and namespaces.namespace_state = 'discovered' and ${isShown})`
}

const HAS_APPS = sql<boolean>`exists (
  select 1 from apps where apps.cluster_id = clusters.id and apps.hidden_at is null)`

export const CLUSTERS: ResourceSource<Cluster> = {
  from: sql`clusters`,
  columns: sql`clusters.*, ${NAMESPACE_NAMES} as namespace_names, ${HAS_APPS} as has_apps`,
  isVisible: sql`clusters.deleted_at is null`,
  limitedTo: limitedClusters,
  id: sql`clusters.id`,
  accountID: sql`clusters.account_id`,
  createdAt: sql`clusters.created_at`,
  parents: { cloudID: sql`clusters.cloud_id`, clusterID: sql`clusters.id` },
  fields: {
    ...commonFields('clusters'),
    cloudID: text(sql`clusters.cloud_id`),
    name: text(sql`clusters.name`),
    clusterType: text(sql`clusters.cluster_type`),
    clusterVersion: text(sql`clusters.cluster_version`),
    state: text(sql`clusters.state`),
    stateUnready: json(sql`clusters.state_unready`),
    managedState: text(sql`clusters.managed_state`),
    managedAt: instant(sql`clusters.managed_at`),
    defaultBucketID: text(sql`clusters.default_bucket_id`),
    defaultStorageClassID: text(sql`clusters.default_storage_class_id`),
    namespaces: json(NAMESPACE_NAMES),
    inUse: text(HAS_APPS),
  },
  toResource: toCluster,
}

/** Clusters that are managed: those apps can be on. */
export const MANAGED_CLUSTERS: ResourceSource<Cluster> = {
  ...CLUSTERS,
  isVisible: sql`clusters.managed_state = 'managed' and clusters.deleted_at is null`,
}

/** Names of namespaces out of reach are not told, in a filter neither. */
function limitedClusters({ reach }: LimitedViewer): LimitedView {
  const names = namespaceNames(isNamespaceSeen(reach, 'namespaces'))
  return {
    rows: isClusterNeeded(reach, sql`clusters.id`),
    columns: sql`clusters.*, ${names} as namespace_names, ${HAS_APPS} as has_apps`,
    fields: { ...CLUSTERS.fields, namespaces: json(names) },
  }
}

function toCluster(row: ClusterRow): Cluster {
  return {
    ...toCommon(row),
    cloudID: row.cloud_id,
    name: row.name,
    clusterType: row.cluster_type,
    clusterVersion: row.cluster_version,
    state: row.state,
    stateUnready: row.state_unready,
    managedState: row.managed_state,
    ...(row.managed_at === null ? {} : { managedAt: row.managed_at }),
    ...(row.default_bucket_id === null ? {} : { defaultBucketID: row.default_bucket_id }),
    ...(row.default_storage_class_id === null
      ? {}
      : { defaultStorageClassID: row.default_storage_class_id }),
    namespaces: row.namespace_names,
    hasApps: row.has_apps,
  }
}

export interface Namespace extends ResourceCommon {
  readonly clusterID: string
  readonly name: string
  readonly uid: string
  readonly namespaceState: 'discovered' | 'removed'
  /** Of the Kubernetes object; those of a directory are given by users. */
  readonly kubernetesLabels: readonly Label[]
}

interface NamespaceRow extends CommonRow {
  readonly cluster_id: string
  readonly name: string
  readonly uid: string
  readonly namespace_state: 'discovered' | 'removed'
  readonly kubernetes_labels: readonly Label[]
}

// One that is gone is shown as long as an app still refers to it.
const IS_NAMESPACE_KNOWN = sql<boolean>`(namespaces.namespace_state = 'discovered' or exists (
  select 1 from apps where apps.cluster_id = namespaces.cluster_id and apps.hidden_at is null
    and apps.namespace_scoped_resources
      @> jsonb_build_array(jsonb_build_object('namespace', namespaces.name))))`

export const NAMESPACES: ResourceSource<Namespace> = {
  from: sql`namespaces join clusters on clusters.id = namespaces.cluster_id`,
  columns: sql`namespaces.*`,
  isVisible: IS_NAMESPACE_KNOWN,
  limitedTo: ({ reach }) => ({ rows: isNamespaceSeen(reach, 'namespaces') }),
  id: sql`namespaces.id`,
  accountID: sql`namespaces.account_id`,
  createdAt: sql`namespaces.created_at`,
  parents: { cloudID: sql`clusters.cloud_id`, clusterID: sql`namespaces.cluster_id` },
  fields: {
    ...commonFields('namespaces'),
    clusterID: text(sql`namespaces.cluster_id`),
    name: text(sql`namespaces.name`),
    uid: text(sql`namespaces.uid`),
    namespaceState: text(sql`namespaces.namespace_state`),
    kubernetesLabels: json(sql`namespaces.kubernetes_labels`),
  },
  toResource: (row: NamespaceRow) => ({
    ...toCommon(row),
    clusterID: row.cluster_id,
    name: row.name,
    uid: row.uid,
    namespaceState: row.namespace_state,
    kubernetesLabels: row.kubernetes_labels,
  }),
}

export interface StorageClass extends ResourceCommon {
  readonly clusterID: string
  readonly name: string
  readonly provisioner: string
  readonly isDefault: boolean
  /** On a host: some volume there can be snapshot in this way. */
  readonly isAvailable: boolean
}

interface StorageClassRow extends CommonRow {
  readonly cluster_id: string
  readonly name: string
  readonly provisioner: string
  readonly is_default: boolean
  readonly is_available: boolean
}

const IS_CLASS_AVAILABLE = sql<boolean>`(classes.is_default or exists (
  select 1 from volumes where volumes.cluster_id = classes.cluster_id
    and volumes.state = 'ready' and volumes.strategies @> to_jsonb(classes.name)))`

export const STORAGE_CLASSES: ResourceSource<StorageClass> = {
  from: sql`storage_classes as classes join clusters on clusters.id = classes.cluster_id`,
  columns: sql`classes.*, ${IS_CLASS_AVAILABLE} as is_available`,
  isVisible: sql`clusters.deleted_at is null`,
  limitedTo: ({ reach }) => ({ rows: isClusterNeeded(reach, sql`classes.cluster_id`) }),
  id: sql`classes.id`,
  accountID: sql`classes.account_id`,
  createdAt: sql`classes.created_at`,
  parents: { cloudID: sql`clusters.cloud_id`, clusterID: sql`classes.cluster_id` },
  fields: {
    ...commonFields('classes'),
    name: text(sql`classes.name`),
    provisioner: text(sql`classes.provisioner`),
    isDefault: text(sql`case when classes.is_default then 'true' end`),
    available: text(sql`case when ${IS_CLASS_AVAILABLE} then 'available' else 'ineligible' end`),
  },
  toResource: (row: StorageClassRow) => ({
    ...toCommon(row),
    clusterID: row.cluster_id,
    name: row.name,
    provisioner: row.provisioner,
    isDefault: row.is_default,
    isAvailable: row.is_available,
  }),
}

export interface Volume extends ResourceCommon {
  readonly clusterID: string
  readonly namespace: string
  readonly key: string
  readonly state: 'ready' | 'removed'
  readonly estimatedBytes?: number
  readonly strategies: readonly SnapshotStrategy[]
  readonly holes: readonly Hole[]
  readonly appIDs: readonly string[]
}

interface VolumeRow extends CommonRow {
  readonly cluster_id: string
  readonly namespace: string
  readonly key: string
  readonly state: 'ready' | 'removed'
  readonly estimated_bytes: number | null
  readonly strategies: readonly SnapshotStrategy[]
  readonly holes: readonly Hole[]
  readonly app_ids: readonly string[]
}

const APP_IDS = appIDs(sql`true`)

function appIDs(isShown: RawBuilder<SqlBool>): RawBuilder<unknown> {
  return sql`(
  select coalesce(jsonb_agg(apps.id order by apps.created_at, apps.id), '[]') from apps
  where apps.cluster_id = volumes.cluster_id and apps.hidden_at is null
    and apps.namespace_scoped_resources
      @> jsonb_build_array(jsonb_build_object('namespace', volumes.namespace)) and ${isShown})`
}

const VOLUME_NAME = sql`volumes.namespace || '/' || volumes.key`

export const VOLUMES: ResourceSource<Volume> = {
  from: sql`volumes`,
  columns: sql`volumes.*, ${APP_IDS} as app_ids`,
  isVisible: sql`volumes.state = 'ready'`,
  limitedTo: limitedVolumes,
  id: sql`volumes.id`,
  accountID: sql`volumes.account_id`,
  createdAt: sql`volumes.created_at`,
  parents: { clusterID: sql`volumes.cluster_id` },
  fields: {
    ...commonFields('volumes'),
    name: text(VOLUME_NAME),
    namespace: text(sql`volumes.namespace`),
    key: text(sql`volumes.key`),
    state: text(sql`volumes.state`),
    estimatedBytes: number(sql`volumes.estimated_bytes`),
    appIDs: json(APP_IDS),
    storageClass: text(sql`volumes.strategies ->> 0`),
  },
  toResource: toVolume,
}

/** The volumes of one app, which is the parent here. */
export const VOLUMES_OF_APP: ResourceSource<Volume> = {
  ...VOLUMES,
  from: sql`volumes join apps as owner on owner.cluster_id = volumes.cluster_id
    and owner.hidden_at is null and owner.namespace_scoped_resources
      @> jsonb_build_array(jsonb_build_object('namespace', volumes.namespace))`,
  parents: { appID: sql`owner.id` },
}

function limitedVolumes({ reach }: LimitedViewer): LimitedView {
  const ids = appIDs(isAppHeld(reach, 'apps'))
  return {
    rows: isNamedNamespaceHeld(reach, sql`volumes.cluster_id`, sql`volumes.namespace`),
    columns: sql`volumes.*, ${ids} as app_ids`,
    fields: { ...VOLUMES.fields, appIDs: json(ids) },
  }
}

function toVolume(row: VolumeRow): Volume {
  return {
    ...toCommon(row),
    clusterID: row.cluster_id,
    namespace: row.namespace,
    key: row.key,
    state: row.state,
    ...(row.estimated_bytes === null ? {} : { estimatedBytes: row.estimated_bytes }),
    strategies: row.strategies,
    holes: row.holes,
    appIDs: row.app_ids,
  }
}
