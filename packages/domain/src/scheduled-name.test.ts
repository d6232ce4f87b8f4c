import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { scheduledCopyName } from './scheduled-name.ts'

test('the schedule can be read in the name', () => {
  const random = Uint8Array.from([0, 1, 2, 3, 4])
  assert.equal(scheduledCopyName('hourly-cpesy', random), 'hourly-cpesy-bcdfg')
  assert.equal(scheduledCopyName('Täglich, 2 Uhr!', random), 'taglich-2-uhr-bcdfg')
  assert.equal(scheduledCopyName('毎日', random), 'scheduled-bcdfg')
  assert.equal(scheduledCopyName('x'.repeat(63), random), `${'x'.repeat(57)}-bcdfg`)
})

test('every name is one that copies may have', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 63 }),
      fc.uint8Array({ minLength: 5, maxLength: 5 }),
      (name, random) => {
        const made = scheduledCopyName(name, random)
        assert.match(made, /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/)
        assert.ok(made.length <= 63)
      },
    ),
  )
})
