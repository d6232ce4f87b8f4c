// What holds for the dialect as a whole: how callers are known, in which form it answers, and what it
// answers where nothing is.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { after, afterEach, before, describe, test } from 'node:test'
import { hexIDOf, openDatabase } from '@holdfast/db'
import {
  addTenant,
  addUser,
  assertAnswersConform,
  makeTestApi,
  type TestAnswer,
  type TestApi,
} from '../testing/test-api.ts'

const ROLES = 'hubs/current/roles'
const BODY = { identifier: 'watcher', name: 'Watcher', rank: 1 }

let api: TestApi
let base: string
before(async () => {
  api = await makeTestApi()
  await api.app.listen({ host: '127.0.0.1', port: 0 })
  base = `http://127.0.0.1:${(api.app.server.address() as AddressInfo).port}`
})
after(() => api.close())
afterEach(assertAnswersConform)

function assertError(answer: TestAnswer, code: string): void {
  assert.equal(answer.body?.error?.code, code, answer.text)
  assert.equal(answer.status, Number(code.slice(0, 3)))
  assert.equal(answer.body.error.status, answer.status)
  assert.equal(answer.body.data, null)
  assert.equal(answer.headers['content-type'], 'application/json')
}

describe('callers', () => {
  test('who is not known is answered as OAuth does it', async () => {
    const absent = await api.callContainer('GET', ROLES, { token: null })
    assert.equal(absent.status, 401)
    assert.equal(absent.headers['www-authenticate'], 'Bearer realm="holdfast"')
    assert.deepEqual(Object.keys(absent.body), ['error', 'error_description'])
    assert.equal(absent.body.error, 'invalid_request')
    const basic = { token: null, headers: { authorization: 'Basic dXNlcjpwYXNz' } }
    assert.equal((await api.callContainer('GET', ROLES, basic)).body.error, 'invalid_request')
    const unknown = await api.callContainer('GET', ROLES, { token: 'unknown' })
    assert.equal(unknown.status, 401)
    assert.equal(unknown.body.error, 'invalid_token')
    assert.equal(
      unknown.headers['www-authenticate'],
      'Bearer realm="holdfast", error="invalid_token"',
    )
  })

  test('or as all others are, where that is configured', async () => {
    const app = await api.buildOn(api.database, { containerAuthErrors: 'envelope' })
    try {
      const answer = await app.inject(`/v1/${ROLES}`)
      assert.equal(answer.statusCode, 401)
      assert.equal(answer.headers['www-authenticate'], 'Bearer realm="holdfast"')
      assert.equal(answer.json().error.code, '401.auth-invalid')
      assert.equal(answer.json().data, null)
    } finally {
      await app.close()
    }
  })

  test('a header of any length is looked through once', async () => {
    // Tried anew at each space, it would take hours, and nobody else would be answered meanwhile.
    const spaces = ' '.repeat(1_000_000)
    const noToken = { token: null, headers: { authorization: `Bearer a${spaces}b` } }
    assert.equal((await api.callContainer('GET', ROLES, noToken)).body.error, 'invalid_token')
    const padded = { authorization: `Bearer  ${api.tenant.token}${spaces}` }
    assert.equal(
      (await api.callContainer('GET', ROLES, { token: null, headers: padded })).status,
      200,
    )
  })

  test('the hub must be the one of the token, and be named where the documents ask for it', async () => {
    const stranger = await addTenant(api.database)
    const other = hexIDOf(stranger.accountID)
    for (const hub of [other, 'x', '', hexIDOf(api.tenant.accountID).toUpperCase()]) {
      assertError(await api.callContainer('GET', ROLES, { hub }), '403.wrong-hub')
      assertError(await api.callContainer('GET', 'hubs/current', { hub }), '403.wrong-hub')
    }
    const theirs = { token: stranger.token }
    assertError(await api.callContainer('GET', ROLES, theirs), '403.wrong-hub')
    assertError(await api.callContainer('GET', ROLES, { hub: null }), '422.missing-argument')
    const headers = { 'X-HUB-ID': hexIDOf(api.tenant.accountID) }
    assert.equal((await api.callContainer('GET', ROLES, { hub: null, headers })).status, 200)
    assert.equal((await api.callContainer('GET', 'hubs/current', { hub: null })).status, 200)
  })

  test('the token comes first, then the hub, then the capability, then what was asked', async () => {
    const { token } = await addUser(api.database, api.tenant.accountID, 'viewer')
    const path = `${ROLES}?colour=red`
    const hub = 'b'.repeat(24)
    assert.equal((await api.callContainer('GET', path, { token: 'no', hub })).status, 401)
    assertError(await api.callContainer('GET', path, { token, hub }), '403.wrong-hub')
    const denied = await api.callContainer('GET', path, { token })
    assertError(denied, '403.permissions')
    assert.deepEqual(denied.body.error.extra, { capability: 'hubs-roles-manage' })
    assertError(await api.callContainer('GET', path), '422.invalid-argument')
    const body = await api.callContainer('POST', ROLES, { token, body: 'no json' })
    assertError(body, '403.permissions')
  })

  test('a user who is switched off is refused in the envelope', async () => {
    const { token, userID } = await addUser(api.database, api.tenant.accountID, 'admin')
    const { queries } = api.database
    await queries.updateTable('users').set({ is_enabled: false }).where('id', '=', userID).execute()
    assertError(await api.callContainer('GET', ROLES, { token }), '403.not-allowed')
  })
})

describe('bodies', () => {
  const post = (body: unknown, contentType = 'application/json') =>
    api.callContainer('POST', ROLES, { body, headers: { 'content-type': contentType } })

  test('must be JSON that says so', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'json', '']) {
      assertError(await post(BODY, type), '415.invalid-content-type')
    }
    for (const text of ['', '{', 'no json', '{"name": "x"} {}']) {
      assertError(await post(text), '400.invalid-syntax')
    }
    assertError(await api.callContainer('POST', ROLES), '400.invalid-syntax')
    const types = ['application/json; charset=utf-8', 'application/vnd.x+json', 'Application/JSON']
    for (const type of types) assertError(await post({}, type), '422.missing-argument')
  })

  test('name what is wrong with a pointer', async () => {
    const cases: readonly (readonly [unknown, string, string])[] = [
      [{}, '422.missing-argument', '/identifier'],
      [{ ...BODY, rank: 'high' }, '422.invalid-argument', '/rank'],
      [{ ...BODY, colour: 'red' }, '422.invalid-argument', '/colour'],
      [{ ...BODY, 'a/b~c': 1 }, '422.invalid-argument', '/a~1b~0c'],
      [{ ...BODY, capabilities: { all: false } }, '422.missing-argument', '/capabilities/specific'],
      [{ ...BODY, name: 'a\0b' }, '422.invalid-argument', '/name'],
      [[], '422.invalid-argument', ''],
      [7, '422.invalid-argument', ''],
      ['null', '422.invalid-argument', ''],
    ]
    for (const [body, code, source] of cases) {
      const answer = await post(body)
      assertError(answer, code)
      assert.equal(answer.body.error.source, source, answer.text)
    }
  })

  test('that are deeper than the stack is high, or of very many values, are refused', async () => {
    const nested = '['.repeat(200_000) + ']'.repeat(200_000)
    const many = JSON.stringify(Array(100_000).fill(1))
    for (const value of [nested, many]) {
      const answer = await post(`{"identifier":"a","rank":1,"extra":${value}}`)
      assertError(answer, '422.invalid-argument')
      assert.equal(answer.body.error.source, '', answer.text)
    }
  })

  test('that are too large are refused after they were read', async () => {
    const answer = await fetch(`${base}/v1/${ROLES}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${api.tenant.token}`,
        'x-hub-id': hexIDOf(api.tenant.accountID),
        'content-type': 'application/json',
      },
      body: ' '.repeat(8 * 1024 * 1024),
    })
    assert.equal(answer.status, 422)
    const { error } = (await answer.json()) as { error: { code: string } }
    assert.equal(error.code, '422.max-exceeded')
  })
})

describe('where nothing is', () => {
  test('every answer is in the envelope', async () => {
    const nothing = ['/v1', '/v1/', '/v1/nothing', '/v1/containers/x/y/z', '/v1/%zz', '/v1//']
    for (const path of nothing) {
      for (const token of [api.tenant.token, null]) {
        assertError(await api.callContainer('GET', path, { token }), '404.uri')
        assertError(await api.callContainer('POST', path, { token, body: 'x' }), '404.uri')
      }
    }
    const other = await api.call('GET', '/v1x')
    assert.equal(other.headers['content-type'], 'application/problem+json')
  })

  test('a wrong method names the right ones', async () => {
    const answer = await api.callContainer('PUT', ROLES, { body: {} })
    assertError(answer, '404.uri')
    assert.equal(answer.headers.allow, 'GET, HEAD, POST, OPTIONS')
    const literal = await api.callContainer('DELETE', 'hubs/capabilities')
    assertError(literal, '404.uri')
    assert.equal(literal.headers.allow, 'GET, HEAD, OPTIONS')
  })

  test('what is no HTTP below /v1 has the member error, too', async () => {
    const answer = await sendRaw(`GET /v1/jobs HTTP/1.1\r\nX-Long: ${'x'.repeat(40_000)}\r\n\r\n`)
    const [head = '', body = ''] = answer.split('\r\n\r\n')
    assert.match(head, /^HTTP\/1\.1 400 Bad Request\r\nContent-Type: application\/json\r\n/)
    assert.equal(JSON.parse(body).error.code, '400.invalid-syntax')
    const other = await sendRaw(`GET /accounts HTTP/1.1\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`)
    assert.match(other, /application\/problem\+json/)
  })
})

async function sendRaw(request: string): Promise<string> {
  const socket = connect(Number(new URL(base).port), '127.0.0.1')
  await once(socket, 'connect')
  let received = ''
  socket.on('data', (chunk) => {
    received += chunk
  })
  socket.write(request)
  await once(socket, 'end')
  socket.destroy()
  return received
}

test('pages of other origins may call with a token, and never with a cookie', async () => {
  const preflight = await api.callContainer('OPTIONS', ROLES, {
    token: null,
    hub: null,
    headers: { origin: 'https://example.org', 'access-control-request-method': 'POST' },
  })
  assert.equal(preflight.status, 204)
  assert.equal(preflight.headers['access-control-allow-origin'], '*')
  assert.match(preflight.headers['access-control-allow-methods'] ?? '', /POST/)
  assert.match(preflight.headers['access-control-allow-headers'] ?? '', /Authorization.*X-Hub-Id/)
  assert.equal(preflight.headers['access-control-allow-credentials'], undefined)
  for (const token of [api.tenant.token, 'unknown']) {
    const answer = await api.callContainer('GET', ROLES, { token })
    assert.equal(answer.headers['access-control-allow-origin'], '*')
  }
  const headers = { cookie: 'holdfast_session=secret', origin: 'https://example.org' }
  const withCookie = await api.callContainer('POST', ROLES, { token: null, headers, body: BODY })
  assertError(withCookie, '403.not-allowed')
  assert.equal(withCookie.headers['access-control-allow-origin'], undefined)
})

test('while the database does not answer, clients are told to come again', async () => {
  // Port 9 is the discard service, which nobody runs: connections are refused at once.
  const away = openDatabase({ url: 'postgresql://127.0.0.1:9/none', applicationName: 'test' })
  const app = await api.buildOn(away)
  try {
    const headers = { authorization: `Bearer ${api.tenant.token}` }
    const answer = await app.inject({ url: `/v1/${ROLES}`, headers })
    assert.equal(answer.statusCode, 503)
    assert.equal(answer.json().error.code, '503.not-ready')
    assert.equal(answer.headers['retry-after'], '2')
  } finally {
    await app.close()
    await away.close()
  }
})

test('what was asked before the service stopped is still answered', async () => {
  const app = await api.buildOn(api.database)
  const headers = {
    authorization: `Bearer ${api.tenant.token}`,
    'x-hub-id': hexIDOf(api.tenant.accountID),
  }
  let asked: Promise<Response> | undefined
  app.addHook('preClose', async () => {
    asked = fetch(`${app.listeningOrigin}/v1/${ROLES}`, { headers })
    await asked
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  await app.close()
  const answer = await asked
  assert.equal(answer?.status, 200)
  assert.equal(answer.headers.get('connection'), 'close')
  assert.ok('data' in ((await answer.json()) as object))
})

test('an unexpected failure says nothing of its inside, and is in the log', async () => {
  const broken = { ...api.database, queries: undefined as never }
  const app = await api.buildOn(broken)
  try {
    const headers = { authorization: `Bearer ${api.tenant.token}` }
    const answer = await app.inject({ url: `/v1/${ROLES}`, headers })
    assert.equal(answer.statusCode, 500)
    assert.equal(answer.json().error.code, '500.unknown')
    assert.doesNotMatch(answer.payload, /undefined|TypeError/)
    assert.ok(api.log.some((line) => line.msg === 'request failed' && line.failure === 'internal'))
  } finally {
    await app.close()
  }
})

test('requests are told in the log, and writes in the audit trail', async () => {
  api.log.length = 0
  const made = await api.callContainer('POST', ROLES, { body: BODY })
  assert.equal(made.status, 201, made.text)
  const line = api.log.find((one) => one.msg === 'request answered')
  assert.deepEqual([line?.method, line?.status], ['POST', 201])
  const id = made.body.data.id
  const change = { body: { ...BODY, name: 'Guard' } }
  assert.equal((await api.callContainer('PATCH', `${ROLES}/${id}`, change)).status, 200)
  const viewer = await addUser(api.database, api.tenant.accountID, 'viewer')
  await api.callContainer('DELETE', `${ROLES}/${id}`, { token: viewer.token })
  await api.callContainer('DELETE', `${ROLES}/${id}`, { token: 'unknown' })
  assert.equal((await api.callContainer('DELETE', `${ROLES}/${id}`)).status, 202)

  const filter = encodeURIComponent("name in 'holdfast.audit.'")
  const { items } = (await api.call('GET', `core/v1/events?filter=${filter}`)).body
  const events = items.filter((event: Event) => hexIDOf(event.resourceID) === id)
  const { userID } = api.tenant
  assert.deepEqual(
    events.map((event: Event) => [event.name, event.userID ?? 'nobody']).toSorted(),
    [
      ['holdfast.audit.changed', userID],
      ['holdfast.audit.created', userID],
      ['holdfast.audit.deleted', userID],
      ['holdfast.audit.denied', viewer.userID],
      ['holdfast.audit.denied', 'nobody'],
    ].toSorted(),
  )
  for (const event of events as Event[]) {
    assert.equal(event.class, 'security')
    assert.equal(event.resourceType, 'application/astra-role')
    assert.match(event.resourceURI ?? '', /^\/v1\/hubs\/current\/roles/)
  }
})

interface Event {
  readonly name: string
  readonly class: string
  readonly resourceID: string
  readonly resourceType: string
  readonly resourceURI?: string
  readonly userID?: string
}
