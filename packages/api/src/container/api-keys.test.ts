// API keys: their life in both dialects, where they may come from, and what they never give.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { findTaskSignal, hexIDOf, isAccountOwner } from '@holdfast/db'
import type { Capability } from '@holdfast/domain'
import {
  addTenant,
  addUser,
  assertAnswersConform,
  makeTestApi,
  type TestAnswer,
  type TestApi,
} from '../testing/test-api.ts'
import { manageApp, tasksOf } from '../testing/test-resources.ts'

const KEYS = 'hubs/current/api-keys'
const ROLES = 'hubs/current/roles'

let api: TestApi
let appID: string
before(async () => {
  api = await makeTestApi()
  appID = await manageApp(api, 'shop')
})
after(() => api.close())
afterEach(assertAnswersConform)

test('a key shows its secret once, works in both dialects, and ends when it is deleted', async () => {
  const role = await roleNamed('developer')
  const made = await api.callContainer('POST', KEYS, {
    body: { name: 'nightly', role_id: role.id },
  })
  assert.equal(made.status, 201)
  const { secret, ...key } = made.body.data
  assert.match(secret, /^hfk_[-_A-Za-z0-9]{43}$/)
  assert.deepEqual(key, {
    id: key.id,
    hub_id: hexIDOf(api.tenant.accountID),
    name: 'nightly',
    creator: { id: hexIDOf(api.tenant.userID), type: 'account' },
    role_id: role.id,
    ips: null,
    state: { current: 'live', changed: key.events.created },
    events: {
      created: key.events.created,
      updated: key.events.created,
      deleted: '0001-01-01T00:00:00Z',
    },
  })
  const read = await api.callContainer('GET', `${KEYS}/${key.id}?include=roles`)
  assert.deepEqual(read.body.data, { ...key, secret: '' })
  assert.deepEqual(read.body.includes, {
    roles: { [role.id]: role },
    'roles:identifiers': { developer: role.id },
  })
  const list = await api.callContainer('GET', `${KEYS}?filter[search]=NIGHT&filter[state]=live`)
  assert.deepEqual(list.body.data, [{ ...key, secret: '' }])
  await assertNowhereKept(secret)

  assert.equal((await api.callContainer('GET', 'hubs/current', { token: secret })).status, 200)
  assert.equal((await api.call('GET', 'k8s/v2/apps', { token: secret })).status, 200)
  const renamed = await api.callContainer('PATCH', `${KEYS}/${key.id}`, { body: { name: 'daily' } })
  assert.equal(renamed.body.data.name, 'daily')
  assert.equal(renamed.body.data.secret, '')

  const deleted = await api.callContainer('DELETE', `${KEYS}/${key.id}`)
  assert.equal(deleted.status, 200)
  assert.equal(deleted.body.data.state.current, 'deleted')
  assert.equal(deleted.body.data.events.deleted, deleted.body.data.state.changed)
  assertError(await api.callContainer('GET', `${KEYS}/${key.id}`), '404.hub.api-key')
  assertError(await api.callContainer('DELETE', `${KEYS}/${key.id}`), '404.hub.api-key')
  assert.equal((await api.callContainer('GET', 'hubs/current', { token: secret })).status, 401)
  assert.equal((await api.call('GET', 'k8s/v2/apps', { token: secret })).status, 401)
})

test('the use of a key is noted to the minute', async () => {
  const { id, secret } = await makeKey(['containers-view'])
  const lastUse = async () => {
    const { rows } = await api.database.pool.query(
      `select last_used_at::text as at from api_keys where id::text like $1`,
      [`${id.slice(0, 8)}-%`],
    )
    return rows[0].at as string | null
  }
  const use = () => api.callContainer('GET', 'hubs/current', { token: secret })
  assert.equal(await lastUse(), null)
  await use()
  const first = await lastUse()
  assert.notEqual(first, null)
  await use()
  assert.equal(await lastUse(), first)
  await api.database.pool.query(`update api_keys set last_used_at = now() - interval '61 seconds'`)
  const before = await lastUse()
  await use()
  assert.notEqual(await lastUse(), before)
})

test('a key belongs to one hub', async () => {
  const other = await addTenant(api.database)
  const { id, secret } = await makeKey(['containers-view'], { rank: 1 })
  const elsewhere = { token: secret, hub: hexIDOf(other.accountID) }
  assertError(await api.callContainer('GET', 'hubs/current', elsewhere), '403.wrong-hub')
  const foreign = { token: other.token, hub: hexIDOf(other.accountID) }
  assertError(await api.callContainer('GET', `${KEYS}/${id}`, foreign), '404.hub.api-key')
  assertError(await api.callContainer('DELETE', `${KEYS}/${id}`, foreign), '404.hub.api-key')
  const { id: roleID } = await roleNamed('analyst')
  const body = { name: 'foreign', role_id: roleID }
  const made = await api.callContainer('POST', KEYS, { ...foreign, body })
  assertError(made, '422.invalid-argument')
  assert.equal(made.body.error.source, '/role_id')
  const path = `/accounts/${other.accountID}/k8s/v2/apps`
  assert.equal((await api.call('GET', path, { token: secret })).status, 404)
})

test('what a key may in the application dialect follows from its capabilities, at once', async () => {
  const { secret, roleID } = await makeKey(['containers-backups-manage'])
  const mayList = async () => (await api.call('GET', 'k8s/v2/apps', { token: secret })).status
  const mayBackUp = async () => {
    const body = { type: 'application/astra-appBackup', version: '1.2' }
    const path = `k8s/v1/apps/${appID}/appBackups`
    return (await api.call('POST', path, { token: secret, body })).status
  }
  assert.equal(await mayList(), 403)
  await give(roleID, ['containers-view', 'containers-backups-view'])
  assert.equal(await mayList(), 200)
  assert.equal(await mayBackUp(), 403)
  await give(roleID, [
    'containers-view',
    'containers-backups-view',
    'containers-manage',
    'containers-backups-manage',
  ])
  assert.equal(await mayBackUp(), 201)
  assert.equal((await api.call('GET', 'core/v1/users', { token: secret })).status, 200)
  await give(roleID, [])
  assert.equal(await mayList(), 403)
})

test('a key may be used from its addresses alone, in both dialects', async () => {
  const { id, secret } = await makeKey(['containers-view', 'containers-backups-view'])
  const set = async (ips: readonly string[] | null) => {
    const answer = await api.callContainer('PATCH', `${KEYS}/${id}`, { body: { ips } })
    assert.equal(answer.status, 200)
    return answer.body.data.ips
  }
  const hub = () => api.callContainer('GET', 'hubs/current', { token: secret })
  const apps = () => api.call('GET', 'k8s/v2/apps', { token: secret })
  assert.deepEqual(await set(['192.0.2.0/24', '2001:db8::/32']), ['192.0.2.0/24', '2001:db8::/32'])
  assertError(await hub(), '403.invalid-ip')
  const refused = await apps()
  assert.equal(refused.status, 403)
  assert.equal(refused.body.type, 'https://astra.netapp.io/problems/14')
  assert.match(refused.body.holdfast.reason, /127\.0\.0\.1/)
  await set(['192.0.2.0/24', '127.0.0.1'])
  assert.equal((await hub()).status, 200)
  assert.equal((await apps()).status, 200)
  assert.equal(await set([]), null)
  assert.equal((await hub()).status, 200)

  const bad = await api.callContainer('PATCH', `${KEYS}/${id}`, {
    body: { ips: ['192.0.2.1', 'example.org'] },
  })
  assertError(bad, '422.invalid-argument')
  assert.equal(bad.body.error.source, '/ips/1')
})

test('the name of a key, which stands in events, is one line', async () => {
  const role_id = await idOf('analyst')
  for (const name of ['nightly\nAPI key owner', 'nightly\u2028', '\u001b[2K']) {
    const answer = await api.callContainer('POST', KEYS, { body: { name, role_id } })
    assertError(answer, '422.invalid-argument')
    assert.equal(answer.body.error.source, '/name')
  }
})

test('behind trusted proxies the address of a client is the one that they tell', async (t) => {
  const { id, secret } = await makeKey(['containers-view'])
  await api.callContainer('PATCH', `${KEYS}/${id}`, { body: { ips: ['192.0.2.7'] } })
  const headers = {
    authorization: `Bearer ${secret}`,
    'x-hub-id': hexIDOf(api.tenant.accountID),
    'x-forwarded-for': '192.0.2.7',
  }
  const request = { method: 'GET', url: '/v1/hubs/current', headers } as const
  assert.equal((await api.app.inject(request)).statusCode, 403, 'anybody can write that header')
  const behind = await api.buildOn(api.database, { trustedProxies: ['127.0.0.1'] })
  t.after(() => behind.close())
  assert.equal((await behind.inject(request)).statusCode, 200)
  const mapped = { ...request, headers: { ...headers, 'x-forwarded-for': '::ffff:192.0.2.7' } }
  assert.equal((await behind.inject(mapped)).statusCode, 200)
  const other = { ...request, headers: { ...headers, 'x-forwarded-for': '192.0.2.8' } }
  assert.equal((await behind.inject(other)).statusCode, 403)
})

test('nobody gives a key more than they have', async () => {
  const admin = await addUser(api.database, api.tenant.accountID, 'admin')
  const asAdmin = (identifier: string) => makeKeyOf(identifier, { token: admin.token })
  assertError(await asAdmin('owner'), '403.not-allowed')
  assert.equal((await asAdmin('admin')).status, 201)
  assert.equal((await asAdmin('developer')).status, 201)

  // A role of a low rank that has more than an admin, and one of nothing with a high rank.
  const low = await addRole(['hubs-delete'], 1)
  const beyond = await api.callContainer('POST', KEYS, {
    token: admin.token,
    body: { name: 'low', role_id: low },
  })
  assertError(beyond, '403.permissions')
  assert.deepEqual(beyond.body.error.extra, { capability: 'hubs-delete' })

  const { secret, id } = await makeKey(['api-keys-manage', 'containers-view'], { rank: 5 })
  const asKey = { token: secret }
  const high = await addRole([], 6)
  for (const role_id of [high, (await roleNamed('developer')).id, (await roleNamed('owner')).id]) {
    const post = await api.callContainer('POST', KEYS, { ...asKey, body: { name: 'up', role_id } })
    assert.equal(post.status, 403, post.text)
    const path = `${KEYS}/${id}`
    const patch = await api.callContainer('PATCH', path, { ...asKey, body: { role_id } })
    assert.equal(patch.status, 403, patch.text)
  }
  const same = await addRole(['containers-view'], 5)
  const body = { name: 'equal', role_id: same }
  const made = await api.callContainer('POST', KEYS, { ...asKey, body })
  assert.equal(made.status, 201)
  assert.deepEqual(made.body.data.creator, { id, type: 'api-key' })
})

test('nobody touches a key of a higher role', async () => {
  const admin = await addUser(api.database, api.tenant.accountID, 'admin')
  const { body } = await makeKeyOf('owner')
  const path = `${KEYS}/${body.data.id}`
  const as = { token: admin.token }
  for (const change of [
    { name: 'mine' },
    { ips: ['127.0.0.1'] },
    { role_id: await idOf('analyst') },
  ]) {
    const answer = await api.callContainer('PATCH', path, { ...as, body: change })
    assertError(answer, '403.not-allowed')
  }
  assertError(await api.callContainer('DELETE', path, as), '403.not-allowed')
  assert.equal((await api.callContainer('DELETE', path)).status, 200)
})

test('a role is not deleted while a key has it', async () => {
  const { id, roleID } = await makeKey(['containers-view'])
  const refused = await api.callContainer('DELETE', `${ROLES}/${roleID}`)
  assertError(refused, '403.invalid-state')
  await api.callContainer('DELETE', `${KEYS}/${id}`)
  assert.equal((await api.callContainer('DELETE', `${ROLES}/${roleID}`)).status, 202)
})

test('a key that is bound to addresses makes nothing that works from others', async () => {
  const { body } = await makeKeyOf('owner', { ips: ['127.0.0.1'] })
  const { id, secret: token } = body.data
  const role_id = await idOf('analyst')
  const post = await api.callContainer('POST', KEYS, { token, body: { name: 'free', role_id } })
  assertError(post, '403.not-allowed')
  const patch = await api.callContainer('PATCH', `${KEYS}/${id}`, { token, body: { ips: null } })
  assertError(patch, '403.not-allowed')
  const { userID } = api.tenant
  const tokenOfOwner = await postToken(userID, token)
  assert.equal(tokenOfOwner.status, 403, tokenOfOwner.text)
  const password = await api.call('POST', 'core/v1/credentials', {
    token,
    body: {
      type: 'application/astra-credential',
      version: '1.1',
      name: userID,
      keyType: 'passwordHash',
      keyStore: { cleartext: base64('a password of the tests'), change: base64('false') },
    },
  })
  assert.equal(password.status, 403, password.text)

  // Nor is more given to those who have a secret already.
  const viewer = await addUser(api.database, api.tenant.accountID, 'viewer')
  const binding = await api.call('POST', 'core/v1/roleBindings', {
    token,
    body: {
      type: 'application/astra-roleBinding',
      version: '1.1',
      accountID: api.tenant.accountID,
      userID: viewer.userID,
      role: 'owner',
    },
  })
  assert.equal(binding.status, 403, binding.text)
  const role = `${ROLES}/${role_id}`
  const { capabilities, rank } = (await api.callContainer('GET', role)).body.data
  const specific = [...capabilities.specific, 'containers-manage']
  for (const more of [{ capabilities: { all: false, specific } }, { rank: rank + 1 }]) {
    assertError(await api.callContainer('PATCH', role, { token, body: more }), '403.not-allowed')
  }
  const same = await api.callContainer('PATCH', role, { token, body: { capabilities, rank } })
  assert.equal(same.status, 200, same.text)
})

test('a key is no user: it has no tokens, and changes people as far as its role may', async () => {
  const { userID } = api.tenant
  const developer = (await makeKeyOf('developer')).body.data
  const uuid = await uuidOf(developer.id)
  assert.equal((await postToken(uuid, developer.secret)).status, 404)
  assert.equal((await postToken(userID, developer.secret)).status, 403)
  const admin = (await makeKeyOf('admin')).body.data
  assert.equal((await postToken(await uuidOf(admin.id), admin.secret)).status, 404)
  assert.equal((await postToken(userID, admin.secret)).status, 403, 'of an owner')
  const viewer = await addUser(api.database, api.tenant.accountID, 'viewer')
  assert.equal((await postToken(viewer.userID, admin.secret)).status, 201)
  const raise = await api.call('POST', 'core/v1/roleBindings', {
    token: admin.secret,
    body: {
      type: 'application/astra-roleBinding',
      version: '1.1',
      accountID: api.tenant.accountID,
      userID: viewer.userID,
      role: 'owner',
    },
  })
  assert.equal(raise.status, 403, raise.text)
})

test('a key does not become more by way of a user', async () => {
  const needs = [
    'containers-manage',
    'containers-backups-manage',
    'hubs-integrations-manage',
    'hubs-roles-manage',
    'api-keys-manage',
  ] as const
  const [admin, member] = [
    await addUser(api.database, api.tenant.accountID, 'admin'),
    await addUser(api.database, api.tenant.accountID, 'member'),
  ]
  // An admin in the other dialect, of a low rank here, and without the views of a developer.
  const low = await makeKey(needs, { rank: 1 })
  const high = await makeKey(needs, { rank: 9 })
  for (const { secret } of [low, high]) {
    for (const { userID } of [admin, member]) {
      const answer = await postToken(userID, secret)
      assert.equal(answer.status, 403, answer.text)
      assert.equal(answer.body.type, 'https://astra.netapp.io/problems/11')
    }
  }
  const { body } = await makeKeyOf('admin')
  assert.equal((await postToken(admin.userID, body.data.secret)).status, 201)
  assert.equal((await postToken(member.userID, body.data.secret)).status, 201)
})

test('what a key does is told as its own', async () => {
  const { body } = await makeKeyOf('developer', { name: 'teller' })
  const { id, secret: token } = body.data
  const uuid = await uuidOf(id)
  const backup = await api.call('POST', `k8s/v1/apps/${appID}/appBackups`, {
    token,
    body: { type: 'application/astra-appBackup', version: '1.2', name: 'by-key' },
  })
  assert.equal(backup.status, 201)
  assert.equal(backup.body.metadata.createdBy, uuid)
  const [task] = await tasksOf(api, backup.body.id)
  assert.equal(task?.user_id, uuid)
  const events = await api.call(
    'GET',
    `core/v1/events?filter=${encodeURIComponent(`resourceID eq '${backup.body.id}'`)}`,
  )
  const [event] = events.body.items
  assert.equal(event.userID, uuid)
  assert.match(event.description, /^API key teller at /)

  await api.call('POST', `holdfast/v1/tasks/${task?.id}/cancel`, { token })
  await api.callContainer('DELETE', `${KEYS}/${id}`)
  const execution = { taskID: task?.id ?? '', attempt: task?.attempt ?? 0 }
  const signal = await findTaskSignal(api.database, execution)
  assert.equal(signal?.cancelRequestedBy, 'the API key teller', 'also when it is gone')
})

test('a key with all capabilities is an owner, as long as it is there', async () => {
  const { accountID } = api.tenant
  const { body } = await makeKeyOf('owner')
  const userID = await uuidOf(body.data.id)
  const isOwner = () => isAccountOwner(api.database, { accountID, userID })
  assert.equal(await isOwner(), true)
  const admin = (await makeKeyOf('admin')).body.data
  const adminID = await uuidOf(admin.id)
  assert.equal(await isAccountOwner(api.database, { accountID, userID: adminID }), false)
  const other = await addTenant(api.database)
  const elsewhere = { accountID: other.accountID, userID }
  assert.equal(await isAccountOwner(api.database, elsewhere), false)
  await api.callContainer('DELETE', `${KEYS}/${body.data.id}`)
  assert.equal(await isOwner(), false)
})

test('a key of an account that is switched off is refused', async () => {
  const other = await addTenant(api.database)
  const hub = hexIDOf(other.accountID)
  const roles = await api.callContainer('GET', ROLES, { token: other.token, hub })
  const body = { name: 'off', role_id: roles.body.data[0].id }
  const made = await api.callContainer('POST', KEYS, { token: other.token, hub, body })
  await api.database.pool.query('update accounts set is_enabled = false where id = $1', [
    other.accountID,
  ])
  const use = { token: made.body.data.secret, hub }
  assertError(await api.callContainer('GET', 'hubs/current', use), '403.not-allowed')
})

test('keys are for those who manage them', async () => {
  const { token } = await addUser(api.database, api.tenant.accountID, 'member')
  for (const [method, path] of [
    ['GET', KEYS],
    ['DELETE', `${KEYS}/${'0'.repeat(24)}`],
  ] as const) {
    const answer = await api.callContainer(method, path, { token })
    assertError(answer, '403.permissions')
    assert.deepEqual(answer.body.error.extra, { capability: 'api-keys-manage' })
  }
})

interface KeyFacts {
  readonly name?: string
  readonly token?: string
  readonly ips?: readonly string[]
}

/** Of a default role. */
async function makeKeyOf(identifier: string, { name = 'test', token, ips }: KeyFacts = {}) {
  const body = { name, role_id: await idOf(identifier), ...(ips === undefined ? {} : { ips }) }
  return api.callContainer('POST', KEYS, { body, ...(token === undefined ? {} : { token }) })
}

/** Of a role of its own. */
async function makeKey(
  capabilities: readonly Capability[],
  { rank = 1 }: { readonly rank?: number } = {},
): Promise<{ readonly id: string; readonly secret: string; readonly roleID: string }> {
  const roleID = await addRole(capabilities, rank)
  const made = await api.callContainer('POST', KEYS, { body: { name: 'test', role_id: roleID } })
  assert.equal(made.status, 201, made.text)
  return { id: made.body.data.id, secret: made.body.data.secret, roleID }
}

let rolesMade = 0

async function addRole(specific: readonly Capability[], rank: number): Promise<string> {
  rolesMade += 1
  const body = { identifier: `role-${rolesMade}`, rank, capabilities: { all: false, specific } }
  const made = await api.callContainer('POST', ROLES, { body })
  assert.equal(made.status, 201, made.text)
  return made.body.data.id
}

async function give(roleID: string, specific: readonly Capability[]): Promise<void> {
  const body = { capabilities: { all: false, specific } }
  const answer = await api.callContainer('PATCH', `${ROLES}/${roleID}`, { body })
  assert.equal(answer.status, 200, answer.text)
}

async function roleNamed(identifier: string) {
  const { body } = await api.callContainer('GET', `${ROLES}?filter[identifier]=${identifier}`)
  return body.data[0]
}

async function idOf(identifier: string): Promise<string> {
  return (await roleNamed(identifier)).id
}

async function uuidOf(hexID: string): Promise<string> {
  const { rows } = await api.database.pool.query(
    `select id from api_keys where replace(id::text, '-', '') like $1`,
    [`${hexID}%`],
  )
  return rows[0].id
}

function postToken(userID: string, token: string): Promise<TestAnswer> {
  const body = { type: 'application/astra-token', version: '1.0', name: 'made' }
  return api.call('POST', `core/v1/users/${userID}/tokens`, { token, body })
}

/** Neither in the table nor in the log. */
async function assertNowhereKept(secret: string): Promise<void> {
  const { rows } = await api.database.pool.query('select api_keys::text as line from api_keys')
  assert.ok(rows.length > 0)
  assert.ok(!JSON.stringify(rows).includes(secret))
  assert.ok(!JSON.stringify(api.log).includes(secret))
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

function assertError(answer: TestAnswer, code: string): void {
  assert.equal(answer.body?.error?.code, code, answer.text)
  assert.equal(answer.status, Number(code.slice(0, 3)))
}
