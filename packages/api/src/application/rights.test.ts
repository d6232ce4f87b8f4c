// Every route × role × reach. The table is written by hand; a route without an entry fails.
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import { ROLES, type Role } from '@holdfast/db'
import { addUser, assertAnswersConform, makeTestApi, type TestApi } from '../testing/test-api.ts'
import {
  assertProblem,
  completedBackup,
  completedSnapshot,
  manageApp,
  missingID,
  postBackup,
  putApp,
  tasksOf,
} from '../testing/test-resources.ts'

/** Lowest role for reading and for writing, and whether a role with a limited reach is enough. */
interface Right {
  readonly read?: Role
  readonly write?: Role
  /** `reach`: as far as the role reaches; `account`: only a role for the whole account. */
  readonly writeNeeds?: 'reach' | 'account'
  readonly readNeeds?: 'account'
}

const OF_APPS: Right = { read: 'viewer', write: 'member', writeNeeds: 'reach' }
const READ_ONLY: Right = { read: 'viewer' }
const OF_ACCOUNT = (write: Role): Right => ({ read: 'viewer', write, writeNeeds: 'account' })

/** By the last collection in the path, or the last word of what is none. */
const RIGHTS: Readonly<Record<string, Right>> = {
  accounts: OF_ACCOUNT('owner'),
  users: { read: 'viewer' },
  tokens: { read: 'viewer', write: 'member', writeNeeds: 'reach' },
  roleBindings: OF_ACCOUNT('admin'),
  groups: OF_ACCOUNT('admin'),
  credentials: OF_ACCOUNT('admin'),
  buckets: OF_ACCOUNT('admin'),
  settings: OF_ACCOUNT('admin'),
  webhooks: { read: 'admin', write: 'admin', readNeeds: 'account', writeNeeds: 'account' },
  deliveries: { read: 'admin', readNeeds: 'account' },
  apps: OF_APPS,
  appBackups: OF_APPS,
  // Streams of containers, which can only be asked for.
  backups: { write: 'member', writeNeeds: 'reach' },
  appSnaps: OF_APPS,
  schedules: OF_APPS,
  executionHooks: OF_APPS,
  executionHookOverrides: OF_APPS,
  hookSources: OF_ACCOUNT('member'),
  trash: OF_APPS,
  cancel: { write: 'member', writeNeeds: 'reach' },
  restore: { write: 'member', writeNeeds: 'reach' },
  test: { write: 'admin', writeNeeds: 'account' },
  repository: { read: 'admin', readNeeds: 'account' },
  metrics: { read: 'viewer', readNeeds: 'account' },
  namespaces: OF_ACCOUNT('admin'),
  clouds: OF_ACCOUNT('member'),
  clusters: OF_ACCOUNT('member'),
  managedClusters: OF_ACCOUNT('member'),
  appMirrors: OF_APPS,
  storageBackends: OF_ACCOUNT('member'),
  unreadNotifications: { read: 'viewer', write: 'viewer', writeNeeds: 'reach' },
  ...Object.fromEntries(
    [
      'apiResources',
      'appAssets',
      'asups',
      'certificates',
      'clusterNodes',
      'entitlements',
      'events',
      'features',
      'ldapGroups',
      'ldapUsers',
      'licenses',
      'log',
      'notifications',
      'packages',
      'runs',
      'steps',
      'storageClasses',
      'storageDevices',
      'subscriptions',
      'tasks',
      'upgrades',
      'volumes',
    ].map((name) => [name, READ_ONLY]),
  ),
}

/** Where one method differs from the others. */
const EXCEPTIONS: Readonly<Record<string, Right>> = {
  'POST users': OF_ACCOUNT('admin'),
  'DELETE users': OF_ACCOUNT('admin'),
  // One's own; whose it is decides the rest.
  'PUT users': { write: 'member', writeNeeds: 'reach' },
}

let api: TestApi
let routes: readonly { readonly method: string; readonly path: string }[]
const tokens: Partial<Record<Role | 'none' | `limited ${Role}`, string>> = {}
const ids: Record<'shop' | 'bank', Record<string, string>> = { shop: {}, bank: {} }

before(async () => {
  api = await makeTestApi()
  const { paths } = (await api.call('GET', '/openapi.json')).body
  routes = Object.entries(paths as Record<string, object>).flatMap(([path, operations]) =>
    Object.keys(operations)
      .filter(() => path.startsWith('/accounts'))
      .map((method) => ({ method: method.toUpperCase(), path })),
  )
  for (const name of ['shop', 'bank'] as const) ids[name] = await makeApp(name)
  tokens.none = (await addUser(api.database, api.tenant.accountID, undefined)).token
  for (const role of ROLES) {
    tokens[role] = (await addUser(api.database, api.tenant.accountID, role)).token
    tokens[`limited ${role}`] = await userWith([
      role,
      [`namespaces:id='${ids.shop.namespace_id}'.*`],
    ])
  }
})
after(() => api.close())
afterEach(assertAnswersConform)

test('every route has its rights in the table, and nothing else is there', () => {
  const words = new Set(routes.map(({ path }) => wordOf(path)))
  assert.deepEqual([...words].toSorted(), Object.keys(RIGHTS).toSorted())
  assert.ok(routes.length > 100)
})

test('every route × role: 403/11 below the lowest role, and not from it on', async () => {
  for (const route of routes) {
    const { lowest } = rightOf(route)
    for (const role of ['none', ...ROLES] as const) {
      const isEnough = role !== 'none' && ROLES.indexOf(role) >= ROLES.indexOf(lowest)
      await assertPermitted(route, tokens[role], isEnough, role)
    }
  }
})

test('every route × role with a limited reach: nothing of the account is written', async () => {
  for (const route of routes) {
    const { lowest, needsAccount } = rightOf(route)
    for (const role of ROLES) {
      const isEnough = ROLES.indexOf(role) >= ROLES.indexOf(lowest) && !needsAccount
      await assertPermitted(route, tokens[`limited ${role}`], isEnough, `limited ${role}`)
    }
  }
})

test('every list: out of reach is absent, also from counts and filters', async () => {
  const token = tokens['limited owner'] as string
  const secrets = ['bank', ...Object.values(ids.bank)]
  const isShared = (text: string) => Object.values(ids.shop).includes(text)
  let seenByAll = 0
  for (const { method, path } of routes) {
    if (method !== 'GET' || path.endsWith('}') || /\/(repository|metrics)$/.test(path)) continue
    const filled = fill(path, { ...ids.bank, ...ids.shop })
    if (filled === undefined) continue
    const { text, body, status } = await api.call('GET', `${filled}?count=true`, { token })
    if (status !== 200) continue
    for (const secret of secrets.filter((text) => !isShared(text))) {
      assert.ok(!text.includes(secret), `${filled} tells of ${secret}: ${text}`)
    }
    assert.equal(body.metadata.count, body.items.length, filled)
    const all = await api.call('GET', filled)
    if (all.text.includes('bank')) seenByAll += 1
  }
  assert.ok(seenByAll >= 5, 'an owner sees it in many lists')
  const clusters = 'topology/v1/clusters'
  const filter = `?filter=${encodeURIComponent("namespaces eq 'bank'")}`
  assert.deepEqual((await api.call('GET', clusters + filter, { token })).body.items, [])
  assert.equal((await api.call('GET', clusters + filter)).body.items.length, 1)
})

test('every item: out of reach is 404, in reach is there', async () => {
  const token = tokens['limited viewer'] as string
  const found: string[] = []
  for (const { method, path } of routes) {
    if (
      method !== 'GET' ||
      !/\{(app_id|appBackup_id|appSnap_id|task_id|namespace_id|volume_id)\}/.test(path)
    )
      continue
    const [theirs, own] = [fill(path, { ...ids.shop, ...ids.bank }), fill(path, ids.shop)]
    if (theirs === undefined || own === undefined) continue
    const missed = await api.call('GET', theirs, { token })
    assert.equal(missed.status, 404, `${theirs}: ${missed.text}`)
    assert.equal((await api.call('GET', theirs)).status, 200, theirs)
    assert.equal((await api.call('GET', own, { token })).status, 200, own)
    found.push(path)
  }
  assert.ok(found.length >= 20)
})

describe('what an in-scope namespace needs stays readable', () => {
  test('clouds, clusters, storage classes and buckets; people only oneself', async () => {
    const token = tokens['limited viewer'] as string
    const list = async (path: string) => (await api.call('GET', path, { token })).body.items
    const { clusterID, bucketID } = api.tenant
    assert.equal((await list('topology/v1/clouds')).length, 1)
    const [cluster] = await list('topology/v1/clusters')
    assert.equal(cluster.id, clusterID)
    assert.equal((await list(`topology/v1/clusters/${clusterID}/storageClasses`)).length, 1)
    assert.deepEqual(
      (await list('topology/v1/buckets')).map(({ id }: { id: string }) => id),
      [bucketID],
    )
    assert.equal((await list('core/v1/users')).length, 1)
    assert.equal((await list('core/v1/roleBindings')).length, 1)
    for (const path of ['core/v1/credentials', 'core/v1/settings']) {
      assert.deepEqual(await list(path), [], path)
    }
  })

  test('not the contact of the account, nor by guessing at it', async () => {
    const postalAddress = {
      addressCountry: 'DE',
      addressLocality: 'Bonn',
      addressRegion: 'NRW',
      postalCode: '53111',
      streetAddress1: 'Markt 1',
    }
    const contact = { firstName: 'C', lastName: 'D', email: 'contact@example.org', postalAddress }
    await api.database.queries
      .updateTable('accounts')
      .set({ account_contact: JSON.stringify(contact) })
      .where('id', '=', api.tenant.accountID)
      .execute()
    const query = "filter=accountContact.email%20in%20'contact'&count=true"
    const seenBy = async (token: string | undefined) => {
      const { body } = await api.call('GET', `/accounts?${query}`, token ? { token } : {})
      return [body.items.length, body.metadata.count]
    }
    assert.deepEqual(await seenBy(undefined), [1, 1])
    assert.deepEqual(await seenBy(tokens['limited owner']), [0, 0])
  })

  test('a namespace alone shows the namespace, and nothing below it', async () => {
    const token = await userWith(['owner', [`namespaces:id='${ids.shop.namespace_id}'`]])
    const namespaces = await api.call('GET', 'topology/v1/namespaces', { token })
    assert.deepEqual(
      namespaces.body.items.map(({ name }: { name: string }) => name),
      ['shop'],
    )
    assert.deepEqual((await api.call('GET', 'k8s/v2/apps', { token })).body.items, [])
  })

  test('labels, all namespaces, and everything below all', async () => {
    const names = async (constraint: string, path: string) => {
      const token = await userWith(['viewer', [constraint]])
      const { items } = (await api.call('GET', `${path}?include=name&orderBy=name`, { token })).body
      return items.flat()
    }
    const label = "namespaces:kubernetesLabels='team=money'.*"
    assert.deepEqual(await names(label, 'k8s/v2/apps'), [])
    const put = (...kubernetesLabels: readonly object[]) =>
      api.call('PUT', `holdfast/v1/namespaces/${ids.bank.namespace_id}`, {
        body: { type: 'application/astra-namespace', version: '1.2', kubernetesLabels },
      })
    const money = { name: 'team', value: 'money' }
    const twice = await put(money, { name: 'team', value: 'gold' })
    assertProblem(twice, 400, 9)
    assert.equal(twice.body.invalidFields[0].name, 'kubernetesLabels[1].name')
    assertProblem(await put({ name: 'team lead', value: '' }), 400, 8)
    assert.equal((await put(money)).status, 204)
    const read = await api.call('GET', `topology/v1/namespaces/${ids.bank.namespace_id}`)
    assert.deepEqual(read.body.kubernetesLabels, [money])
    assert.deepEqual(await names(label, 'k8s/v2/apps'), ['bank'])
    assert.deepEqual(await names('namespaces:*', 'k8s/v2/apps'), [])
    assert.deepEqual(await names('namespaces:*', 'topology/v1/namespaces'), ['bank', 'shop'])
    assert.deepEqual(await names('namespaces:*.*', 'k8s/v2/apps'), ['bank', 'shop'])
    assert.deepEqual(await names('namespaces:*.*', 'core/v1/credentials'), [])
  })
})

describe('two roles with different reach', () => {
  test('what is seen by one and not reached by the other is 403/11', async () => {
    const token = await userWith(
      ['viewer', ['*']],
      ['member', [`namespaces:id='${ids.shop.namespace_id}'.*`]],
    )
    const rename = { type: 'application/astra-app', version: '2.2', name: 'renamed' }
    const put = (id: string | undefined) =>
      api.call('PUT', `k8s/v2/apps/${id}`, { token, body: rename })
    assert.equal((await api.call('GET', `k8s/v2/apps/${ids.bank.app_id}`, { token })).status, 200)
    assertProblem(await put(ids.bank.app_id), 403, 11)
    assert.equal((await put(ids.shop.app_id)).status, 204)
    await putApp(api, ids.shop.app_id as string, { name: 'shop' })
    const backup = { type: 'application/astra-appBackup', version: '1.2' }
    const post = (id: string | undefined) =>
      api.call('POST', `k8s/v1/apps/${id}/appBackups`, { token, body: backup })
    assertProblem(await post(ids.bank.app_id), 403, 11)
    assert.equal((await post(ids.shop.app_id)).status, 201)
    const cancel = `holdfast/v1/tasks/${ids.bank.task_id}/cancel`
    assertProblem(await api.call('POST', cancel, { token }), 403, 11)
    const limited = tokens['limited member'] as string
    assertProblem(await api.call('POST', cancel, { token: limited }), 404, 1)
  })
})

test('what a body names must be in reach', async () => {
  const token = tokens['limited member'] as string
  const manage = (namespace: string) =>
    api.call('POST', 'k8s/v2/apps', {
      token,
      body: {
        type: 'application/astra-app',
        version: '2.2',
        name: 'another',
        clusterID: api.tenant.clusterID,
        namespaceScopedResources: [{ namespace }, { namespace: 'shop' }],
      },
    })
  assertProblem(await manage('bank'), 400, 122)
  const app = `k8s/v2/apps/${ids.shop.app_id}`
  const put = (members: object, headers = {}) =>
    api.call('PUT', app, {
      token,
      headers,
      body: { type: 'application/astra-app', version: '2.2', ...members },
    })
  assertProblem(await put({ namespaceScopedResources: [{ namespace: 'bank' }] }), 400, 122)
  const force = { forceupdate: 'true' }
  assertProblem(await put({ backupID: ids.bank.appBackup_id }, force), 400, 74)
  assertProblem(await put({ snapshotID: ids.bank.appSnap_id }, force), 400, 46)
  const backup = (members: object) =>
    api.call('POST', `k8s/v1/apps/${ids.shop.app_id}/appBackups`, {
      token,
      body: { type: 'application/astra-appBackup', version: '1.2', ...members },
    })
  assertProblem(await backup({ snapshotID: ids.bank.appSnap_id }), 400, 46)
  const bucketID = await addForeignBucket()
  assertProblem(await backup({ bucketID }), 400, 108)
  assert.equal((await postBackup(api, ids.shop.app_id as string, { bucketID })).status, 201)
})

test('a copy shows what its app consisted of then, so that all of it must be in reach', async () => {
  const token = tokens['limited viewer'] as string
  const id = await completedBackup(api, ids.shop.app_id as string)
  const path = `topology/v1/appBackups/${id}`
  assert.equal((await api.call('GET', path, { token })).status, 200)
  const definition = {
    namespaceScopedResources: [{ namespace: 'shop' }, { namespace: 'bank' }],
  }
  await api.database.queries
    .updateTable('backups')
    .set({ definition: JSON.stringify(definition) })
    .where('id', '=', id)
    .execute()
  assertProblem(await api.call('GET', path, { token }), 404, 2)
})

async function makeApp(name: string): Promise<Record<string, string>> {
  const appID = await manageApp(api, name)
  const backupID = await completedBackup(api, appID)
  const [task] = await tasksOf(api, backupID)
  const volumes = await api.call('GET', `k8s/v1/apps/${appID}/volumes`)
  const filter = encodeURIComponent(`name eq '${name}'`)
  const namespaces = await api.call('GET', `topology/v1/namespaces?filter=${filter}`)
  const assets = await api.call('GET', `k8s/v1/apps/${appID}/appAssets`)
  const { clusterID, cloudID } = api.tenant
  return {
    account_id: api.tenant.accountID,
    cluster_id: clusterID,
    managedCluster_id: clusterID,
    cloud_id: cloudID,
    app_id: appID,
    appBackup_id: backupID,
    appSnap_id: await completedSnapshot(api, appID),
    task_id: task?.id ?? '',
    volume_id: volumes.body.items[0].id,
    namespace_id: namespaces.body.items[0].id,
    ...(assets.body.items[0] === undefined ? {} : { asset: assets.body.items[0].id }),
  }
}

async function userWith(...bindings: readonly (readonly [Role, readonly string[]])[]) {
  const { accountID } = api.tenant
  const { userID, token } = await addUser(api.database, accountID, undefined)
  for (const [role, roleConstraints] of bindings) {
    const body = { type: 'application/astra-roleBinding', version: '1.1', accountID, userID, role }
    const answer = await api.call('POST', 'core/v1/roleBindings', {
      body: { ...body, roleConstraints },
    })
    assert.equal(answer.status, 201, answer.text)
  }
  return token
}

async function addForeignBucket(): Promise<string> {
  const id = missingID()
  await api.database.queries
    .insertInto('buckets')
    .values({
      id,
      account_id: api.tenant.accountID,
      name: 'vault',
      identifier: 'vault',
      provider: 'local',
      bucket_parameters: JSON.stringify({ local: { path: '/srv/vault' } }),
    })
    .execute()
  return id
}

/** Undefined when there is no id for one of its parameters. */
function fill(path: string, values: Readonly<Record<string, string>>): string | undefined {
  const filled = path.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole)
  return filled.includes('{') ? undefined : filled
}

function wordOf(path: string): string {
  return path.split('/').findLast((part) => part !== '' && !part.startsWith('{')) ?? ''
}

function rightOf({ method, path }: { readonly method: string; readonly path: string }) {
  const word = wordOf(path)
  const right = EXCEPTIONS[`${method} ${word}`] ?? RIGHTS[word] ?? assert.fail(`no right: ${path}`)
  const isRead = method === 'GET'
  const lowest = isRead ? right.read : right.write
  const needs = isRead ? right.readNeeds : right.writeNeeds
  return { lowest: lowest ?? assert.fail(`${method} ${path}`), needsAccount: needs === 'account' }
}

/** The parameter is refused after the role is looked at, and before anything is done. */
async function assertPermitted(
  { method, path }: { readonly method: string; readonly path: string },
  token: string | undefined,
  isPermitted: boolean,
  role: string,
): Promise<void> {
  const filled = path.replace(/\{(\w+)\}/g, (_whole, name: string) =>
    name === 'account_id' ? api.tenant.accountID : missingID(),
  )
  const body = method === 'POST' || method === 'PUT' ? { body: {} } : {}
  const answer = await api.call(method, `${filled}?colour=red`, { ...body, token: token ?? null })
  const where = `${role}: ${method} ${path}: ${answer.text}`
  if (!isPermitted) {
    assert.equal(answer.status, 403, where)
    assert.equal(answer.body.type, 'https://astra.netapp.io/problems/11')
    return
  }
  assert.ok([400, 404].includes(answer.status), where)
}
