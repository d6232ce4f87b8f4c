// The steps of a task as users see them.
import { sql } from 'kysely'
import type { TaskExecution } from './tasks.ts'
import type { Queries } from './transaction.ts'

export interface TaskStepRef extends TaskExecution {
  /** The step's number in the durable workflow; the same in every execution. */
  readonly position: number
}

/** A step that is executed again keeps its first start. */
export async function startTaskStep(
  { queries }: Queries,
  step: TaskStepRef & { readonly name: string },
): Promise<void> {
  await queries
    .insertInto('task_steps')
    .values({
      task_id: step.taskID,
      position: step.position,
      name: step.name,
      state: 'running',
      attempt: step.attempt,
    })
    .onConflict((conflict) =>
      conflict.columns(['task_id', 'position']).doUpdateSet({
        state: 'running',
        attempt: step.attempt,
        ended_at: null,
        failure: null,
      }),
    )
    .execute()
}

/** True once the task has come to a step of this name, whatever became of it. */
export async function hasBegunStep(
  { queries }: Queries,
  { taskID, name }: { readonly taskID: string; readonly name: string },
): Promise<boolean> {
  const row = await queries
    .selectFrom('task_steps')
    .select('position')
    .where('task_id', '=', taskID)
    .where('name', '=', name)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

export async function endTaskStep(
  { queries }: Queries,
  step: TaskStepRef,
  failure: object | null,
): Promise<void> {
  await queries
    .updateTable('task_steps')
    .set({
      state: failure === null ? 'completed' : 'failed',
      ended_at: sql`now()`,
      failure: failure === null ? null : JSON.stringify(failure),
    })
    .where('task_id', '=', step.taskID)
    .where('position', '=', step.position)
    .where('attempt', '=', step.attempt)
    .execute()
}
