// Machines of clusters: of a host, the one that it is.
import { CLUSTER_NODES, type ClusterNode } from '@holdfast/db'
import { Type } from 'typebox'
import { PLAIN_INTERNAL_PROBLEMS } from '../internal-problems.ts'
import { CLOUD, CLUSTER, MANAGED_CLUSTER } from '../parents.ts'
import type { ResourceDefinition } from '../resource-definition.ts'
import {
  COMMON_FIELDS,
  IdSchema,
  LabelSchema,
  MetadataSchema,
  TimeSchema,
  toWireMetadata,
  toWireTime,
} from '../shared-schemas.ts'

const VERSIONS = ['1.0'] as const
const TYPE = 'application/astra-clusterNode'

const itemParameter = 'clusterNode_id'

const AddressSchema = Type.String({ minLength: 1, maxLength: 63 })
const WordSchema = Type.String({ minLength: 1, maxLength: 254 })

export const clusterNodes: ResourceDefinition<ClusterNode> = {
  name: 'clusterNode',
  plural: 'clusterNodes',
  vendor: 'astra',
  title: 'machine of a cluster',
  versions: VERSIONS,
  kind: 'resource',
  source: CLUSTER_NODES,
  response: Type.Object(
    {
      type: Type.Literal(TYPE),
      version: Type.Enum([...VERSIONS]),
      id: IdSchema,
      name: WordSchema,
      role: WordSchema,
      labels: Type.Array(LabelSchema),
      creationTime: TimeSchema,
      externalIP: AddressSchema,
      internalIP: AddressSchema,
      zone: WordSchema,
      region: WordSchema,
      instanceType: WordSchema,
      kernelVersion: WordSchema,
      osImage: WordSchema,
      numCpus: WordSchema,
      memory: WordSchema,
      state: Type.Enum(['running', 'provisioning', 'discovering', 'pending', 'failed', 'unknown']),
      metadata: MetadataSchema,
    },
    { additionalProperties: false },
  ),
  fields: {
    ...COMMON_FIELDS,
    name: 'name',
    role: 'role',
    creationTime: 'createdAt',
    externalIP: 'externalIP',
    internalIP: 'internalIP',
    zone: 'zone',
    region: 'region',
    instanceType: 'instanceType',
    kernelVersion: 'kernelVersion',
    osImage: 'osImage',
    numCpus: 'numCpus',
    memory: 'memory',
    state: 'state',
  },
  toWire: (node) => ({
    type: TYPE,
    version: node.version,
    id: node.id,
    role: node.role,
    labels: [],
    creationTime: toWireTime(node.createdAt),
    ...node.machine,
    state: node.state,
    metadata: toWireMetadata(node),
  }),
  internalProblems: PLAIN_INTERNAL_PROBLEMS,
  collections: [
    {
      path: '/accounts/:account_id/topology/v1/clusters/:cluster_id/clusterNodes',
      parents: [CLUSTER],
      itemParameter,
    },
    {
      path: '/accounts/:account_id/topology/v1/managedClusters/:managedCluster_id/clusterNodes',
      parents: [MANAGED_CLUSTER],
      itemParameter,
    },
    {
      path: '/accounts/:account_id/topology/v1/clouds/:cloud_id/clusters/:cluster_id/clusterNodes',
      parents: [CLOUD, CLUSTER],
      itemParameter,
    },
  ],
}
