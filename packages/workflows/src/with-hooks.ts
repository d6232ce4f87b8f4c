// Runs the hooks around an operation: those before it, the operation, and those after it, whatever
// becomes of it and wherever the service dies.
//
// planned → owed: an obligation stands for the hooks after the operation → those before it → the
// operation → those after it → settled. A failure or a cancel in between still runs those after it
// that undo something. When the workflow itself is lost, the obligation runs them.
import {
  deleteObligation,
  findAppFacts,
  findTask,
  type HookRun,
  insertObligation,
  listHookRuns,
  listObligations,
  type Obligation,
  type StateDetail,
  setBackupHooks,
  setSnapshotHooks,
  skipHookRuns,
  type Turn,
  type WorkflowTask,
} from '@holdfast/db'
import { type HookRunToDecide, postHooksToRun } from '@holdfast/domain'
import type { Platform } from '@holdfast/platforms'
import { appIDOf, type Execution } from './execution.ts'
import { stateDetailsOf } from './failure-sentence.ts'
import type { HookPlan } from './hook-plan.ts'
import {
  endInterruptedHook,
  type HookContext,
  hookStateDetail,
  runPlannedHook,
} from './run-planned-hook.ts'
import { type Runtime, uuidFrom } from './runtime.ts'
import { type StepScope, step } from './step.ts'
import type { StepName } from './step-names.ts'
import { failureToEndWith, SHIELDED, undo } from './task-end.ts'
import { withTurn, withTurnNow } from './turn.ts'
import { appContext } from './workflow-context.ts'
import { failureOf, WorkflowError } from './workflow-failure.ts'

export interface HooksAround {
  /** Absent when nothing runs: then no step is made, and nothing is different from before. */
  readonly plan: HookPlan | null | undefined
  readonly before: StepName
  readonly after: StepName
  /** A hook before the operation that fails makes it fail, and no further one is begun. */
  readonly isStrict: boolean
  /** The workflow has the app's turn; otherwise each stage waits for it. */
  readonly hasTurn: boolean
}

export async function withHooks<Result>(
  execution: Execution,
  around: HooksAround,
  work: () => Promise<Result>,
): Promise<Result> {
  if (around.plan === null || around.plan === undefined) return await work()
  const runAfter = (hasFailed: boolean) => async (scope: StepScope) => {
    await inTurn(scope, around.hasTurn, async () => {
      await runPostHooks(await hookContext(scope), { hasFailed })
    })
  }
  let result: Result
  try {
    await step(execution, around.before, (scope) => runPreHooks(scope, around))
    result = await work()
  } catch (error) {
    // An execution that was overtaken does nothing more.
    failureToEndWith(error)
    await undo(execution, around.after, runAfter(true))
    throw error
  }
  await step(execution, around.after, runAfter(false), SHIELDED)
  return result
}

/**
 * The hooks after a restore, when its data is in place; answers what users read of those that
 * failed. Nothing that fails here undoes the restore.
 */
export async function runRestoreHooks(
  execution: Execution,
  plan: HookPlan | null | undefined,
  name: StepName,
): Promise<StateDetail[]> {
  if (plan === null || plan === undefined) return []
  try {
    return await step(execution, name, runOwedRestoreHooks, SHIELDED)
  } catch (error) {
    return stateDetailsOf(failureToEndWith(error))
  }
}

async function runOwedRestoreHooks(scope: StepScope): Promise<StateDetail[]> {
  const context = await hookContext(scope)
  await oweHooks(scope, context)
  await scope.point('owed')
  return await inTurn(scope, false, () => runPostHooks(context, { hasFailed: false }))
}

/**
 * Of a task whose workflow is lost: what its hooks before the operation did is undone. It waits for
 * the next sweep while another operation has the app, which must not be let go in between.
 */
export async function settleHooks(
  runtime: Runtime,
  platform: Platform,
  obligation: Obligation,
): Promise<void> {
  const { database } = runtime
  const task =
    obligation.taskID === undefined ? undefined : await findTask(database, obligation.taskID)
  const app = task?.appID == null ? undefined : await findAppFacts(database, task.appID)
  if (task === undefined || app === undefined) {
    return await deleteObligation(database, obligation.id)
  }
  const context = {
    runtime,
    platform,
    app,
    task,
    signal: runtime.closing,
    isCancelled: () => false,
    onStarted: async () => undefined,
  }
  const run = async () => {
    await runPostHooks(context, { hasFailed: true })
    await deleteObligation(database, obligation.id)
  }
  const { workflowID, resource } = obligation
  const turns = await listObligations(database, { kind: 'turn', workflowID, resource })
  // One that was lost in its turn has it still; it is given back after this.
  if (turns.some(({ detail }) => (detail as Partial<Turn>).isGranted === true)) return await run()
  const turn = { taskID: undefined, name: 'settle-hooks', resource, mode: 'exclusive' } as const
  const own = { runtime, workflowID: `service:${runtime.boot}`, signal: runtime.closing }
  await withTurnNow({ ...turn, ...own }, run)
}

async function runPreHooks(scope: StepScope, around: HooksAround): Promise<void> {
  await inTurn(scope, around.hasTurn, async () => {
    const context = await hookContext(scope)
    await oweHooks(scope, context)
    await scope.point('owed')
    const runs = await listHookRuns(scope.execution.runtime.database, scope.execution.taskID)
    for (const run of runs.filter(({ stage }) => stage === 'pre')) {
      const ended = hasEnded(run) ? run : await runPlannedHook(context, run)
      if (ended.state === 'failed' && around.isStrict) throw failedHook(ended)
    }
  })
}

function hasEnded({ state }: HookRun): boolean {
  return state !== 'planned' && state !== 'running'
}

function failedHook(run: HookRun): WorkflowError {
  const { hookName: hook, namespace, action, stage, reason } = run
  return new WorkflowError({
    code: 'hook-failed',
    hook,
    namespace,
    action,
    stage,
    reason: reason ?? 'it failed',
  })
}

async function runPostHooks(
  context: HookContext,
  { hasFailed }: { readonly hasFailed: boolean },
): Promise<StateDetail[]> {
  const { runtime, task } = context
  const { database } = runtime
  for (const run of await listHookRuns(database, task.id)) {
    // A cancel or a crash came in between, and it is not to run again.
    if (run.stage === 'pre' && run.state === 'running') await endInterruptedHook(context, run)
  }
  const runs = await listHookRuns(database, task.id)
  const due = new Set(postHooksToRun(runs.map(toDecide), { hasFailed }))
  for (const run of runs) {
    if (due.has(run.id)) await runPlannedHook(context, run)
    else if (run.state === 'running') await endInterruptedHook(context, run)
  }
  await skipHookRuns(database, task.id)
  const failed = (await listHookRuns(database, task.id))
    .filter(({ state }) => state === 'failed')
    .map(hookStateDetail)
  await recordOutcome(context, failed)
  await deleteObligation(database, obligationID(task.id))
  return failed
}

function toDecide({ id, stage, namespace, podName, containerName, state }: HookRun) {
  const target = { namespaceName: namespace, podName, containerName }
  return { id, stage, target, state } satisfies HookRunToDecide
}

async function recordOutcome(
  { runtime, task }: HookContext,
  failed: readonly StateDetail[],
): Promise<void> {
  const execution = { taskID: task.id, attempt: task.attempt }
  const { database } = runtime
  if (task.kind === 'snapshot') {
    await setSnapshotHooks(database, execution, { snapshotID: task.resourceID, failed })
  }
  if (task.kind === 'backup') {
    await setBackupHooks(database, execution, { backupID: task.resourceID, failed })
  }
}

/** Before the first hook runs; settled when those after the operation have run. */
async function oweHooks({ execution }: StepScope, { app }: HookContext): Promise<void> {
  await insertObligation(execution.runtime.database, {
    id: obligationID(execution.taskID),
    taskID: execution.taskID,
    workflowID: execution.workflowID,
    boot: execution.runtime.boot,
    clusterID: app.cluster.id,
    kind: 'hooks',
    resource: `app:${app.id}`,
    detail: {},
  })
}

function obligationID(taskID: string): string {
  return uuidFrom('hooks of', taskID)
}

async function hookContext(scope: StepScope): Promise<HookContext> {
  const { runtime, task, attempt } = scope.execution
  const { app, platform } = await appContext(scope, appIDOf(scope.execution))
  return {
    runtime,
    platform,
    app,
    task: { ...task, attempt } satisfies WorkflowTask,
    signal: scope.signal,
    isCancelled: () =>
      scope.signal.aborted &&
      !runtime.closing.aborted &&
      failureOf(scope.signal.reason).code === 'cancelled',
    onStarted: () => scope.point('hook-started'),
  }
}

/** Hooks of one app never run at the same time, of whichever operations. */
async function inTurn<Result>(
  scope: StepScope,
  hasTurn: boolean,
  work: () => Promise<Result>,
): Promise<Result> {
  if (hasTurn) return await work()
  const { runtime, workflowID, taskID } = scope.execution
  const resource = `app:${appIDOf(scope.execution)}`
  const { signal } = scope
  return await withTurn(
    { runtime, workflowID, taskID, name: scope.step, resource, mode: 'exclusive', signal },
    work,
  )
}
