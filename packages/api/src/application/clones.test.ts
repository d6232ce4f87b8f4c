// Clones and restores to new apps: what is accepted, what is written, what is refused.
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
  putApp,
  setApp,
  tasksOf,
} from '../testing/test-resources.ts'

let api: TestApi
before(async () => {
  api = await makeTestApi()
})
after(() => api.close())
afterEach(assertAnswersConform)

function clone(members: object, path = 'k8s/v2/apps') {
  const body = {
    type: 'application/astra-app',
    version: '2.2',
    name: 'twin',
    clusterID: api.tenant.clusterID,
    ...members,
  }
  return api.call('POST', path, { body })
}

function fieldsOf(answer: { body: { invalidFields?: { name: string }[] } }): string[] {
  return (answer.body.invalidFields ?? []).map(({ name }) => name)
}

async function copyWithVolumes(appID: string, ...names: string[]): Promise<string> {
  const backupID = await completedBackup(api, appID)
  const rows = names.map((name) => {
    const [namespace = '', key = ''] = name.split('/')
    const how = { strategy: 'copy', consistency: 'live' }
    return { id: missingID(), backup_id: backupID, namespace, key, ...how }
  })
  await api.database.queries.insertInto('backup_volumes').values(rows).execute()
  return backupID
}

describe('accepted', () => {
  test('a live clone takes a snapshot of its source and waits for it', async () => {
    const appID = await manageApp(api, 'live')
    const labels = [{ name: 'team', value: 'blue' }]
    const made = await clone({
      name: 'live-twin',
      sourceAppID: appID,
      sourceClusterID: api.tenant.clusterID,
      storageClassMapping: [{ source: '*', destination: 'directory' }],
      metadata: { labels },
    })
    assert.equal(made.status, 201, made.text)
    assert.partialDeepStrictEqual(made.body, {
      state: 'provisioning',
      sourceAppID: appID,
      sourceClusterID: api.tenant.clusterID,
      namespaces: ['live-twin'],
      storageClassMapping: [{ source: '*', destination: 'directory' }],
    })
    assert.deepEqual(made.body.metadata.labels, labels)
    const snapshots = await api.call('GET', `k8s/v1/apps/${appID}/appSnaps?include=id,name`)
    const [[snapshotID, name]] = snapshots.body.items
    assert.equal(name, `clone-${made.body.id}`)
    const [task] = await tasksOf(api, made.body.id)
    assert.deepEqual(task?.input, {
      source: { kind: 'snapshot', id: snapshotID },
      isOwnSnapshot: true,
      namespaceMapping: [{ source: 'live', destination: 'live-twin' }],
    })
    const [snapshotTask] = await tasksOf(api, snapshotID)
    assert.equal(snapshotTask?.kind, 'snapshot')
    assert.deepEqual(api.startedTasks.slice(-2), [snapshotTask.id, task.id])
    assertProblem(await api.call('DELETE', `k8s/v1/apps/${appID}/appSnaps/${snapshotID}`), 409, 142)
  })

  test('namespaces are mapped; version 2.0 may say namespace', async () => {
    const appID = await manageApp(api, 'mapped')
    const namespaceMapping = [{ source: 'mapped', destination: 'mapped-b' }]
    const made = await clone({ name: 'b', sourceAppID: appID, namespaceMapping })
    assert.deepEqual(made.body.namespaces, ['mapped-b'])
    assert.deepEqual(made.body.namespaceMapping, namespaceMapping)
    const old = { version: '2.0', name: 'c', sourceAppID: appID, namespace: 'mapped-c' }
    assert.deepEqual((await clone(old)).body.namespaces, ['mapped-c'])
  })

  test('a backup is restored to a new app also when its own app is gone', async () => {
    const appID = await manageApp(api, 'gone')
    const backupID = await completedBackup(api, appID)
    await setApp(api, appID, { hidden_at: new Date() })
    const below = `topology/v2/managedClusters/${api.tenant.clusterID}/apps`
    const made = await clone({ name: 'back', backupID, clusterID: undefined }, below)
    assert.equal(made.status, 201, made.text)
    assert.equal(made.body.backupID, backupID)
    assertProblem(await api.call('DELETE', `topology/v1/appBackups/${backupID}`), 409, 142)
    // Sent back as it was read, it asks for no restore.
    await setApp(api, made.body.id, { state: 'ready' })
    api.host.seen = hostWith('gone', 'back')
    const read = await api.call('GET', `k8s/v2/apps/${made.body.id}`)
    assert.equal((await putApp(api, made.body.id, { ...read.body, name: 'other' })).status, 204)
  })

  test('a filter makes only the namespaces of which something comes back', async () => {
    const appID = await manageApp(api, 'wide')
    const namespaceScopedResources = ['wide', 'side'].map((namespace) => ({
      namespace,
      labelSelectors: [],
    }))
    await setApp(api, appID, {
      namespace_scoped_resources: JSON.stringify(namespaceScopedResources),
    })
    const backupID = await copyWithVolumes(appID, 'wide/data', 'side/data', 'side/cache')
    const restoreFilter = {
      resourceSelectionCriteria: 'include',
      GVKN: [{ kind: 'Volume', names: ['cache'] }],
    }
    const namespaceMapping = [{ source: 'side', destination: 'side-2' }]
    const made = await clone({ name: 'part', backupID, restoreFilter, namespaceMapping })
    assert.equal(made.status, 201, made.text)
    assert.deepEqual(made.body.namespaces, ['side-2'])
    const [task] = await tasksOf(api, made.body.id)
    assert.partialDeepStrictEqual(task?.input, { restoreFilter, namespaceMapping })
    assert.deepEqual(fieldsOf(await clone({ backupID })), ['namespaceMapping', 'namespaceMapping'])
  })

  test('backups of an app that is being made wait; it can be neither restored nor cloned', async () => {
    const appID = await manageApp(api, 'making')
    const made = await clone({ name: 'made', sourceAppID: appID })
    assert.equal((await postBackup(api, made.body.id)).body.state, 'pending')
    assertProblem(await clone({ name: 'again', sourceAppID: made.body.id }), 409, 112)
    const links = made.body.links.filter(({ title }: { title: string }) => title === 'clone')
    assert.deepEqual(links[0].hints.allow, [])
  })
})

describe('refused', () => {
  test('what is not there, not ready or not of this account', async () => {
    const appID = await manageApp(api, 'source')
    const backupID = await completedBackup(api, appID)
    const foreign = (await addTenant(api.database)).clusterID
    const pending = (await postBackup(api, appID)).body.id
    for (const [members, status, problem] of [
      [{ sourceAppID: missingID() }, 400, 75],
      [{ backupID: missingID() }, 400, 74],
      [{ backupID: pending }, 400, 74],
      [{ snapshotID: missingID() }, 400, 46],
      [{ backupID, clusterID: missingID() }, 400, 106],
      [{ backupID, clusterID: foreign }, 400, 106],
      [{ backupID, sourceClusterID: missingID() }, 400, 129],
      [{ backupID, storageClassMapping: [{ source: '*', destination: 'no' }] }, 400, 156],
      [{ backupID, namespaceScopedResources: [{ namespace: 'x' }] }, 400, 9],
      [{ namespaceScopedResources: [{ namespace: 'source' }], namespaceMapping: [] }, 400, 9],
      [{ backupID, restoreFilter: { resourceSelectionCriteria: 'exclude', GVKN: [{}] } }, 400, 147],
    ] as const) {
      assertProblem(await clone(members), status, problem)
    }
    await setApp(api, appID, { state: 'restoring' })
    assertProblem(await clone({ sourceAppID: appID }), 409, 112)
    assert.equal((await api.call('GET', `k8s/v2/apps?filter=name eq 'twin'`)).body.items.length, 0)
  })

  test('destinations that exist, that belong to an app, or that cannot be', async () => {
    const appID = await manageApp(api, 'taken')
    const snapshotID = await completedSnapshot(api, appID)
    const named = await clone({ name: 'taken', snapshotID })
    assertProblem(named, 400, 9)
    assert.deepEqual(fieldsOf(named), ['name'])
    const to = (destination: string) => ({
      snapshotID,
      namespaceMapping: [{ source: 'taken', destination }],
    })
    const existing = await clone(to('taken'))
    assertProblem(existing, 400, 9)
    assert.deepEqual(fieldsOf(existing), ['namespaceMapping[0].destination'])
    assertProblem(await clone(to('x'.repeat(64))), 400, 9)
    // Two clones into the same namespace: nothing of it is there yet, and one of them is first.
    const both = await Promise.all([clone(to('fresh')), clone(to('fresh'))])
    const [won, lost] = both.toSorted((a, b) => a.status - b.status)
    assert.equal(won?.status, 201)
    assert.ok(lost !== undefined)
    assertProblem(lost, 409, 123)
    assert.deepEqual(fieldsOf(lost), ['namespaceMapping[0].destination'])
  })
})
