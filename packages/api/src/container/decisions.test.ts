// Where the documents of the dialect are silent: what is decided, each by its number.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { hexIDOf } from '@holdfast/db'
import { type Capability, DEFAULT_ROLES } from '@holdfast/domain'
import {
  addUser,
  assertAnswersConform,
  makeTestApi,
  type TestAnswer,
  type TestApi,
} from '../testing/test-api.ts'
import { completedBackup, manageApp, setApp } from '../testing/test-resources.ts'

let api: TestApi
before(async () => {
  api = await makeTestApi()
})
after(() => api.close())
afterEach(assertAnswersConform)

test('decision 7: capabilities decide, each for itself: who may restore may not follow the job', async () => {
  const { container, backup, instance } = await makeBackup('seven')
  const tasks = `containers/${container}/backups/${backup}/tasks`
  const body = { action: 'restore', contents: { instance_id: instance } }
  const [restorer, follower, reader] = [
    await makeKey('restorer', ['containers-backups-manage']),
    await makeKey('follower', ['apionly-jobs-view']),
    await makeKey('reader', ['containers-backups-view']),
  ]
  for (const token of [follower, reader]) {
    assertLacks(
      await api.callContainer('POST', tasks, { token, body }),
      'containers-backups-manage',
    )
  }
  const answer = await api.callContainer('POST', tasks, { token: restorer, body })
  assert.equal(answer.status, 202, answer.text)
  const job = `jobs/${answer.body.data.job.id}`
  for (const token of [restorer, reader]) {
    assertLacks(await api.callContainer('GET', job, { token }), 'apionly-jobs-view')
    assertLacks(await api.callContainer('GET', 'jobs', { token }), 'apionly-jobs-view')
    assertLacks(await api.callContainer('GET', 'jobs/latest', { token }), 'apionly-jobs-view')
  }
  const followed = await api.callContainer('GET', job, { token: follower })
  assert.equal(followed.status, 200)
  assert.equal(followed.body.data.creator.type, 'api-key')

  const list = `containers/${container}/backups`
  assert.equal((await api.callContainer('GET', list, { token: reader })).status, 200)
  for (const token of [restorer, follower]) {
    assertLacks(await api.callContainer('GET', list, { token }), 'containers-backups-view')
    assertLacks(await api.callContainer('GET', 'containers', { token }), 'containers-view')
  }
})

test('decision 7: the six default roles exist, custom ones can be made, users have theirs by name', async () => {
  const { body } = await api.callContainer('GET', 'hubs/current/roles')
  const found = body.data.map(({ identifier }: { identifier: string }) => identifier)
  for (const { identifier } of DEFAULT_ROLES) assert.ok(found.includes(identifier), identifier)

  // Owner, admin, member and viewer of the service are owner, admin, developer and analyst.
  const mayDo: Readonly<Record<string, readonly boolean[]>> = {
    owner: [true, true, true, true],
    admin: [true, true, true, true],
    member: [true, false, true, true],
    viewer: [true, false, true, false],
  }
  for (const [role, expected] of Object.entries(mayDo)) {
    const { token } = await addUser(api.database, api.tenant.accountID, role as 'owner')
    const found = await Promise.all(
      ['containers', 'hubs/current/api-keys', 'jobs'].map(
        async (path) => (await api.callContainer('GET', path, { token })).status === 200,
      ),
    )
    const nobody = `containers/${'0'.repeat(24)}/backups/${'0'.repeat(24)}`
    const deleted = await api.callContainer('DELETE', nobody, { token })
    assert.deepEqual([...found, deleted.status === 404], expected, role)
  }
})

test('decision 7: a role of a user that is changed here decides here alone, and at once', async () => {
  const { token } = await addUser(api.database, api.tenant.accountID, 'viewer')
  const { body } = await api.callContainer('GET', 'hubs/current/roles?filter[identifier]=analyst')
  const [{ id, capabilities }] = body.data
  const path = `hubs/current/roles/${id}`
  const set = (specific: readonly string[]) =>
    api.callContainer('PATCH', path, { body: { capabilities: { all: false, specific } } })
  await set([])
  assertLacks(await api.callContainer('GET', 'containers', { token }), 'containers-view')
  assert.equal((await api.call('GET', 'k8s/v2/apps', { token })).status, 200)
  await set(capabilities.specific)
  assert.equal((await api.callContainer('GET', 'containers', { token })).status, 200)
})

async function makeBackup(namespace: string) {
  const appID = await manageApp(api, namespace)
  await setApp(api, appID, { state: 'ready' })
  await completedBackup(api, appID)
  const container = hexIDOf(appID)
  const { body } = await api.callContainer('GET', `containers/${container}/backups`)
  const [{ id: backup, instance_id: instance }] = body.data
  return { container, backup, instance }
}

/** Of a role with just these capabilities; answers the secret. */
async function makeKey(identifier: string, specific: readonly Capability[]): Promise<string> {
  const role = await api.callContainer('POST', 'hubs/current/roles', {
    body: { identifier, rank: 1, capabilities: { all: false, specific } },
  })
  const key = await api.callContainer('POST', 'hubs/current/api-keys', {
    body: { name: identifier, role_id: role.body.data.id },
  })
  assert.equal(key.status, 201, key.text)
  return key.body.data.secret
}

function assertLacks(answer: TestAnswer, capability: Capability): void {
  assert.equal(answer.status, 403, answer.text)
  assert.equal(answer.body.error.code, '403.permissions')
  assert.deepEqual(answer.body.error.extra, { capability })
}
