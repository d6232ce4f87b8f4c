// Execution hooks: made, changed and removed.
import {
  APPS,
  countResources,
  deleteExecutionHook,
  EXECUTION_HOOKS,
  type ExecutionHook,
  findResource,
  HOOK_SOURCES,
  insertExecutionHook,
  inTransaction,
  isExecutionHookNameTaken,
  lockApp,
  lockHooks,
  type Queries,
  updateExecutionHook,
} from '@holdfast/db'
import {
  faultOfHookExpression,
  type HookAction,
  type HookCriterion,
  type HookStage,
  isStageOfAction,
  type Label,
} from '@holdfast/domain'
import { type Caller, scopeOf } from './caller.ts'
import type { OperationContext } from './operation-context.ts'
import { type InvalidMember, OperationError } from './operation-failure.ts'
import { refuseDisabledHooks } from './refuse-disabled-hooks.ts'

interface HookMembers {
  readonly name: string
  readonly hookType: ExecutionHook['hookType']
  readonly matchingCriteria: readonly HookCriterion[]
  readonly action: HookAction
  readonly stage: HookStage
  readonly hookSourceID: string
  readonly arguments: readonly string[]
  readonly isEnabled: boolean
  readonly description?: string
  readonly labels: readonly Label[]
}

export interface HookRequest extends HookMembers {
  readonly version: string
  readonly appID: string
}

export async function createHook(
  { database, newID, now }: OperationContext,
  caller: Caller,
  { description, hookType, ...request }: HookRequest,
): Promise<ExecutionHook> {
  const { accountID, userID } = caller
  const { name, appID } = request
  const id = newID()
  return await inTransaction(database, async (transaction) => {
    await refuseDisabledHooks(transaction, accountID)
    if (hookType === 'netapp') throw new OperationError({ code: 'hook-read-only', name })
    await lockHooks(transaction, accountID)
    await lockApp(transaction, { accountID, appID })
    const app = await findResource(transaction, APPS, { scope: scopeOf(caller), id: appID })
    if (app === undefined) throw invalid([{ name: 'appID', reason: 'names no app' }])
    await checkMembers(transaction, caller, request)
    await refuseTooMany(transaction, { accountID, appID })
    const isInserted = await insertExecutionHook(transaction, {
      ...request,
      id,
      accountID,
      description,
      createdBy: userID,
      now: now(),
    })
    if (!isInserted) throw new OperationError({ code: 'hook-name-taken', appID, name })
    return await findHook(transaction, caller, { id, appID })
  })
}

export interface HookChangeRequest extends Partial<HookMembers> {
  readonly id: string
  /** The one in the path. */
  readonly parentAppID: string | undefined
  readonly version: string
  readonly appID?: string
  readonly checkPreconditions: (present: ExecutionHook) => void
}

export async function changeHook(
  { database, now }: OperationContext,
  caller: Caller,
  { id, parentAppID, appID, hookType, checkPreconditions, ...change }: HookChangeRequest,
): Promise<void> {
  const { accountID, userID } = caller
  await inTransaction(database, async (transaction) => {
    await refuseDisabledHooks(transaction, accountID)
    await lockHooks(transaction, accountID)
    const present = await findHook(transaction, caller, { id, appID: parentAppID })
    checkPreconditions(present)
    refuseSupplied(present)
    if (hookType === 'netapp') {
      throw new OperationError({ code: 'hook-read-only', name: present.name })
    }
    if (appID !== undefined && appID !== present.appID) {
      throw new OperationError({
        code: 'fixed-value-changed',
        resource: `execution hook ${present.name}`,
        members: [{ name: 'appID', reason: 'cannot be changed' }],
      })
    }
    await checkMembers(transaction, caller, { ...present, ...change })
    const { name } = change
    if (name !== undefined) {
      const wanted = { appID: present.appID, name, exceptID: id }
      if (await isExecutionHookNameTaken(transaction, wanted)) {
        throw new OperationError({ code: 'hook-name-taken', appID: present.appID, name })
      }
    }
    await updateExecutionHook(transaction, {
      id,
      change: { ...change, modifiedBy: userID, now: now() },
    })
  })
}

/** A run that is under way goes on, and so does what it owes. */
export async function removeHook(
  { database }: OperationContext,
  caller: Caller,
  hook: { readonly id: string; readonly appID: string | undefined },
): Promise<void> {
  await inTransaction(database, async (transaction) => {
    await refuseDisabledHooks(transaction, caller.accountID)
    await lockHooks(transaction, caller.accountID)
    refuseSupplied(await findHook(transaction, caller, hook))
    await deleteExecutionHook(transaction, hook.id)
  })
}

/** Copies record hooks with their scripts, and an app waits for all of its hooks. */
const HOOKS_PER_APP_MAX = 64

async function refuseTooMany(
  transaction: Queries,
  { accountID, appID }: { readonly accountID: string; readonly appID: string },
): Promise<void> {
  const scope = { accountID, parents: { appID } }
  const count = await countResources(transaction, EXECUTION_HOOKS, { scope, where: [] })
  if (count < HOOKS_PER_APP_MAX) return
  throw invalid([
    { name: 'appID', reason: `names an app that has ${count} hooks, as many as one may` },
  ])
}

async function checkMembers(
  transaction: Queries,
  caller: Caller,
  hook: Pick<HookMembers, 'action' | 'stage' | 'matchingCriteria' | 'hookSourceID'>,
): Promise<void> {
  const members: InvalidMember[] = hook.matchingCriteria.flatMap(({ value }, at) => {
    const reason = faultOfHookExpression(value)
    return reason === undefined ? [] : [{ name: `matchingCriteria[${at}].value`, reason }]
  })
  if (!isStageOfAction(hook.action, hook.stage)) {
    members.push({ name: 'stage', reason: `must be post for the action ${hook.action}` })
  }
  const source = { scope: scopeOf(caller), id: hook.hookSourceID }
  if ((await findResource(transaction, HOOK_SOURCES, source)) === undefined) {
    members.push({ name: 'hookSourceID', reason: 'names no hook source' })
  }
  if (members.length > 0) throw invalid(members)
}

async function findHook(
  transaction: Queries,
  caller: Caller,
  { id, appID }: { readonly id: string; readonly appID: string | undefined },
): Promise<ExecutionHook> {
  const parents = appID === undefined ? {} : { appID }
  const scope = { ...scopeOf(caller), parents }
  const hook = await findResource(transaction, EXECUTION_HOOKS, { scope, id })
  if (hook !== undefined) return hook
  throw new OperationError({ code: 'not-found', kind: 'resource', id })
}

function refuseSupplied({ name, hookType }: ExecutionHook): void {
  if (hookType === 'netapp') throw new OperationError({ code: 'hook-read-only', name })
}

function invalid(members: readonly InvalidMember[]): OperationError {
  return new OperationError({ code: 'invalid-request', members })
}
