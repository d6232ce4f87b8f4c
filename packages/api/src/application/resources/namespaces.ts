// Namespaces: what can be protected, in all four views.
import { NAMESPACES, type Namespace } from '@holdfast/db'
import { type Static, Type } from 'typebox'
import { labelNamespace } from '../../operations/label-namespace.ts'
import { PLAIN_INTERNAL_PROBLEMS } from '../internal-problems.ts'
import { CLOUD, CLUSTER, MANAGED_CLUSTER } from '../parents.ts'
import type { Collection, ResourceDefinition, WireResource } from '../resource-definition.ts'
import {
  COMMON_FIELDS,
  IdSchema,
  LabelSchema,
  LinkSchema,
  MetadataSchema,
  StateDetailSchema,
  toWireMetadata,
} from '../shared-schemas.ts'

const VERSIONS = ['1.0', '1.1', '1.2'] as const

const shared: Pick<Collection<Namespace>, 'itemParameter' | 'refresh'> = {
  itemParameter: 'namespace_id',
  refresh: ({ inventories }, { caller }) => inventories.refreshAll(caller.accountID),
}

/** As Kubernetes has it, so that constraints by label can name every one. */
const NamespaceLabelSchema = Type.Object(
  {
    name: Type.String({
      pattern:
        '^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$',
    }),
    value: Type.String({ pattern: '^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$' }),
  },
  { additionalProperties: false },
)

const UpdateSchema = Type.Object(
  {
    type: Type.Literal('application/astra-namespace'),
    version: Type.Enum([...VERSIONS]),
    kubernetesLabels: Type.Array(NamespaceLabelSchema, { maxItems: 64 }),
  },
  { additionalProperties: false },
)

export const namespaces: ResourceDefinition<Namespace> = {
  name: 'namespace',
  plural: 'namespaces',
  vendor: 'astra',
  title: 'namespace',
  versions: VERSIONS,
  kind: 'resource',
  source: NAMESPACES,
  response: Type.Object(
    {
      type: Type.Literal('application/astra-namespace'),
      version: Type.Enum([...VERSIONS]),
      id: IdSchema,
      links: Type.Array(LinkSchema),
      name: Type.String({ minLength: 1, maxLength: 255 }),
      namespaceState: Type.Enum(['discovered', 'removed']),
      namespaceStateDetails: Type.Array(StateDetailSchema),
      kubernetesLabels: Type.Array(LabelSchema),
      kubernetesUID: Type.String(),
      clusterID: IdSchema,
      metadata: MetadataSchema,
    },
    { additionalProperties: false },
  ),
  fields: {
    ...COMMON_FIELDS,
    name: 'name',
    namespaceState: 'namespaceState',
    kubernetesUID: 'uid',
    kubernetesLabels: 'kubernetesLabels',
    clusterID: 'clusterID',
  },
  toWire,
  internalProblems: PLAIN_INTERNAL_PROBLEMS,
  collections: [
    { path: '/accounts/:account_id/topology/v1/namespaces', parents: [], ...shared },
    {
      path: '/accounts/:account_id/topology/v1/clusters/:cluster_id/namespaces',
      parents: [CLUSTER],
      ...shared,
    },
    {
      path: '/accounts/:account_id/topology/v1/managedClusters/:managedCluster_id/namespaces',
      parents: [MANAGED_CLUSTER],
      ...shared,
    },
    {
      path: '/accounts/:account_id/topology/v1/clouds/:cloud_id/clusters/:cluster_id/namespaces',
      parents: [CLOUD, CLUSTER],
      ...shared,
    },
    {
      path: '/accounts/:account_id/holdfast/v1/namespaces',
      parents: [],
      ...shared,
      update: {
        permission: 'manage-people',
        description:
          'The labels that roleConstraints by label match. Who sees the namespace may change with them.',
        body: UpdateSchema,
        problems: [],
        run: (context, { caller, id, body, checkPreconditions }) => {
          const { version, kubernetesLabels } = body as Static<typeof UpdateSchema>
          const request = { id, version, kubernetesLabels, checkPreconditions }
          return labelNamespace(context, caller, request)
        },
      },
    },
  ],
}

function toWire(namespace: Namespace): WireResource {
  const collection = `/accounts/${namespace.accountID}/topology/v1/namespaces`
  return {
    type: 'application/astra-namespace',
    version: namespace.version,
    id: namespace.id,
    links: [
      { rel: 'canonical', href: `${collection}/${namespace.id}` },
      { rel: 'collection', href: collection },
    ],
    name: namespace.name,
    namespaceState: namespace.namespaceState,
    namespaceStateDetails: [],
    kubernetesLabels: namespace.kubernetesLabels,
    kubernetesUID: namespace.uid,
    clusterID: namespace.clusterID,
    metadata: toWireMetadata(namespace),
  }
}
