// What clients send about clusters, and what of it counts.
import { type Static, type TSchema, Type } from 'typebox'
import type { WireResource } from '../resource-definition.ts'
import { lowerId } from '../sent-values.ts'
import {
  PlaceNameSchema,
  SentIdSchema,
  SentMetadataSchema,
  TrueFalseSchema,
} from '../shared-schemas.ts'

export const CLUSTER_VERSIONS = ['1.0', '1.1', '1.2', '1.3', '1.4', '1.5', '1.6', '1.7'] as const

export const CLUSTER_TYPES = [
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
] as const

export const MANAGED_STATES = [
  'pending',
  'ineligible',
  'deleting',
  'unmanaged',
  'managing',
  'managed',
] as const

const CLOSED = { additionalProperties: false } as const

const TextSchema = Type.String({ maxLength: 511 })
const TextsSchema = Type.Array(TextSchema)
const CapabilitiesSchema = Type.Array(
  Type.Enum(['neptuneV1', 'proxyV1', 'connectorV2', 'watcherV1']),
)
const TridentSchema = Type.Enum(['managed', 'unmanaged'])

/** Sent back by clients that change what they read; what they say does not count. */
const STATE_MEMBERS: Readonly<Record<string, TSchema>> = Object.fromEntries(
  Object.entries({
    state: TextSchema,
    stateUnready: TextsSchema,
    managedState: Type.Enum([...MANAGED_STATES]),
    managedStateDetails: Type.Array(Type.Object({})),
    managedStateUnready: TextsSchema,
    managedTimestamp: TextSchema,
    protectionState: TextSchema,
    protectionStateDetails: Type.Array(Type.Object({})),
    restoreTargetSupported: TrueFalseSchema,
    snapshotSupported: TrueFalseSchema,
    tridentVersion: TextSchema,
    acpVersion: TextSchema,
    tridentManagedState: TridentSchema,
    tridentManagedStateDetails: Type.Array(Type.Object({})),
    tridentManagedStateAllowed: Type.Array(TridentSchema),
    inUse: TrueFalseSchema,
    accHost: Type.Literal('true'),
    clusterType: Type.Enum([...CLUSTER_TYPES]),
    clusterVersion: TextSchema,
    clusterVersionString: TextSchema,
    clusterCreationTimestamp: TextSchema,
    namespaces: TextsSchema,
    cloudID: SentIdSchema,
    location: TextSchema,
    isMultizonal: TrueFalseSchema,
    privateRouteID: TextSchema,
    connectorCapabilities: CapabilitiesSchema,
    apiServiceID: SentIdSchema,
  }).map(([name, schema]) => [name, Type.Optional(schema)]),
)

export const ClusterCreateSchema = Type.Object(
  {
    type: Type.Literal('application/astra-cluster'),
    version: Type.Enum([...CLUSTER_VERSIONS]),
    name: Type.Optional(PlaceNameSchema),
    accHost: Type.Optional(Type.Literal('true')),
    clusterType: Type.Optional(Type.Enum([...CLUSTER_TYPES])),
    credentialID: Type.Optional(SentIdSchema),
    privateRouteID: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
    connectorCapabilities: Type.Optional(CapabilitiesSchema),
    // Sent by clients that want a connector installed, although no document has it.
    connectorInstall: Type.Optional(Type.Literal('pending')),
    metadata: Type.Optional(SentMetadataSchema),
  },
  CLOSED,
)

export const ClusterUpdateSchema = Type.Object(
  {
    ...STATE_MEMBERS,
    type: Type.Literal('application/astra-cluster'),
    version: Type.Enum([...CLUSTER_VERSIONS]),
    id: Type.Optional(SentIdSchema),
    name: Type.Optional(PlaceNameSchema),
    credentialID: Type.Optional(SentIdSchema),
    defaultStorageClass: Type.Optional(SentIdSchema),
    tridentManagedStateDesired: Type.Optional(TridentSchema),
    metadata: Type.Optional(SentMetadataSchema),
  },
  CLOSED,
)

export const ManagedClusterCreateSchema = Type.Object(
  {
    type: Type.Literal('application/astra-managedCluster'),
    version: Type.Enum([...CLUSTER_VERSIONS]),
    id: SentIdSchema,
    defaultBucketID: Type.Optional(SentIdSchema),
    defaultStorageClass: Type.Optional(SentIdSchema),
    tridentManagedStateDesired: Type.Optional(TridentSchema),
    metadata: Type.Optional(SentMetadataSchema),
  },
  CLOSED,
)

export const ManagedClusterUpdateSchema = Type.Object(
  {
    ...STATE_MEMBERS,
    type: Type.Literal('application/astra-managedCluster'),
    version: Type.Enum([...CLUSTER_VERSIONS]),
    id: Type.Optional(SentIdSchema),
    name: Type.Optional(PlaceNameSchema),
    credentialID: Type.Optional(SentIdSchema),
    defaultBucketID: Type.Optional(SentIdSchema),
    defaultStorageClass: Type.Optional(SentIdSchema),
    tridentManagedStateDesired: Type.Optional(TridentSchema),
    metadata: Type.Optional(SentMetadataSchema),
  },
  CLOSED,
)

/** Everything but the id. */
export function readClusterChange(body: WireResource) {
  const { version, name, credentialID, metadata } = body as Static<typeof ClusterUpdateSchema>
  return {
    version,
    wantsTrident: false,
    ...(name === undefined ? {} : { name }),
    ...(credentialID === undefined ? {} : { credentialID: lowerId(credentialID) }),
    ...(metadata?.labels === undefined ? {} : { labels: metadata.labels }),
  }
}

/** Everything but the id. */
export function readManagedClusterChange(body: WireResource) {
  const sent = body as Static<typeof ManagedClusterUpdateSchema>
  const { version, name, credentialID, metadata } = sent
  const { defaultBucketID: bucketID, defaultStorageClass: classID } = sent
  return {
    version,
    wantsTrident: sent.tridentManagedStateDesired === 'managed',
    ...(name === undefined ? {} : { name }),
    ...(credentialID === undefined ? {} : { credentialID: lowerId(credentialID) }),
    ...(bucketID === undefined ? {} : { defaultBucketID: lowerId(bucketID) }),
    ...(classID === undefined ? {} : { defaultStorageClassID: lowerId(classID) }),
    ...(metadata?.labels === undefined ? {} : { labels: metadata.labels }),
  }
}
