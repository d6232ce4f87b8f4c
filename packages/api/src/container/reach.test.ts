// Users whose roles reach some namespaces only: what is beyond is not there in this dialect either.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, afterEach, before, test } from 'node:test'
import { hexIDOf, type Role } from '@holdfast/db'
import {
  addUser,
  assertAnswersConform,
  makeTestApi,
  type TestAnswer,
  type TestApi,
} from '../testing/test-api.ts'
import { configureBackups } from '../testing/test-containers.ts'
import { completedBackup, manageApp, setApp } from '../testing/test-resources.ts'

interface Place {
  readonly container: string
  readonly backup: string
  readonly instance: string
  /** `roleConstraints` */
  readonly reach: string
}

let api: TestApi
let shop: Place
let bank: Place
before(async () => {
  api = await makeTestApi()
  shop = await makePlace('shop')
  bank = await makePlace('bank')
})
after(() => api.close())
afterEach(assertAnswersConform)

test('what a role does not reach is in no list and answers 404', async () => {
  const token = await userWith(['owner', shop.reach])
  const containers = await api.callContainer('GET', 'containers', { token })
  assert.deepEqual(idsOf(containers), [shop.container])
  for (const path of readsOf(shop)) {
    const answer = await api.callContainer('GET', path, { token })
    assert.equal(answer.status, 200, `${path}: ${answer.text}`)
  }
  for (const path of readsOf(bank)) {
    assert.equal((await api.callContainer('GET', path, { token })).status, 404, path)
  }
  assertMissing(await restore(bank, token), '404.container')
  assertMissing(
    await api.callContainer('DELETE', `containers/${bank.container}/backups/${bank.backup}`, {
      token,
    }),
    '404.container',
  )
  const across = { ...shop, instance: bank.instance }
  assertMissing(await restore(across, token), '404.instance')
  const swapped = { ...shop, backup: bank.backup }
  assertMissing(await restore(swapped, token), '404.container.backup')
})

test('what belongs to the hub needs a role for all of it', async () => {
  const token = await userWith(['owner', shop.reach])
  for (const [path, capability] of [
    ['hubs/current/roles', 'hubs-roles-manage'],
    ['hubs/current/api-keys', 'api-keys-manage'],
  ] as const) {
    const answer = await api.callContainer('GET', path, { token })
    assert.equal(answer.status, 403)
    assert.deepEqual(answer.body.error.extra, { capability })
    assert.match(answer.body.error.detail, /for some containers only/)
  }
  assert.equal((await api.callContainer('GET', 'hubs/current', { token })).status, 200)
})

test('of several roles each reaches its own: a capability is there where its role is', async () => {
  const token = await userWith(['viewer', bank.reach], ['member', shop.reach])
  const containers = await api.callContainer('GET', 'containers?sort=name', { token })
  assert.deepEqual(idsOf(containers), [bank.container, shop.container])
  for (const path of [...readsOf(bank), ...readsOf(shop)]) {
    assert.equal((await api.callContainer('GET', path, { token })).status, 200, path)
  }
  assertMissing(await restore(bank, token), '404.container')
  const answer = await restore(shop, token)
  assert.equal(answer.status, 202, answer.text)

  // Who reaches the other namespace alone does not see the job of this one.
  const job = `jobs/${answer.body.data.job.id}`
  assert.equal((await api.callContainer('GET', job, { token })).status, 200)
  const stranger = await userWith(['member', bank.reach])
  assertMissing(await api.callContainer('GET', job, { token: stranger }), '404.job')
})

test('a bucket out of reach is not there either, whatever its state', async () => {
  const backups = { backup: { command: 'dump' } }
  assert.equal((await configureBackups(api, shop.container, backups)).status, 202)
  const made = await api.callContainer('POST', 'hubs/current/integrations', {
    body: {
      name: 'Not tried yet',
      identifier: 'not-tried-yet',
      vendor: 'aws-s3',
      auth: { key_id: 'id', secret: 'secret', region: 'eu-west-1' },
      extra: { bucket: 'not-tried-yet' },
    },
  })
  const integrationID: string = made.body.data.id
  const { items } = (await api.call('GET', 'topology/v1/buckets')).body
  const bucket = items.find(({ id }: { id: string }) => hexIDOf(id) === integrationID)
  const token = await userWith(['member', shop.reach])
  const answers: TestAnswer[] = []
  for (const bucketID of [bucket.id, randomUUID()]) {
    const path = `holdfast/v1/containers/${shop.container}/backups`
    answers.push(await api.call('POST', path, { token, body: { bucketID } }))
  }
  const [unseen, unknown] = answers.map(({ status, body: { type } }) => ({ status, type }))
  assert.deepEqual(unseen, unknown)
  assertMissing(
    await api.callContainer('GET', `hubs/current/integrations/${integrationID}`, { token }),
    '404.hub.integration',
  )
})

test('a user without a role reaches nothing', async () => {
  const { token } = await addUser(api.database, api.tenant.accountID, undefined)
  const answer = await api.callContainer('GET', 'containers', { token })
  assert.equal(answer.status, 403)
  assert.deepEqual(answer.body.error.extra, { capability: 'containers-view' })
})

async function makePlace(namespace: string): Promise<Place> {
  const appID = await manageApp(api, namespace)
  await setApp(api, appID, { state: 'ready' })
  await completedBackup(api, appID)
  const container = hexIDOf(appID)
  const { body } = await api.callContainer('GET', `containers/${container}/backups`)
  const [{ id: backup, instance_id: instance }] = body.data
  const namespaces = await api.call('GET', 'topology/v1/namespaces')
  const found = namespaces.body.items.find(({ name }: { name: string }) => name === namespace)
  return { container, backup, instance, reach: `namespaces:id='${found.id}'.*` }
}

function readsOf({ container, backup, instance }: Place): readonly string[] {
  const path = `containers/${container}`
  return [
    path,
    `${path}/instances`,
    `${path}/instances/${instance}`,
    `${path}/backups`,
    `${path}/backups/${backup}`,
    `${path}/backups/${backup}/logs`,
  ]
}

function restore(place: Place, token: string): Promise<TestAnswer> {
  return api.callContainer('POST', `containers/${place.container}/backups/${place.backup}/tasks`, {
    token,
    body: { action: 'restore', contents: { instance_id: place.instance } },
  })
}

async function userWith(...bindings: readonly (readonly [Role, string])[]): Promise<string> {
  const { accountID } = api.tenant
  const { userID, token } = await addUser(api.database, accountID, undefined)
  for (const [role, reach] of bindings) {
    const body = { type: 'application/astra-roleBinding', version: '1.1', accountID, userID, role }
    const answer = await api.call('POST', 'core/v1/roleBindings', {
      body: { ...body, roleConstraints: [reach] },
    })
    assert.equal(answer.status, 201, answer.text)
  }
  return token
}

function idsOf(answer: TestAnswer): readonly string[] {
  return answer.body.data.map(({ id }: { id: string }) => id)
}

function assertMissing(answer: TestAnswer, code: string): void {
  assert.equal(answer.status, 404, answer.text)
  assert.equal(answer.body.error.code, code)
}
