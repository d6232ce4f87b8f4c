// Schemas of apps: what is answered, and what may be sent.
import { APP_STATES } from '@holdfast/domain'
import { Type } from 'typebox'
import {
  DnsLabelSchema,
  DnsNameSchema,
  IdSchema,
  LinkSchema,
  MetadataSchema,
  SentIdSchema,
  SentMetadataSchema,
  StateDetailSchema,
  TimeSchema,
} from '../shared-schemas.ts'

export const APP_VERSIONS = ['2.0', '2.1', '2.2'] as const
const CLOSED = { additionalProperties: false } as const
const SET = { uniqueItems: true } as const
// That no namespace is named twice is checked by the operation: comparing objects with each other
// takes quadratic time, which a large body must not cost.
const LIST = { maxItems: 1000 } as const

const GvkSchema = Type.Object(
  { group: Type.String(), kind: Type.String(), version: Type.String() },
  CLOSED,
)
const ClusterScopedSchema = Type.Array(
  Type.Object(
    { GVK: GvkSchema, labelSelectors: Type.Optional(Type.Array(Type.String(), SET)) },
    CLOSED,
  ),
  LIST,
)
export const SentNamespacesSchema = Type.Array(
  Type.Object(
    { namespace: DnsNameSchema, labelSelectors: Type.Optional(Type.Array(Type.String(), SET)) },
    CLOSED,
  ),
  LIST,
)
const NamespaceMappingSchema = Type.Array(
  Type.Object({ source: DnsNameSchema, destination: DnsNameSchema }, CLOSED),
  LIST,
)
const StorageClassMappingSchema = Type.Array(
  Type.Object(
    {
      source: Type.String({
        minLength: 1,
        maxLength: 63,
        pattern: '^(([a-z0-9]([-a-z0-9]*[a-z0-9])?)|(\\*))$',
      }),
      destination: DnsLabelSchema,
    },
    CLOSED,
  ),
  LIST,
)
const GvknSchema = Type.Object(
  {
    group: Type.Optional(Type.String()),
    version: Type.Optional(Type.String()),
    kind: Type.Optional(Type.String()),
    namespaces: Type.Optional(Type.Array(DnsLabelSchema, SET)),
    // Volumes of a host are named by bytes, percent-encoded: more than Kubernetes would allow.
    names: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 765 }), SET)),
    labelSelectors: Type.Optional(Type.Array(Type.String(), SET)),
  },
  CLOSED,
)
const RestoreFilterSchema = Type.Object(
  {
    resourceSelectionCriteria: Type.Enum(['include', 'exclude']),
    GVKN: Type.Array(GvknSchema, LIST),
  },
  CLOSED,
)

const sentMembers = {
  clusterScopedResources: Type.Optional(ClusterScopedSchema),
  namespaceScopedResources: Type.Optional(SentNamespacesSchema),
  namespaceMapping: Type.Optional(NamespaceMappingSchema),
  storageClassMapping: Type.Optional(StorageClassMappingSchema),
  clusterID: Type.Optional(SentIdSchema),
  sourceAppID: Type.Optional(SentIdSchema),
  sourceClusterID: Type.Optional(SentIdSchema),
  backupID: Type.Optional(SentIdSchema),
  snapshotID: Type.Optional(SentIdSchema),
  restoreFilter: Type.Optional(RestoreFilterSchema),
  metadata: Type.Optional(SentMetadataSchema),
}

export const CreateAppSchema = Type.Object(
  {
    type: Type.Literal('application/astra-app'),
    version: Type.Enum([...APP_VERSIONS]),
    name: DnsLabelSchema,
    ...sentMembers,
    // As clients of version 2.0 say where the one namespace of a clone's source goes.
    namespace: Type.Optional(DnsLabelSchema),
  },
  CLOSED,
)

/** What a client got from us it may send back: members that only we set are not looked at. */
export const UpdateAppSchema = Type.Object(
  {
    type: Type.Literal('application/astra-app'),
    version: Type.Enum([...APP_VERSIONS]),
    id: Type.Optional(SentIdSchema),
    name: Type.Optional(DnsLabelSchema),
    ...sentMembers,
    links: Type.Optional(Type.Array(Type.Unknown())),
    lastResourceCollectionTimestamp: Type.Optional(TimeSchema),
    state: Type.Optional(Type.Enum([...APP_STATES])),
    stateTransitions: Type.Optional(Type.Array(Type.Unknown())),
    stateDetails: Type.Optional(Type.Array(Type.Unknown())),
    protectionState: Type.Optional(Type.String()),
    protectionStateDetails: Type.Optional(Type.Array(Type.Unknown())),
    appDetectedType: Type.Optional(Type.String()),
    namespaces: Type.Optional(Type.Array(Type.String())),
    clusterName: Type.Optional(Type.String()),
    clusterType: Type.Optional(Type.String()),
    sourceClusterName: Type.Optional(Type.String()),
    replicationSourceAppID: Type.Optional(SentIdSchema),
  },
  CLOSED,
)

export const AppSchema = Type.Object(
  {
    type: Type.Literal('application/astra-app'),
    version: Type.Enum([...APP_VERSIONS]),
    id: IdSchema,
    links: Type.Array(LinkSchema),
    name: DnsLabelSchema,
    clusterScopedResources: ClusterScopedSchema,
    namespaceScopedResources: Type.Array(
      Type.Object(
        { namespace: DnsNameSchema, labelSelectors: Type.Array(Type.String(), SET) },
        CLOSED,
      ),
      SET,
    ),
    lastResourceCollectionTimestamp: Type.Optional(TimeSchema),
    state: Type.Enum([...APP_STATES]),
    stateTransitions: Type.Array(
      Type.Object({ from: Type.String(), to: Type.Array(Type.String()) }, CLOSED),
    ),
    stateDetails: Type.Array(StateDetailSchema),
    protectionState: Type.Enum(['atRisk', 'protected', 'partial', 'none']),
    protectionStateDetails: Type.Array(StateDetailSchema),
    namespaces: Type.Array(Type.String({ minLength: 1, maxLength: 253 }), SET),
    namespaceMapping: Type.Optional(NamespaceMappingSchema),
    clusterName: Type.String(),
    clusterID: IdSchema,
    clusterType: Type.Enum(['gke', 'aks', 'eks', 'openshift', 'kubernetes', 'host', 'docker']),
    sourceAppID: Type.Optional(IdSchema),
    sourceClusterName: Type.Optional(Type.String()),
    sourceClusterID: Type.Optional(IdSchema),
    backupID: Type.Optional(IdSchema),
    snapshotID: Type.Optional(IdSchema),
    storageClassMapping: Type.Optional(StorageClassMappingSchema),
    restoreFilter: Type.Optional(RestoreFilterSchema),
    metadata: MetadataSchema,
  },
  CLOSED,
)
