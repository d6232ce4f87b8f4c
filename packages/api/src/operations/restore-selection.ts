// What a filter selects of a copy, for restores in place and for clones.
import {
  type CopyRef,
  listBackupVolumes,
  listCopyAssets,
  listVolumeSnapshots,
  type Queries,
} from '@holdfast/db'
import {
  checkRestoreFilter,
  type RestoreFilter,
  selectVolumes,
  type VolumeName,
} from '@holdfast/domain'
import { OperationError } from './operation-failure.ts'

/** Fails when the filter says nothing, cannot be read, or selects nothing of the copy. */
export async function selectVolumesOfCopy(
  database: Queries,
  copy: CopyRef,
  filter: RestoreFilter,
): Promise<VolumeName[]> {
  refuseFaults(filter)
  const volumes: readonly VolumeName[] =
    copy.kind === 'backup'
      ? await listBackupVolumes(database, copy.id)
      : await listVolumeSnapshots(database, copy.id)
  const selected = selectVolumes(volumes, await listCopyAssets(database, copy), filter)
  if (selected.length > 0) return selected
  const reason = `selects no volume of the ${copy.kind}; its appAssets say what it holds`
  throw new OperationError({
    code: 'invalid-request',
    members: [{ name: 'restoreFilter', reason }],
  })
}

function refuseFaults(filter: RestoreFilter): void {
  const members = checkRestoreFilter(filter).map(({ member: name, reason }) => ({ name, reason }))
  if (members.length > 0) throw new OperationError({ code: 'restore-filter-invalid', members })
}
