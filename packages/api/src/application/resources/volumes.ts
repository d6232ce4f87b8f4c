// Volumes: data trees of namespaces, as they are now.
import { VOLUMES, VOLUMES_OF_APP, type Volume } from '@holdfast/db'
import { Type } from 'typebox'
import { PLAIN_INTERNAL_PROBLEMS } from '../internal-problems.ts'
import { APP, MANAGED_CLUSTER, STORAGE_BACKEND } from '../parents.ts'
import type { Collection, ResourceDefinition, WireResource } from '../resource-definition.ts'
import {
  COMMON_FIELDS,
  IdSchema,
  MetadataSchema,
  StateDetailSchema,
  TrueFalseSchema,
  toWireMetadata,
} from '../shared-schemas.ts'

const VERSIONS = ['1.0', '1.1', '1.2'] as const

const shared: Pick<Collection<Volume>, 'itemParameter' | 'refresh'> = {
  itemParameter: 'volume_id',
  refresh: ({ inventories }, { caller }) => inventories.refreshAll(caller.accountID),
}

export const volumes: ResourceDefinition<Volume> = {
  name: 'volume',
  plural: 'volumes',
  vendor: 'astra',
  title: 'volume',
  versions: VERSIONS,
  kind: 'resource',
  source: VOLUMES,
  response: Type.Object(
    {
      type: Type.Literal('application/astra-volume'),
      version: Type.Enum([...VERSIONS]),
      id: IdSchema,
      name: Type.String({ minLength: 1 }),
      state: Type.String(),
      size: Type.Optional(Type.String()),
      total: Type.Optional(Type.Integer({ minimum: 0 })),
      snapshotPossible: TrueFalseSchema,
      storageClass: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
      internalName: Type.String({ minLength: 1 }),
      appsUsing: Type.Array(IdSchema, { uniqueItems: true }),
      orchestrator: Type.Enum(['trident', 'vasa', 'other']),
      healthStateDetails: Type.Array(StateDetailSchema),
      metadata: MetadataSchema,
    },
    { additionalProperties: false },
  ),
  fields: {
    ...COMMON_FIELDS,
    name: 'name',
    state: 'state',
    total: 'estimatedBytes',
    internalName: 'key',
    storageClass: 'storageClass',
    appsUsing: 'appIDs',
  },
  toWire,
  internalProblems: PLAIN_INTERNAL_PROBLEMS,
  collections: [
    { path: '/accounts/:account_id/topology/v1/volumes', parents: [], ...shared },
    {
      path: '/accounts/:account_id/topology/v1/managedClusters/:managedCluster_id/volumes',
      parents: [MANAGED_CLUSTER],
      ...shared,
    },
    {
      path: '/accounts/:account_id/topology/v1/storageBackends/:storageBackend_id/volumes',
      parents: [STORAGE_BACKEND],
      ...shared,
    },
    {
      path: '/accounts/:account_id/k8s/v1/apps/:app_id/volumes',
      parents: [APP],
      source: VOLUMES_OF_APP,
      ...shared,
    },
  ],
}

function toWire(volume: Volume): WireResource {
  const { estimatedBytes } = volume
  return {
    type: 'application/astra-volume',
    version: volume.version,
    id: volume.id,
    name: `${volume.namespace}/${volume.key}`,
    state: volume.state,
    ...(estimatedBytes === undefined
      ? {}
      : { size: readableSize(estimatedBytes), total: estimatedBytes }),
    snapshotPossible: String(volume.strategies.length > 0),
    // The best way in which it can be snapshot.
    ...(volume.strategies[0] === undefined ? {} : { storageClass: volume.strategies[0] }),
    internalName: volume.key,
    appsUsing: volume.appIDs,
    orchestrator: 'other',
    healthStateDetails: [],
    metadata: toWireMetadata(volume),
  }
}

/** `512 GiB`: the largest unit that gives at least 1, rounded to two decimals. */
function readableSize(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  const exponent = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), units.length - 1)
  return `${Number((bytes / 1024 ** exponent).toFixed(2))} ${units[exponent]}`
}
