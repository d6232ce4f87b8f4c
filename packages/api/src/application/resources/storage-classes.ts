// Storage classes of clusters.
import { STORAGE_CLASSES, type StorageClass } from '@holdfast/db'
import { Type } from 'typebox'
import { PLAIN_INTERNAL_PROBLEMS } from '../internal-problems.ts'
import { CLOUD, CLUSTER, MANAGED_CLUSTER } from '../parents.ts'
import type { ResourceDefinition, WireResource } from '../resource-definition.ts'
import { COMMON_FIELDS, IdSchema, MetadataSchema, toWireMetadata } from '../shared-schemas.ts'

const VERSIONS = ['1.0', '1.1'] as const

const itemParameter = 'storageClass_id'

export const storageClasses: ResourceDefinition<StorageClass> = {
  name: 'storageClass',
  plural: 'storageClasses',
  vendor: 'astra',
  title: 'storage class',
  versions: VERSIONS,
  kind: 'resource',
  source: STORAGE_CLASSES,
  response: Type.Object(
    {
      type: Type.Literal('application/astra-storageClass'),
      version: Type.Enum([...VERSIONS]),
      id: IdSchema,
      name: Type.String({ minLength: 1, maxLength: 255 }),
      provisioner: Type.String({ minLength: 1, maxLength: 255 }),
      available: Type.Enum(['available', 'eligible', 'ineligible']),
      allowVolumeExpansion: Type.Enum(['true', 'false', 'unavailable']),
      reclaimPolicy: Type.String({ minLength: 1, maxLength: 255 }),
      volumeBindingMode: Type.String({ minLength: 1, maxLength: 255 }),
      isDefault: Type.Optional(Type.Literal('true')),
      metadata: MetadataSchema,
    },
    { additionalProperties: false },
  ),
  fields: {
    ...COMMON_FIELDS,
    name: 'name',
    provisioner: 'provisioner',
    isDefault: 'isDefault',
    available: 'available',
  },
  toWire,
  internalProblems: PLAIN_INTERNAL_PROBLEMS,
  collections: [
    {
      path: '/accounts/:account_id/topology/v1/clusters/:cluster_id/storageClasses',
      parents: [CLUSTER],
      itemParameter,
    },
    {
      path: '/accounts/:account_id/topology/v1/managedClusters/:managedCluster_id/storageClasses',
      parents: [MANAGED_CLUSTER],
      itemParameter,
    },
    {
      path: '/accounts/:account_id/topology/v1/clouds/:cloud_id/clusters/:cluster_id/storageClasses',
      parents: [CLOUD, CLUSTER],
      itemParameter,
    },
  ],
}

function toWire(storageClass: StorageClass): WireResource {
  return {
    type: 'application/astra-storageClass',
    version: storageClass.version,
    id: storageClass.id,
    name: storageClass.name,
    provisioner: storageClass.provisioner,
    available: storageClass.isAvailable ? 'available' : 'ineligible',
    allowVolumeExpansion: 'unavailable',
    reclaimPolicy: 'Retain',
    volumeBindingMode: 'Immediate',
    ...(storageClass.isDefault ? { isDefault: 'true' } : {}),
    metadata: toWireMetadata(storageClass),
  }
}
