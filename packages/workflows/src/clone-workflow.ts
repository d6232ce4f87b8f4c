// Makes a new app from a copy: a clone, or a restore to new namespaces.
//
// The operation has written the app, `provisioning`, and for a live clone a snapshot of its source.
// (that snapshot is completed) → planned → prepared: nothing of the new namespaces exists, there is
// space, empty staging made → every volume staged and counted → past the commit: no cancel any more
// → new namespaces made, the volumes put into them → the app is `discovering`, its inventory is
// written → the hooks after a restore that the copy recorded → `ready` → nothing staged is left →
// the snapshot of a live clone is being deleted → ended.
//
// A failure or a cancel removes the staging and the new namespaces; the app is `failed`, says why,
// and stays listed until it is deleted.
import {
  advanceAppToDiscovering,
  inTransaction,
  listCopyAssets,
  passCommit,
  replaceAssetsOfApp,
} from '@holdfast/db'
import { NAMESPACE_KIND } from '@holdfast/domain'
import type { DirectoryOwnership, NewNamespace } from '@holdfast/platforms'
import { awaitSourceSnapshot, dropSourceSnapshot } from './clone-source.ts'
import { endApp, exchangeCopy, finishExchange, rollBackExchange } from './exchange-copy.ts'
import { appIDOf, type Execution, registerTaskWorkflow, type TaskOutcome } from './execution.ts'
import { stateDetailsOf } from './failure-sentence.ts'
import { type HookPlan, planRecordedHooks } from './hook-plan.ts'
import type { CloneInput } from './new-task.ts'
import { uuidFrom } from './runtime.ts'
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

export const cloneWorkflow = registerTaskWorkflow('clone', runClone)

async function runClone(execution: Execution): Promise<TaskOutcome> {
  const { isOwnSnapshot } = inputOf(execution)
  let hooks: HookPlan | null | undefined
  try {
    if (isOwnSnapshot) await step(execution, 'await-source', awaitSource)
    const plan = await step(execution, 'plan-clone', planClone)
    const staged = await step(execution, 'prepare-restore', (scope) => prepare(scope, plan))
    await stageVolumes(execution, staged)
    hooks = await step(execution, 'pass-commit', passPointOfNoReturn)
    await step(execution, 'commit-restore', exchangeCopy, SHIELDED)
    await step(execution, 'discover-clone', discover, SHIELDED)
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
  if (isOwnSnapshot) await undo(execution, 'drop-source', dropSource)
  await step(execution, 'end-clone', completeTask, SHIELDED)
  return { state: 'completed' }
}

async function awaitSource(scope: StepScope): Promise<void> {
  await awaitSourceSnapshot(scope, inputOf(scope.execution).source.id)
}

async function planClone(scope: StepScope): Promise<PlannedVolume[]> {
  const { source, namespaceMapping, restoreFilter } = inputOf(scope.execution)
  const plan = await planCopy(scope, source, restoreFilter)
  return plan.map((volume) => {
    const mapping = namespaceMapping.find((it) => it.source === volume.namespace)
    if (mapping === undefined) {
      throw new WorkflowError({ code: 'namespace-not-of-app', namespace: volume.namespace })
    }
    return { ...volume, namespace: mapping.destination, copiedFrom: volume.namespace }
  })
}

async function prepare(scope: StepScope, plan: readonly PlannedVolume[]): Promise<StagedTarget[]> {
  return await prepareStaging(scope, plan, {
    namespaces: [],
    newNamespaces: await namespacesToMake(scope),
    allowInUse: true,
  })
}

async function namespacesToMake({ execution }: StepScope): Promise<NewNamespace[]> {
  const { source, namespaceMapping } = inputOf(execution)
  const assets = await listCopyAssets(execution.runtime.database, source)
  return namespaceMapping.map((mapping) => {
    const copied = assets.find(
      ({ kind, name }) => kind === NAMESPACE_KIND.kind && name === mapping.source,
    )
    const ownership = readOwnership(copied?.manifest)
    return { name: mapping.destination, ...(ownership === undefined ? {} : { ownership }) }
  })
}

/** Copies that were made before it was kept have none. */
function readOwnership(
  manifest: Readonly<Record<string, unknown>> | undefined,
): DirectoryOwnership | undefined {
  const { permissions, uid, gid } = manifest ?? {}
  if (!Number.isSafeInteger(permissions) || !Number.isSafeInteger(uid)) return undefined
  if (!Number.isSafeInteger(gid)) return undefined
  return { permissions: Number(permissions) & 0o7777, uid: Number(uid), gid: Number(gid) }
}

/** Answers which hooks run then; one that a former version recorded answered nothing. */
async function passPointOfNoReturn(scope: StepScope): Promise<HookPlan | null | undefined> {
  const { execution } = scope
  if (!(await passCommit(execution.runtime.database, execution))) await throwRefusedCommit(scope)
  const { source: copy, namespaceMapping } = inputOf(execution)
  return await planRecordedHooks(scope, { copy, namespaceMapping })
}

async function discover(scope: StepScope): Promise<void> {
  const { execution, signal } = scope
  const { database, now } = execution.runtime
  const { app, platform } = await appContext(scope, appIDOf(execution))
  await advanceAppToDiscovering(database, execution, app.id)
  const inventory = await platform.discover({ namespaces: app.namespaces }, signal)
  const missing = app.namespaces.find(
    (name) => !inventory.namespaces.some((namespace) => namespace.name === name),
  )
  if (missing !== undefined) {
    throw new WorkflowError({ code: 'namespace-not-found', namespace: missing })
  }
  const assets = inventory.resources.map((resource) => ({
    ...resource,
    id: uuidFrom(app.id, 'asset', resource.assetID, resource.kind, resource.name),
  }))
  await inTransaction(database, (transaction) =>
    replaceAssetsOfApp(transaction, {
      accountID: app.accountID,
      appID: app.id,
      assets,
      now: now(),
    }),
  )
}

async function dropSource({ execution }: StepScope): Promise<void> {
  await dropSourceSnapshot(execution.runtime, execution.task)
}

async function endFailed(execution: Execution, failure: WorkflowFailure): Promise<TaskOutcome> {
  await undo(execution, 'rollback-restore', rollBackExchange)
  if (inputOf(execution).isOwnSnapshot) await undo(execution, 'drop-source', dropSource)
  await step(
    execution,
    'fail-clone',
    async (scope) => {
      await endApp(execution, 'failed', stateDetailsOf(failure))
      await failTask(scope, failure)
    },
    SHIELDED,
  )
  return failedOutcome(failure)
}

function inputOf({ task }: Execution): CloneInput {
  return task.input as CloneInput
}
