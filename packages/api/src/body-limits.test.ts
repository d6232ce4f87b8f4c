import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusalOfSize } from './body-limits.ts'

test('what users send is small enough', () => {
  const namespaces = Array.from({ length: 999 }, (_, at) => ({
    namespace: `n${at}`,
    labelSelectors: ['a', 'b', 'c'],
  }))
  for (const body of [undefined, null, 'text', {}, [], { namespaces }]) {
    assert.equal(refusalOfSize(body), undefined)
  }
})

test('bodies that are deep or made of very much are refused', () => {
  const nested = (depth: number) => JSON.parse('['.repeat(depth) + ']'.repeat(depth)) as unknown
  assert.equal(refusalOfSize(nested(65)), undefined)
  assert.equal(refusalOfSize(nested(66)), 'is nested more than 64 deep')
  assert.equal(refusalOfSize({ a: { b: nested(500_000) } }), 'is nested more than 64 deep')
  const listOf = (length: number) => ({ list: Array(length).fill(1) })
  assert.equal(refusalOfSize(listOf(9_998)), undefined)
  assert.equal(refusalOfSize(listOf(9_999)), 'holds more than 10000 values')
})
