// Clusters, and the managed ones among them under their second name.
import { CLUSTERS, type Cluster, MANAGED_CLUSTERS } from '@holdfast/db'
import { type Static, Type } from 'typebox'
import {
  changeCluster,
  manageCluster,
  removeCluster,
  unmanageCluster,
} from '../../operations/change-cluster.ts'
import type { OperationContext } from '../../operations/operation-context.ts'
import { OperationError } from '../../operations/operation-failure.ts'
import { PLAIN_INTERNAL_PROBLEMS } from '../internal-problems.ts'
import { CLOUD } from '../parents.ts'
import type {
  Collection,
  ReadRequest,
  ResourceDefinition,
  WireResource,
} from '../resource-definition.ts'
import { lowerId } from '../sent-values.ts'
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
import {
  CLUSTER_TYPES,
  CLUSTER_VERSIONS,
  ClusterCreateSchema,
  ClusterUpdateSchema,
  MANAGED_STATES,
  ManagedClusterCreateSchema,
  ManagedClusterUpdateSchema,
  readClusterChange,
  readManagedClusterChange,
} from './cluster-bodies.ts'

const CLOSED = { additionalProperties: false } as const

const members = {
  version: Type.Enum([...CLUSTER_VERSIONS]),
  id: IdSchema,
  name: Type.String({ minLength: 1, maxLength: 63 }),
  state: Type.Enum([...PLACE_STATES]),
  stateUnready: UnreadySchema,
  managedState: Type.Enum([...MANAGED_STATES]),
  managedStateUnready: UnreadySchema,
  managedTimestamp: Type.Optional(TimeSchema),
  protectionState: Type.Enum(['full', 'partial', 'atRisk']),
  protectionStateDetails: Type.Array(StateDetailSchema),
  restoreTargetSupported: TrueFalseSchema,
  snapshotSupported: TrueFalseSchema,
  inUse: TrueFalseSchema,
  clusterType: Type.Enum([...CLUSTER_TYPES]),
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

const shared: Pick<Collection<Cluster>, 'itemParameter' | 'refresh' | 'update' | 'remove'> = {
  itemParameter: 'cluster_id',
  refresh,
  update: {
    permission: 'manage-clouds',
    body: ClusterUpdateSchema,
    problems: [67],
    run: (context, { caller, id, body, checkPreconditions }) =>
      changeCluster(context, caller, { ...readClusterChange(body), id, checkPreconditions }),
  },
  remove: {
    permission: 'manage-clouds',
    description: 'Forgets a cluster that no service has any more.',
    problems: [92, 164],
    run: (context, { caller, id }) => removeCluster(context, caller, id),
  },
}

export const clusters: ResourceDefinition<Cluster> = {
  name: 'cluster',
  plural: 'clusters',
  vendor: 'astra',
  title: 'cluster',
  versions: CLUSTER_VERSIONS,
  kind: 'cluster',
  source: CLUSTERS,
  response: Type.Object({ type: Type.Literal('application/astra-cluster'), ...members }, CLOSED),
  fields,
  toWire: (cluster) => ({ type: 'application/astra-cluster', ...toWireCluster(cluster) }),
  internalProblems: PLAIN_INTERNAL_PROBLEMS,
  collections: [
    { path: '/accounts/:account_id/topology/v1/clusters', parents: [], ...shared },
    {
      path: '/accounts/:account_id/topology/v1/clouds/:cloud_id/clusters',
      parents: [CLOUD],
      ...shared,
      create: {
        permission: 'manage-clouds',
        description:
          'Refused: clusters of private clouds are named by the configuration of the services.',
        body: ClusterCreateSchema,
        problems: [93],
        run: async (_context, { parents: { cloudID = '' } }) => {
          throw new OperationError({ code: 'cluster-not-creatable', cloudID })
        },
      },
    },
  ],
}

export const managedClusters: ResourceDefinition<Cluster> = {
  name: 'managedCluster',
  plural: 'managedClusters',
  vendor: 'astra',
  title: 'managed cluster',
  versions: CLUSTER_VERSIONS,
  kind: 'cluster',
  source: MANAGED_CLUSTERS,
  response: Type.Object(
    {
      type: Type.Literal('application/astra-managedCluster'),
      ...members,
      state: Type.Enum([...PLACE_STATES, 'deleting']),
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
      create: {
        permission: 'manage-clouds',
        description: 'Brings a cluster under management: apps can be defined there from now on.',
        body: ManagedClusterCreateSchema,
        problems: [45, 58, 106, 108, 146, 167],
        run: (context, { caller, body }) =>
          manageCluster(context, caller, {
            ...readManagedClusterChange(body),
            id: lowerId((body as Static<typeof ManagedClusterCreateSchema>).id),
          }),
      },
      update: {
        permission: 'manage-clouds',
        body: ManagedClusterUpdateSchema,
        problems: [58, 67, 108, 167],
        run: (context, { caller, id, body, checkPreconditions }) =>
          changeCluster(context, caller, {
            ...readManagedClusterChange(body),
            id,
            checkPreconditions,
          }),
      },
      remove: {
        permission: 'manage-clouds',
        description: 'The cluster stays below its cloud. It must not have apps.',
        problems: [164],
        run: (context, { caller, id }) => unmanageCluster(context, caller, id),
      },
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

async function refresh({ inventories }: OperationContext, { caller }: ReadRequest): Promise<void> {
  await inventories.refreshAll(caller.accountID)
}
