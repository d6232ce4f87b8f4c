// Query strings as the dialect's clients write them, and what is refused.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readQuery } from './read-query.ts'
import { isRequestError, type RequestFailure } from './request-failure.ts'
import type { QueryDefinition } from './route-definition.ts'

const DEFINITION: QueryDefinition = {
  include: ['creators', 'environments'],
  meta: ['counts'],
  sort: ['id', 'events.created'],
  filter: ['state', 'range-start'],
  isPaged: true,
}

const EMPTY = { include: new Set(), meta: new Set(), sort: [], filter: {} }

test('nothing asked for is everything', () => {
  assert.deepEqual(readQuery(DEFINITION, {}), EMPTY)
  assert.deepEqual(readQuery(undefined, {}), EMPTY)
})

test('arrays are the same repeated, joined by commas, and both', () => {
  fc.assert(
    fc.property(
      fc.array(fc.subarray(['id', '-id', 'events.created', '-events.created'])),
      (keys) => {
        const joined = keys.map((some) => some.join(','))
        const read = readQuery(DEFINITION, { sort: joined })
        const all = keys.flat().map((key) => ({
          key: key.replace('-', ''),
          isDescending: key.startsWith('-'),
        }))
        // A key that comes again changes nothing.
        const expected = all.filter(({ key }, at) => all.findIndex((one) => one.key === key) === at)
        assert.deepEqual(read.sort, expected)
        assert.deepEqual(readQuery(DEFINITION, { sort: joined.join(',') }).sort, expected)
        assert.deepEqual(readQuery(DEFINITION, { sort: keys.flat() }).sort, expected)
      },
    ),
  )
  const include = new Set(['creators', 'environments'])
  assert.deepEqual(readQuery(DEFINITION, { include: 'creators,environments' }).include, include)
  assert.deepEqual(
    readQuery(DEFINITION, { include: ['environments', 'creators'] }).include,
    include,
  )
})

test('pages count from 1, and what is not said has a default', () => {
  const pageOf = (sent: Record<string, string>) => readQuery(DEFINITION, sent).page
  assert.deepEqual(pageOf({ 'page[size]': '5', 'page[number]': '2' }), { size: 5, number: 2 })
  assert.deepEqual(pageOf({ 'page[number]': '3' }), { size: 20, number: 3 })
  assert.deepEqual(pageOf({ 'page[size]': '1000' }), { size: 1000, number: 1 })
  assert.equal(pageOf({}), undefined)
})

test('a filter has the values between its commas, and none when nothing is there', () => {
  const read = readQuery(DEFINITION, { 'filter[state]': 'live,,saving', 'filter[range-start]': '' })
  assert.deepEqual(read.filter, { state: ['live', 'saving'], 'range-start': [] })
  const again = readQuery(DEFINITION, { 'filter[state]': Array(5000).fill('live').join(',') })
  assert.deepEqual(again.filter, { state: ['live'] })
})

test('what is not documented is refused with its name', () => {
  const wrong: readonly Record<string, string | string[]>[] = [
    { colour: 'red' },
    { include: 'creators,colours' },
    { meta: 'colours' },
    { sort: 'colour' },
    { sort: '--id' },
    { 'filter[colour]': 'red' },
    { filter: 'state' },
    { 'filter[state][x]': 'a' },
    { page: '3' },
    { 'page[colour]': '3' },
    { 'page[size]': '0' },
    { 'page[size]': '-1' },
    { 'page[size]': '1.5' },
    { 'page[size]': ['1', '2'] },
    { 'page[number]': '' },
    { 'page[number]': '1e3' },
    { 'page[number]': '9'.repeat(10) },
    { 'filter[state]': 'a\0' },
  ]
  for (const sent of wrong) {
    const failure = refusalOf(sent)
    assert.equal(failure.code, 'query-invalid', JSON.stringify(sent))
    const { parameter } = failure as Extract<RequestFailure, { code: 'query-invalid' }>
    assert.equal(parameter, Object.keys(sent)[0])
  }
  assert.equal(refusalOf({ sort: 'id' }, {}).code, 'query-invalid')
  assert.equal(refusalOf({ 'page[size]': '1' }, {}).code, 'query-invalid')
  assert.equal(refusalOf({ 'page[size]': '1001' }).code, 'page-too-large')
})

function refusalOf(
  sent: Record<string, string | string[]>,
  definition: QueryDefinition = DEFINITION,
): RequestFailure {
  try {
    readQuery(definition, sent)
  } catch (error) {
    if (isRequestError(error)) return error.failure
    throw error
  }
  return assert.fail(`${JSON.stringify(sent)} was taken`)
}
