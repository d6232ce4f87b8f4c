// Kinds of resources that a cluster has: those that definitions and filters can name.
import { API_RESOURCES, type ApiResource } from '@holdfast/db'
import { Type } from 'typebox'
import { PLAIN_INTERNAL_PROBLEMS } from '../internal-problems.ts'
import { MANAGED_CLUSTER } from '../parents.ts'
import type { ResourceDefinition } from '../resource-definition.ts'
import { COMMON_FIELDS, IdSchema, MetadataSchema, toWireMetadata } from '../shared-schemas.ts'

const VERSIONS = ['1.0'] as const
const TYPE = 'application/astra-apiResource'

export const apiResources: ResourceDefinition<ApiResource> = {
  name: 'apiResource',
  plural: 'apiResources',
  vendor: 'astra',
  title: 'kind of resource',
  versions: VERSIONS,
  kind: 'resource',
  source: API_RESOURCES,
  response: Type.Object(
    {
      type: Type.Literal(TYPE),
      version: Type.Enum([...VERSIONS]),
      id: IdSchema,
      apiVersion: Type.String({ pattern: '^[^/]+/[^/]+$', description: 'group/version' }),
      kind: Type.String({ minLength: 1 }),
      metadata: MetadataSchema,
    },
    { additionalProperties: false },
  ),
  fields: { ...COMMON_FIELDS, apiVersion: 'apiVersion', kind: 'kind' },
  toWire: (resource) => ({
    type: TYPE,
    version: resource.version,
    id: resource.id,
    apiVersion: resource.apiVersion,
    kind: resource.kind,
    metadata: toWireMetadata(resource),
  }),
  internalProblems: PLAIN_INTERNAL_PROBLEMS,
  collections: [
    {
      path: '/accounts/:account_id/topology/v1/managedClusters/:managedCluster_id/apiResources',
      parents: [MANAGED_CLUSTER],
      itemParameter: 'apiResource_id',
    },
  ],
}
