// Clusters, and the managed ones among them under their second name.
import { CLUSTERS, type Cluster, MANAGED_CLUSTERS } from '@holdfast/db'
import { Type } from 'typebox'
import { PLAIN_INTERNAL_PROBLEMS } from '../internal-problems.ts'
import { CLOUD } from '../parents.ts'
import type { Collection, ResourceDefinition, WireResource } from '../resource-definition.ts'
import {
  COMMON_FIELDS,
  IdSchema,
  MetadataSchema,
  StateDetailSchema,
  TimeSchema,
  TrueFalseSchema,
  toWireMetadata,
  toWireTime,
  toWireUnready,
  UnreadySchema,
} from '../shared-schemas.ts'
import { PLACE_STATES } from './clouds.ts'

const VERSIONS = ['1.0', '1.1', '1.2', '1.3', '1.4', '1.5', '1.6', '1.7'] as const
const CLOSED = { additionalProperties: false } as const

const CLUSTER_TYPES = [
  'aks',
  'anthos',
  'eks',
  'gke',
  'kubernetes',
  'openshift',
  'rke',
  'tanzu',
  'host',
  'docker',
]

const members = {
  version: Type.Enum([...VERSIONS]),
  id: IdSchema,
  name: Type.String({ minLength: 1, maxLength: 63 }),
  state: Type.Enum([...PLACE_STATES, 'deleting']),
  stateUnready: UnreadySchema,
  managedState: Type.Enum([
    'pending',
    'ineligible',
    'deleting',
    'unmanaged',
    'managing',
    'managed',
  ]),
  managedStateUnready: UnreadySchema,
  managedTimestamp: Type.Optional(TimeSchema),
  protectionState: Type.Enum(['full', 'partial', 'atRisk']),
  protectionStateDetails: Type.Array(StateDetailSchema),
  restoreTargetSupported: TrueFalseSchema,
  snapshotSupported: TrueFalseSchema,
  inUse: TrueFalseSchema,
  clusterType: Type.Enum(CLUSTER_TYPES),
  clusterVersion: Type.String({ minLength: 1, maxLength: 31 }),
  clusterVersionString: Type.String({ minLength: 1, maxLength: 31 }),
  namespaces: Type.Array(Type.String({ minLength: 1, maxLength: 253 }), { uniqueItems: true }),
  defaultStorageClass: Type.Optional(IdSchema),
  cloudID: IdSchema,
  isMultizonal: TrueFalseSchema,
  metadata: MetadataSchema,
}

const fields = {
  ...COMMON_FIELDS,
  name: 'name',
  state: 'state',
  stateUnready: 'stateUnready',
  managedState: 'managedState',
  managedTimestamp: 'managedAt',
  inUse: 'inUse',
  clusterType: 'clusterType',
  clusterVersion: 'clusterVersion',
  clusterVersionString: 'clusterVersion',
  namespaces: 'namespaces',
  defaultStorageClass: 'defaultStorageClassID',
  cloudID: 'cloudID',
}

const refresh: Collection<Cluster>['refresh'] = ({ inventories }, { caller }) =>
  inventories.refreshAll(caller.accountID)

export const clusters: ResourceDefinition<Cluster> = {
  name: 'cluster',
  plural: 'clusters',
  vendor: 'astra',
  title: 'cluster',
  versions: VERSIONS,
  kind: 'cluster',
  source: CLUSTERS,
  response: Type.Object({ type: Type.Literal('application/astra-cluster'), ...members }, CLOSED),
  fields,
  toWire: (cluster) => ({ type: 'application/astra-cluster', ...toWireCluster(cluster) }),
  internalProblems: PLAIN_INTERNAL_PROBLEMS,
  collections: [
    {
      path: '/accounts/:account_id/topology/v1/clusters',
      itemParameter: 'cluster_id',
      parents: [],
      refresh,
    },
    {
      path: '/accounts/:account_id/topology/v1/clouds/:cloud_id/clusters',
      itemParameter: 'cluster_id',
      parents: [CLOUD],
      refresh,
    },
  ],
}

export const managedClusters: ResourceDefinition<Cluster> = {
  name: 'managedCluster',
  plural: 'managedClusters',
  vendor: 'astra',
  title: 'managed cluster',
  versions: VERSIONS,
  kind: 'cluster',
  source: MANAGED_CLUSTERS,
  response: Type.Object(
    {
      type: Type.Literal('application/astra-managedCluster'),
      ...members,
      managedTimestamp: TimeSchema,
      defaultBucketID: Type.Optional(IdSchema),
    },
    CLOSED,
  ),
  fields: { ...fields, defaultBucketID: 'defaultBucketID' },
  toWire: (cluster) => ({
    type: 'application/astra-managedCluster',
    ...toWireCluster(cluster),
    managedTimestamp: toWireTime(cluster.managedAt ?? cluster.createdAt),
    ...(cluster.defaultBucketID === undefined ? {} : { defaultBucketID: cluster.defaultBucketID }),
  }),
  internalProblems: PLAIN_INTERNAL_PROBLEMS,
  collections: [
    {
      path: '/accounts/:account_id/topology/v1/managedClusters',
      itemParameter: 'managedCluster_id',
      parents: [],
      refresh,
    },
  ],
}

function toWireCluster(cluster: Cluster): WireResource {
  return {
    version: cluster.version,
    id: cluster.id,
    name: cluster.name,
    state: cluster.state,
    stateUnready: toWireUnready(cluster.stateUnready),
    managedState: cluster.managedState,
    managedStateUnready: [],
    ...(cluster.managedAt === undefined ? {} : { managedTimestamp: toWireTime(cluster.managedAt) }),
    // Every volume can be snapshot in some way; how consistently, its copies say.
    protectionState: 'full',
    protectionStateDetails: [],
    restoreTargetSupported: 'true',
    snapshotSupported: 'true',
    inUse: String(cluster.hasApps),
    clusterType: cluster.clusterType,
    clusterVersion: cluster.clusterVersion,
    clusterVersionString: cluster.clusterVersion,
    namespaces: cluster.namespaces,
    ...(cluster.defaultStorageClassID === undefined
      ? {}
      : { defaultStorageClass: cluster.defaultStorageClassID }),
    cloudID: cluster.cloudID,
    isMultizonal: 'false',
    metadata: toWireMetadata(cluster),
  }
}
