import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PlatformFailure } from './platform.ts'
import { isRetryable, PlatformError, platformFailureOf } from './platform-error.ts'

const place = { namespace: 'shop', key: 'data' }

const EVERY_FAILURE: { readonly [Code in PlatformFailure['code']]: PlatformFailure } = {
  'namespace-not-found': { code: 'namespace-not-found', namespace: 'shop' },
  'namespace-exists': { code: 'namespace-exists', namespace: 'shop' },
  'volume-not-found': { code: 'volume-not-found', ...place },
  'volume-in-use': {
    code: 'volume-in-use',
    processes: [1, 2, 3, 4].map((pid) => ({ pid, command: 'postgres', ...place })),
  },
  'not-enough-space': { code: 'not-enough-space', path: '/a', freeBytes: 1, neededBytes: 2 },
  'target-not-writable': { code: 'target-not-writable', path: '/a', reason: 'it is read-only' },
  'snapshot-failed': { code: 'snapshot-failed', path: '/a', reason: 'it is gone' },
  'exchange-failed': { code: 'exchange-failed', path: '/a', reason: 'it is gone' },
  'platform-unreachable': { code: 'platform-unreachable', reason: 'nobody answers' },
}

test('every failure is a sentence, survives as plain data, and says whether to retry', () => {
  for (const failure of Object.values(EVERY_FAILURE)) {
    const error = new PlatformError(failure)
    assert.match(error.message, /^[A-Z/].*\.$/)
    const { name, message } = error
    const replayed = Object.assign(new Error(message), { name, failure })
    assert.deepEqual(platformFailureOf(replayed), failure)
    assert.equal(isRetryable(failure), failure.code === 'platform-unreachable')
  }
  assert.match(new PlatformError(EVERY_FAILURE['volume-in-use']).message, /pid 3.* and 1 more/)
  assert.equal(platformFailureOf(new Error('another')), undefined)
})
