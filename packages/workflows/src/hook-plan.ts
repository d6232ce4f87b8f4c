// Plans the hooks of an operation: once, before the first of them runs.
import {
  type CopyRef,
  findAppFacts,
  findCopyFacts,
  findRestoreHooks,
  insertHookRuns,
  inTransaction,
  isAccountOwner,
  listHookRuns,
  listRunnableHooks,
  type NewHookRun,
  type Queries,
  type RunnableHook,
  readHookSetting,
} from '@holdfast/db'
import { type HookAction, type HookTarget, hostHookTargets, planHooks } from '@holdfast/domain'
import { appIDOf } from './execution.ts'
import { uuidFrom } from './runtime.ts'
import type { StepScope } from './step.ts'

/** What a step answers of its plan; the runs themselves are in the database. */
export interface HookPlan {
  readonly action: HookAction
}

/** Null: no hook of the app runs for `action`. Called in a step; repeating it changes nothing. */
export async function planAppHooks(scope: StepScope, action: HookAction): Promise<HookPlan | null> {
  const { database } = scope.execution.runtime
  const appID = appIDOf(scope.execution)
  const app = await findAppFacts(database, appID)
  if (app === undefined) return null
  return await writePlan(scope, action, async (queries) => ({
    hooks: await listRunnableHooks(queries, { appID, action }),
    targets: hostHookTargets(app).map((target) => ({ matched: target, target })),
  }))
}

export interface RestoreHooksRequest {
  readonly copy: CopyRef
  /** Where each namespace of the copy is in the new app. */
  readonly namespaceMapping: readonly { readonly source: string; readonly destination: string }[]
}

/**
 * For a new app, which has no hooks of its own: those after a restore that the copy recorded. They
 * match what they matched in the app that was copied.
 */
export async function planRecordedHooks(
  scope: StepScope,
  { copy, namespaceMapping }: RestoreHooksRequest,
): Promise<HookPlan | null> {
  const { runtime, task } = scope.execution
  const { database } = runtime
  const facts = await findCopyFacts(database, copy)
  const source = facts && (await findAppFacts(database, facts.appID))
  const app = await findAppFacts(database, appIDOf(scope.execution))
  if (app === undefined) return null
  const user = { accountID: task.accountID, userID: task.userID ?? '' }
  const isOwner = task.userID !== null && (await isAccountOwner(database, user))
  const targets = namespaceMapping.flatMap(({ source: from, destination }) => {
    const [target] = hostHookTargets({ name: app.name, namespaces: [destination] })
    const name = source?.name ?? app.name
    const [matched] = hostHookTargets({ name, namespaces: [from] })
    return target === undefined || matched === undefined ? [] : [{ matched, target }]
  })
  return await writePlan(scope, 'restore', async (queries) => {
    const recorded = await findRestoreHooks(queries, copy)
    const hooks = recorded.map((hook) => ({
      ...hook,
      // Whoever could write the copy does not decide alone what runs as root here.
      mayRunAsRoot: hook.mayRunAsRoot && isOwner,
    }))
    return { hooks, targets }
  })
}

interface PlanInput {
  readonly hooks: readonly RunnableHook[]
  readonly targets: readonly { readonly matched: HookTarget; readonly target: HookTarget }[]
}

async function writePlan(
  { execution }: StepScope,
  action: HookAction,
  read: (queries: Queries) => Promise<PlanInput>,
): Promise<HookPlan | null> {
  const { runtime, task, taskID } = execution
  const { isEnabled } = await readHookSetting(runtime.database, task.accountID)
  return await inTransaction(runtime.database, async (transaction) => {
    // A former try may have planned, and hooks may have changed since.
    if ((await listHookRuns(transaction, taskID)).length > 0) return { action }
    if (!isEnabled) return null
    const { hooks, targets } = await read(transaction)
    const planned = planHooks(
      action,
      hooks,
      targets.map(({ matched }) => matched),
    )
    const runs = planned.map(({ hook, target: matched }, position): NewHookRun => {
      const target = targets.find((one) => one.matched === matched)?.target ?? matched
      const { namespaceName, podName, containerName } = target
      return {
        id: uuidFrom('hook run', taskID, hook.id, namespaceName, podName, containerName),
        taskID,
        hookID: hook.id,
        hookName: hook.name,
        action,
        stage: hook.stage,
        namespace: namespaceName,
        podName,
        containerName,
        position,
        source: hook.source,
        arguments: hook.arguments,
        mayRunAsRoot: hook.mayRunAsRoot,
      }
    })
    await insertHookRuns(transaction, runs)
    return runs.length === 0 ? null : { action }
  })
}
