// Two clients that read the same resource and both change it on that condition: one of them did,
// the other is told so. For every route that changes something; one without an entry fails.
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import { addUser, assertAnswersConform, makeTestApi, type TestApi } from '../testing/test-api.ts'
import { assertProblem, manageApp, postWebhook } from '../testing/test-resources.ts'

interface Changed {
  /** Below the account; empty for the account itself. */
  readonly path: string
  readonly type: string
  /** Beside type and version; made twice, each time with another value. */
  readonly change: (value: string) => object
}

let api: TestApi
let appID: string
let userID: string

before(async () => {
  api = await makeTestApi()
  appID = await manageApp(api, 'shop')
  userID = (await addUser(api.database, api.tenant.accountID, 'viewer')).userID
})
after(() => api.close())
afterEach(assertAnswersConform)

const name = (value: string) => ({ name: value })
const description = (value: string) => ({ description: value })
const labels = (value: string) => ({ metadata: { labels: [{ name: 'at', value }] } })

/** By the path in the documentation, without account and item. */
const CHANGES: Readonly<Record<string, () => Promise<Changed>>> = {
  '': async () => ({ path: '', type: 'account', change: name }),
  'k8s/v2/apps': async () => ({ path: `k8s/v2/apps/${appID}`, type: 'app', change: name }),
  'topology/v2/managedClusters/{managedCluster_id}/apps': async () => ({
    path: `topology/v2/managedClusters/${api.tenant.clusterID}/apps/${appID}`,
    type: 'app',
    change: name,
  }),
  'k8s/v1/apps/{app_id}/schedules': async () => ({
    path: await made(`k8s/v1/apps/${appID}/schedules`, 'schedule', {
      name: 'hourly',
      granularity: 'hourly',
      ...RETENTION,
    }),
    type: 'schedule',
    change: (value) => ({ name: value, ...RETENTION }),
  }),
  'core/v1/hookSources': async () => ({
    path: await madeSource('changed'),
    type: 'hookSource',
    change: (value) => ({ name: value, sourceType: 'script', source: SCRIPT }),
  }),
  'core/v1/executionHooks': async () => ({
    path: await madeHook('core/v1/executionHooks', 'account-wide'),
    type: 'executionHook',
    change: description,
  }),
  'k8s/v1/apps/{app_id}/executionHooks': async () => ({
    path: await madeHook(`k8s/v1/apps/${appID}/executionHooks`, 'below-app'),
    type: 'executionHook',
    change: description,
  }),
  'core/v1/credentials': async () => ({
    path: await made('core/v1/credentials', 'credential', { name: 'keys', keyStore: KEYS }),
    type: 'credential',
    change: (value) => ({ name: value, keyStore: KEYS }),
  }),
  'topology/v1/buckets': async () => ({
    path: `topology/v1/buckets/${api.tenant.bucketID}`,
    type: 'bucket',
    change: name,
  }),
  'topology/v1/clouds': async () => ({
    path: `topology/v1/clouds/${api.tenant.cloudID}`,
    type: 'cloud',
    change: name,
  }),
  'topology/v1/clusters': async () => ({
    path: `topology/v1/clusters/${api.tenant.clusterID}`,
    type: 'cluster',
    change: name,
  }),
  'topology/v1/clouds/{cloud_id}/clusters': async () => ({
    path: `topology/v1/clouds/${api.tenant.cloudID}/clusters/${api.tenant.clusterID}`,
    type: 'cluster',
    change: name,
  }),
  'topology/v1/managedClusters': async () => ({
    path: `topology/v1/managedClusters/${api.tenant.clusterID}`,
    type: 'managedCluster',
    change: labels,
  }),
  'core/v1/users': async () => ({
    path: `core/v1/users/${userID}`,
    type: 'user',
    change: (value) => ({ firstName: value }),
  }),
  'core/v1/users/{user_id}/tokens': async () => ({
    path: await made(`core/v1/users/${api.tenant.userID}/tokens`, 'token', { name: 'script' }),
    type: 'token',
    change: name,
  }),
  'core/v1/roleBindings': async () => ({
    path: await bindingBelow('core/v1/roleBindings'),
    type: 'roleBinding',
    change: (value) => ({ role: 'viewer', ...labels(value) }),
  }),
  'core/v1/users/{user_id}/roleBindings': async () => ({
    path: await bindingBelow(`core/v1/users/${userID}/roleBindings`),
    type: 'roleBinding',
    change: (value) => ({ role: 'viewer', ...labels(value) }),
  }),
  'core/v1/settings': async () => ({
    path: await settingCalled('holdfast.events'),
    type: 'setting',
    change: (value) => ({ desiredConfig: { retentionDays: value.startsWith('one') ? 11 : 12 } }),
  }),
  'holdfast/v1/namespaces': async () => ({
    path: `holdfast/v1/namespaces/${await namespaceID()}`,
    type: 'namespace',
    change: (value) => ({ kubernetesLabels: [{ name: 'team', value }] }),
  }),
  'holdfast/v1/webhooks': async () => ({
    path: `holdfast/v1/webhooks/${(await postWebhook(api)).body.id}`,
    type: 'webhook',
    change: name,
  }),
}

/** Of what does not exist here, so that there is nothing to change. */
const OF_NOTHING = [
  'core/v1/groups',
  'core/v1/users/{user_id}/groups',
  'k8s/v1/appMirrors',
  'k8s/v1/apps/{app_id}/appMirrors',
  'k8s/v1/apps/{app_id}/executionHookOverrides',
  'topology/v1/storageBackends',
]

const RETENTION = { snapshotRetention: '1', backupRetention: '1' }
const SCRIPT = Buffer.from('#!/bin/sh\n').toString('base64')
const KEYS = { secret: Buffer.from('hunter2').toString('base64') }

test('every route that changes something is here', async () => {
  const { paths } = (await api.call('GET', '/openapi.json')).body
  const changing = Object.entries(paths as Record<string, object>)
    .filter(([path, operations]) => 'put' in operations && !/\{group_id\}\//.test(path))
    .map(([path]) => path.replace(/^\/accounts\/\{account_id\}\/?/, '').replace(/\/?\{\w+\}$/, ''))
  assert.deepEqual(changing.toSorted(), [...Object.keys(CHANGES), ...OF_NOTHING].toSorted())
})

describe('two racing changes with the same entity tag', () => {
  for (const [at, [collection, make]] of Object.entries(CHANGES).entries()) {
    test(collection === '' ? 'the account' : collection, async () => {
      const { path, type, change } = await make()
      const url = path === '' ? api.tenant.path : path
      const present = await api.call('GET', url)
      assert.equal(present.status, 200, present.text)
      const put = (value: string) =>
        api.call('PUT', url, {
          body: { type: present.body.type, version: present.body.version, ...change(value) },
          headers: { 'if-match': String(present.headers.etag) },
        })
      assert.match(present.body.type, new RegExp(`-${type}$`))
      const answers = await Promise.all([put(`one-${at}`), put(`two-${at}`)])
      const [won, lost] = answers.toSorted((a, b) => a.status - b.status)
      assert.deepEqual([won?.status, lost?.status], [204, 412], answers.map(textOf).join('\n'))
      if (lost !== undefined) assertProblem(lost, 412, 38)
      const changed = await api.call('GET', url)
      assert.notEqual(changed.headers.etag, present.headers.etag)
    })
  }
})

function textOf({ text }: { readonly text: string }): string {
  return text
}

/** Makes one and answers its path. */
async function made(collection: string, type: string, members: object): Promise<string> {
  const version = '1.0'
  const body = { type: `application/astra-${type}`, version, ...members }
  const answer = await api.call('POST', collection, { body })
  assert.equal(answer.status, 201, answer.text)
  return `${collection}/${answer.body.id}`
}

function madeSource(called: string): Promise<string> {
  const script = { sourceType: 'script', source: SCRIPT }
  return made('core/v1/hookSources', 'hookSource', { name: called, ...script })
}

async function madeHook(collection: string, called: string): Promise<string> {
  const source = await madeSource(`source of ${called}`)
  return await made(collection, 'executionHook', {
    name: called,
    hookType: 'custom',
    action: 'snapshot',
    stage: 'pre',
    hookSourceID: source.split('/').at(-1),
    appID,
  })
}

async function bindingBelow(collection: string): Promise<string> {
  const { body } = await api.call('GET', collection)
  const own = body.items.find((item: { userID: string }) => item.userID === userID)
  return `${collection}/${own.id}`
}

async function namespaceID(): Promise<string> {
  const { body } = await api.call('GET', 'topology/v1/namespaces')
  return body.items[0].id
}

async function settingCalled(wanted: string): Promise<string> {
  const { body } = await api.call('GET', `core/v1/settings?filter=name%20eq%20'${wanted}'`)
  return `core/v1/settings/${body.items[0].id}`
}
