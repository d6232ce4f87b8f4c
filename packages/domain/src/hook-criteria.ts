// Which containers an execution hook runs for. Pure.
//
// A criterion is a regular expression in RE2's syntax, which is found in time linear to the text:
// what users write can slow nobody down. It matches when it is found anywhere in the value; `^` and
// `$` anchor it. All criteria of a hook must match; without criteria it runs for every container.
import { RE2JS } from 're2js'
import type { Label } from './backup-description.ts'

export const HOOK_CRITERION_TYPES = [
  'containerImage',
  'containerName',
  'podName',
  'podLabel',
  'namespaceName',
] as const
export type HookCriterionType = (typeof HOOK_CRITERION_TYPES)[number]

export interface HookCriterion {
  readonly type: HookCriterionType
  readonly value: string
}

/** What a hook runs for: a container; on a host an app in one of its namespaces. */
export interface HookTarget {
  readonly namespaceName: string
  readonly podName: string
  readonly podLabels: readonly Label[]
  readonly containerName: string
  /** Empty on a host. */
  readonly containerImage: string
}

/** Longer ones compile to programs that are larger than what a criterion is worth. */
export const HOOK_EXPRESSION_LENGTH_MAX = 1024

/** Why `value` is no expression; undefined when it is one. */
export function faultOfHookExpression(value: string): string | undefined {
  if (value.length > HOOK_EXPRESSION_LENGTH_MAX) {
    return `is longer than ${HOOK_EXPRESSION_LENGTH_MAX} characters`
  }
  try {
    RE2JS.compile(value)
    return undefined
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return `is no RE2 expression (${error.message})`
  }
}

/** The targets that all criteria match, in their order. The criteria must be faultless. */
export function targetsMatching(
  criteria: readonly HookCriterion[],
  targets: readonly HookTarget[],
): HookTarget[] {
  const compiled = criteria.map(({ type, value }) => ({ type, expression: RE2JS.compile(value) }))
  return targets.filter((target) =>
    compiled.every(({ type, expression }) =>
      textsOf(type, target).some((text) => expression.matcher(text).find()),
    ),
  )
}

function textsOf(type: HookCriterionType, target: HookTarget): readonly string[] {
  switch (type) {
    case 'containerImage':
      return [target.containerImage]
    case 'containerName':
      return [target.containerName]
    case 'podName':
      return [target.podName]
    case 'podLabel':
      return target.podLabels.map(({ name, value }) => `${name}=${value}`)
    case 'namespaceName':
      return [target.namespaceName]
    default: {
      const never: never = type
      return never
    }
  }
}

/** On a host an app is one container in each of its namespaces; it has neither labels nor image. */
export function hostHookTargets(app: {
  readonly name: string
  readonly namespaces: readonly string[]
}): HookTarget[] {
  return app.namespaces.map((namespaceName) => ({
    namespaceName,
    podName: app.name,
    podLabels: [],
    containerName: app.name,
    containerImage: '',
  }))
}
