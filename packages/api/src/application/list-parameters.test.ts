import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PAGE_ITEMS_MAX, readListParameters } from './list-parameters.ts'

test('a page has its limit, whatever is asked for', () => {
  const fields = { source: { fields: {} }, fields: {}, wireNames: [] }
  for (const [asked, granted] of [
    ['1', 1],
    [String(PAGE_ITEMS_MAX), PAGE_ITEMS_MAX],
    [String(PAGE_ITEMS_MAX + 1), PAGE_ITEMS_MAX],
    ['9'.repeat(400), PAGE_ITEMS_MAX],
  ] as const) {
    assert.equal(readListParameters({ limit: asked }, fields).limit, granted)
  }
})
