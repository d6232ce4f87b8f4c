// Settings and features of an account.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { readSetting } from '@holdfast/db'
import { PRODUCT_FEATURES, SETTING_DEFINITIONS, SETTING_NAMES } from '@holdfast/domain'
import { addUser, assertAnswersConform, makeTestApi, type TestApi } from '../testing/test-api.ts'
import { assertProblem, missingID } from '../testing/test-resources.ts'

let api: TestApi
before(async () => {
  api = await makeTestApi()
})
after(() => api.close())
afterEach(assertAnswersConform)

const TYPE = { type: 'application/astra-setting', version: '1.1' }

async function settingNamed(name: string) {
  const filter = encodeURIComponent(`name eq '${name}'`)
  const { items } = (await api.call('GET', `core/v1/settings?filter=${filter}`)).body
  assert.equal(items.length, 1)
  return items[0]
}

async function put(name: string, desiredConfig: unknown, token?: string) {
  const { id } = await settingNamed(name)
  const body = { ...TYPE, desiredConfig }
  const options = token === undefined ? { body } : { body, token }
  return api.call('PUT', `core/v1/settings/${id}`, options)
}

test('every setting is there from the beginning, once, with its schema and first values', async () => {
  const lists = await Promise.all(
    Array.from({ length: 5 }, () => api.call('GET', 'core/v1/settings')),
  )
  for (const { body } of lists) {
    assert.deepEqual(
      body.items.map(({ name }: { name: string }) => name).toSorted(),
      [...SETTING_NAMES].toSorted(),
    )
  }
  for (const { name, state, currentConfig, configSchema, desiredConfig } of lists[0]!.body.items) {
    const definition = SETTING_DEFINITIONS[name as (typeof SETTING_NAMES)[number]]
    assert.equal(state, 'valid')
    assert.deepEqual(currentConfig, definition.initial)
    assert.deepEqual(configSchema, definition.schema)
    assert.equal(desiredConfig, undefined)
  }
})

test('what is asked for is in effect, and stays when more is refused', async () => {
  const { accountID } = api.tenant
  assert.deepEqual(await readSetting(api.database, accountID, 'holdfast.trash'), { days: 7 })
  assert.equal((await put('holdfast.trash', { days: 30 })).status, 204)
  assert.deepEqual(await readSetting(api.database, accountID, 'holdfast.trash'), { days: 30 })
  const setting = await settingNamed('holdfast.trash')
  assert.deepEqual(setting.desiredConfig, { days: 30 })
  assert.equal(setting.state, 'valid')
  assert.equal(setting.metadata.modifiedBy, api.tenant.userID)
  assertProblem(await put('holdfast.trash', { days: -1 }), 400, 9)
  assert.deepEqual(await readSetting(api.database, accountID, 'holdfast.trash'), { days: 30 })
})

test('9: a configuration that breaks its schema, each member named', async () => {
  const answer = await put('astra.account.smtp', { port: 0, isEnabled: true, colour: 'red' })
  assertProblem(answer, 400, 9)
  assert.deepEqual(
    answer.body.invalidFields.map(({ name }: { name: string }) => name).toSorted(),
    ['colour', 'isEnabled', 'isEnabled', 'port', 'relayServer'].map(
      (member) => `desiredConfig.${member}`,
    ),
  )
})

test('what cannot be done here is an error of the setting, which keeps what it had', async () => {
  const before = (await settingNamed('astra.account.ldap')).currentConfig
  assert.equal((await put('astra.account.ldap', { isEnabled: 'true', port: 636 })).status, 204)
  const ldap = await settingNamed('astra.account.ldap')
  assert.equal(ldap.state, 'error')
  assert.match(ldap.stateUnready[0], /cannot log in to this service/)
  assert.deepEqual(ldap.currentConfig, before)
  assert.deepEqual(ldap.desiredConfig, { isEnabled: 'true', port: 636 })
  assert.equal((await put('astra.account.ldap', { isEnabled: 'false', port: 636 })).status, 204)
  const after = await settingNamed('astra.account.ldap')
  assert.deepEqual([after.state, after.stateUnready], ['valid', []])
  const mail = { relayServer: 'mail.example.org', port: 587, isEnabled: 'true' }
  assert.equal((await put('astra.account.smtp', { ...mail, credential: missingID() })).status, 204)
  const smtp = await settingNamed('astra.account.smtp')
  assert.equal(smtp.state, 'error')
  assert.match(smtp.stateUnready[0], /has no credential/)
  assert.equal((await put('astra.account.smtp', mail)).status, 204)
  assert.equal((await settingNamed('astra.account.smtp')).state, 'valid')
})

test('a whole setting can be sent back; its name is fixed, and what others changed is kept', async () => {
  const { id, metadata, ...read } = await settingNamed('holdfast.events')
  const { status } = await api.call('PUT', `core/v1/settings/${id}`, { body: { id, ...read } })
  assert.equal(status, 204)
  const renamed = { ...TYPE, name: 'holdfast.other' }
  assertProblem(await api.call('PUT', `core/v1/settings/${id}`, { body: renamed }), 409, 10)
  const stale = { headers: { 'if-match': '"0123"' }, body: { ...TYPE } }
  assertProblem(await api.call('PUT', `core/v1/settings/${id}`, stale), 412, 38)
  assert.equal(metadata.createdBy, '00000000-0000-0000-0000-000000000000')
})

test('2: a setting that does not exist; 69: settings are neither made nor deleted', async () => {
  const missing = `core/v1/settings/${missingID()}`
  assertProblem(await api.call('GET', missing), 404, 2)
  assertProblem(await api.call('PUT', missing, { body: TYPE }), 404, 2)
  assertProblem(await api.call('POST', 'core/v1/settings', { body: TYPE }), 405, 69)
  assertProblem(await api.call('DELETE', missing), 405, 69)
})

test('11: members read settings, admins change them', async () => {
  const member = await addUser(api.database, api.tenant.accountID, 'member')
  const admin = await addUser(api.database, api.tenant.accountID, 'admin')
  const list = await api.call('GET', 'core/v1/settings', { token: member.token })
  assert.equal(list.body.items.length, SETTING_NAMES.length)
  assertProblem(await put('holdfast.trash', { days: 1 }, member.token), 403, 11)
  assert.equal((await put('holdfast.trash', { days: 1 }, admin.token)).status, 204)
})

test('features say what is there, under the same ids always', async () => {
  const read = async () => (await api.call('GET', 'core/v1/features?orderBy=name')).body.items
  const first = await read()
  assert.deepEqual(
    first.map(({ name, isEnabled }: { name: string; isEnabled: string }) => [name, isEnabled]),
    PRODUCT_FEATURES.map(({ name, isEnabled }) => [name, String(isEnabled)]),
  )
  assert.deepEqual(await read(), first)
  const item = await api.call('GET', `core/v1/features/${first[3].id}`)
  assert.deepEqual(item.body, first[3])
})
