// Clouds, clusters and managed clusters: made, changed, managed and removed; machines and kinds.
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import { addUser, assertAnswersConform, makeTestApi, type TestApi } from '../testing/test-api.ts'
import { assertProblem, manageApp, missingID } from '../testing/test-resources.ts'

let api: TestApi
before(async () => {
  api = await makeTestApi()
})
after(() => api.close())
afterEach(assertAnswersConform)

const CLOUD = { type: 'application/astra-cloud', version: '1.1' }
const CLUSTER = { type: 'application/astra-cluster', version: '1.7' }
const MANAGED = { type: 'application/astra-managedCluster', version: '1.7' }

async function postCloud(name: string, members: object = {}) {
  const body = { ...CLOUD, name, cloudType: 'private', ...members }
  return api.call('POST', 'topology/v1/clouds', { body })
}

function setCluster(values: { state?: string; managed_state?: string }) {
  const { queries } = api.database
  return queries
    .updateTable('clusters')
    .set(values)
    .where('id', '=', api.tenant.clusterID)
    .execute()
}

const clusterPath = () => `topology/v1/clusters/${api.tenant.clusterID}`
const managedPath = () => `topology/v1/managedClusters/${api.tenant.clusterID}`
const postManaged = (members: object = {}) =>
  api.call('POST', 'topology/v1/managedClusters', {
    body: { ...MANAGED, id: api.tenant.clusterID, ...members },
  })

describe('clouds', () => {
  test('one is made with a type in any case, changed and deleted', async () => {
    const made = await postCloud('lab', { cloudType: 'Private' })
    assert.equal(made.status, 201, made.text)
    assert.equal(made.body.cloudType, 'private')
    assert.equal(made.body.state, 'running')
    const path = `topology/v1/clouds/${made.body.id}`
    const change = { ...CLOUD, name: 'laboratory', defaultBucketID: api.tenant.bucketID }
    assert.equal((await api.call('PUT', path, { body: change })).status, 204)
    const { body } = await api.call('GET', path)
    assert.deepEqual([body.name, body.defaultBucketID], ['laboratory', api.tenant.bucketID])
    assert.equal(body.metadata.modifiedBy, api.tenant.userID)
    assert.equal((await api.call('PUT', path, { body })).status, 204)
    assert.equal((await api.call('DELETE', path)).status, 204)
    assertProblem(await api.call('GET', path), 404, 2)
    assertProblem(await api.call('DELETE', path), 404, 1)
    assert.equal((await postCloud('laboratory')).status, 201)
  })

  test('140: two clouds of one name, also when both are made at once', async () => {
    const answers = await Promise.all([postCloud('twin'), postCloud('twin'), postCloud('twin')])
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [201, 409, 409])
    assertProblem(await postCloud('twin'), 409, 140)
    const other = (await postCloud('other')).body.id
    const renamed = { ...CLOUD, name: 'twin' }
    assertProblem(await api.call('PUT', `topology/v1/clouds/${other}`, { body: renamed }), 409, 140)
  })

  test('9: clouds of vendors, credentials that do not exist; 10: another type', async () => {
    for (const cloudType of ['GCP', 'Azure', 'aws']) {
      assertProblem(await postCloud('vendor', { cloudType }), 400, 9)
    }
    assertProblem(await postCloud('x', { credentialID: missingID() }), 400, 9)
    assertProblem(await postCloud('x', { cloudType: 'moon' }), 400, 8)
    const path = `topology/v1/clouds/${api.tenant.cloudID}`
    const other = { ...CLOUD, cloudType: 'GCP' }
    assertProblem(await api.call('PUT', path, { body: other }), 409, 10)
  })

  test('8: names that are markup, statements or paths', async () => {
    for (const name of ['<b>', "x'; drop table", '../up', 'ünïcode', 'x'.repeat(64), '']) {
      assertProblem(await postCloud(name), 400, 8)
    }
    assert.equal((await postCloud('Data center (2), rack #7')).status, 201)
  })

  test('108: a default bucket that does not exist', async () => {
    const answer = await postCloud('x', { defaultBucketID: missingID() })
    assertProblem(answer, 400, 108)
    assert.equal(answer.body.invalidFields[0].name, 'defaultBucketID')
  })

  test('141: one with a managed cluster', async () => {
    assertProblem(await api.call('DELETE', `topology/v1/clouds/${api.tenant.cloudID}`), 409, 141)
  })
})

describe('clusters', () => {
  test('93: none is added by the API', async () => {
    const path = `topology/v1/clouds/${api.tenant.cloudID}/clusters`
    const body = { ...CLUSTER, name: 'east', credentialID: missingID() }
    const answer = await api.call('POST', path, { body })
    assertProblem(answer, 405, 93)
    assert.match(answer.body.holdfast.remedy, /HOLDFAST_HOST_CLUSTERS/)
    assertProblem(await api.call('POST', path, { body: { ...body, colour: 'red' } }), 400, 8)
  })

  test('one is renamed, and sent back as it was read; 67: a host has no credential', async () => {
    const body = { ...CLUSTER, name: 'renamed' }
    assert.equal((await api.call('PUT', clusterPath(), { body })).status, 204)
    const read = (await api.call('GET', clusterPath())).body
    assert.equal(read.name, 'renamed')
    assert.equal((await api.call('PUT', clusterPath(), { body: read })).status, 204)
    const credential = { ...CLUSTER, credentialID: missingID() }
    assertProblem(await api.call('PUT', clusterPath(), { body: credential }), 400, 67)
  })

  test('164: a managed one is not deleted; 92: nor one that a service has', async () => {
    assertProblem(await api.call('DELETE', clusterPath()), 409, 164)
    await setCluster({ managed_state: 'unmanaged' })
    try {
      assertProblem(await api.call('DELETE', clusterPath()), 405, 92)
    } finally {
      await setCluster({ managed_state: 'managed' })
    }
  })
})

describe('managed clusters', () => {
  test('164: one with apps stays managed; without, it stays below its cloud', async () => {
    const appID = await manageApp(api, 'used')
    assertProblem(await api.call('DELETE', managedPath()), 409, 164)
    assert.equal((await api.call('GET', managedPath())).body.inUse, 'true')
    assert.equal((await api.call('DELETE', `k8s/v2/apps/${appID}`)).status, 204)
    const { queries } = api.database
    await queries.updateTable('apps').set({ hidden_at: new Date() }).execute()
    assert.equal((await api.call('DELETE', managedPath())).status, 204)
    assertProblem(await api.call('GET', managedPath()), 404, 2)
    const { body } = await api.call('GET', clusterPath())
    assert.deepEqual([body.managedState, body.managedTimestamp], ['unmanaged', undefined])
  })

  test('106: no app is defined on one that is not managed', async () => {
    api.host.seen = { ...api.host.seen }
    const body = {
      type: 'application/astra-app',
      version: '2.2',
      name: 'early',
      clusterID: api.tenant.clusterID,
      namespaceScopedResources: [{ namespace: 'used' }],
    }
    assertProblem(await api.call('POST', 'k8s/v2/apps', { body }), 400, 106)
  })

  test('one is managed by its id, once', async () => {
    assertProblem(await postManaged({ tridentManagedStateDesired: 'managed' }), 400, 58)
    const made = await postManaged({
      id: api.tenant.clusterID.toUpperCase(),
      defaultBucketID: api.tenant.bucketID,
      tridentManagedStateDesired: 'unmanaged',
    })
    assert.equal(made.status, 201, made.text)
    const { id, managedState, defaultBucketID, managedTimestamp } = made.body
    assert.deepEqual(
      [id, managedState, defaultBucketID],
      [api.tenant.clusterID, 'managed', api.tenant.bucketID],
    )
    assert.ok(managedTimestamp)
    assertProblem(await postManaged(), 409, 45)
    const missing = await postManaged({ id: missingID() })
    assertProblem(missing, 400, 106)
    assert.equal(missing.body.invalidFields[0].name, 'id')
  })

  test('146: one that cannot be reached is not managed', async () => {
    await setCluster({ managed_state: 'unmanaged', state: 'removed' })
    assertProblem(await postManaged(), 400, 146)
    await setCluster({ managed_state: 'managed', state: 'running' })
  })

  test('defaults are changed: 108 and 167 where they do not exist', async () => {
    const put = (members: object) =>
      api.call('PUT', managedPath(), { body: { ...MANAGED, ...members } })
    const classes = await api.call('GET', `${clusterPath()}/storageClasses`)
    const [{ id: classID }] = classes.body.items
    assert.equal((await put({ defaultStorageClass: classID })).status, 204)
    assert.equal((await api.call('GET', managedPath())).body.defaultStorageClass, classID)
    assertProblem(await put({ defaultBucketID: missingID() }), 400, 108)
    assertProblem(await put({ defaultStorageClass: missingID() }), 400, 167)
    const read = (await api.call('GET', managedPath())).body
    assert.equal((await api.call('PUT', managedPath(), { body: read })).status, 204)
    const stale = { body: MANAGED, headers: { 'if-match': '"0"' } }
    assertProblem(await api.call('PUT', managedPath(), stale), 412, 38)
  })

  test('11: viewers change none', async () => {
    const { token } = await addUser(api.database, api.tenant.accountID, 'viewer')
    assertProblem(await api.call('DELETE', managedPath(), { token }), 403, 11)
    const body = { ...CLOUD, name: 'x', cloudType: 'private' }
    assertProblem(await api.call('POST', 'topology/v1/clouds', { body, token }), 403, 11)
  })
})

test('machines and kinds: what is known of a host, in words of our own', async () => {
  const nodes = await api.call('GET', `${managedPath()}/clusterNodes`)
  assert.equal(nodes.body.items.length, 1)
  const [node] = nodes.body.items
  assert.deepEqual([node.name, node.numCpus, node.role], ['machine', '2', 'host'])
  const item = await api.call('GET', `${clusterPath()}/clusterNodes/${node.id}`)
  assert.deepEqual(item.body, node)
  const kinds = await api.call('GET', `${managedPath()}/apiResources?include=apiVersion,kind`)
  assert.deepEqual(kinds.body.items.toSorted(), [
    ['holdfast.io/v1', 'Namespace'],
    ['holdfast.io/v1', 'Volume'],
  ])
})

test('150, 117, 106, 133: mirrors and storage systems are refused, with the reason', async () => {
  const sourceAppID = await manageApp(api, 'mirrored')
  const mirror = {
    type: 'application/astra-appMirror',
    version: '1.1',
    sourceAppID,
    destinationClusterID: api.tenant.clusterID,
    stateDesired: 'established',
  }
  const post = (members: object) =>
    api.call('POST', 'k8s/v1/appMirrors', { body: { ...mirror, ...members } })
  assertProblem(await post({}), 409, 150)
  assertProblem(await post({ sourceAppID: missingID() }), 400, 117)
  assertProblem(await post({ destinationClusterID: missingID() }), 400, 106)
  const body = {
    type: 'application/astra-storageBackend',
    version: '1.3',
    backendType: 'ontap',
    backendName: 'filer',
  }
  assertProblem(await api.call('POST', 'topology/v1/storageBackends', { body }), 400, 133)
})
