// Restores an app in place.
//
// The operation has set the app to `restoring`. planned → prepared: space, permissions and users
// of the volumes checked, empty staging made → every volume staged and counted → past the commit:
// no cancel any more → exchanged, all volumes or none → the app's hooks after a restore → the app is
// `ready` → the replaced trees are gone → ended.
//
// A failure before the exchange, or in it, removes the staging and leaves the data untouched: the
// app is `failed` and says why. A cancel puts it back to its former state. A crash between two
// exchanges rolls forward with the repeated step.
import { passCommit } from '@holdfast/db'
import { endApp, exchangeCopy, finishExchange, rollBackExchange } from './exchange-copy.ts'
import { appIDOf, type Execution, registerTaskWorkflow, type TaskOutcome } from './execution.ts'
import { stateDetailsOf } from './failure-sentence.ts'
import { type HookPlan, planAppHooks } from './hook-plan.ts'
import type { RestoreInput } from './new-task.ts'
import {
  type PlannedVolume,
  planCopy,
  prepareStaging,
  type StagedTarget,
  stageVolumes,
} from './stage-copy.ts'
import { type StepScope, step } from './step.ts'
import {
  completeTask,
  failedOutcome,
  failTask,
  failureToEndWith,
  SHIELDED,
  throwRefusedCommit,
  undo,
} from './task-end.ts'
import { runRestoreHooks } from './with-hooks.ts'
import { appContext } from './workflow-context.ts'
import { WorkflowError, type WorkflowFailure } from './workflow-failure.ts'

export const restoreWorkflow = registerTaskWorkflow('restore', runRestore)

async function runRestore(execution: Execution): Promise<TaskOutcome> {
  let hooks: HookPlan | null | undefined
  try {
    const plan = await step(execution, 'plan-restore', planRestore)
    const staged = await step(execution, 'prepare-restore', (scope) => prepare(scope, plan))
    await stageVolumes(execution, staged)
    hooks = await step(execution, 'pass-commit', passPointOfNoReturn)
    await step(execution, 'commit-restore', exchangeCopy, SHIELDED)
  } catch (error) {
    return await endFailed(execution, failureToEndWith(error))
  }
  const failedHooks = await runRestoreHooks(execution, hooks, 'restore-hooks')
  await step(
    execution,
    'app-ready',
    ({ execution }) => endApp(execution, 'ready', failedHooks),
    SHIELDED,
  )
  await undo(execution, 'finish-restore', finishExchange)
  await step(execution, 'end-restore', completeTask, SHIELDED)
  return { state: 'completed' }
}

/** A namespace that was taken out of the app since may be another app's now. */
async function planRestore(scope: StepScope): Promise<PlannedVolume[]> {
  const { app } = await appContext(scope, appIDOf(scope.execution))
  const { source, restoreFilter } = inputOf(scope.execution)
  const plan = await planCopy(scope, source, restoreFilter)
  const foreign = plan.find(({ namespace }) => !app.namespaces.includes(namespace))
  if (foreign === undefined) return plan
  throw new WorkflowError({ code: 'namespace-not-of-app', namespace: foreign.namespace })
}

async function prepare(scope: StepScope, plan: readonly PlannedVolume[]): Promise<StagedTarget[]> {
  const { app } = await appContext(scope, appIDOf(scope.execution))
  const { isInUseAllowed, restoreFilter } = inputOf(scope.execution)
  return await prepareStaging(scope, plan, {
    // What a filter leaves out is left alone without a warning for each.
    namespaces: restoreFilter === undefined ? app.namespaces : [],
    allowInUse: isInUseAllowed,
  })
}

/** Answers which hooks run then; one that a former version recorded answered nothing. */
async function passPointOfNoReturn(scope: StepScope): Promise<HookPlan | null | undefined> {
  const { execution } = scope
  if (!(await passCommit(execution.runtime.database, execution))) await throwRefusedCommit(scope)
  return await planAppHooks(scope, 'restore')
}

async function endFailed(execution: Execution, failure: WorkflowFailure): Promise<TaskOutcome> {
  await undo(execution, 'rollback-restore', rollBackExchange)
  await step(
    execution,
    'fail-restore',
    async (scope) => {
      const { formerState, formerStateDetails = [] } = inputOf(execution)
      const isCancelled = failure.code === 'cancelled'
      if (isCancelled) await endApp(execution, formerState, formerStateDetails)
      else await endApp(execution, 'failed', stateDetailsOf(failure))
      await failTask(scope, failure)
    },
    SHIELDED,
  )
  return failedOutcome(failure)
}

function inputOf({ task }: Execution): RestoreInput {
  return task.input as RestoreInput
}
