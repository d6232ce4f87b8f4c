// Addresses in answers begin as the caller reaches the service.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { makeTestApi, type TestApi } from '../testing/test-api.ts'
import { manageApp } from '../testing/test-resources.ts'

let api: TestApi
let appID: string

before(async () => {
  api = await makeTestApi()
  appID = await manageApp(api, 'shop')
})
after(() => api.close())

const FORWARDED = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'backup.example.org' }

async function locationOf(options: Parameters<TestApi['buildOn']>[1], remoteAddress: string) {
  const app = await api.buildOn(api.database, options)
  const { headers, statusCode, payload } = await app.inject({
    method: 'POST',
    url: `${api.tenant.path}/k8s/v1/apps/${appID}/appSnaps`,
    headers: { authorization: `Bearer ${api.tenant.token}`, host: 'inner:7400', ...FORWARDED },
    payload: { type: 'application/astra-appSnap', version: '1.3' },
    remoteAddress,
  })
  await app.close()
  assert.equal(statusCode, 201, payload)
  const { id } = JSON.parse(payload)
  const location = String(headers.location)
  assert.ok(location.endsWith(`${api.tenant.path}/k8s/v1/apps/${appID}/appSnaps/${id}`), location)
  return location.slice(0, location.indexOf('/accounts'))
}

test('the configured URL comes first, its path included', async () => {
  const publicUrl = 'https://example.org/holdfast'
  assert.equal(await locationOf({ publicUrl }, '192.0.2.7'), publicUrl)
})

test('forwarded headers are believed from trusted proxies only', async () => {
  const options = { trustedProxies: ['192.0.2.0/24'] }
  assert.equal(await locationOf(options, '192.0.2.7'), 'https://backup.example.org')
  assert.equal(await locationOf(options, '198.51.100.1'), 'http://inner:7400')
  assert.equal(await locationOf({}, '192.0.2.7'), 'http://inner:7400')
})
