import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { DatabaseError } from './database-error.ts'
import { createSealing, MASTER_KEY_BYTES } from './sealing.ts'

const sealing = createSealing(randomBytes(MASTER_KEY_BYTES))

test('opens what it sealed, for every text and context', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string(), (plain, context) => {
      assert.equal(sealing.unseal(sealing.seal(plain, context), context), plain)
    }),
  )
})

test('the same text never looks the same twice', () => {
  assert.notDeepEqual(sealing.seal('secret', 'a'), sealing.seal('secret', 'a'))
})

test('a change of any byte is noticed', () => {
  const sealed = sealing.seal('a secret text', 'repositories.sealed_secrets:1')
  for (let index = 0; index < sealed.length; index++) {
    const changed = Buffer.from(sealed)
    changed[index] = changed[index]! ^ 1
    assert.throws(() => sealing.unseal(changed, 'repositories.sealed_secrets:1'), DatabaseError)
  }
  for (let length = 0; length < sealed.length; length++) {
    const cut = sealed.subarray(0, length)
    assert.throws(() => sealing.unseal(cut, 'repositories.sealed_secrets:1'), DatabaseError)
  }
})

test('a value moved to another row does not open', () => {
  const sealed = sealing.seal('secret', 'repositories.sealed_secrets:1')
  assert.throws(() => sealing.unseal(sealed, 'repositories.sealed_secrets:2'), {
    failure: { code: 'sealed-value-damaged', context: 'repositories.sealed_secrets:2' },
  })
})

test('another master key is told apart from damage', () => {
  const other = createSealing(randomBytes(MASTER_KEY_BYTES))
  const sealed = sealing.seal('secret', 'x')
  assert.throws(() => other.unseal(sealed, 'x'), {
    failure: { code: 'sealed-with-other-key', context: 'x', keyID: sealing.keyID },
  })
})

test('the newest of several keys seals, all of them open', () => {
  const [first, second] = [randomBytes(MASTER_KEY_BYTES), randomBytes(MASTER_KEY_BYTES)]
  const before = createSealing(first)
  const both = createSealing(second, [first])
  const after = createSealing(second)
  assert.deepEqual(both.keyIDs, [after.keyID, before.keyID])
  assert.equal(both.unseal(before.seal('secret', 'x'), 'x'), 'secret')
  assert.equal(after.unseal(both.seal('secret', 'x'), 'x'), 'secret')
  assert.throws(() => before.unseal(both.seal('secret', 'x'), 'x'), {
    failure: { code: 'sealed-with-other-key', context: 'x', keyID: after.keyID },
  })
})

test('the fingerprint depends on the key alone', () => {
  const key = Buffer.alloc(MASTER_KEY_BYTES, 7)
  assert.equal(createSealing(key).keyID, createSealing(Buffer.from(key)).keyID)
  assert.match(sealing.keyID, /^[0-9a-f]{16}$/)
})
