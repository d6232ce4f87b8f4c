// The once-a-second look at a task while a step works: writes the progress and reads back whether
// a cancel was asked or another execution took over.
import {
  findTaskSignal,
  isPassingDatabaseFailure,
  type Queries,
  type TaskExecution,
  type TaskProgress,
  type TaskSignal,
  writeTaskProgress,
} from '@holdfast/db'
import type { Execution } from './execution.ts'
import { WorkflowError } from './workflow-failure.ts'

export const HEARTBEAT_MS = 1000

/** The execution may not write any more. DBOS refuses to record anything of it either. */
export class OvertakenError extends Error {
  override readonly name = 'OvertakenError'
}

export type ProgressWriter = (
  queries: Queries,
  execution: TaskExecution,
  progress: TaskProgress,
) => Promise<TaskSignal | undefined>

export interface HeartbeatOptions {
  readonly execution: Execution
  /** A cancel is not looked at: what undoes must run to its end. */
  readonly isShielded: boolean
  readonly writeProgress: ProgressWriter | undefined
  /** What there is to write now; undefined when nothing changed. */
  readonly takeProgress: () => TaskProgress | undefined
  /** Called once with why the step must stop. */
  readonly stop: (reason: Error) => void
}

/** Looks at once and then every second until the returned function is called and has resolved. */
export async function startHeartbeat(options: HeartbeatOptions): Promise<() => Promise<void>> {
  await beat(options, true)
  let beating: Promise<void> = Promise.resolve()
  let isBeating = false
  const timer = setInterval(() => {
    if (isBeating) return
    isBeating = true
    beating = beat(options, false).finally(() => {
      isBeating = false
    })
  }, HEARTBEAT_MS)
  return async () => {
    clearInterval(timer)
    await beating
  }
}

/** One look. `mustSucceed`: the first one of a step, before anything is done. */
export async function beat(options: HeartbeatOptions, mustSucceed: boolean): Promise<void> {
  const { execution } = options
  const { database, log } = execution.runtime
  try {
    const progress = options.takeProgress()
    const write = options.writeProgress ?? writeTaskProgress
    const signal =
      progress === undefined
        ? await findTaskSignal(database, execution)
        : await write(database, execution, progress)
    const reason = stopReason(signal, options.isShielded)
    if (reason !== undefined) options.stop(reason)
  } catch (error) {
    if (mustSucceed || !isPassingDatabaseFailure(error)) {
      if (mustSucceed) throw error
      return options.stop(error instanceof Error ? error : new Error(String(error)))
    }
    // The step goes on: the database may be back at the next beat.
    log.warn('Progress could not be written', { taskID: execution.taskID, reason: String(error) })
  }
}

function stopReason(signal: TaskSignal | undefined, isShielded: boolean): Error | undefined {
  if (signal === undefined) return new OvertakenError('Another execution of the task took over.')
  if (!signal.isCancelRequested || isShielded) return undefined
  return new WorkflowError({
    code: 'cancelled',
    ...(signal.cancelRequestedBy === undefined ? {} : { cancelledBy: signal.cancelRequestedBy }),
  })
}
