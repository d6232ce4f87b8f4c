// Frees what nothing in a repository refers to any more, in batches that each hold the exclusive
// lock for a minute at most, behind the queue of our own readers and writers.
import type { Execution } from './execution.ts'
import { openRepository } from './open-repository.ts'
import { runMover } from './run-mover.ts'
import { step } from './step.ts'
import { SHIELDED } from './task-end.ts'
import { withTurn } from './turn.ts'
import { appContext, repositoryTurn } from './workflow-context.ts'

const BATCH_MS = 60_000
/** A week of batches: more than any repository needs, less than forever. */
const BATCHES_MAX = 10_000

export async function pruneRepository(
  execution: Execution,
  { appID, repositoryID }: { readonly appID: string; readonly repositoryID: string },
): Promise<void> {
  for (let batch = 0; batch < BATCHES_MAX; batch += 1) {
    const isDone = await step(
      execution,
      'prune',
      async (scope) => {
        const { mover } = await appContext(scope, appID)
        return await withTurn(repositoryTurn(scope, repositoryID, 'exclusive'), async () => {
          const pruned = await runMover(mover, {
            kind: 'prune',
            repository: await openRepository(execution.runtime, repositoryID),
            batchMs: BATCH_MS,
          })
          return pruned.isDone
        })
      },
      SHIELDED,
    )
    if (isDone) return
  }
}
