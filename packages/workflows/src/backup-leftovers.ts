// What a backup leaves behind and must not: repository snapshots that do not count, and the
// application snapshot that it took for itself.
import {
  findCopyFacts,
  listBackupVolumes,
  listVolumeSnapshots,
  markSnapshotGone,
  maxAttemptOfChildren,
} from '@holdfast/db'
import { factsOfCopy } from './copy-of-task.ts'
import { dropSnapshotData } from './drop-snapshot.ts'
import { forgetCopy } from './forget-copy.ts'
import { pruneBetween } from './prune-repository.ts'
import type { StepScope } from './step.ts'
import { appContext } from './workflow-context.ts'

/**
 * An interrupted move may have left a second snapshot of its volume: two of its movers may have
 * been at work at the same time, and a copy between repositories is made again. A volume that was
 * read by one execution has one snapshot, since its mover looks for it first.
 */
export async function forgetOtherAttempts(scope: StepScope, backupID: string): Promise<void> {
  const { runtime, taskID, task } = scope.execution
  const attempts = Math.max(task.attempt, await maxAttemptOfChildren(runtime.database, taskID))
  if (attempts === 1 && !(await isOfGivenSnapshot(scope, backupID))) return
  const { descriptionSnapshotID } = await factsOfCopy(scope, { kind: 'backup', id: backupID })
  const volumes = await listBackupVolumes(runtime.database, backupID)
  const kept = [descriptionSnapshotID, ...volumes.map((volume) => volume.repositorySnapshotID)]
  const keepSnapshotIDs = kept.filter((id) => id !== undefined)
  await forgetCopy(scope, { kind: 'backup', id: backupID }, { keepSnapshotIDs })
}

async function isOfGivenSnapshot(scope: StepScope, backupID: string): Promise<boolean> {
  const { snapshotID } = await factsOfCopy(scope, { kind: 'backup', id: backupID })
  if (snapshotID === undefined) return false
  const { database } = scope.execution.runtime
  const snapshot = await findCopyFacts(database, { kind: 'snapshot', id: snapshotID })
  return snapshot?.takenByBackupID !== backupID
}

export async function dropOwnSnapshot(scope: StepScope, backupID: string): Promise<void> {
  const { database } = scope.execution.runtime
  const { snapshotID, appID } = await factsOfCopy(scope, { kind: 'backup', id: backupID })
  if (snapshotID === undefined) return
  const snapshot = await findCopyFacts(database, { kind: 'snapshot', id: snapshotID })
  if (snapshot?.takenByBackupID !== backupID) return
  // Nobody sees it any more even when its data cannot be deleted now: that stays an obligation.
  await markSnapshotGone(database, snapshotID)
  await scope.point('marked-gone')
  const context = await appContext(scope, appID)
  const volumes = await listVolumeSnapshots(database, snapshotID)
  await dropSnapshotData(scope, context, snapshotID)
  // Volumes that hooks held still were copied where the app runs, and nobody would free that.
  const localID = volumes.find((volume) => volume.repositorySnapshotID !== undefined)?.repositoryID
  if (localID !== undefined) await pruneBetween(scope, context.mover, localID)
}
