// The inventory that an application snapshot or a backup keeps.
import type { DescribedResource } from '@holdfast/domain'
import type { CopyRef } from './copy-states.ts'
import type { Queries } from './transaction.ts'

export interface CopyAsset extends DescribedResource {
  /** Of the row: what `snapshotAppAsset` names. */
  readonly id: string
}

/** Adds to the inventory what is not in it yet, in one transaction. */
export async function insertCopyAssets(
  { queries }: Queries,
  copy: CopyRef & { readonly accountID: string },
  assets: readonly CopyAsset[],
): Promise<void> {
  await queries.transaction().execute(async (transaction) => {
    const table = copy.kind === 'backup' ? 'backups' : 'application_snapshots'
    await transaction.selectFrom(table).select('id').where('id', '=', copy.id).forUpdate().execute()
    const present = await listCopyAssets({ queries: transaction }, copy)
    const presentIDs = new Set(present.map(({ id }) => id))
    const added = assets.filter(({ id }) => !presentIDs.has(id))
    if (added.length === 0) return
    await transaction
      .insertInto('app_assets')
      .values(
        added.map((asset) => ({
          id: asset.id,
          account_id: copy.accountID,
          snapshot_id: copy.kind === 'snapshot' ? copy.id : null,
          backup_id: copy.kind === 'backup' ? copy.id : null,
          asset_id: asset.assetID,
          asset_type: asset.kind,
          gvk_group: asset.group,
          gvk_kind: asset.kind,
          gvk_version: asset.version,
          asset_name: asset.name,
          namespace: asset.namespace ?? null,
          asset_created_at: asset.createdAt,
          resource: asset.manifest === undefined ? null : JSON.stringify(asset.manifest),
        })),
      )
      .execute()
  })
}

export async function listCopyAssets({ queries }: Queries, copy: CopyRef): Promise<CopyAsset[]> {
  const rows = await queries
    .selectFrom('app_assets')
    .selectAll()
    .where(copy.kind === 'backup' ? 'backup_id' : 'snapshot_id', '=', copy.id)
    .orderBy('asset_type')
    .orderBy('asset_name')
    .execute()
  return rows.map((row) => ({
    id: row.id,
    assetID: row.asset_id,
    group: row.gvk_group,
    version: row.gvk_version,
    kind: row.gvk_kind,
    name: row.asset_name,
    ...(row.namespace === null ? {} : { namespace: row.namespace }),
    createdAt: row.asset_created_at.toISOString(),
    ...(row.resource === null ? {} : { manifest: row.resource as Record<string, unknown> }),
  }))
}

export async function deleteCopyAssets({ queries }: Queries, copy: CopyRef): Promise<void> {
  await queries
    .deleteFrom('app_assets')
    .where(copy.kind === 'backup' ? 'backup_id' : 'snapshot_id', '=', copy.id)
    .execute()
}
