// Clusters, namespaces and volumes are read as they are now.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { assertAnswersConform, hostWith, makeTestApi, type TestApi } from '../testing/test-api.ts'
import { assertProblem, manageApp } from '../testing/test-resources.ts'

let api: TestApi
before(async () => {
  api = await makeTestApi()
})
after(() => api.close())
afterEach(assertAnswersConform)

async function rows(path: string, include: string): Promise<unknown[][]> {
  const answer = await api.call('GET', `${path}?include=${include}`)
  assert.equal(answer.status, 200, answer.text)
  return answer.body.items
}

test('a directory that was just made is there, one that is gone is not, one that returns keeps its id', async () => {
  api.host.seen = hostWith('one')
  const first = await rows('topology/v1/namespaces', 'name,id')
  assert.deepEqual(
    first.map(([name]) => name),
    ['one'],
  )
  api.host.seen = hostWith('two')
  assert.deepEqual(await rows('topology/v1/namespaces', 'name'), [['two']])
  assert.deepEqual(await rows('topology/v1/volumes', 'name'), [['two/data']])
  assert.deepEqual(await rows('topology/v1/clusters', 'namespaces'), [[['two']]])
  const gone = await api.call('GET', `topology/v1/namespaces/${first[0]?.[1]}`)
  assertProblem(gone, 404, 2)
  api.host.seen = hostWith('one', 'two')
  const again = await rows('topology/v1/namespaces', 'name,id')
  assert.deepEqual(
    again.find(([name]) => name === 'one'),
    first[0],
  )
})

test('a namespace that is gone stays visible as removed while an app refers to it', async () => {
  await manageApp(api, 'lost')
  api.host.seen = hostWith()
  const states = await rows('topology/v1/namespaces', 'name,namespaceState')
  assert.deepEqual(states, [['lost', 'removed']])
  assert.deepEqual(await rows('topology/v1/volumes', 'name'), [])
})

test('names that were refused are in stateUnready of the cluster, shortened to what fits', async () => {
  const reasons = ['UPPER: not a DNS-1123 label', 'link: a symbolic link', 'x'.repeat(200)]
  api.host.seen = { ...hostWith('fine'), refused: [...reasons, reasons[0]!] }
  const [row] = await rows('topology/v1/clusters', 'state,stateUnready')
  assert.deepEqual(row, ['running', [...reasons.slice(0, 2), `${'x'.repeat(126)}…`]])
  api.host.seen = hostWith('fine')
  assert.deepEqual(await rows('topology/v1/managedClusters', 'stateUnready'), [[[]]])
})

test('a cluster that cannot be reached says so, and what was known is still listed', async () => {
  api.host.seen = hostWith('known')
  await rows('topology/v1/namespaces', 'name')
  api.host.failure = new Error('the host root is not mounted')
  try {
    assert.deepEqual(await rows('topology/v1/clusters', 'state,stateUnready'), [
      ['removed', ['the host root is not mounted']],
    ])
    const names = await rows('topology/v1/namespaces', 'name')
    assert.ok(names.flat().includes('known'))
  } finally {
    delete api.host.failure
  }
  assert.deepEqual(await rows('topology/v1/clusters', 'state,stateUnready'), [['running', []]])
})

test('many readers at once share their looks', async () => {
  api.host.seen = hostWith('shared')
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => rows('topology/v1/namespaces', 'name')),
  )
  for (const answer of answers) assert.ok(answer.flat().includes('shared'))
})

test('nothing changes in what did not change', async () => {
  api.host.seen = hostWith('calm')
  const read = () => api.call('GET', `topology/v1/clusters/${api.tenant.clusterID}`)
  const tag = (await read()).headers.etag
  api.clock.now = new Date(api.clock.now.getTime() + 60_000)
  assert.equal((await read()).headers.etag, tag)
})

test('the volumes of an app are those of its namespaces', async () => {
  const appID = await manageApp(api, 'mine')
  await manageApp(api, 'theirs')
  assert.deepEqual(await rows(`k8s/v1/apps/${appID}/volumes`, 'name,appsUsing'), [
    ['mine/data', [appID]],
  ])
})

test('managed clusters are the managed ones among the clusters', async () => {
  const cluster = api.database.queries
    .updateTable('clusters')
    .where('id', '=', api.tenant.clusterID)
  await cluster.set({ managed_state: 'unmanaged' }).execute()
  try {
    assert.equal((await rows('topology/v1/clusters', 'id')).length, 1)
    assert.deepEqual(await rows('topology/v1/managedClusters', 'id'), [])
    const below = `topology/v1/managedClusters/${api.tenant.clusterID}/namespaces`
    assertProblem(await api.call('GET', below), 404, 2)
  } finally {
    await cluster.set({ managed_state: 'managed' }).execute()
  }
})
