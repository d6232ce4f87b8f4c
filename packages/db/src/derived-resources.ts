// Resources that no table holds: they follow from the product and from the clusters there are.
import { NAMESPACE_KIND, PRODUCT_FEATURES, VOLUME_KIND } from '@holdfast/domain'
import { type RawBuilder, sql } from 'kysely'
import type { ResourceSource } from './list-resources.ts'
import { isClusterNeeded } from './namespace-reach.ts'
import { type CommonRow, json, type ResourceCommon, text, toCommon } from './resource-fields.ts'

export interface Feature extends ResourceCommon {
  readonly name: string
  readonly isEnabled: boolean
}

interface FeatureRow extends CommonRow {
  readonly name: string
  readonly is_enabled: boolean
}

const FEATURE_ID = derivedID(sql`accounts.id`, sql`feature.name`)

export const FEATURES: ResourceSource<Feature> = {
  from: sql`accounts cross join jsonb_to_recordset(${JSON.stringify(PRODUCT_FEATURES)}::jsonb)
    as feature (name text, "isEnabled" boolean)`,
  columns: sql`${derivedColumns('accounts', FEATURE_ID, '1.1')}, feature.name,
    feature."isEnabled" as is_enabled`,
  isVisible: sql`true`,
  limitedTo: () => ({ rows: sql`true` }),
  id: FEATURE_ID,
  accountID: sql`accounts.id`,
  createdAt: sql`accounts.created_at`,
  parents: {},
  fields: {
    ...derivedFields('accounts', FEATURE_ID, '1.1'),
    name: text(sql`feature.name`),
    isEnabled: text(sql`feature."isEnabled"`),
  },
  toResource: (row: FeatureRow) => ({
    ...toCommon(row),
    name: row.name,
    isEnabled: row.is_enabled,
  }),
}

export interface ApiResource extends ResourceCommon {
  /** `group/version` */
  readonly apiVersion: string
  readonly kind: string
}

interface ApiResourceRow extends CommonRow {
  readonly api_version: string
  readonly kind: string
}

/** Of clusters whose apps are described in words of our own. */
const HOST_KINDS = [NAMESPACE_KIND, VOLUME_KIND].map(({ group, version, kind }) => ({
  apiVersion: `${group}/${version}`,
  kind,
}))

const API_RESOURCE_ID = derivedID(sql`clusters.id`, sql`known.kind`)

export const API_RESOURCES: ResourceSource<ApiResource> = {
  from: sql`clusters cross join jsonb_to_recordset(${JSON.stringify(HOST_KINDS)}::jsonb)
    as known ("apiVersion" text, kind text)`,
  columns: sql`${derivedColumns('clusters', API_RESOURCE_ID, '1.0')},
    known."apiVersion" as api_version, known.kind`,
  isVisible: sql`clusters.cluster_type = 'host' and clusters.deleted_at is null`,
  limitedTo: ({ reach }) => ({ rows: isClusterNeeded(reach, sql`clusters.id`) }),
  id: API_RESOURCE_ID,
  accountID: sql`clusters.account_id`,
  createdAt: sql`clusters.created_at`,
  parents: { clusterID: sql`clusters.id` },
  fields: {
    ...derivedFields('clusters', API_RESOURCE_ID, '1.0'),
    apiVersion: text(sql`known."apiVersion"`),
    kind: text(sql`known.kind`),
  },
  toResource: (row: ApiResourceRow) => ({
    ...toCommon(row),
    apiVersion: row.api_version,
    kind: row.kind,
  }),
}

/** What is known of a machine; all but its times and labels. */
export interface MachineDescription {
  readonly name: string
  readonly internalIP: string
  readonly externalIP: string
  readonly zone: string
  readonly region: string
  readonly instanceType: string
  readonly kernelVersion: string
  readonly osImage: string
  readonly numCpus: string
  /** `16384Ki` */
  readonly memory: string
}

export interface ClusterNode extends ResourceCommon {
  readonly role: 'host'
  readonly machine: MachineDescription
  /** The cluster's. */
  readonly state: string
}

interface ClusterNodeRow extends CommonRow {
  readonly machine: MachineDescription
  readonly node_state: string
}

const NODE_ID = derivedID(sql`clusters.id`, sql`clusters.machine ->> 'name'`)

const NODE_STATE = sql`case when clusters.state in ('removed', 'deleting') then 'unknown'
  else clusters.state end`

const machineField = (name: keyof MachineDescription) => text(sql`clusters.machine ->> ${name}`)

/** The machines of clusters: of a host, the one that it is. */
export const CLUSTER_NODES: ResourceSource<ClusterNode> = {
  from: sql`clusters`,
  columns: sql`${derivedColumns('clusters', NODE_ID, '1.0')}, clusters.machine,
    ${NODE_STATE} as node_state`,
  isVisible: sql`clusters.machine is not null and clusters.deleted_at is null`,
  limitedTo: ({ reach }) => ({ rows: isClusterNeeded(reach, sql`clusters.id`) }),
  id: NODE_ID,
  accountID: sql`clusters.account_id`,
  createdAt: sql`clusters.created_at`,
  parents: { cloudID: sql`clusters.cloud_id`, clusterID: sql`clusters.id` },
  fields: {
    ...derivedFields('clusters', NODE_ID, '1.0'),
    name: machineField('name'),
    role: text(sql`'host'`),
    internalIP: machineField('internalIP'),
    externalIP: machineField('externalIP'),
    zone: machineField('zone'),
    region: machineField('region'),
    instanceType: machineField('instanceType'),
    kernelVersion: machineField('kernelVersion'),
    osImage: machineField('osImage'),
    numCpus: machineField('numCpus'),
    memory: machineField('memory'),
    state: text(NODE_STATE),
  },
  toResource: (row: ClusterNodeRow) => ({
    ...toCommon(row),
    role: 'host',
    machine: row.machine,
    state: row.node_state,
  }),
}

/** A collection in which nothing is: what its resources are does not exist here. */
export const NOTHING: ResourceSource<ResourceCommon> = {
  from: sql`accounts`,
  columns: sql`${derivedColumns('accounts', sql`accounts.id`, '1.0')}`,
  isVisible: sql`false`,
  limitedTo: () => ({ rows: sql`true` }),
  id: sql`accounts.id`,
  accountID: sql`accounts.id`,
  createdAt: sql`accounts.created_at`,
  parents: {},
  fields: derivedFields('accounts', sql`accounts.id`, '1.0'),
  toResource: (row: CommonRow) => toCommon(row),
}

/** A UUIDv5 that is the same whenever it is made from the same two. */
function derivedID(owner: RawBuilder<unknown>, name: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`overlay(overlay(md5(${owner}::text || '/' || (${name})) placing '5' from 13 for 1)
    placing '8' from 17 for 1)::uuid`
}

function derivedColumns(table: string, id: RawBuilder<unknown>, version: string) {
  return sql`${id} as id, ${accountOf(table)} as account_id, ${version}::text as version,
    '[]'::jsonb as labels, ${sql.ref(`${table}.created_at`)} as created_at,
    ${sql.ref(`${table}.created_at`)} as modified_at,
    '00000000-0000-0000-0000-000000000000'::uuid as created_by, null::uuid as modified_by`
}

function accountOf(table: string): RawBuilder<unknown> {
  return sql.ref(table === 'accounts' ? 'accounts.id' : `${table}.account_id`)
}

function derivedFields(table: string, id: RawBuilder<unknown>, version: string) {
  const createdAt = sql`date_trunc('second', ${sql.ref(`${table}.created_at`)}, 'UTC')`
  const instant = { kind: 'instant', expression: createdAt } as const
  return {
    id: text(id),
    version: text(sql`${version}::text`),
    labels: json(sql`'[]'::jsonb`),
    createdAt: instant,
    modifiedAt: instant,
    createdBy: text(sql`'00000000-0000-0000-0000-000000000000'`),
    modifiedBy: text(sql`null::text`),
  }
}
