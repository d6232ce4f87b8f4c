// Which hooks run around an operation, in which order, and which of them after a failure. Pure.
//
// The order is that of the hooks' names, and for one hook that of its targets' names, compared
// character by character: whoever needs another order names the hooks accordingly (`10-stop`,
// `20-flush`). Before and after an operation it is the same.
import { type HookCriterion, type HookTarget, targetsMatching } from './hook-criteria.ts'

export const HOOK_ACTIONS = ['snapshot', 'backup', 'restore', 'failover'] as const
export type HookAction = (typeof HOOK_ACTIONS)[number]

export const HOOK_STAGES = ['pre', 'post'] as const
export type HookStage = (typeof HOOK_STAGES)[number]

export const HOOK_RUN_STATES = ['planned', 'running', 'success', 'failed', 'skipped'] as const
export type HookRunState = (typeof HOOK_RUN_STATES)[number]

export interface HookToPlan {
  readonly id: string
  readonly name: string
  readonly action: HookAction
  readonly stage: HookStage
  readonly matchingCriteria: readonly HookCriterion[]
  readonly isEnabled: boolean
}

export interface PlannedHook<Hook extends HookToPlan> {
  readonly hook: Hook
  readonly target: HookTarget
}

/** What an operation's failure leaves to be decided about. */
export interface HookRunToDecide {
  readonly id: string
  readonly stage: HookStage
  readonly target: Pick<HookTarget, 'namespaceName' | 'podName' | 'containerName'>
  readonly state: HookRunState
}

/** There is nothing before a restore or a failover that a hook could prepare. */
export function isStageOfAction(action: HookAction, stage: HookStage): boolean {
  return stage === 'post' || action === 'snapshot' || action === 'backup'
}

/** Those of `action`, those before it first. A hook that matches nothing is not among them. */
export function planHooks<Hook extends HookToPlan>(
  action: HookAction,
  hooks: readonly Hook[],
  targets: readonly HookTarget[],
): PlannedHook<Hook>[] {
  const wanted = hooks.filter((hook) => hook.isEnabled && hook.action === action)
  const planned = wanted.toSorted(byName).flatMap((hook) =>
    targetsMatching(hook.matchingCriteria, targets)
      .toSorted(byTarget)
      .map((target) => ({ hook, target })),
  )
  const ofStage = (stage: HookStage) => planned.filter(({ hook }) => hook.stage === stage)
  return [...ofStage('pre'), ...ofStage('post')]
}

/**
 * The ids of the hooks after an operation that are still to run, in order.
 *
 * After a failed operation only those run that undo something: whose target had a hook before the
 * operation that was at least begun. One that was interrupted counts as begun.
 */
export function postHooksToRun(
  runs: readonly HookRunToDecide[],
  { hasFailed }: { readonly hasFailed: boolean },
): string[] {
  const touched = new Set(
    runs
      .filter(({ stage, state }) => stage === 'pre' && state !== 'planned' && state !== 'skipped')
      .map(({ target }) => keyOf(target)),
  )
  return runs
    .filter(({ stage, state }) => stage === 'post' && (state === 'planned' || state === 'running'))
    .filter(({ target }) => !hasFailed || touched.has(keyOf(target)))
    .map(({ id }) => id)
}

function byName(one: HookToPlan, other: HookToPlan): number {
  return compare(one.name, other.name) || compare(one.id, other.id)
}

function byTarget(one: HookTarget, other: HookTarget): number {
  return compare(keyOf(one), keyOf(other))
}

function keyOf(target: HookRunToDecide['target']): string {
  return [target.namespaceName, target.podName, target.containerName].join('\0')
}

function compare(one: string, other: string): number {
  if (one === other) return 0
  return one < other ? -1 : 1
}
