// App assets: the inventory of a live app, an application snapshot or a backup.
import { sql } from 'kysely'
import type { ResourceSource } from './list-resources.ts'
import { belongsToHeldApp, isCopyHeld } from './namespace-reach.ts'
import {
  type CommonRow,
  commonFields,
  instant,
  json,
  type ResourceCommon,
  text,
  toCommon,
} from './resource-fields.ts'
import type { Queries } from './transaction.ts'

export interface AppAsset extends ResourceCommon {
  readonly assetID: string
  readonly assetType: string
  readonly group: string
  readonly kind: string
  readonly assetVersion: string
  readonly assetName: string
  readonly namespace?: string
  readonly assetCreatedAt: Date
  readonly resource?: object
}

interface AppAssetRow extends CommonRow {
  readonly asset_id: string
  readonly asset_type: string
  readonly gvk_group: string
  readonly gvk_kind: string
  readonly gvk_version: string
  readonly asset_name: string
  readonly namespace: string | null
  readonly asset_created_at: Date
  readonly resource: object | null
}

export const APP_ASSETS: ResourceSource<AppAsset> = {
  from: sql`app_assets as assets`,
  columns: sql`assets.*`,
  isVisible: sql`true`,
  limitedTo: ({ reach }) => ({
    rows: sql`(${belongsToHeldApp(reach, sql`assets.app_id`)}
      or assets.backup_id in (select copies.id from backups as copies
        where ${isCopyHeld(reach, 'copies')})
      or assets.snapshot_id in (select copies.id from application_snapshots as copies
        where ${isCopyHeld(reach, 'copies')}))`,
  }),
  id: sql`assets.id`,
  accountID: sql`assets.account_id`,
  createdAt: sql`assets.created_at`,
  parents: {
    appID: sql`assets.app_id`,
    snapshotID: sql`assets.snapshot_id`,
    backupID: sql`assets.backup_id`,
  },
  fields: {
    ...commonFields('assets'),
    assetID: text(sql`assets.asset_id`),
    assetType: text(sql`assets.asset_type`),
    gvk: json(sql`jsonb_build_object('group', assets.gvk_group, 'kind', assets.gvk_kind,
      'version', assets.gvk_version)`),
    assetName: text(sql`assets.asset_name`),
    namespace: text(sql`assets.namespace`),
    assetCreatedAt: instant(sql`assets.asset_created_at`),
    resource: json(sql`assets.resource`),
  },
  toResource: toAppAsset,
}

function toAppAsset(row: AppAssetRow): AppAsset {
  return {
    ...toCommon(row),
    assetID: row.asset_id,
    assetType: row.asset_type,
    group: row.gvk_group,
    kind: row.gvk_kind,
    assetVersion: row.gvk_version,
    assetName: row.asset_name,
    ...(row.namespace === null ? {} : { namespace: row.namespace }),
    assetCreatedAt: row.asset_created_at,
    ...(row.resource === null ? {} : { resource: row.resource }),
  }
}

export interface NewAppAsset {
  readonly id: string
  readonly assetID: string
  readonly group: string
  readonly kind: string
  readonly version: string
  readonly name: string
  readonly namespace?: string
  readonly createdAt: string
  readonly manifest?: Readonly<Record<string, unknown>>
}

/** Makes the live inventory of the app what was just discovered; what stays keeps its id. */
export async function replaceAssetsOfApp(
  { queries }: Queries,
  inventory: {
    readonly accountID: string
    readonly appID: string
    readonly assets: readonly NewAppAsset[]
    readonly now: Date
  },
): Promise<void> {
  const { accountID, appID, assets, now } = inventory
  const present = await queries
    .selectFrom('app_assets')
    .select(['asset_id', 'asset_type', 'asset_name', 'namespace'])
    .where('app_id', '=', appID)
    .execute()
  const isPresent = (asset: NewAppAsset) =>
    present.some(
      (row) =>
        row.asset_id === asset.assetID &&
        row.asset_type === asset.kind &&
        row.asset_name === asset.name &&
        row.namespace === (asset.namespace ?? null),
    )
  const kept = assets.filter(isPresent).map((asset) => asset.assetID)
  let removal = queries.deleteFrom('app_assets').where('app_id', '=', appID)
  if (kept.length > 0) removal = removal.where('asset_id', 'not in', kept)
  await removal.execute()
  const added = assets.filter((asset) => !isPresent(asset))
  if (added.length > 0) {
    await queries
      .insertInto('app_assets')
      .values(added.map((asset) => ({ ...toAssetRow(asset, accountID, now), app_id: appID })))
      .execute()
  }
  await queries
    .updateTable('apps')
    .set({ last_resource_collection_at: now })
    .where('id', '=', appID)
    .execute()
}

function toAssetRow(asset: NewAppAsset, accountID: string, now: Date) {
  return {
    id: asset.id,
    account_id: accountID,
    app_id: null as string | null,
    snapshot_id: null,
    backup_id: null,
    asset_id: asset.assetID,
    asset_type: asset.kind,
    gvk_group: asset.group,
    gvk_kind: asset.kind,
    gvk_version: asset.version,
    asset_name: asset.name,
    namespace: asset.namespace ?? null,
    asset_created_at: asset.createdAt,
    resource: asset.manifest === undefined ? null : JSON.stringify(asset.manifest),
    created_at: now,
    modified_at: now,
  }
}
