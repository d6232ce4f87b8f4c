// Containers and instances: what is shown of them, how they are found, and how the backups of one
// are configured.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, afterEach, before, test } from 'node:test'
import { derivedHexID, HOST_INSTANCE_IDENTITY, hexIDOf } from '@holdfast/db'
import {
  addTenant,
  addUser,
  assertAnswersConform,
  makeTestApi,
  type TestAnswer,
  type TestApi,
} from '../testing/test-api.ts'
import { manageApp, setApp } from '../testing/test-resources.ts'

const ZERO = '0001-01-01T00:00:00Z'
const BACKUPS = {
  integration_id: 'local',
  backup: { command: '"pg_dump $DB"', timeout: '1h30m', cron_string: '30 2 * * *' },
  restore: { command: 'psql', timeout: '2h' },
  retention: '30d',
}

let api: TestApi
let appID = ''
let id = ''
before(async () => {
  api = await makeTestApi()
  appID = await manageApp(api, 'shop')
  id = hexIDOf(appID)
})
after(() => api.close())
afterEach(assertAnswersConform)

test('a container has every member of the documents', async () => {
  const { status, body } = await get(`containers/${id}`)
  assert.equal(status, 200)
  const { accountID, userID, clusterID } = api.tenant
  assert.deepEqual(body, {
    data: {
      id,
      name: 'shop',
      identifier: 'shop',
      creator: { id: hexIDOf(userID), type: 'account' },
      environment: {
        id: hexIDOf(clusterID),
        cluster: 'host',
        container_subnet: null,
        ipv6: null,
        legacy: null,
      },
      hub_id: hexIDOf(accountID),
      image: { id: null, service: null, extension: null },
      config: {
        network: {
          public: 'disable',
          hostname: 'shop',
          egress_via_gateway: false,
          routes: null,
        },
        deploy: { instances: 1 },
        integrations: {},
      },
      instances: 1,
      stateful: true,
      deprecate: false,
      lock: false,
      deployment: null,
      role: null,
      state: { current: 'running', desired: 'running', changed: body.data.events.updated },
      events: {
        created: '2026-05-04T10:20:30.456Z',
        updated: body.data.events.updated,
        deleted: ZERO,
        started: '2026-05-04T10:20:30.456Z',
      },
    },
  })
})

test('a container that failed is stopped and says why', async () => {
  const failed = await manageApp(api, 'broken')
  const details = [{ type: 't', title: 't', detail: 'The command ended with 2.' }]
  const modified_at = new Date('2026-05-04T11:00:00Z')
  const state_details = JSON.stringify(details)
  await setApp(api, failed, { state: 'failed', state_details, modified_at })
  const { body } = await get(`containers/${hexIDOf(failed)}`)
  assert.deepEqual(body.data.state, {
    current: 'stopped',
    desired: 'running',
    changed: '2026-05-04T11:00:00.000Z',
    error: { message: 'The command ended with 2.', time: '2026-05-04T11:00:00.000Z' },
  })
  const instances = await get(`containers/${hexIDOf(failed)}/instances`)
  assert.equal(instances.body.data[0].state.current, 'failed')
  assert.equal(instances.body.data[0].state.error.message, 'The command ended with 2.')
  for (const [state, shown] of [
    ['provisioning', 'new'],
    ['restoring', 'starting'],
    ['unavailable', 'stopped'],
    ['ready', 'running'],
  ]) {
    await setApp(api, failed, { state, state_details: '[]' })
    const container = await get(`containers/${hexIDOf(failed)}`)
    assert.equal(container.body.data.state.current, shown)
  }
})

test('an instance has every member of the documents', async () => {
  const instanceID = derivedHexID(appID, HOST_INSTANCE_IDENTITY)
  const { status, body } = await get(`containers/${id}/instances/${instanceID}`)
  assert.equal(status, 200)
  const clusterID = hexIDOf(api.tenant.clusterID)
  const { events } = body.data
  assert.deepEqual(body.data, {
    id: instanceID,
    creator: { id: hexIDOf(api.tenant.userID), type: 'account' },
    hub_id: hexIDOf(api.tenant.accountID),
    container_id: id,
    location_id: clusterID,
    environment: {
      id: clusterID,
      network_subnet: '',
      subnet: '',
      ipv6: null,
      legacy: null,
      mac_addr: '',
      vxlan_tag: 0,
    },
    stateful: { id: instanceID, base_hostname: 'shop' },
    provider: { vendor: 'holdfast', integration_id: '0'.repeat(24), location: 'host' },
    server_id: clusterID,
    ready_state: 'active',
    hostname: 'shop',
    state: { current: 'running', changed: events.updated },
    events: { ...events, deleted: ZERO },
  })
  const list = await get(`containers/${id}/instances`)
  assert.deepEqual(list.body.data, [body.data])
  for (const [query, count] of [
    ['filter[state]=running,failed', 1],
    ['filter[state]=stopped', 0],
    [`filter[server]=${clusterID}`, 1],
    ['filter[search]=nothing', 0],
    ['page[size]=1&page[number]=2', 0],
    ['filter[range-start]=2000-01-01T00:00:00%2B02:00', 1],
    ['filter[range-end]=2000-01-01', 0],
  ] as const) {
    const found = await get(`containers/${id}/instances?${query}`)
    assert.equal(found.body.data.length, count, query)
  }
  const rich = await get(`containers/${id}/instances?include=creators,servers,containers&meta=node`)
  assert.deepEqual(rich.body.data[0].meta, { node: {} })
  assert.deepEqual(rich.body.includes.servers, {})
  const container = await get(`containers/${id}`)
  assert.deepEqual(rich.body.includes.containers, { [id]: container.body.data })
  assert.deepEqual(Object.keys(rich.body.includes.creators.accounts), [hexIDOf(api.tenant.userID)])
})

test('containers are filtered, sorted and given in pages', async () => {
  for (const name of ['alpha', 'beta', 'gamma']) await manageApp(api, `list-${name}`)
  const list = async (query: string): Promise<readonly string[]> => {
    const { status, body } = await get(`containers?filter[search]=LIST-&${query}`)
    assert.equal(status, 200, query)
    return body.data.map(({ name }: { readonly name: string }) => name)
  }
  const all = ['list-alpha', 'list-beta', 'list-gamma']
  assert.deepEqual(await list('sort=-name'), all.toReversed())
  assert.deepEqual(await list('sort=state.current,name'), all)
  assert.deepEqual(await list('sort=name&page[size]=2&page[number]=2'), ['list-gamma'])
  assert.deepEqual(await list('page%5Bsize%5D=2&page%5Bnumber%5D=9'), [])
  assert.deepEqual(await list('filter[identifier]=list-beta'), ['list-beta'])
  assert.deepEqual(await list('filter[state]=running&sort=name'), all)
  assert.deepEqual(await list('filter[state]=stopped,deleted'), [])
  assert.deepEqual(await list(`filter[creator]=${hexIDOf(api.tenant.userID)}&sort=name`), all)
  assert.deepEqual(await list(`filter[creator]=${hexIDOf(api.tenant.accountID)}`), [])
  assert.deepEqual(await list(`filter[environment]=${hexIDOf(api.tenant.clusterID)}&sort=id`), [
    ...(await list('sort=id')),
  ])
  assert.deepEqual(await list('filter[environment]=ffffffffffffffffffffffff'), [])
  assert.deepEqual(await list('filter[range-start]=2026-05-04T10:20:30Z&sort=name'), all)
  assert.deepEqual(await list('filter[range-end]=2026-05-04T10:20:30Z'), [])
})

test('a filter for what no container has finds none, and one for what all have finds all', async () => {
  const everything = (await get('containers')).body.data.length
  for (const [query, count] of [
    ['filter[deprecated]=true', 0],
    ['filter[deprecated]=false', everything],
    ['filter[public_network]=disabled', everything],
    ['filter[public_network]=egress-only', 0],
    ['filter[service]=vpn', 0],
    ['filter[image]=651586fca6078e98982dbd90', 0],
    ['filter[tags]=one,two', 0],
    ['filter[stack]=651586fca6078e98982dbd90', 0],
    ['filter[deployment]=v1', 0],
    ['filter[deployment_strategy]=function', 0],
    ['filter[tags]=', everything],
    ['filter[state]=', everything],
    ['filter[search]=', everything],
  ] as const) {
    const { status, body } = await get(`containers?${query}`)
    assert.deepEqual([status, body.data?.length], [200, count], query)
  }
  assertError(await get('containers?filter[colour]=red'), '422.invalid-argument')
  for (const sent of ['yesterday', '2026-02-30', '2026-02-30T00:00:00Z', '2026-01-01T10:00:00']) {
    assertError(await get(`containers?filter[range-start]=${sent}`), '422.invalid-argument')
  }
  assertError(await get('containers?filter[range-end]=2026-13-40'), '422.invalid-argument')
  assertError(await get('containers?include=servers'), '422.invalid-argument')
  assertError(await get('containers?sort=colour'), '422.invalid-argument')
})

test('creators are included by name, what does not exist here as nothing, and counts on request', async () => {
  const { body } = await get(
    `containers/${id}?include=creators&include=images,stacks,stack_builds,environments&meta=instances_count,domains&meta=ips`,
  )
  const userID = hexIDOf(api.tenant.userID)
  assert.equal(body.includes.creators.accounts[userID].id, userID)
  assert.match(body.includes.creators.accounts[userID].email.address, /@example\.org$/)
  for (const kind of ['images', 'stacks', 'stack_builds', 'environments']) {
    assert.deepEqual(body.includes[kind], {})
  }
  assert.deepEqual(body.data.meta, {
    instances_count: { state: { running: 1 }, total: 1, available: 1 },
    domains: null,
    ips: [],
  })
})

test('what a key made is shown as made by that key, also after its end', async () => {
  const roles = await get('hubs/current/roles?filter[identifier]=owner')
  const key = await api.callContainer('POST', 'hubs/current/api-keys', {
    body: { name: 'robot', role_id: roles.body.data[0].id },
  })
  assert.equal(key.status, 201, key.text)
  const { id: keyID, secret } = key.body.data
  const made = await makeApp('robots', secret)
  const read = async () => {
    const { body } = await get(`containers/${hexIDOf(made)}?include=creators`)
    assert.deepEqual(body.data.creator, { id: keyID, type: 'api-key' })
    return body.includes.creators.api_keys[keyID]
  }
  const creator = await read()
  assert.equal(creator.name, 'robot')
  assert.equal(creator.state.current, 'live')
  assert.deepEqual(creator.capabilities, { all: true, specific: [] })
  assert.ok(!JSON.stringify(creator).includes(secret))
  const found = await get(`containers?filter[creator]=${keyID}`)
  assert.equal(found.body.data.length, 1)
  await api.callContainer('DELETE', `hubs/current/api-keys/${keyID}`)
  assert.equal((await read()).state.current, 'deleted')
})

test('what is not there, is hidden, or is of another hub is not found, by its kind', async () => {
  const other = await addTenant(api.database)
  const hub = hexIDOf(other.accountID)
  const unknown = hexIDOf(randomUUID())
  assertError(
    await api.callContainer('GET', `containers/${id}`, { token: other.token, hub }),
    '404.container',
  )
  assertError(await get(`containers/${unknown}`), '404.container')
  assertError(await get('containers/shop'), '404.container')
  assertError(await get(`containers/${unknown}/instances`), '404.container')
  assertError(await get(`containers/${id}/instances/${unknown}`), '404.instance')
  const hidden = await manageApp(api, 'hidden')
  const instanceID = derivedHexID(hidden, HOST_INSTANCE_IDENTITY)
  assertError(await get(`containers/${id}/instances/${instanceID}`), '404.instance')
  await api.call('DELETE', `k8s/v2/apps/${hidden}`)
  assertError(await get(`containers/${hexIDOf(hidden)}`), '404.container')
  assertError(await get(`containers/${hexIDOf(hidden)}/instances/${instanceID}`), '404.container')
  assert.deepEqual((await get('containers?filter[identifier]=hidden')).body.data, [])
})

test('the configuration of the backups is shown as it was given, and sent back changes nothing', async () => {
  const container = hexIDOf(await manageApp(api, 'configured'))
  const first = await reconfigure(container, BACKUPS)
  assert.equal(first.status, 202, first.text)
  assert.equal(first.body.data.action, 'reconfigure')
  const shown = await configOf(container)
  assert.deepEqual(shown.integrations, { backups: BACKUPS })

  const job = await get(`jobs/${first.body.data.job.id}`)
  assert.equal(job.body.data.state.current, 'completed')
  assert.equal(job.body.data.tasks[0].header, 'container.reconfigure')
  assert.ok(job.body.data.tasks[0].steps.every((step: Step) => step.completed !== ZERO))

  const again = await post(container, { action: 'reconfigure', contents: shown })
  assert.equal(again.status, 202, again.text)
  assert.deepEqual(await configOf(container), shown)

  const bare = { backup: { command: 'dump' }, restore: null, retention: null }
  assert.equal((await reconfigure(container, { ...bare, destination: 'b2' })).status, 202)
  assert.deepEqual((await configOf(container)).integrations.backups, { ...bare, destination: 'b2' })
  assert.equal((await reconfigure(container, { backup: { command: 'dump' } })).status, 202)
  const { retention } = (await configOf(container)).integrations.backups
  assert.equal(retention, '365d')

  const { integrations: _, ...without } = shown
  assert.equal((await post(container, { action: 'reconfigure', contents: without })).status, 202)
  assert.deepEqual((await configOf(container)).integrations, {})
})

test('what is wrong with the configuration is pointed to', async () => {
  const backup = { command: 'dump' }
  for (const [backups, code, source] of [
    [{ backup: {} }, '422.missing-argument', '/backup/command'],
    [{}, '422.missing-argument', '/backup'],
    [{ backup: { command: 7 } }, '422.invalid-argument', '/backup/command'],
    [{ backup: { command: ' ' } }, '422.invalid-argument', '/backup/command'],
    [{ backup, retention: 'long' }, '422.invalid-argument', '/retention'],
    [{ backup: { ...backup, timeout: '5' } }, '422.invalid-argument', '/backup/timeout'],
    [{ backup: { ...backup, cron_string: '* *' } }, '422.invalid-argument', '/backup/cron_string'],
    [{ backup, restore: { timeout: '1h' } }, '422.missing-argument', '/restore/command'],
    [{ backup, colour: 'red' }, '422.invalid-argument', '/colour'],
  ] as const) {
    const answer = await reconfigure(id, backups)
    assertError(answer, code)
    assert.equal(answer.body.error.source, `/contents/integrations/backups${source}`)
  }
  const nowhere = await reconfigure(id, { backup, integration_id: 'nowhere' })
  assertError(nowhere, '404.hub.integration')
  assert.equal(nowhere.body.error.source, '/contents/integrations/backups/integration_id')
  assert.match(nowhere.body.error.detail, /check contents\.integrations\.backups\.integration_id/)
  assert.deepEqual((await configOf(id)).integrations, {})
})

test('other actions are refused with what to do instead', async () => {
  for (const action of ['start', 'stop', 'restart', 'reimage', 'scale', 'volumes.reconfigure']) {
    const answer = await post(id, { action, contents: { instances: 3 } })
    assertError(answer, '422.invalid-argument')
    assert.equal(answer.body.error.source, '/action')
    assert.match(answer.body.error.detail, /reconfigure/)
  }
  assertError(await post(id, { action: 'explode' }), '422.invalid-argument')
  const empty = await post(id, { action: 'reconfigure' })
  assertError(empty, '422.missing-argument')
  assert.equal(empty.body.error.source, '/contents')
  assertError(await post(hexIDOf(randomUUID()), { action: 'stop' }), '404.container')
})

test('who may only look cannot configure, and is told which capability lacks', async () => {
  const { token } = await addUser(api.database, api.tenant.accountID, 'viewer')
  assert.equal((await api.callContainer('GET', `containers/${id}`, { token })).status, 200)
  const answer = await api.callContainer('POST', `containers/${id}/tasks`, {
    token,
    body: { action: 'reconfigure', contents: await configOf(id) },
  })
  assertError(answer, '403.permissions')
  assert.deepEqual(answer.body.error.extra, { capability: 'containers-manage' })
})

interface Step {
  readonly completed: string
}

function get(path: string): Promise<TestAnswer> {
  return api.callContainer('GET', path)
}

function post(container: string, body: object): Promise<TestAnswer> {
  return api.callContainer('POST', `containers/${container}/tasks`, { body })
}

async function configOf(container: string) {
  return (await get(`containers/${container}`)).body.data.config
}

async function reconfigure(container: string, backups: object): Promise<TestAnswer> {
  const config = await configOf(container)
  const contents = { ...config, integrations: { ...config.integrations, backups } }
  return post(container, { action: 'reconfigure', contents })
}

async function makeApp(namespace: string, token: string): Promise<string> {
  const id = await manageApp(
    { ...api, call: (method, path, options) => api.call(method, path, { ...options, token }) },
    namespace,
  )
  return id
}

function assertError(answer: TestAnswer, code: string): void {
  assert.equal(answer.body?.error?.code, code, answer.text)
  assert.equal(answer.status, Number(code.slice(0, 3)))
  assert.equal(answer.body.data, null)
}
