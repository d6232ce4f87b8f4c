// Volume snapshots that must not outlive their application snapshot: written down before they are
// taken, settled when that is completed or dropped.
import {
  deleteObligation,
  insertObligation,
  listObligations,
  listVolumeSnapshots,
  type VolumeSnapshotRecord,
} from '@holdfast/db'
import type { Platform } from '@holdfast/platforms'
import type { Execution } from './execution.ts'
import { takingBackupTaskID } from './new-task.ts'
import type { Runtime } from './runtime.ts'

export interface VolumeSnapshotDetail {
  readonly snapshotID: string
}

/** `owner`: the workflow that the volume snapshot lives for. */
export async function oweVolumeSnapshot(
  execution: Execution,
  clusterID: string,
  volume: Pick<VolumeSnapshotRecord, 'id' | 'snapshotID'>,
): Promise<void> {
  const owner = ownerOf(execution)
  await insertObligation(execution.runtime.database, {
    id: volume.id,
    taskID: owner.taskID,
    workflowID: owner.workflowID,
    boot: execution.runtime.boot,
    clusterID,
    kind: 'volume-snapshot',
    resource: `volume-snapshot:${volume.id}`,
    detail: { snapshotID: volume.snapshotID } satisfies VolumeSnapshotDetail,
  })
}

/** The application snapshot is completed: its volume snapshots are its own now. */
export async function releaseVolumeSnapshots(runtime: Runtime, snapshotID: string): Promise<void> {
  for (const volume of await listVolumeSnapshots(runtime.database, snapshotID)) {
    await deleteObligation(runtime.database, volume.id)
  }
}

/**
 * Deletes everything that `snapshotID` has on the platform. One whose handle was never recorded
 * (a crash between the deed and its record) is found among what the platform owns.
 */
export async function deleteVolumeSnapshotsOf(
  runtime: Runtime,
  platform: Platform,
  snapshotID: string,
  signal: AbortSignal,
): Promise<void> {
  const volumes = await listVolumeSnapshots(runtime.database, snapshotID)
  const owed = await listObligations(runtime.database, { kind: 'volume-snapshot' })
  const isOwed = (id: string) => owed.some((obligation) => obligation.id === id)
  const lost = volumes.filter((volume) => volume.handle === undefined && isOwed(volume.id))
  const owned = lost.length === 0 ? [] : await platform.listOwned()
  for (const volume of volumes) {
    const found = owned.find((thing) => thing.kind === 'volume-snapshot' && thing.id === volume.id)
    const handle = volume.handle ?? (found?.kind === 'volume-snapshot' ? found.handle : undefined)
    if (handle !== undefined) await platform.deleteVolumeSnapshot(handle, signal)
    await deleteObligation(runtime.database, volume.id)
  }
}

/** A snapshot that a backup takes lives as long as the backup's workflow. */
function ownerOf({ task, taskID, workflowID }: Execution): { taskID: string; workflowID: string } {
  const backupTaskID = takingBackupTaskID(task)
  if (backupTaskID === null) return { taskID, workflowID }
  return { taskID: backupTaskID, workflowID: `backup:${backupTaskID}` }
}
