import assert from 'node:assert/strict'
import { test } from 'node:test'
import { COPY_STATES, hasCopyEnded, mayCopyMove, UNENDED_COPY_STATES } from './copy-state.ts'

test('what has not ended can always fail', () => {
  assert.deepEqual(UNENDED_COPY_STATES, ['pending', 'discovering', 'running'])
  for (const state of UNENDED_COPY_STATES) assert.ok(mayCopyMove(state, 'failed'))
})

test('no state leads back to one that has not ended, except forwards', () => {
  for (const from of COPY_STATES.filter(hasCopyEnded)) {
    for (const to of UNENDED_COPY_STATES) assert.equal(mayCopyMove(from, to), false)
  }
})
