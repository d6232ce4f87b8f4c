// What a body that breaks its schema is told: field, rule, in words.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { schemaViolation } from './body-validation.ts'

const at = { schemaPath: '', instancePath: '/hour' }

test('a member that may be null besides is judged by what else it may be', () => {
  const { failure } = schemaViolation([
    { ...at, keyword: 'type', params: { type: 'string' }, message: 'must be string' },
    { ...at, keyword: 'type', params: { type: 'null' }, message: 'must be null' },
    { ...at, keyword: 'anyOf', params: {}, message: 'must match a schema in anyOf' },
  ])
  assert.deepEqual(failure, {
    code: 'body-breaks-schema',
    members: [{ name: 'hour', reason: 'must be string' }],
    report: 'hour must be string',
  })
})

test('a union of which nothing else is said still has a reason', () => {
  const { failure } = schemaViolation([
    { ...at, keyword: 'anyOf', params: {}, message: 'must match a schema in anyOf' },
  ])
  assert.partialDeepStrictEqual(failure, { report: 'hour must match a schema in anyOf' })
})

test('limits are told in numbers that agree', () => {
  const limits = [
    ['minLength', 8, 'must have at least 8 characters'],
    ['maxLength', 1, 'must have at most 1 character'],
    ['minItems', 1, 'must have at least 1 element'],
    ['maxItems', 64, 'must have at most 64 elements'],
  ] as const
  for (const [keyword, limit, reason] of limits) {
    const { failure } = schemaViolation([{ ...at, keyword, params: { limit } }])
    assert.partialDeepStrictEqual(failure, { members: [{ name: 'hour', reason }] })
  }
})
