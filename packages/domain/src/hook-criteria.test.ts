import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  faultOfHookExpression,
  HOOK_CRITERION_TYPES,
  HOOK_EXPRESSION_LENGTH_MAX,
  type HookTarget,
  targetsMatching,
} from './hook-criteria.ts'

const word = fc.stringMatching(/^[a-z0-9-]{0,8}$/)
const target: fc.Arbitrary<HookTarget> = fc.record({
  namespaceName: word,
  podName: word,
  podLabels: fc.array(fc.record({ name: word, value: word }), { maxLength: 2 }),
  containerName: word,
  containerImage: word,
})
const criterion = fc.record({
  type: fc.constantFrom(...HOOK_CRITERION_TYPES),
  // Of these words JavaScript's own expressions mean the same.
  value: fc.oneof(
    word,
    word.map((text) => `^${text}`),
    word.map((text) => `${text}$`),
    fc.constant('.*'),
  ),
})

function naive(criteria: readonly { type: string; value: string }[], one: HookTarget): boolean {
  return criteria.every(({ type, value }) => {
    const texts =
      type === 'podLabel'
        ? one.podLabels.map((label) => `${label.name}=${label.value}`)
        : [one[type as 'podName']]
    return texts.some((text) => new RegExp(value).test(text))
  })
}

test('criteria are found anywhere in a value, and all of them must be', () => {
  fc.assert(
    fc.property(
      fc.array(criterion, { maxLength: 3 }),
      fc.array(target, { maxLength: 5 }),
      (criteria, targets) => {
        const expected = targets.filter((one) => naive(criteria, one))
        assert.deepEqual(targetsMatching(criteria, targets), expected)
      },
    ),
  )
})

test('an expression that would take JavaScript ages is answered at once', () => {
  const hostile = '(a+)+$'
  const one = {
    namespaceName: `${'a'.repeat(50_000)}!`,
    podName: '',
    podLabels: [],
    containerName: '',
    containerImage: '',
  }
  assert.deepEqual(targetsMatching([{ type: 'namespaceName', value: hostile }], [one]), [])
})

test('what RE2 cannot read is named', () => {
  assert.equal(faultOfHookExpression('^shop-[0-9]+$'), undefined)
  assert.match(faultOfHookExpression('(') ?? '', /^is no RE2 expression \(/)
  assert.match(faultOfHookExpression('a(?=b)') ?? '', /^is no RE2 expression \(/)
  assert.match(faultOfHookExpression('a\\1') ?? '', /^is no RE2 expression \(/)
  assert.match(faultOfHookExpression('(((a{100}){100}){100})') ?? '', /^is no RE2 expression \(/)
  assert.match(
    faultOfHookExpression('a'.repeat(HOOK_EXPRESSION_LENGTH_MAX + 1)) ?? '',
    /^is longer than/,
  )
})

test('any text is either refused or can be matched with', () => {
  fc.assert(
    fc.property(fc.string(), target, (value, one) => {
      if (faultOfHookExpression(value) !== undefined) return
      targetsMatching([{ type: 'podName', value }], [one])
    }),
  )
})
