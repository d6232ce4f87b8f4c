// App assets: the inventory of a live app, of a backup or of an application snapshot.
import { APP_ASSETS, type AppAsset } from '@holdfast/db'
import { Type } from 'typebox'
import { refreshApp } from '../../operations/refresh-app.ts'
import { PLAIN_INTERNAL_PROBLEMS } from '../internal-problems.ts'
import { APP, BACKUP, MANAGED_CLUSTER, SNAPSHOT } from '../parents.ts'
import type { Collection, ResourceDefinition, WireResource } from '../resource-definition.ts'
import {
  COMMON_FIELDS,
  IdSchema,
  LabelSchema,
  MetadataSchema,
  TimeSchema,
  toWireMetadata,
  toWireTime,
} from '../shared-schemas.ts'

const VERSIONS = ['1.0', '1.1'] as const
const CLOSED = { additionalProperties: false } as const

const GvkSchema = Type.String({ minLength: 1, maxLength: 254 })

const refresh: Collection<AppAsset>['refresh'] = (context, { caller, parents }) =>
  refreshApp(context, { accountID: caller.accountID, appID: parents.appID ?? '' })

export const appAssets: ResourceDefinition<AppAsset> = {
  name: 'appAsset',
  plural: 'appAssets',
  vendor: 'astra',
  title: 'app asset',
  versions: VERSIONS,
  kind: 'resource',
  source: APP_ASSETS,
  response: Type.Object(
    {
      type: Type.Literal('application/astra-appAsset'),
      version: Type.Enum([...VERSIONS]),
      id: IdSchema,
      assetID: IdSchema,
      assetType: Type.String({ minLength: 1, maxLength: 254 }),
      // Names on a host are bytes, percent-encoded: they may be longer than an object's.
      assetName: Type.String({ minLength: 1 }),
      namespace: Type.Optional(Type.String({ minLength: 1, maxLength: 254 })),
      GVK: Type.Object({ group: GvkSchema, kind: GvkSchema, version: GvkSchema }, CLOSED),
      creationTimestamp: TimeSchema,
      labels: Type.Array(LabelSchema),
      resource: Type.Optional(Type.Object({})),
      metadata: MetadataSchema,
    },
    CLOSED,
  ),
  fields: {
    ...COMMON_FIELDS,
    assetID: 'assetID',
    assetType: 'assetType',
    assetName: 'assetName',
    namespace: 'namespace',
    GVK: 'gvk',
    creationTimestamp: 'assetCreatedAt',
    resource: 'resource',
  },
  toWire,
  internalProblems: PLAIN_INTERNAL_PROBLEMS,
  collections: [
    {
      path: '/accounts/:account_id/k8s/v1/apps/:app_id/appAssets',
      itemParameter: 'appAsset_id',
      parents: [APP],
      refresh,
    },
    {
      path: '/accounts/:account_id/topology/v1/managedClusters/:managedCluster_id/apps/:app_id/appAssets',
      itemParameter: 'appAsset_id',
      parents: [MANAGED_CLUSTER, APP],
      scopedBy: ['appID'],
      refresh,
    },
    {
      path: '/accounts/:account_id/k8s/v1/apps/:app_id/appBackups/:appBackup_id/appAssets',
      itemParameter: 'appAsset_id',
      parents: [APP, BACKUP],
      scopedBy: ['backupID'],
    },
    {
      path: '/accounts/:account_id/topology/v1/appBackups/:appBackup_id/appAssets',
      itemParameter: 'appAsset_id',
      parents: [BACKUP],
    },
    {
      path: '/accounts/:account_id/k8s/v1/apps/:app_id/appSnaps/:appSnap_id/appAssets',
      itemParameter: 'appAsset_id',
      parents: [APP, SNAPSHOT],
      scopedBy: ['snapshotID'],
    },
  ],
}

function toWire(asset: AppAsset): WireResource {
  return {
    type: 'application/astra-appAsset',
    version: asset.version,
    id: asset.id,
    assetID: asset.assetID,
    assetType: asset.assetType,
    assetName: asset.assetName,
    ...(asset.namespace === undefined ? {} : { namespace: asset.namespace }),
    GVK: { group: asset.group, kind: asset.kind, version: asset.assetVersion },
    creationTimestamp: toWireTime(asset.assetCreatedAt),
    // On a host nothing carries labels.
    labels: [],
    ...(asset.resource === undefined ? {} : { resource: asset.resource }),
    metadata: toWireMetadata(asset),
  }
}
