// Apps: managing, reading, renaming, preconditions, links, removing.
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import {
  addTenant,
  assertAnswersConform,
  hostWith,
  makeTestApi,
  type TestApi,
} from '../testing/test-api.ts'
import {
  assertProblem,
  completedBackup,
  completedSnapshot,
  manageApp,
  missingID,
  postBackup,
  postSnapshot,
  putApp,
  setApp,
  setBackup,
  tasksOf,
} from '../testing/test-resources.ts'

let api: TestApi
before(async () => {
  api = await makeTestApi()
})
after(() => api.close())
afterEach(assertAnswersConform)

function postApp(members: object, path = 'k8s/v2/apps') {
  const body = { type: 'application/astra-app', version: '2.2', name: 'app', ...members }
  return api.call('POST', path, { body })
}

function onHost(...namespaces: string[]) {
  return {
    clusterID: api.tenant.clusterID,
    namespaceScopedResources: namespaces.map((namespace) => ({ namespace })),
  }
}

describe('managing', () => {
  test('a namespace becomes an app, readable at both of its paths', async () => {
    api.host.seen = hostWith('managed', 'second')
    const labels = [{ name: 'team', value: 'blue' }]
    const made = await postApp({ ...onHost('managed', 'second'), metadata: { labels } })
    assert.equal(made.status, 201, made.text)
    const { id } = made.body
    assert.equal(made.headers.location, `http://localhost:80${api.tenant.path}/k8s/v2/apps/${id}`)
    assert.equal(made.body.state, 'ready')
    assert.deepEqual(made.body.namespaces, ['managed', 'second'])
    assert.deepEqual(made.body.namespaceScopedResources, [
      { namespace: 'managed', labelSelectors: [] },
      { namespace: 'second', labelSelectors: [] },
    ])
    assert.equal(made.body.clusterName, 'host')
    assert.equal(made.body.clusterType, 'host')
    assert.deepEqual(made.body.metadata.labels, labels)
    assert.equal(made.body.lastResourceCollectionTimestamp, '2026-05-04T10:20:30Z')
    const below = `topology/v2/managedClusters/${api.tenant.clusterID}/apps/${id}`
    const both = [await api.call('GET', `k8s/v2/apps/${id}`), await api.call('GET', below)]
    assert.deepEqual(both[0]?.body, made.body)
    assert.deepEqual(both[1]?.body, made.body)
    const assets = await api.call('GET', `k8s/v1/apps/${id}/appAssets?include=assetName`)
    assert.deepEqual(assets.body.items.flat().toSorted(), ['managed', 'second'])
  })

  test('below a managed cluster, whose id is then said by the path', async () => {
    api.host.seen = hostWith('below')
    const path = `topology/v2/managedClusters/${api.tenant.clusterID}/apps`
    const namespaceScopedResources = [{ namespace: 'below', labelSelectors: [] }]
    const other = { namespaceScopedResources, clusterID: missingID() }
    assertProblem(await postApp(other, path), 409, 10)
    const made = await postApp({ namespaceScopedResources }, path)
    assert.equal(made.status, 201, made.text)
    assert.equal(made.body.clusterID, api.tenant.clusterID)
    assert.equal(
      made.headers.location,
      `http://localhost:80${api.tenant.path}/${path}/${made.body.id}`,
    )
  })

  test('what cannot be managed', async () => {
    api.host.seen = hostWith('there')
    const { clusterID, namespaceScopedResources } = onHost('there')
    for (const [members, names] of [
      [{}, ['clusterID', 'namespaceScopedResources']],
      [{ clusterID }, ['namespaceScopedResources']],
      [{ namespaceScopedResources }, ['clusterID']],
      [{ clusterID, namespaceScopedResources: [] }, ['namespaceScopedResources']],
      [onHost('there', 'there'), ['namespaceScopedResources[1].namespace']],
      [
        {
          clusterID,
          namespaceScopedResources: [{ namespace: 'there', labelSelectors: ['app=x'] }],
        },
        ['namespaceScopedResources[0].labelSelectors'],
      ],
    ] as const) {
      const answer = await postApp(members)
      assertProblem(answer, 400, 9)
      const invalid = answer.body.invalidFields.map((field: { name: string }) => field.name)
      assert.deepEqual(invalid, names)
    }
    assertProblem(await postApp({ ...onHost('there'), clusterID: missingID() }), 400, 106)
    const foreign = (await addTenant(api.database)).clusterID
    assertProblem(await postApp({ ...onHost('there'), clusterID: foreign }), 400, 106)
    assertProblem(await postApp(onHost('nowhere')), 400, 122)
    const GVK = { group: '', version: 'v1', kind: 'Namespace' }
    const scoped = { ...onHost('there'), clusterScopedResources: [{ GVK }] }
    assertProblem(await postApp(scoped), 400, 147)
    assert.equal((await postApp(onHost('there'))).status, 201)
    assertProblem(await postApp(onHost('there')), 409, 121)
    api.host.seen = hostWith()
    assertProblem(await postApp(onHost('there')), 400, 124)
  })

  test('the same namespaces at the same time make one app', async () => {
    api.host.seen = hostWith('raced')
    const answers = await Promise.all([1, 2, 3].map(() => postApp(onHost('raced'))))
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [201, 409, 409])
  })

  test('40: a cluster that cannot be reached', async () => {
    api.host.failure = new Error('the host root is not mounted')
    try {
      const answer = await postApp(onHost('managed'))
      assertProblem(answer, 502, 40)
      assert.match(answer.body.holdfast.reason, /not mounted/)
    } finally {
      delete api.host.failure
    }
  })
})

describe('changing', () => {
  test('PUT merges: what is absent stays', async () => {
    const id = await manageApp(api, 'merged')
    const before = (await api.call('GET', `k8s/v2/apps/${id}`)).body
    api.clock.now = new Date('2026-05-04T11:00:00Z')
    const labels = [{ name: 'a', value: 'b' }]
    const put = await putApp(api, id, { name: 'renamed', version: '2.0', metadata: { labels } })
    assert.equal(put.status, 204)
    assert.equal(put.text, '')
    const after = (await api.call('GET', `k8s/v2/apps/${id}`)).body
    assert.equal(after.name, 'renamed')
    assert.equal(after.version, '2.0')
    assert.deepEqual(after.metadata, {
      ...before.metadata,
      labels,
      modificationTimestamp: '2026-05-04T11:00:00Z',
      modifiedBy: api.tenant.userID,
    })
    await putApp(api, id, { name: 'again' })
    const kept = (await api.call('GET', `k8s/v2/apps/${id}`)).body
    assert.deepEqual(kept.metadata.labels, labels)
    assert.deepEqual(kept.namespaceScopedResources, before.namespaceScopedResources)
  })

  test('what was read can be sent back as it is', async () => {
    const id = await manageApp(api, 'returned')
    const { body } = await api.call('GET', `k8s/v2/apps/${id}`)
    const put = await api.call('PUT', `k8s/v2/apps/${id}`, { body })
    assert.equal(put.status, 204, put.text)
  })

  test('namespaces can be changed, but not to those of another app', async () => {
    const first = await manageApp(api, 'defined')
    await manageApp(api, 'defined-other')
    const taken = [{ namespace: 'defined-other' }]
    assertProblem(await putApp(api, first, { namespaceScopedResources: taken }), 409, 136)
    const nowhere = [{ namespace: 'nowhere' }]
    assertProblem(await putApp(api, first, { namespaceScopedResources: nowhere }), 400, 122)
    const both = [{ namespace: 'defined' }, { namespace: 'defined-other' }]
    assert.equal((await putApp(api, first, { namespaceScopedResources: both })).status, 204)
    const { body } = await api.call('GET', `k8s/v2/apps/${first}`)
    assert.deepEqual(body.namespaces, ['defined', 'defined-other'])
  })

  test('10: fixed members', async () => {
    const id = await manageApp(api, 'fixed')
    for (const member of ['id', 'clusterID', 'sourceAppID', 'sourceClusterID']) {
      const answer = await putApp(api, id, { [member]: missingID(), name: 'moved' })
      assertProblem(answer, 409, 10)
      assert.equal(answer.body.invalidFields[0].name, member)
    }
    assert.equal((await api.call('GET', `k8s/v2/apps/${id}`)).body.name, 'fixed')
    const same = { id: id.toUpperCase(), clusterID: api.tenant.clusterID.toUpperCase() }
    assert.equal((await putApp(api, id, same)).status, 204)
  })
})

describe('preconditions', () => {
  test('the entity tag is the MD5 of the resource and changes with it alone', async () => {
    const id = await manageApp(api, 'tagged')
    const read = async () => (await api.call('GET', `k8s/v2/apps/${id}`)).headers.etag ?? ''
    const tag = await read()
    assert.match(tag, /^"[0-9a-f]{32}"$/)
    assert.equal(await read(), tag)
    await putApp(api, id, { name: 'tagged-two' })
    assert.notEqual(await read(), tag)
  })

  test('38: If-Match, quoted or bare', async () => {
    const id = await manageApp(api, 'matched')
    const tag = (await api.call('GET', `k8s/v2/apps/${id}`)).headers.etag ?? ''
    const put = (ifMatch: string) => putApp(api, id, { name: 'matched' }, { 'if-match': ifMatch })
    assertProblem(await put('"00000000000000000000000000000000"'), 412, 38)
    assert.equal((await put('*')).status, 204)
    assertProblem(await put(tag), 412, 38)
    const fresh = (await api.call('GET', `k8s/v2/apps/${id}`)).headers.etag ?? ''
    assert.equal((await put(`"x", ${fresh.replaceAll('"', '')}`)).status, 204)
  })

  test('of two changes with the same tag one wins', async () => {
    const id = await manageApp(api, 'one-wins')
    const tag = (await api.call('GET', `k8s/v2/apps/${id}`)).headers.etag ?? ''
    const answers = await Promise.all(
      ['a', 'b', 'c'].map((name) => putApp(api, id, { name }, { 'if-match': tag })),
    )
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [204, 412, 412])
  })

  test('38: If-Unmodified-Since and If-Modified-Since', async () => {
    api.clock.now = new Date('2026-05-04T12:00:00.500Z')
    const id = await manageApp(api, 'timed')
    const put = (header: string, time: string) => putApp(api, id, {}, { [header]: time })
    const at = 'Mon, 04 May 2026 12:00:00 GMT'
    const before = 'Mon, 04 May 2026 11:59:59 GMT'
    assertProblem(await put('if-unmodified-since', before), 412, 38)
    assertProblem(await put('if-modified-since', at), 412, 38)
    assert.equal((await put('if-unmodified-since', at)).status, 204)
    assert.equal((await put('if-modified-since', before)).status, 204)
    assert.equal((await put('if-unmodified-since', 'whenever')).status, 204)
  })

  test('DELETE keeps them too', async () => {
    const id = await manageApp(api, 'kept')
    const headers = { 'if-match': '"other"' }
    assertProblem(await api.call('DELETE', `k8s/v2/apps/${id}`, { headers }), 412, 38)
    assert.equal((await api.call('GET', `k8s/v2/apps/${id}`)).status, 200)
  })
})

test('links say what can be done now', async () => {
  const id = await manageApp(api, 'linked')
  const allowed = async () => {
    const { links } = (await api.call('GET', `k8s/v2/apps/${id}`)).body
    const related = links.filter(({ rel }: { rel: string }) => rel === 'related')
    return Object.fromEntries(
      related.map((link: { title: string; hints: { allow: string[] } }) => [
        link.title,
        link.hints.allow,
      ]),
    )
  }
  assert.deepEqual(await allowed(), {
    disruptiveBackup: [],
    nonDisruptiveBackup: ['POST'],
    restore: ['POST'],
    clone: ['POST'],
    snapshot: ['POST'],
    inPlaceRestore: ['PUT'],
    replication: [],
  })
  const { body } = await postBackup(api, id)
  assert.deepEqual((await allowed()).inPlaceRestore, [])
  await setBackup(api, body.id, { state: 'completed' })
  assert.deepEqual((await allowed()).inPlaceRestore, ['PUT'])
  await setApp(api, id, { state: 'restoring' })
  assert.deepEqual((await allowed()).inPlaceRestore, [])
})

describe('removing', () => {
  test('the app and its copies leave every view, their rows stay, running snapshots stop', async () => {
    const id = await manageApp(api, 'removed')
    const backupID = await completedBackup(api, id)
    const snapshotID = await completedSnapshot(api, id)
    const running = (await postSnapshot(api, id)).body.id
    const removed = await api.call('DELETE', `k8s/v2/apps/${id}`)
    assert.equal(removed.status, 204)
    for (const path of [
      `k8s/v2/apps/${id}`,
      `k8s/v1/apps/${id}/appBackups`,
      `k8s/v1/apps/${id}/appSnaps/${snapshotID}`,
      `topology/v1/appBackups/${backupID}`,
    ]) {
      assertProblem(await api.call('GET', path), 404, 2)
    }
    assertProblem(await api.call('DELETE', `k8s/v2/apps/${id}`), 404, 1)
    const list = await api.call('GET', 'topology/v1/appBackups')
    assert.ok(!list.text.includes(backupID))
    const row = await api.database.queries
      .selectFrom('backups')
      .selectAll()
      .where('id', '=', backupID)
      .executeTakeFirstOrThrow()
    assert.ok(row.hidden_at !== null && row.deleted_at === null)
    const [task] = await tasksOf(api, running)
    assert.equal(task?.state, 'cancelling')
  })

  test('its namespaces can be managed again', async () => {
    const id = await manageApp(api, 'returning')
    assert.equal((await api.call('DELETE', `k8s/v2/apps/${id}`)).status, 204)
    assert.notEqual(await manageApp(api, 'returning'), id)
  })
})
