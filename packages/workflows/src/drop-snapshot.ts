// Takes back what an application snapshot holds: on the platform and in the local repository.
import {
  deleteCopyAssets,
  deleteVolumeSnapshots,
  findRepositoryAt,
  listVolumeSnapshots,
} from '@holdfast/db'
import { openRepository } from './open-repository.ts'
import { copyTag } from './repository-labels.ts'
import { runMover } from './run-mover.ts'
import type { StepScope } from './step.ts'
import { withTurn } from './turn.ts'
import { deleteVolumeSnapshotsOf } from './volume-snapshot-obligation.ts'
import { type AppContext, repositoryTurn } from './workflow-context.ts'

/** Repeating it is harmless. The rows of the volumes go last, so that a repeat finds the rest. */
export async function dropSnapshotData(
  scope: StepScope,
  context: AppContext,
  snapshotID: string,
): Promise<void> {
  const { runtime } = scope.execution
  await deleteVolumeSnapshotsOf(runtime, context.platform, snapshotID, scope.signal)
  await forgetLocalCopies(scope, context, snapshotID)
  await deleteVolumeSnapshots(runtime.database, snapshotID)
  await deleteCopyAssets(runtime.database, { kind: 'snapshot', id: snapshotID })
}

/** The cluster's local snapshot repository, when the account has one. */
export async function findLocalRepository(
  scope: StepScope,
  { app }: AppContext,
): Promise<string | undefined> {
  const home = { kind: 'cluster', clusterID: app.cluster.id } as const
  const { database } = scope.execution.runtime
  const repository = await findRepositoryAt(database, app.accountID, home)
  return repository?.isReady === true ? repository.id : undefined
}

async function forgetLocalCopies(
  scope: StepScope,
  context: AppContext,
  snapshotID: string,
): Promise<void> {
  const volumes = await listVolumeSnapshots(scope.execution.runtime.database, snapshotID)
  if (!volumes.some((volume) => volume.strategy === 'copy')) return
  const repositoryID = await findLocalRepository(scope, context)
  if (repositoryID === undefined) return
  await withTurn(repositoryTurn(scope, repositoryID, 'shared'), async () => {
    await runMover(context.mover, {
      kind: 'forget',
      repository: await openRepository(scope.execution.runtime, repositoryID),
      tagLists: [[copyTag({ kind: 'snapshot', id: snapshotID })]],
    })
  })
}
