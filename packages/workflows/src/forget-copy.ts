// Forgets what the bucket's repository holds of a copy; the data goes with the next prune.
import type { CopyRef } from '@holdfast/db'
import { factsOfCopy } from './copy-of-task.ts'
import { openRepository } from './open-repository.ts'
import { allTagLists } from './repository-labels.ts'
import { runMover } from './run-mover.ts'
import type { StepScope } from './step.ts'
import { withTurn } from './turn.ts'
import { repositoryMover, repositoryTurn } from './workflow-context.ts'

export interface ForgottenAt {
  readonly appID: string
  readonly repositoryID: string
}

/** Null when no repository ever had anything of it. Repeating it is harmless. */
export async function forgetCopy(
  scope: StepScope,
  copy: CopyRef,
  { keepSnapshotIDs = [] }: { readonly keepSnapshotIDs?: readonly string[] } = {},
): Promise<ForgottenAt | null> {
  const { runtime } = scope.execution
  const facts = await factsOfCopy(scope, copy)
  const { appID, repositoryID } = facts
  if (repositoryID === undefined) return null
  const mover = await repositoryMover(scope, appID)
  await withTurn(repositoryTurn(scope, repositoryID, 'shared'), async () => {
    await runMover(mover, {
      kind: 'forget',
      repository: await openRepository(runtime, repositoryID),
      tagLists: allTagLists(copy),
      keepSnapshotIDs,
    })
  })
  return { appID, repositoryID }
}
