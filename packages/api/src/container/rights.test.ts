// Who may do what in the dialect: every route with every default role, and with roles that have or
// lack exactly its capability.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { hexIDOf } from '@holdfast/db'
import { CAPABILITIES, type Capability, type DefaultRoleIdentifier } from '@holdfast/domain'
import {
  CONTAINER_ROUTES,
  type ContainerIDs,
  type ContainerRow,
  filled,
  makeContainerIDs,
} from '../testing/container-routes.ts'
import {
  addUser,
  assertAnswersConform,
  makeTestApi,
  type TestAnswer,
  type TestApi,
} from '../testing/test-api.ts'
import { assertContainerError } from '../testing/test-containers.ts'
import { completedBackup, manageApp } from '../testing/test-resources.ts'

/** As the documents of the dialect have it; the owner has all. */
const ROLES_WITH: Readonly<Partial<Record<Capability, readonly DefaultRoleIdentifier[]>>> = {
  'containers-backups-view': ['admin', 'dev_ops', 'developer', 'consultant', 'analyst'],
  'containers-backups-manage': ['admin', 'dev_ops', 'developer'],
  'containers-view': ['admin', 'dev_ops', 'developer', 'consultant', 'analyst'],
  'containers-manage': ['admin', 'dev_ops', 'developer'],
  'hubs-integrations-view': ['admin', 'dev_ops', 'developer', 'consultant'],
  'hubs-integrations-manage': ['admin'],
  'apionly-jobs-view': ['admin', 'developer', 'analyst'],
  'api-keys-manage': ['admin'],
  'hubs-roles-manage': ['admin'],
}

const DEFAULTS: readonly DefaultRoleIdentifier[] = [
  'owner',
  'admin',
  'dev_ops',
  'developer',
  'consultant',
  'analyst',
]

/** What users of the other dialect are here. */
const DEFAULT_OF_USER = {
  owner: 'owner',
  admin: 'admin',
  member: 'developer',
  viewer: 'analyst',
} as const

let api: TestApi
let ids: ContainerIDs
const defaultKeys = new Map<DefaultRoleIdentifier, string>()
before(async () => {
  api = await makeTestApi()
  const appID = await manageApp(api, 'shop')
  await completedBackup(api, appID)
  ids = await makeContainerIDs(api, { containerId: hexIDOf(appID) })
  const { data } = (await api.callContainer('GET', 'hubs/current/roles')).body
  for (const { id, identifier } of data) {
    if (DEFAULTS.includes(identifier)) defaultKeys.set(identifier, await keyOf(id))
  }
  assert.equal(defaultKeys.size, DEFAULTS.length)
})
after(() => api.close())
afterEach(assertAnswersConform)

test('every capability that a route needs is in the table', () => {
  const needed = new Set(CONTAINER_ROUTES.map(([, , capability]) => capability))
  const own = [...needed].filter((capability) => capability !== 'public' && capability !== 'any')
  assert.deepEqual(own.toSorted(), Object.keys(ROLES_WITH).toSorted())
})

test('keys of the default roles may do what the documents say', async () => {
  for (const row of CONTAINER_ROUTES) {
    for (const role of DEFAULTS) {
      await assertRight(row, defaultKeys.get(role) ?? '', { role })
    }
  }
})

test('users may do what their role of the other dialect is here', async () => {
  for (const [role, here] of Object.entries(DEFAULT_OF_USER)) {
    const { accountID } = api.tenant
    const { token } = await addUser(api.database, accountID, role as keyof typeof DEFAULT_OF_USER)
    for (const row of CONTAINER_ROUTES) await assertRight(row, token, { role: here })
  }
})

test('one capability opens its own routes and no other', async () => {
  for (const capability of Object.keys(ROLES_WITH) as Capability[]) {
    const only = await keyWith(`only-${capability}`, [capability])
    const others = CAPABILITIES.filter((other) => other !== capability)
    const without = await keyWith(`without-${capability}`, others)
    for (const row of CONTAINER_ROUTES) {
      const needed = row[2]
      const isFree = needed === 'public' || needed === 'any'
      await assertMay(row, only, isFree || needed === capability)
      if (needed === capability) await assertMay(row, without, false)
    }
  }
})

async function assertRight(
  row: ContainerRow,
  token: string,
  { role }: { readonly role: DefaultRoleIdentifier },
): Promise<void> {
  const needed = row[2]
  const isFree = needed === 'public' || needed === 'any' || role === 'owner'
  await assertMay(row, token, isFree || ROLES_WITH[needed]?.includes(role) === true)
}

/** Nothing is changed: what the paths name is not there, and bodies say nothing. */
async function assertMay(row: ContainerRow, token: string, isAllowed: boolean): Promise<void> {
  const [method, path, capability] = row
  const answer = await send(row, token)
  const what = `${method} ${path}: ${answer.text}`
  if (!isAllowed) {
    assertContainerError(answer, '403.permissions')
    assert.deepEqual(answer.body.error.extra, { capability }, what)
    return
  }
  assert.ok(method === 'GET' ? answer.status === 200 : [404, 422].includes(answer.status), what)
}

function send([method, path]: ContainerRow, token: string): Promise<TestAnswer> {
  if (method === 'GET') return api.callContainer(method, filled(path, ids), { token })
  const nothing = Object.fromEntries(Object.keys(ids).map((name) => [name, '0'.repeat(24)]))
  const body = method === 'DELETE' ? {} : { body: {} }
  return api.callContainer(method, filled(path, nothing), { token, ...body })
}

async function keyWith(identifier: string, specific: readonly Capability[]): Promise<string> {
  const body = { identifier, name: identifier, rank: 0, capabilities: { all: false, specific } }
  const answer = await api.callContainer('POST', 'hubs/current/roles', { body })
  assert.equal(answer.status, 201, answer.text)
  return keyOf(answer.body.data.id)
}

async function keyOf(roleID: string): Promise<string> {
  const body = { name: `key of ${roleID}`, role_id: roleID }
  const answer = await api.callContainer('POST', 'hubs/current/api-keys', { body })
  assert.equal(answer.status, 201, answer.text)
  return answer.body.data.secret
}
