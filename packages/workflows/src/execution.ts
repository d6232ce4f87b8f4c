// One execution of a workflow. A crash ends it; the next one has a higher attempt, replays the
// steps that are recorded and goes on with the first that is not.
import { DBOS } from '@dbos-inc/dbos-sdk'
import { beginTaskExecution, type WorkflowTask, writeTaskLog } from '@holdfast/db'
import { currentRuntime, park, persist, type Runtime } from './runtime.ts'
import type { WorkflowName } from './step-names.ts'
import type { WorkflowFailure } from './workflow-failure.ts'

export interface Execution {
  readonly runtime: Runtime
  readonly workflow: WorkflowName
  readonly workflowID: string
  readonly task: WorkflowTask
  readonly taskID: string
  readonly attempt: number
}

/** What a workflow answers; a failure of the operation is no failure of the workflow. */
export type TaskOutcome =
  | { readonly state: 'completed' }
  | { readonly state: 'failed' | 'cancelled'; readonly failure: WorkflowFailure }

/** Makes `body` a durable workflow whose only argument is the id of its task. */
export function registerTaskWorkflow(
  workflow: WorkflowName,
  body: (execution: Execution) => Promise<TaskOutcome>,
): (taskID: string) => Promise<TaskOutcome> {
  return DBOS.registerWorkflow((taskID: string) => runExecution(workflow, taskID, body), {
    name: workflow,
    // A service that crashes often must not leave a frozen app behind for that.
    maxRecoveryAttempts: 1_000_000,
  })
}

async function runExecution(
  workflow: WorkflowName,
  taskID: string,
  body: (execution: Execution) => Promise<TaskOutcome>,
): Promise<TaskOutcome> {
  const runtime = currentRuntime()
  if (runtime.closing.aborted) return await park()
  // No step: each execution must count itself, a replayed one too.
  const task = await persist(runtime, () => beginTaskExecution(runtime.database, taskID))
  if (task === undefined) throw new Error(`The task ${taskID} does not exist.`)
  const execution: Execution = {
    runtime,
    workflow,
    workflowID: DBOS.workflowID ?? task.workflowID,
    task,
    taskID,
    attempt: task.attempt,
  }
  try {
    const outcome = await body(execution)
    return runtime.closing.aborted ? await park() : outcome
  } catch (error) {
    // Whatever failed because the service stops has not failed.
    if (runtime.closing.aborted) return await park()
    throw error
  }
}

/** Of a task that concerns an app, as all do that workflows have today. */
export function appIDOf({ task }: Execution): string {
  if (task.appID === null) throw new Error(`The task ${task.id} names no app.`)
  return task.appID
}

/** Never fails: a line less in a log is no reason to fail an operation. */
export async function logTask(
  { runtime, taskID }: Pick<Execution, 'runtime' | 'taskID'>,
  level: 'info' | 'warning' | 'error',
  message: string,
): Promise<void> {
  runtime.log[level === 'warning' ? 'warn' : level](message, { taskID })
  await writeTaskLog(runtime.database, { taskID, level, message }).catch((error: unknown) => {
    runtime.log.warn('A line of a task log could not be written', { taskID, reason: String(error) })
  })
}
