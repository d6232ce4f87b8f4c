// Roles of the hub: what every hub begins with, custom ones, and who may change which.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { hexIDOf } from '@holdfast/db'
import { CAPABILITIES, DEFAULT_ROLES } from '@holdfast/domain'
import {
  addUser,
  assertAnswersConform,
  makeTestApi,
  type TestAnswer,
  type TestApi,
} from '../testing/test-api.ts'

const ROLES = 'hubs/current/roles'

let api: TestApi
before(async () => {
  api = await makeTestApi()
})
after(() => api.close())
afterEach(assertAnswersConform)

test('capabilities and default roles are told to everybody', async () => {
  const everybody = { token: null, hub: null }
  const capabilities = await api.callContainer('GET', 'hubs/capabilities', everybody)
  assert.equal(capabilities.status, 200)
  assert.deepEqual(capabilities.body.data, CAPABILITIES)
  assert.deepEqual(Object.keys(capabilities.body.meta.captions), CAPABILITIES)
  const defaults = await api.callContainer('GET', `${ROLES}/defaults`, everybody)
  assert.equal(defaults.status, 200)
  assert.deepEqual(
    defaults.body.data,
    DEFAULT_ROLES.map(({ name, identifier, isRoot, capabilities: held }) => ({
      name,
      identifier,
      root: isRoot,
      capabilities: held,
    })),
  )
})

test('a hub begins with the six default roles, and counts who has them', async () => {
  const { body } = await api.callContainer('GET', `${ROLES}?meta=counts&sort=-rank`)
  assert.deepEqual(
    body.data.map((role: Role) => [role.identifier, role.default, role.rank, role.root]),
    DEFAULT_ROLES.map(({ identifier, rank, isRoot }) => [identifier, identifier, rank, isRoot]),
  )
  assert.deepEqual(body.data[0].meta, { counts: { members: 1, api_keys: 0 } })
  assert.deepEqual(body.data[0].creator, { id: hexIDOf(api.tenant.accountID), type: 'platform' })
  assert.equal(body.data[0].events.deleted, '0001-01-01T00:00:00Z')
})

test('roles are sorted, filtered and given in pages', async () => {
  const list = async (query: string) => {
    const { body } = await api.callContainer('GET', `${ROLES}?${query}`)
    return body.data.map(({ identifier }: Role) => identifier)
  }
  assert.deepEqual(await list('sort=identifier&page[size]=2&page[number]=2'), [
    'consultant',
    'dev_ops',
  ])
  assert.deepEqual(await list('page%5Bsize%5D=2&page%5Bnumber%5D=4'), [])
  assert.deepEqual(await list('filter[search]=DEV&sort=-name'), ['developer', 'dev_ops'])
  assert.deepEqual(await list('filter[identifier]=owner,analyst&sort=rank'), ['analyst', 'owner'])
})

test('a role of the hub is made, read, changed and deleted', async () => {
  const body = {
    identifier: 'restorer',
    rank: 4,
    name: 'Restores at night',
    capabilities: { all: false, specific: ['containers-backups-manage'] },
    extra: { team: 'night' },
  }
  const made = await api.callContainer('POST', ROLES, { body })
  assert.equal(made.status, 201)
  const { id, events, ...role } = made.body.data
  const hub = hexIDOf(api.tenant.accountID)
  assert.deepEqual(role, {
    ...body,
    root: false,
    default: null,
    creator: { id: hexIDOf(api.tenant.userID), type: 'account' },
    hub_id: hub,
    state: { current: 'live', changed: events.created },
  })
  assert.deepEqual((await api.callContainer('GET', `${ROLES}/${id}`)).body.data, made.body.data)

  api.clock.now = new Date('2026-05-04T11:00:00.000Z')
  const patch = { name: null, capabilities: null, rank: 5, extra: null }
  const changed = await api.callContainer('PATCH', `${ROLES}/${id}`, { body: patch })
  assert.equal(changed.status, 200)
  assert.deepEqual(changed.body.data, {
    ...made.body.data,
    name: null,
    rank: 5,
    extra: {},
    events: { ...events, updated: '2026-05-04T11:00:00.000Z' },
  })

  const deleted = await api.callContainer('DELETE', `${ROLES}/${id}`)
  assert.equal(deleted.status, 202)
  assert.equal(deleted.body.data.action, 'delete')
  const { rows } = await api.database.pool.query(
    'select state, kind, name, user_id from tasks where resource_id::text like $1',
    [`${id.slice(0, 8)}-%`],
  )
  assert.deepEqual(rows, [
    {
      state: 'completed',
      kind: 'immediate',
      name: 'holdfast.hub.role.delete',
      user_id: api.tenant.userID,
    },
  ])
  assert.deepEqual(api.startedTasks, [], 'nothing is left to do')
  assertError(await api.callContainer('GET', `${ROLES}/${id}`), '404.hub.role')
  assertError(await api.callContainer('DELETE', `${ROLES}/${id}`), '404.hub.role')
})

test('of two that make the same role at once, one makes it', async () => {
  const body = { identifier: 'raced', rank: 1 }
  const answers = await Promise.all(
    [1, 2, 3, 4].map(() => api.callContainer('POST', ROLES, { body })),
  )
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [201, 409, 409, 409])
})

test('a role that is deleted is given to no key at the same time', async () => {
  for (let round = 0; round < 5; round += 1) {
    const body = { identifier: `brief-${round}`, rank: 1 }
    const { id } = (await api.callContainer('POST', ROLES, { body })).body.data
    const [deleted, made] = await Promise.all([
      api.callContainer('DELETE', `${ROLES}/${id}`),
      api.callContainer('POST', 'hubs/current/api-keys', { body: { name: 'x', role_id: id } }),
    ])
    assert.deepEqual(
      [deleted.status, made.status].toSorted(),
      deleted.status === 202 ? [202, 422] : [201, 403],
    )
  }
})

test('the hub is read by everybody who has a token, and says what it is', async () => {
  const { accountID } = api.tenant
  const { token } = await addUser(api.database, accountID, 'viewer')
  const options = { token, hub: null }
  const answer = await api.callContainer('GET', 'hubs/current?meta=memberships', options)
  assert.equal(answer.status, 200)
  const { events, ...hub } = answer.body.data
  assert.deepEqual(hub, {
    id: hexIDOf(accountID),
    identifier: 'test',
    name: 'Test',
    creator: { id: hexIDOf(accountID), type: 'platform' },
    state: { current: 'live', changed: events.created },
    security: { force_2fa: false },
    integrations: {},
    webhooks: { server_deployed: null, server_deleted: null },
    billing: null,
  })
  assert.equal(events.deleted, '0001-01-01T00:00:00Z')
  assert.equal((await api.callContainer('GET', 'hubs/current', { token: null })).status, 401)
})

test('faults of a role are told with their place', async () => {
  const role = { identifier: 'faulty', rank: 1 }
  const faults: readonly (readonly [object, string, string])[] = [
    [{ rank: 1 }, '422.missing-argument', '/identifier'],
    [{ identifier: 'faulty' }, '422.missing-argument', '/rank'],
    [{ ...role, rank: 11 }, '422.invalid-argument', '/rank'],
    [{ ...role, name: 'two\nlines' }, '422.invalid-argument', '/name'],
    [{ ...role, rank: 1.5 }, '422.invalid-argument', '/rank'],
    [{ ...role, identifier: '' }, '422.invalid-argument', '/identifier'],
    [{ ...role, identifier: 'with space' }, '422.invalid-argument', '/identifier'],
    [
      { ...role, capabilities: { all: false, specific: ['containers-fly'] } },
      '422.invalid-argument',
      '/capabilities/specific/0',
    ],
    [{ ...role, capabilities: { all: false } }, '422.missing-argument', '/capabilities/specific'],
    [{ ...role, extra: { one: 1 } }, '422.invalid-argument', '/extra/one'],
    [
      { ...role, extra: Object.fromEntries(Array.from({ length: 65 }, (_, at) => [at, 'x'])) },
      '422.invalid-argument',
      '/extra',
    ],
    [{ ...role, permissions: [] }, '422.invalid-argument', '/permissions'],
  ]
  for (const [body, code, source] of faults) {
    const answer = await api.callContainer('POST', ROLES, { body })
    assertError(answer, code)
    assert.equal(answer.body.error.source, source)
  }
  const taken = await api.callContainer('POST', ROLES, { body: { ...role, identifier: 'admin' } })
  assertError(taken, '409.duplicate-found')
  assert.equal(taken.body.error.source, '/identifier')
})

test('default roles can be changed, and neither deleted nor renamed; the owner stays as it is', async () => {
  const analyst = await roleNamed('analyst')
  const specific = [...analyst.capabilities.specific, 'images-view']
  const body = { identifier: 'analyst', rank: 2, capabilities: { all: false, specific } }
  const changed = await api.callContainer('PATCH', `${ROLES}/${analyst.id}`, { body })
  assert.equal(changed.status, 200)
  assert.deepEqual(changed.body.data.capabilities.specific, specific)
  assert.equal(changed.body.data.default, 'analyst')
  const renamed = await api.callContainer('PATCH', `${ROLES}/${analyst.id}`, {
    body: { identifier: 'reader' },
  })
  assertError(renamed, '422.not-compatible')
  assert.equal(renamed.body.error.source, '/identifier')
  assertError(await api.callContainer('DELETE', `${ROLES}/${analyst.id}`), '403.not-allowed')
  const owner = await roleNamed('owner')
  for (const [method, options] of [
    ['PATCH', { body: { name: 'Boss' } }],
    ['DELETE', {}],
  ] as const) {
    assertError(await api.callContainer(method, `${ROLES}/${owner.id}`, options), '403.not-allowed')
  }
})

test('an admin changes lower roles, with what an admin has', async () => {
  const admin = await addUser(api.database, api.tenant.accountID, 'admin')
  const as = { token: admin.token }
  const make = (rank: number, capabilities: object) =>
    api.callContainer('POST', ROLES, {
      ...as,
      body: { identifier: `by-admin-${rank}`, rank, capabilities },
    })
  assert.equal((await make(8, specific('containers-view'))).status, 201)
  assertError(await make(9, specific()), '403.not-allowed')
  assertError(await make(10, specific()), '403.not-allowed')
  const beyond = await make(3, specific('containers-view', 'hubs-delete'))
  assertError(beyond, '403.permissions')
  assert.deepEqual(beyond.body.error.extra, { capability: 'hubs-delete' })
  assertError(await make(3, { all: true, specific: [] }), '403.permissions')
  for (const identifier of ['admin', 'owner']) {
    const { id } = await roleNamed(identifier)
    const patch = { ...as, body: { rank: 1 } }
    assertError(await api.callContainer('PATCH', `${ROLES}/${id}`, patch), '403.not-allowed')
  }
  const { id } = await roleNamed('consultant')
  const raise = (body: object) => api.callContainer('PATCH', `${ROLES}/${id}`, { ...as, body })
  assertError(await raise({ rank: 9 }), '403.not-allowed')
  assertError(await raise({ capabilities: specific('servers-manage') }), '403.permissions')
  assertError(await raise({ capabilities: { all: true, specific: [] } }), '403.permissions')
  assert.equal((await raise({ capabilities: specific('containers-view') })).status, 200)

  // What an owner gave before stays, although the admin could not give it.
  const developer = await roleNamed('developer')
  const more = specific(...developer.capabilities.specific, 'images-view')
  const path = `${ROLES}/${developer.id}`
  assert.equal(
    (await api.callContainer('PATCH', path, { body: { capabilities: more } })).status,
    200,
  )
  const name = { ...as, body: { name: 'Dev', capabilities: more } }
  assert.equal((await api.callContainer('PATCH', path, name)).status, 200)
})

test('who has every capability by name gives no role that has all by definition', async () => {
  const body = { identifier: 'everything', rank: 9, capabilities: specific(...CAPABILITIES) }
  const { body: role } = await api.callContainer('POST', ROLES, { body })
  const key = await api.callContainer('POST', 'hubs/current/api-keys', {
    body: { name: 'everything', role_id: role.data.id },
  })
  const answer = await api.callContainer('POST', ROLES, {
    token: key.body.data.secret,
    body: { identifier: 'usurper', rank: 1, capabilities: { all: true, specific: [] } },
  })
  assertError(answer, '403.permissions')
})

test('roles are for those who manage them', async () => {
  for (const role of ['member', 'viewer'] as const) {
    const { token } = await addUser(api.database, api.tenant.accountID, role)
    const answer = await api.callContainer('GET', ROLES, { token })
    assertError(answer, '403.permissions')
    assert.deepEqual(answer.body.error.extra, { capability: 'hubs-roles-manage' })
  }
})

interface Role {
  readonly id: string
  readonly identifier: string
  readonly default: string | null
  readonly rank: number
  readonly root: boolean
  readonly capabilities: { readonly specific: readonly string[] }
}

function specific(...names: readonly string[]) {
  return { all: false, specific: names }
}

async function roleNamed(identifier: string): Promise<Role> {
  const { body } = await api.callContainer('GET', `${ROLES}?filter[identifier]=${identifier}`)
  return body.data[0]
}

function assertError(answer: TestAnswer, code: string): void {
  assert.equal(answer.body?.error?.code, code, answer.text)
  assert.equal(answer.status, Number(code.slice(0, 3)))
}
