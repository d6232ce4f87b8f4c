// People of an account: users, tokens, roles, log-ins, accounts, and the trail of what they do.
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import type { Role } from '@holdfast/db'
import { hashPassword } from '../operations/passwords.ts'
import {
  addTenant,
  addUser,
  assertAnswersConform,
  type CallOptions,
  makeTestApi,
  type TestAnswer,
  type TestApi,
} from '../testing/test-api.ts'
import { assertProblem, missingID } from '../testing/test-resources.ts'

const PASSWORD = 'correct horse battery'
const SESSION = '/holdfast/v1/session'
const OWN_PAGE = { 'sec-fetch-site': 'same-origin' }

let api: TestApi

before(async () => {
  api = await makeTestApi()
})
after(() => api.close())
afterEach(assertAnswersConform)

describe('the way of a new user', () => {
  test('user, role, password, log-in, first change of the password, log-out', async () => {
    const email = 'ada@example.org'
    const user = await post('core/v1/users', { ...userBody(email), firstName: 'Ada' })
    assert.equal(user.status, 201, user.text)
    const { id, state, isEnabled, authProvider, lastName } = user.body
    assert.deepEqual(
      { state, isEnabled, authProvider, lastName },
      { state: 'active', isEnabled: 'true', authProvider: 'local', lastName: '' },
    )
    await bind(id, 'member')
    assertProblem(await logIn({ email, password: PASSWORD }), 401, 166)
    await setPassword(id, { change: true })
    assertProblem(await logIn({ email, password: PASSWORD }), 403, 11)
    const short = await logIn({ email, password: PASSWORD, newPassword: 'short' })
    assertProblem(short, 400, 9)
    assertProblem(await logIn({ email, password: PASSWORD, newPassword: PASSWORD }), 400, 81)
    const newPassword = 'something quite different'
    const session = await logIn({ email: 'ADA@example.org', password: PASSWORD, newPassword })
    assert.equal(session.status, 201, session.text)
    assert.equal(session.body.userID, id)
    const setCookie = session.headers['set-cookie'] ?? ''
    for (const part of ['HttpOnly', 'SameSite=Strict', 'Path=/'])
      assert.ok(setCookie.includes(part))
    assertProblem(await logIn({ email, password: PASSWORD }), 401, 166)

    const cookie = cookieOf(session)
    assert.equal((await withCookie('GET', 'k8s/v2/apps', cookie)).status, 200)
    assert.equal((await withCookie('GET', SESSION, cookie)).body.email, email)
    const again = await logIn({ email, password: newPassword }, { cookie })
    assertProblem(await withCookie('GET', SESSION, cookie), 401, 4)
    const rotated = cookieOf(again)
    assert.notEqual(rotated, cookie)
    assert.equal((await withCookie('DELETE', SESSION, rotated, OWN_PAGE)).status, 204)
    assertProblem(await withCookie('GET', SESSION, rotated), 401, 4)
  })

  test('an unknown user, a wrong password and a disabled user get the same answer', async () => {
    const email = 'same@example.org'
    const { body } = await post('core/v1/users', userBody(email))
    await bind(body.id, 'member')
    await setPassword(body.id)
    const texts = new Set<string>()
    const note = (answer: TestAnswer) => {
      assertProblem(answer, 401, 166)
      texts.add(answer.text.replace(/"correlationID":"[^"]+"/, ''))
    }
    note(await logIn({ email: 'nobody@example.org', password: PASSWORD }))
    note(await logIn({ email, password: 'wrong password' }))
    assert.equal((await logIn({ email, password: PASSWORD })).status, 201)
    await putUser(body.id, { isEnabled: 'false' })
    note(await logIn({ email, password: PASSWORD }))
    await putUser(body.id, { isEnabled: 'true', state: 'suspended' })
    note(await logIn({ email, password: PASSWORD }))
    assert.equal(texts.size, 1)
  })

  test('a user of the same name elsewhere does not let anybody guess on', async () => {
    const email = 'twice@example.org'
    const { body: victim } = await post('core/v1/users', userBody(email))
    await bind(victim.id, 'member')
    await setPassword(victim.id)
    const other = await addTenant(api.database)
    const ownPassword = 'of the other account'
    await api.database.queries
      .updateTable('users')
      .set({ email, password_hash: await hashPassword(ownPassword) })
      .where('id', '=', other.userID)
      .execute()
    const { accountID } = other
    for (let count = 0; count < 10; count += 1) {
      assertProblem(await logIn({ email, password: 'guess' }), 401, 166)
      const own = await logIn({ email, password: ownPassword, accountID })
      assert.equal(own.status, 201, own.text)
    }
    assertProblem(await logIn({ email, password: 'guess' }), 503, 41)
    assert.equal((await logIn({ email, password: ownPassword, accountID })).status, 201)
  })

  test('guessing is slowed down, of one user and address, and ends with time', async () => {
    const email = 'guessed@example.org'
    for (let count = 0; count < 10; count += 1) {
      assertProblem(await logIn({ email, password: 'guess' }), 401, 166)
    }
    const answer = await logIn({ email, password: 'guess' })
    assertProblem(answer, 503, 41)
    assert.ok(Number(answer.headers['retry-after']) > 0)
    api.clock.now = new Date(api.clock.now.getTime() + 16 * 60_000)
    assertProblem(await logIn({ email, password: 'guess' }), 401, 166)
  })
})

describe('sessions', () => {
  test('over TLS the cookie is secured, and no other of its name counts', async (t) => {
    await sessionOf('tls@example.org')
    const secured = await api.buildOn(api.database, { publicUrl: 'https://backup.example.org' })
    t.after(() => secured.close())
    const payload = { email: 'tls@example.org', password: PASSWORD }
    const answer = await secured.inject({ method: 'POST', url: SESSION, payload })
    const cookie = String(answer.headers['set-cookie'])
    assert.match(cookie, /^__Host-holdfast_session=[^;]+; Path=\/; HttpOnly; .*; Secure$/)
    const sent = cookieOf(answer as unknown as TestAnswer)
    const read = (value: string) =>
      secured.inject({ method: 'GET', url: SESSION, headers: { cookie: value } })
    assert.equal((await read(sent)).statusCode, 200)
    assert.equal((await read(sent.replace('__Host-', ''))).statusCode, 401)
    // A browser that says nothing of the site says its origin: the one that is configured.
    const end = (origin: string) =>
      secured.inject({ method: 'DELETE', url: SESSION, headers: { cookie: sent, origin } })
    assert.equal((await end('http://backup.example.org')).statusCode, 403)
    assert.equal((await end('null')).statusCode, 403)
    assert.equal((await end('https://backup.example.org')).statusCode, 204)
  })

  test('nobody has more tries by saying that somebody else asks', async () => {
    const email = 'forwarded@example.org'
    const guess = (count: number) =>
      logIn({ email, password: 'guess' }, { 'x-forwarded-for': `198.51.100.${count}` })
    for (let count = 0; count < 10; count += 1) assertProblem(await guess(count), 401, 166)
    assertProblem(await guess(10), 503, 41)
  })

  test('end when nobody uses them, and at the latest after twelve hours', async () => {
    const idle = await sessionOf('idle@example.org')
    const busy = await sessionOf('busy@example.org')
    const minute = 60_000
    for (let minutes = 0; minutes < 12 * 60 - 30; minutes += 30) {
      assert.equal((await withCookie('GET', SESSION, busy)).status, 200)
      api.clock.now = new Date(api.clock.now.getTime() + 30 * minute)
    }
    assertProblem(await withCookie('GET', SESSION, idle), 401, 4)
    assert.equal((await withCookie('GET', SESSION, busy)).status, 200)
    api.clock.now = new Date(api.clock.now.getTime() + 31 * minute)
    assertProblem(await withCookie('GET', SESSION, busy), 401, 4)
  })

  test('write for pages of this service only; bearer tokens do not care', async () => {
    const cookie = await sessionOf('page@example.org')
    const body = userBody('made@example.org')
    const write = (headers: Record<string, string>) =>
      withCookie('POST', 'core/v1/users', cookie, headers, body)
    assertProblem(await write({}), 403, 11)
    assertProblem(await write({ 'sec-fetch-site': 'cross-site' }), 403, 11)
    assertProblem(await write({ 'sec-fetch-site': 'same-site' }), 403, 11)
    assertProblem(await write({ origin: 'https://example.com' }), 403, 11)
    assertProblem(await withCookie('DELETE', SESSION, cookie), 403, 11)
    // Now it is the role that is refused, and no longer the page.
    const own = await write({ origin: 'http://localhost' })
    assert.match(own.body.holdfast.reason, /permission manage-people/)
    const login = await api.call('POST', SESSION, {
      token: null,
      headers: { origin: 'https://example.com' },
      body: { email: 'page@example.org', password: PASSWORD },
    })
    assertProblem(login, 403, 11)
    const headers = { 'sec-fetch-site': 'cross-site' }
    assert.equal((await post('core/v1/users', body, { headers })).status, 201)
  })

  test('end with a new password, and when the user is switched off', async () => {
    const cookie = await sessionOf('changed@example.org')
    const { userID } = (await withCookie('GET', SESSION, cookie)).body
    await putUser(userID, { isEnabled: 'false' })
    await putUser(userID, { isEnabled: 'true' })
    assertProblem(await withCookie('GET', SESSION, cookie), 401, 4)
  })
})

describe('users', () => {
  test('all fields, filters, and what is refused', async () => {
    const address = {
      addressCountry: 'DE',
      addressLocality: 'Bonn',
      addressRegion: 'NRW',
      postalCode: '53111',
      streetAddress1: 'Markt 1',
    }
    const sent = {
      ...userBody('full@example.org'),
      firstName: 'Full',
      lastName: 'Fields',
      companyName: 'Ltd',
      phone: '+49 228 1',
      postalAddress: address,
      sendWelcomeEmail: 'true',
      metadata: { labels: [{ name: 'team', value: 'a' }] },
    }
    const { status, body } = await post('core/v1/users', sent)
    assert.equal(status, 201)
    assert.deepEqual(body.postalAddress, address)
    assert.equal(body.sendWelcomeEmail, 'false')
    assert.equal(body.authID, 'full@example.org')
    assertProblem(await post('core/v1/users', userBody('FULL@example.org')), 409, 10)
    assertProblem(await post('core/v1/users', userBody('no address')), 400, 9)
    const ldap = { ...userBody('l@example.org'), authProvider: 'ldap', authID: 'CN=l' }
    assertProblem(await post('core/v1/users', ldap), 409, 10)
    const markup = { ...userBody('m@example.org'), firstName: '<script>' }
    assertProblem(await post('core/v1/users', markup), 400, 8)
    assertProblem(await putUser(body.id, { authProvider: 'ldap' }), 409, 10)
    assert.equal((await putUser(body.id, { lastName: 'Changed' })).status, 204)
    const read = await api.call('GET', `core/v1/users/${body.id}`)
    assert.equal(read.body.lastName, 'Changed')
    const stale = { 'if-match': body.etag ?? '"0"' }
    assertProblem(await putUser(body.id, { lastName: 'x' }, { headers: stale }), 412, 38)
    assert.equal((await api.call('DELETE', `core/v1/users/${body.id}`)).status, 204)
    assertProblem(await api.call('GET', `core/v1/users/${body.id}`), 404, 2)
  })

  test('change what describes themselves, and not what they may', async () => {
    const { userID, token } = await addUser(api.database, api.tenant.accountID, 'member')
    assert.equal((await putUser(userID, { firstName: 'Me' }, { token })).status, 204)
    assertProblem(await putUser(userID, { state: 'suspended' }, { token }), 403, 11)
    assertProblem(await putUser(userID, { email: 'x@example.org' }, { token }), 403, 11)
    assertProblem(await putUser(api.tenant.userID, { firstName: 'x' }, { token }), 403, 11)
  })

  test('nobody touches who has more than they have', async () => {
    const { token } = await addUser(api.database, api.tenant.accountID, 'admin')
    const owner = api.tenant.userID
    assertProblem(await putUser(owner, { isEnabled: 'false' }, { token }), 403, 11)
    assertProblem(await api.call('DELETE', `core/v1/users/${owner}`, { token }), 403, 11)
    assertProblem(await bindAs(token, owner, 'viewer'), 403, 11)
    const { userID } = await addUser(api.database, api.tenant.accountID, undefined)
    assertProblem(await bindAs(token, userID, 'owner'), 403, 11)
    assert.equal((await bindAs(token, userID, 'admin')).status, 201)
    const body = { type: 'application/astra-token', version: '1.0', name: 'x' }
    assertProblem(await post(`core/v1/users/${owner}/tokens`, body, { token }), 403, 11)
  })

  test('an account keeps an owner', async () => {
    const tenant = await addTenant(api.database)
    const call = (method: string, path: string, body?: object) =>
      api.call(method, `${tenant.path}/core/v1/${path}`, {
        token: tenant.token,
        ...(body === undefined ? {} : { body }),
      })
    const user = { type: 'application/astra-user', version: '1.2' }
    assertProblem(await call('DELETE', `users/${tenant.userID}`), 409, 10)
    assertProblem(
      await call('PUT', `users/${tenant.userID}`, { ...user, isEnabled: 'false' }),
      409,
      10,
    )
    const [binding] = (await call('GET', 'roleBindings')).body.items
    const changed = { type: 'application/astra-roleBinding', version: '1.1', role: 'admin' }
    assertProblem(await call('PUT', `roleBindings/${binding.id}`, changed), 409, 10)
    const limited = { ...changed, role: 'owner', roleConstraints: ['namespaces:*.*'] }
    assertProblem(await call('PUT', `roleBindings/${binding.id}`, limited), 409, 10)
    assertProblem(await call('DELETE', `roleBindings/${binding.id}`), 409, 10)
    assert.equal((await call('GET', 'roleBindings')).body.items.length, 1)
  })
})

describe('tokens', () => {
  const body = { type: 'application/astra-token', version: '1.0', name: 'script' }

  test('show their secret once, are renamed, and stop at once when revoked', async () => {
    const { userID, token } = await addUser(api.database, api.tenant.accountID, 'member')
    const path = `core/v1/users/${userID}/tokens`
    const made = await post(path, body, { token })
    assert.equal(made.status, 201, made.text)
    const secret = made.body.token
    assert.equal(Buffer.from(secret, 'base64').length, 32)
    const item = `${path}/${made.body.id}`
    assert.equal((await api.call('GET', item, { token: secret })).body.token, undefined)
    const renamed = await api.call('PUT', item, { token, body: { ...body, name: 'other' } })
    assert.equal(renamed.status, 204)
    assert.equal((await api.call('GET', item, { token })).body.name, 'other')
    const [row] = await api.database.queries
      .selectFrom('tokens')
      .selectAll()
      .where('id', '=', made.body.id)
      .execute()
    assert.ok(!JSON.stringify(row).includes(secret))
    assert.equal((await api.call('DELETE', item, { token })).status, 204)
    assertProblem(await api.call('GET', 'k8s/v2/apps', { token: secret }), 401, 4)
    assertProblem(await api.call('GET', item, { token }), 404, 2)
  })

  test('of others are for those who manage people; viewers make none', async () => {
    const { accountID } = api.tenant
    const viewer = await addUser(api.database, accountID, 'viewer')
    const path = `core/v1/users/${viewer.userID}/tokens`
    assertProblem(await post(path, body, { token: viewer.token }), 403, 11)
    const member = await addUser(api.database, accountID, 'member')
    assertProblem(await post(path, body, { token: member.token }), 403, 11)
    assert.deepEqual((await api.call('GET', path, { token: member.token })).body.items, [])
    const made = await post(path, body)
    assert.equal((await api.call('GET', 'k8s/v2/apps', { token: made.body.token })).status, 200)
  })

  test('that somebody else made do not rise with the role of the user', async () => {
    const { accountID } = api.tenant
    const admin = await addUser(api.database, accountID, 'admin')
    const member = await addUser(api.database, accountID, 'member')
    const path = `core/v1/users/${member.userID}/tokens`
    const made = await post(path, body, { token: admin.token })
    assert.equal((await bindAs(api.tenant.token, member.userID, 'owner')).status, 201)
    assertProblem(await api.call('GET', 'k8s/v2/apps', { token: made.body.token }), 401, 4)
    assert.equal((await api.call('GET', 'k8s/v2/apps', { token: member.token })).status, 200)
  })
})

describe('role bindings', () => {
  test('what is wrong is named, and the last one takes its user along', async () => {
    const { accountID } = api.tenant
    const { body: user } = await post('core/v1/users', userBody('bound@example.org'))
    const binding = (members: object) =>
      post('core/v1/roleBindings', { ...bindingBody(user.id, 'viewer'), ...members })
    const bad = await binding({ roleConstraints: ['*', "namespaces:name='x'"] })
    assertProblem(bad, 400, 9)
    assert.equal(bad.body.invalidFields[0].name, 'roleConstraints[1]')
    assertProblem(await binding({ accountID: missingID() }), 409, 10)
    assertProblem(await binding({ userID: missingID() }), 400, 9)
    assertProblem(await binding({ groupID: missingID() }), 409, 10)
    assertProblem(await binding({ role: 'king' }), 400, 8)
    const made = await binding({})
    assert.deepEqual(made.body.roleConstraints, ['*'])
    const path = `core/v1/users/${user.id}/roleBindings/${made.body.id}`
    const put = { type: 'application/astra-roleBinding', version: '1.1', role: 'member' }
    assert.equal((await api.call('PUT', path, { body: put })).status, 204)
    assertProblem(await api.call('PUT', path, { body: { ...put, userID: missingID() } }), 409, 10)
    assertProblem(
      await api.call('PUT', path, { body: { ...put, accountID: missingID() } }),
      409,
      10,
    )
    const read = (await api.call('GET', path)).body
    assert.equal(read.role, 'member')
    assert.equal(read.accountID, accountID)
    const other = `core/v1/users/${api.tenant.userID}/roleBindings/${made.body.id}`
    assertProblem(await api.call('GET', other), 404, 2)
    assert.equal((await api.call('DELETE', path)).status, 204)
    assertProblem(await api.call('GET', `core/v1/users/${user.id}`), 404, 2)
  })
})

describe('accounts', () => {
  test('are set up by their maker while pending, and apart from then on', async () => {
    const made = await post('/accounts', accountBody('second'))
    assert.equal(made.status, 201, made.text)
    const { id, state, isEnabled } = made.body
    assert.deepEqual([state, isEnabled], ['pending', 'false'])
    const path = `/accounts/${id}`
    const admin = await addUser(api.database, api.tenant.accountID, 'admin')
    assertProblem(await api.call('GET', path, { token: admin.token }), 404, 2)
    assertProblem(await put(path, { ...accountBody('second'), state: 'active' }), 400, 9)
    assertProblem(await post(`${path}/holdfast/v1/webhooks`, {}), 403, 11)
    const user = await post(`${path}/core/v1/users`, userBody('boss@example.org'))
    const bound = await post(`${path}/core/v1/roleBindings`, {
      ...bindingBody(user.body.id, 'owner'),
      accountID: id,
    })
    assert.equal(bound.status, 201, bound.text)
    const token = await post(`${path}/core/v1/users/${user.body.id}/tokens`, {
      type: 'application/astra-token',
      version: '1.0',
      name: 'first',
    })
    const asBoss = { token: token.body.token as string }
    assertProblem(await api.call('GET', path, asBoss), 403, 14)
    const activate = { ...accountBody('second'), state: 'active', isEnabled: 'true' }
    assert.equal((await put(path, activate)).status, 204)
    assertProblem(await api.call('GET', path), 404, 2)
    const own = await api.call('GET', path, asBoss)
    assert.equal(own.body.state, 'active')
    assert.ok(own.body.enabledTimestamp)
    assert.equal((await api.call('GET', '/accounts', asBoss)).body.items.length, 1)
    assert.equal((await api.call('DELETE', path, asBoss)).status, 204)
    assertProblem(await api.call('GET', path, asBoss), 403, 14)
  })

  test('a contact becomes the first owner, who can be given a password', async () => {
    const { body } = await post('/accounts', accountBody('third'))
    const postalAddress = {
      addressCountry: 'DE',
      addressLocality: 'Bonn',
      addressRegion: 'NRW',
      postalCode: '53111',
      streetAddress1: 'Markt 1',
    }
    const contact = { firstName: 'C', lastName: 'D', email: 'contact@example.org', postalAddress }
    const path = `/accounts/${body.id}`
    const sent = { ...accountBody('third'), accountContact: contact }
    for (const email of ['x@y\r\nBcc: z@example.org', 'x', 'x@y\u0007', 'a@b, c@d']) {
      const bad = { ...sent, accountContact: { ...contact, email } }
      assertProblem(await put(path, bad), 400, 9)
    }
    assert.equal((await put(path, sent)).status, 204)
    const users = (await api.call('GET', `${path}/core/v1/users`)).body.items
    assert.equal(users.length, 1)
    await setPassword(users[0].id, { path })
    const activate = { ...accountBody('third'), state: 'active', isEnabled: 'true' }
    assert.equal((await put(path, activate)).status, 204)
    const session = await logIn({ email: contact.email, password: PASSWORD })
    assert.equal(session.body.role, 'owner')
    assert.equal(session.body.accountID, body.id)
  })
})

describe('the audit trail', () => {
  test('tells of writes, of refused ones, and of log-ins: who, what, where, which result', async () => {
    const email = 'audited@example.org'
    const { body: user } = await post('core/v1/users', userBody(email))
    const made = await eventsOf(user.id)
    assert.equal(made.length, 1)
    const [created] = made
    assert.equal(created.name, 'holdfast.audit.created')
    assert.equal(created.class, 'security')
    assert.equal(created.resourceType, 'application/astra-user')
    assert.equal(created.resourceMethod, 'post')
    assert.equal(created.resourceMethodResult, '201')
    assert.equal(created.userID, api.tenant.userID)
    assert.equal(created.data.remoteAddress, '127.0.0.1')
    assert.ok(created.data.ttl > 0)

    const viewer = await addUser(api.database, api.tenant.accountID, 'viewer')
    const path = `core/v1/users/${user.id}`
    assertProblem(await api.call('DELETE', path, { token: viewer.token }), 403, 11)
    assertProblem(await api.call('DELETE', path, { token: 'unknown' }), 401, 4)
    const denied = (await eventsOf(user.id)).slice(1)
    assert.deepEqual(
      denied.map(({ name, userID }) => [name, userID]),
      [
        ['holdfast.audit.denied', viewer.userID],
        ['holdfast.audit.denied', undefined],
      ],
    )
    const seen = await api.call('GET', 'core/v1/events', { token: viewer.token })
    assert.ok(!seen.text.includes('holdfast.audit'), 'for owners and admins')

    await bind(user.id, 'member')
    await setPassword(user.id)
    await logIn({ email, password: 'wrong password' })
    await logIn({ email, password: PASSWORD })
    const names = (await eventsOf(user.id)).map(({ name }) => name)
    assert.ok(names.includes('holdfast.login.refused'))
    assert.ok(names.includes('holdfast.login.accepted'))
    const rows = await api.database.queries.selectFrom('events').selectAll().execute()
    assert.ok(!JSON.stringify(rows).includes(PASSWORD))
  })

  test('strangers cannot fill it', async () => {
    const tenant = await addTenant(api.database)
    for (let count = 0; count < 35; count += 1) {
      await api.call('POST', `${tenant.path}/k8s/v2/apps`, { token: null, body: {} })
    }
    const events = await api.call('GET', `${tenant.path}/core/v1/events`, { token: tenant.token })
    assert.equal(events.body.items.length, 30)
  })
})

function userBody(email: string): object {
  return { type: 'application/astra-user', version: '1.2', email }
}

function accountBody(name: string): object {
  return { type: 'application/astra-account', version: '1.0', name }
}

function bindingBody(userID: string, role: Role): object {
  const { accountID } = api.tenant
  return { type: 'application/astra-roleBinding', version: '1.1', accountID, userID, role }
}

function post(path: string, body: object, options: CallOptions = {}): Promise<TestAnswer> {
  return api.call('POST', path, { ...options, body })
}

function put(path: string, body: object): Promise<TestAnswer> {
  return api.call('PUT', path, { body })
}

function putUser(id: string, members: object, options: CallOptions = {}): Promise<TestAnswer> {
  const body = { type: 'application/astra-user', version: '1.2', ...members }
  return api.call('PUT', `core/v1/users/${id}`, { ...options, body })
}

function bindAs(token: string, userID: string, role: Role): Promise<TestAnswer> {
  return post('core/v1/roleBindings', bindingBody(userID, role), { token })
}

async function bind(userID: string, role: Role): Promise<void> {
  const answer = await post('core/v1/roleBindings', bindingBody(userID, role))
  assert.equal(answer.status, 201, answer.text)
}

async function setPassword(
  userID: string,
  { change = false, path = api.tenant.path }: { change?: boolean; path?: string } = {},
): Promise<void> {
  const encode = (text: string) => Buffer.from(text).toString('base64')
  const answer = await post(`${path}/core/v1/credentials`, {
    type: 'application/astra-credential',
    version: '1.1',
    name: userID,
    keyType: 'passwordHash',
    keyStore: { cleartext: encode(PASSWORD), change: encode(String(change)) },
  })
  assert.equal(answer.status, 201, answer.text)
}

function logIn(body: object, headers: Record<string, string> = {}): Promise<TestAnswer> {
  return api.call('POST', SESSION, { token: null, body, headers })
}

async function sessionOf(email: string): Promise<string> {
  const { body } = await post('core/v1/users', userBody(email))
  await bind(body.id, 'member')
  await setPassword(body.id)
  return cookieOf(await logIn({ email, password: PASSWORD }))
}

function cookieOf(answer: TestAnswer): string {
  return /^[^;]+/.exec(String(answer.headers['set-cookie']))?.[0] ?? assert.fail(answer.text)
}

function withCookie(
  method: string,
  path: string,
  cookie: string,
  headers: Record<string, string> = {},
  body?: object,
): Promise<TestAnswer> {
  return api.call(method, path, {
    token: null,
    headers: { ...headers, cookie },
    ...(body === undefined ? {} : { body }),
  })
}

// biome-ignore lint/suspicious/noExplicitAny: events as they are answered.
async function eventsOf(resourceID: string): Promise<any[]> {
  const filter = encodeURIComponent(`resourceID eq '${resourceID}'`)
  const path = `core/v1/events?filter=${filter}&orderBy=sequenceCount`
  return (await api.call('GET', path)).body.items
}
