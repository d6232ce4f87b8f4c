// Frees what nothing in a repository refers to any more, in batches that each hold the exclusive
// lock for a minute at most, behind the queue of our own readers and writers.
import { setTimeout as delay } from 'node:timers/promises'
import { type Execution, logTask } from './execution.ts'
import { openRepository } from './open-repository.ts'
import { type MoverContext, runMover } from './run-mover.ts'
import { type StepScope, step } from './step.ts'
import { SHIELDED } from './task-end.ts'
import { withTurn } from './turn.ts'
import { repositoryMover, repositoryTurn } from './workflow-context.ts'
import { WorkflowError } from './workflow-failure.ts'

const BATCH_MS = 60_000
/** A week of batches: more than any repository needs, less than forever. */
const BATCHES_MAX = 10_000
const BATCHES_BETWEEN_MAX = 30
/** While a foreign lock stands against a prune, our own writers must not wait behind it. */
const FOREIGN_LOCK_PAUSE_MS = 15_000
/** Six hours. */
const FOREIGN_LOCK_TRIES_MAX = 1440

export interface PruneRequest {
  readonly appID: string
  readonly repositoryID: string
  readonly batchesMax?: number
}

/** What is left when all batches are used up is told in the task's log; the next prune frees it. */
export async function pruneRepository(
  execution: Execution,
  { appID, repositoryID, batchesMax = BATCHES_MAX }: PruneRequest,
): Promise<void> {
  for (let batch = 0; batch < batchesMax; batch += 1) {
    const isDone = await step(
      execution,
      'prune',
      async (scope) => {
        const mover = await repositoryMover(scope, appID)
        return await pruneBatch(scope, mover, repositoryID)
      },
      SHIELDED,
    )
    if (isDone) return
  }
  const message = `The repository is not pruned to its end after ${batchesMax} batches; the next deletion goes on.`
  await logTask(execution, 'warning', message)
}

/** In a step of something else, so much as there is time for; the next prune frees the rest. */
export async function pruneBetween(
  scope: StepScope,
  mover: MoverContext,
  repositoryID: string,
): Promise<void> {
  for (let batch = 0; batch < BATCHES_BETWEEN_MAX; batch += 1) {
    if (await pruneBatch(scope, mover, repositoryID)) return
  }
}

async function pruneBatch(
  scope: StepScope,
  mover: MoverContext,
  repositoryID: string,
): Promise<boolean> {
  const lockedAt = scope.execution.runtime.now().toISOString()
  for (let attempt = 1; ; attempt += 1) {
    const isDone = await withTurn(repositoryTurn(scope, repositoryID, 'exclusive'), () =>
      pruneUnlessLocked(scope, mover, repositoryID),
    )
    if (isDone !== 'locked') return isDone
    if (attempt === 1) {
      const message = 'A lock of another program stands against the prune; trying again.'
      await logTask(scope.execution, 'info', message)
    }
    if (attempt === FOREIGN_LOCK_TRIES_MAX) {
      const lock = { lockedBy: 'another program', lockedAt, exclusive: false }
      throw new WorkflowError({ code: 'repository-locked', ...lock })
    }
    await delay(FOREIGN_LOCK_PAUSE_MS, undefined, { signal: scope.signal })
  }
}

async function pruneUnlessLocked(
  scope: StepScope,
  mover: MoverContext,
  repositoryID: string,
): Promise<boolean | 'locked'> {
  const locked = new AbortController()
  try {
    const pruned = await runMover(
      {
        ...mover,
        signal: AbortSignal.any([mover.signal, locked.signal]),
        onWaiting: async (message) => {
          if (message !== undefined) locked.abort(new Error(message))
        },
      },
      {
        kind: 'prune',
        repository: await openRepository(scope.execution.runtime, repositoryID),
        batchMs: BATCH_MS,
      },
    )
    return pruned.isDone
  } catch (error) {
    if (locked.signal.aborted && !mover.signal.aborted) return 'locked'
    throw error
  }
}
