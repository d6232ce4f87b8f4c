// What restores and clones have in common once their volumes are staged: the exchange, its end and
// its way back, and what becomes of the app.
import { deleteObligation, endAppRestore, type StateDetail } from '@holdfast/db'
import type { AppState } from '@holdfast/domain'
import { appIDOf, type Execution } from './execution.ts'
import type { StepScope } from './step.ts'
import { appContext } from './workflow-context.ts'

export async function exchangeCopy(scope: StepScope): Promise<void> {
  const { execution, signal } = scope
  const { platform } = await appContext(scope, appIDOf(execution))
  await platform.commitRestore(execution.taskID, signal)
}

/** What was replaced goes; there is no way back any more. */
export async function finishExchange(scope: StepScope): Promise<void> {
  const { execution, signal } = scope
  const { platform } = await appContext(scope, appIDOf(execution))
  await platform.finishRestore(execution.taskID, signal)
  await deleteObligation(execution.runtime.database, execution.taskID)
}

export async function rollBackExchange(scope: StepScope): Promise<void> {
  const { execution, signal } = scope
  const { platform } = await appContext(scope, appIDOf(execution))
  await platform.rollbackRestore(execution.taskID, signal)
  await deleteObligation(execution.runtime.database, execution.taskID)
}

export async function endApp(
  execution: Execution,
  state: AppState,
  stateDetails: readonly StateDetail[],
): Promise<void> {
  const appID = appIDOf(execution)
  await endAppRestore(execution.runtime.database, execution, { appID, state, stateDetails })
}
