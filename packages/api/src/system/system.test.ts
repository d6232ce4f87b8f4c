// Health, readiness and the documentation need no token and no other server.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { makeTestApi, type TestApi } from '../testing/test-api.ts'

let api: TestApi
before(async () => {
  api = await makeTestApi()
})
after(() => api.close())

const open = (path: string) => api.call('GET', path, { token: null })

test('health and readiness', async () => {
  assert.deepEqual((await open('/healthz')).body, { status: 'ok' })
  assert.deepEqual((await open('/readyz')).body, { status: 'ready', reasons: [] })
  api.readiness.isReady = false
  api.readiness.reasons = ['The database is being restarted.']
  const answer = await open('/readyz')
  assert.equal(answer.status, 503)
  assert.deepEqual(answer.body, {
    status: 'not ready',
    reasons: ['The database is being restarted.'],
  })
  assert.equal((await open('/healthz')).status, 200)
})

test('the OpenAPI document is of version 3.1 and says how to authenticate', async () => {
  const { body } = await open('/openapi.json')
  assert.equal(body.openapi, '3.1.0')
  assert.deepEqual(body.security, [{ token: [] }])
  assert.equal(body.components.securitySchemes.token.scheme, 'bearer')
  assert.deepEqual(body.paths['/healthz'].get.security, [])
  assert.ok(body.components.schemas.Problem.required.includes('holdfast'))
})

test('the pages at /docs load nothing from elsewhere', async () => {
  const page = await open('/docs')
  assert.equal(page.status, 200)
  const assets = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? '')
  assert.ok(assets.length > 3)
  for (const asset of assets) {
    assert.match(asset, /^\/docs\//)
    assert.equal((await open(asset)).status, 200, asset)
  }
  const start = await open('/docs/static/swagger-initializer.js')
  assert.match(start.text, /"validatorUrl":null/)
})
