import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type NamespacePair, planNamespaces } from './namespace-mapping.ts'

function pairs(...texts: readonly string[]): NamespacePair[] {
  return texts.map((text) => {
    const [source = '', destination = ''] = text.split(':')
    return { source, destination }
  })
}

test('the one namespace of a source goes where the app is named', () => {
  const plan = planNamespaces({
    known: ['shop'],
    wanted: ['shop'],
    mapping: undefined,
    fallback: 'x',
  })
  assert.deepEqual(plan, { pairs: pairs('shop:x') })
})

test('what is not wanted is not made', () => {
  const [known, wanted] = [['shop', 'db'], ['db']]
  const mapping = pairs('shop:a', 'db:b')
  const plan = planNamespaces({ known, wanted, mapping, fallback: 'x' })
  assert.deepEqual(plan, { pairs: pairs('db:b') })
})

for (const [known, mapping, members] of [
  [['shop', 'db'], undefined, ['namespaceMapping', 'namespaceMapping']],
  [['shop', 'db'], pairs('shop:a'), ['namespaceMapping']],
  [['shop', 'db'], pairs('shop:a', 'db:a'), ['namespaceMapping[1].destination']],
  [['shop'], pairs('shop:a', 'shop:b'), ['namespaceMapping[1].source']],
  [['shop'], pairs('shop:a', 'other:b'), ['namespaceMapping[1].source']],
  [['shop'], [], ['namespaceMapping']],
] as const) {
  test(`${JSON.stringify(mapping)} is no mapping of ${known.join(' and ')}`, () => {
    const plan = planNamespaces({ known, wanted: known, mapping, fallback: 'x' })
    assert.ok('faults' in plan)
    assert.deepEqual(
      plan.faults.map(({ member }) => member),
      members,
    )
  })
}

test('a plan gives every wanted namespace one destination of its own', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd')
  const pair = fc.record({ source: name, destination: name })
  fc.assert(
    fc.property(
      fc.uniqueArray(name, { minLength: 1 }),
      fc.option(fc.array(pair), { nil: undefined }),
      (known, mapping) => {
        const plan = planNamespaces({ known, wanted: known, mapping, fallback: 'a' })
        if ('faults' in plan) return assert.ok(plan.faults.length > 0)
        assert.deepEqual(plan.pairs.map(({ source }) => source).toSorted(), known.toSorted())
        assert.equal(new Set(plan.pairs.map((it) => it.destination)).size, known.length)
      },
    ),
  )
})
