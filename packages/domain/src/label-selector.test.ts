import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type LabelSelector,
  matchesLabels,
  parseLabelSelector,
  writeLabelSelector,
} from './label-selector.ts'

const LABELS = { app: 'mysql', tier: 'db', 'example.org/owner': '' }

for (const [text, isMatch] of [
  ['', true],
  ['app=mysql', true],
  ['app == mysql', true],
  ['app != mysql', false],
  ['missing != mysql', true],
  ['app in (nginx, mysql)', true],
  ['app notin (nginx,mysql)', false],
  ['missing notin (x)', true],
  ['missing in (x)', false],
  ['app', true],
  ['!app', false],
  ['! missing', true],
  ['example.org/owner=', true],
  ['example.org/owner', true],
  ['app=mysql, tier in (web, db), !other', true],
  ['app=mysql,tier=web', false],
  ['toString', false],
] as const) {
  test(`${JSON.stringify(text)} ${isMatch ? 'holds' : 'does not hold'}`, () => {
    const selector = parseLabelSelector(text)
    assert.ok(selector !== undefined)
    assert.equal(matchesLabels(selector, LABELS), isMatch)
  })
}

for (const text of [
  ',',
  'a=b,',
  '=b',
  'a=b c',
  'a in b',
  'a in (b',
  'a in ((b))',
  'a)',
  '-a',
  '!',
  'a=é',
  'a b',
  'a in (b) c',
]) {
  test(`${JSON.stringify(text)} is no selector`, () => {
    assert.equal(parseLabelSelector(text), undefined)
  })
}

const word = fc.stringMatching(/^[a-z0-9]([a-zA-Z0-9_.-]{0,5}[a-z0-9])?$/)
const key = fc.oneof(
  word,
  fc.tuple(fc.stringMatching(/^[a-z]{1,5}$/), word).map((it) => it.join('/')),
)
const requirement = fc.oneof(
  fc.record(
    {
      operator: fc.constantFrom('in' as const, 'notin' as const),
      key,
      values: fc.array(fc.oneof(word, fc.constant('')), { minLength: 1, maxLength: 3 }),
    },
    { noNullPrototype: true },
  ),
  fc.record(
    { operator: fc.constantFrom('exists' as const, 'absent' as const), key },
    { noNullPrototype: true },
  ),
)
const selectors: fc.Arbitrary<LabelSelector> = fc.array(requirement, { maxLength: 4 })

test('what is written is read back', () => {
  fc.assert(
    fc.property(selectors, (selector) => {
      assert.deepEqual(parseLabelSelector(writeLabelSelector(selector)), selector)
    }),
  )
})

test('a selector holds when each of its terms does', () => {
  fc.assert(
    fc.property(selectors, fc.dictionary(key, word, { maxKeys: 4 }), (selector, labels) => {
      const each = selector.every((term) => matchesLabels([term], labels))
      assert.equal(matchesLabels(selector, labels), each)
    }),
  )
})

test('exists and absent, in and notin are opposites', () => {
  fc.assert(
    fc.property(requirement, fc.dictionary(key, word), (term, labels) => {
      const opposites = { in: 'notin', notin: 'in', exists: 'absent', absent: 'exists' } as const
      const opposite = { ...term, operator: opposites[term.operator] } as typeof term
      assert.notEqual(matchesLabels([term], labels), matchesLabels([opposite], labels))
    }),
  )
})

test('no text makes the parser throw', () => {
  fc.assert(fc.property(fc.string(), (text) => void parseLabelSelector(text)))
})
