import assert from 'node:assert/strict'
import { test } from 'node:test'
import { selectBucket } from './bucket-selection.ts'

const buckets = [
  { id: 'first', state: 'available' },
  { id: 'cluster', state: 'available' },
  { id: 'cloud', state: 'available' },
  { id: 'gone', state: 'removed' },
] as const

test('the cluster default wins over the cloud default', () => {
  const input = { buckets, clusterDefaultID: 'cluster', cloudDefaultID: 'cloud', mayUseAny: true }
  assert.equal(selectBucket(input), 'cluster')
})

test('a default that is not available is passed over', () => {
  const input = { buckets, clusterDefaultID: 'gone', cloudDefaultID: 'cloud', mayUseAny: true }
  assert.equal(selectBucket(input), 'cloud')
})

test('without defaults a backup takes any available bucket, a snapshot none', () => {
  const input = { buckets, clusterDefaultID: null, cloudDefaultID: null }
  assert.equal(selectBucket({ ...input, mayUseAny: true }), 'first')
  assert.equal(selectBucket({ ...input, mayUseAny: false }), undefined)
})
