// What answers carry beside the resource: media types and continue tokens.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readContinueToken, writeContinueToken } from './continue-token.ts'
import { mediaTypeOf } from './media-type.ts'

const OWN = ['application/astra-app+json', 'application/astra-apps+json']

test('the media type follows Accept as far as it can be made', () => {
  for (const [accept, expected] of [
    [undefined, 'application/json'],
    ['', 'application/json'],
    ['*/*', 'application/json'],
    ['application/json', 'application/json'],
    ['application/astra-app+json', 'application/astra-app+json'],
    ['Application/Astra-App+JSON', 'application/astra-app+json'],
    ['application/astra-apps+json; charset=utf-8', 'application/astra-apps+json'],
    ['application/astra-appSnap+json', 'application/json'],
    ['application/json, application/astra-app+json', 'application/json'],
    ['application/json;q=0.5, application/astra-app+json', 'application/astra-app+json'],
    ['application/astra-app+json;q=0, */*', 'application/json'],
    ['text/html, application/astra-app+json;q=0.1', 'application/astra-app+json'],
  ] satisfies (readonly [string | undefined, string])[]) {
    assert.equal(mediaTypeOf(accept, OWN), expected, accept ?? 'absent')
  }
})

test('a continue token opens with its own binding only', () => {
  const key = fc.record(
    { order: fc.option(fc.string({ unit: 'binary' })), createdAt: fc.string(), id: fc.uuid() },
    { noNullPrototype: true },
  )
  const binding = fc.array(fc.string(), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(key, binding, binding, (page, own, other) => {
      const token = writeContinueToken(page, own)
      assert.match(token, /^[A-Za-z0-9+/]+=*$/)
      assert.deepEqual(readContinueToken(token, own), page)
      if (JSON.stringify(own) === JSON.stringify(other)) return
      assert.throws(() => readContinueToken(token, other))
    }),
  )
})

test('a continue token that was changed anywhere does not open', () => {
  const token = writeContinueToken({ order: 'x', createdAt: '2026-01-01', id: 'y' }, ['a'])
  for (const [at, character] of [...token].entries()) {
    const other = character === 'A' ? 'B' : 'A'
    assert.throws(() => readContinueToken(token.slice(0, at) + other + token.slice(at + 1), ['a']))
  }
})
