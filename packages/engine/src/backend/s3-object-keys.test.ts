import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { OBJECT_KINDS } from './backend.ts'
import { kindPrefix, nameInKey, objectKey } from './s3-object-keys.ts'

const KINDS = OBJECT_KINDS.filter((kind) => kind !== 'config')
const kinds = fc.constantFrom(...KINDS)
const digits = fc.string({
  unit: fc.constantFrom(...'0123456789abcdef'),
  minLength: 64,
  maxLength: 64,
})
const prefixes = fc.oneof(fc.constant(''), fc.string({ minLength: 1 }))

test('every name is found again in its key, and in no other place', () => {
  fc.assert(
    fc.property(prefixes, kinds, kinds, digits, (prefix, kind, otherKind, name) => {
      const key = objectKey(prefix, { kind, name })
      assert.ok(key.startsWith(kindPrefix(prefix, kind)))
      assert.equal(nameInKey(prefix, kind, key), name)
      if (otherKind !== kind) assert.equal(nameInKey(prefix, otherKind, key), undefined)
      assert.equal(nameInKey(`${prefix}x`, kind, key), undefined)
    }),
  )
})

test('keys are those of restic', () => {
  const name = `ab${'0'.repeat(62)}`
  assert.equal(objectKey('', { kind: 'config', name: '' }), 'config')
  assert.equal(objectKey('a/b', { kind: 'config', name: '' }), 'a/b/config')
  assert.equal(objectKey('', { kind: 'data', name }), `data/ab/${name}`)
  assert.equal(objectKey('a/b', { kind: 'locks', name }), `a/b/locks/${name}`)
  for (const strange of [`data/cd/${name}`, `data/${name}`, `data/ab/${name}x`, 'data/README']) {
    assert.equal(nameInKey('', 'data', strange), undefined, strange)
  }
  assert.throws(() => objectKey('', { kind: 'keys', name: '../config' }), TypeError)
})
