import assert from 'node:assert/strict'
import { test } from 'node:test'
import { percentBeforeCommit } from './progress.ts'

test('progress before the commit never says 100', () => {
  assert.equal(percentBeforeCommit({ bytesDone: 10, totalBytes: 10 }), 99)
  assert.equal(percentBeforeCommit({ bytesDone: 25, totalBytes: 10 }), 99)
})

test('an empty or unknown total is no progress', () => {
  assert.equal(percentBeforeCommit({ bytesDone: 0, totalBytes: 0 }), 0)
})

test('percents are rounded down', () => {
  assert.equal(percentBeforeCommit({ bytesDone: 999, totalBytes: 2000 }), 49)
})
