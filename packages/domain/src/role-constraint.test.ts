import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { EMPTY_REACH, reachOf, readRoleConstraint, UNLIMITED_REACH } from './role-constraint.ts'

const ID = '6a3b8d12-3a4b-4c5d-8e9f-001122334455'

describe('roleConstraints', () => {
  test('every documented form', () => {
    assert.deepEqual(reachOf(['*']), UNLIMITED_REACH)
    assert.deepEqual(reachOf([]), EMPTY_REACH)
    assert.deepEqual(reachOf(['namespaces:*']), { ...EMPTY_REACH, seesAll: true })
    assert.deepEqual(reachOf(['namespaces:*.*']), { ...EMPTY_REACH, seesAll: true, holdsAll: true })
    assert.deepEqual(reachOf([`namespaces:id='${ID}'`]), { ...EMPTY_REACH, seenIDs: [ID] })
    assert.deepEqual(reachOf([`namespaces:id='${ID.toUpperCase()}'.*`]), {
      ...EMPTY_REACH,
      heldIDs: [ID],
    })
    assert.deepEqual(reachOf(["namespaces:kubernetesLabels='example.org/team=a-b_c'.*"]), {
      ...EMPTY_REACH,
      heldLabels: [{ name: 'example.org/team', value: 'a-b_c' }],
    })
  })

  test('nothing else is one', () => {
    for (const text of [
      '',
      '**',
      ' *',
      'namespaces',
      "namespaces:id=''",
      `namespaces:id=${ID}`,
      `namespaces:id='${ID}'.`,
      `namespaces:id='${ID}' or true`,
      "namespaces:kubernetesLabels='team=a'",
      "namespaces:kubernetesLabels='=a'.*",
      "namespaces:kubernetesLabels='a'b=c'.*",
      "namespaces:name='shop'",
      'apps:*',
    ]) {
      assert.equal(readRoleConstraint(text), undefined, text)
    }
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!/^(\*|namespaces:\*(\.\*)?)$/.test(text))
        assert.equal(readRoleConstraint(text), undefined)
      }),
    )
  })

  test('several are alternatives, in any order; more of them never reach less', () => {
    const form = fc.constantFrom(
      'namespaces:*',
      'namespaces:*.*',
      `namespaces:id='${ID}'`,
      `namespaces:id='${ID}'.*`,
      'nonsense',
    )
    fc.assert(
      fc.property(fc.array(form), form, (some, another) => {
        const [less, more] = [reachOf(some), reachOf([...some, another])]
        assert.ok(!less.isUnlimited && !more.isUnlimited)
        assert.ok(less.seesAll <= more.seesAll && less.holdsAll <= more.holdsAll)
        assert.ok(less.heldIDs.every((id) => more.heldIDs.includes(id)))
        assert.deepEqual(reachOf([another, ...some]), more)
        assert.deepEqual(reachOf(['*', ...some]), UNLIMITED_REACH)
      }),
    )
  })
})
