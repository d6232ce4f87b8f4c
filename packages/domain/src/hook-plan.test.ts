import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  HOOK_ACTIONS,
  HOOK_RUN_STATES,
  HOOK_STAGES,
  type HookRunToDecide,
  type HookToPlan,
  planHooks,
  postHooksToRun,
} from './hook-plan.ts'

const hook: fc.Arbitrary<HookToPlan> = fc.record({
  id: fc.uuid(),
  name: fc.string({ maxLength: 4 }),
  action: fc.constantFrom(...HOOK_ACTIONS),
  stage: fc.constantFrom(...HOOK_STAGES),
  matchingCriteria: fc.constantFrom([], [{ type: 'namespaceName' as const, value: '^a' }]),
  isEnabled: fc.boolean(),
})
const target = fc.constantFrom('a', 'ab', 'b', 'c').map(targetIn)
const hooks = fc.uniqueArray(hook, { selector: ({ id }) => id, maxLength: 8 })
const targets = fc.uniqueArray(target, { selector: ({ namespaceName }) => namespaceName })

function targetIn(namespaceName: string) {
  return { namespaceName, podName: 'app', podLabels: [], containerName: 'app', containerImage: '' }
}

test('the plan holds every enabled hook of the action once for each target that it matches', () => {
  fc.assert(
    fc.property(hooks, targets, fc.constantFrom(...HOOK_ACTIONS), (all, places, action) => {
      const planned = planHooks(action, all, places)
      const expected = all
        .filter((one) => one.isEnabled && one.action === action)
        .flatMap((one) =>
          places
            .filter(
              ({ namespaceName }) =>
                one.matchingCriteria.length === 0 || namespaceName.startsWith('a'),
            )
            .map(({ namespaceName }) => `${one.id} ${namespaceName}`),
        )
      const found = planned.map((one) => `${one.hook.id} ${one.target.namespaceName}`)
      assert.deepEqual(found.toSorted(), expected.toSorted())
    }),
  )
})

test('the order depends on nothing but names: pre before post, hooks by name, then targets', () => {
  fc.assert(
    fc.property(hooks, targets, fc.nat(), fc.nat(), (all, places, turnHooks, turnTargets) => {
      const planned = planHooks('snapshot', all, places)
      const again = planHooks('snapshot', rotate(all, turnHooks), rotate(places, turnTargets))
      assert.deepEqual(again, planned)
      const keys = planned.map(({ hook: { stage, name, id }, target: { namespaceName } }) => [
        stage === 'pre' ? 0 : 1,
        name,
        id,
        namespaceName,
      ])
      const sorted = keys.toSorted((one, other) => {
        const at = one.findIndex((part, index) => part !== other[index])
        return at === -1 ? 0 : (one[at] ?? 0) < (other[at] ?? 0) ? -1 : 1
      })
      assert.deepEqual(keys, sorted)
    }),
  )
})

function rotate<Item>(items: readonly Item[], by: number): Item[] {
  const at = items.length === 0 ? 0 : by % items.length
  return [...items.slice(at), ...items.slice(0, at)]
}

const run: fc.Arbitrary<HookRunToDecide> = fc.record({
  id: fc.uuid(),
  stage: fc.constantFrom(...HOOK_STAGES),
  target,
  state: fc.constantFrom(...HOOK_RUN_STATES),
})

test('after a failure a post hook runs exactly when a pre hook of its target had begun', () => {
  fc.assert(
    fc.property(fc.array(run, { maxLength: 10 }), (runs) => {
      const due = runs.filter(
        ({ stage, state }) => stage === 'post' && ['planned', 'running'].includes(state),
      )
      const isTouched = ({ target: { namespaceName } }: HookRunToDecide) =>
        runs.some(
          (one) =>
            one.stage === 'pre' &&
            one.target.namespaceName === namespaceName &&
            ['running', 'success', 'failed'].includes(one.state),
        )
      assert.deepEqual(
        postHooksToRun(runs, { hasFailed: true }),
        due.filter(isTouched).map(({ id }) => id),
      )
      assert.deepEqual(
        postHooksToRun(runs, { hasFailed: false }),
        due.map(({ id }) => id),
      )
    }),
  )
})
