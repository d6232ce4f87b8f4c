// One test for each decision about points where the documents are silent, by its number.
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import { listScheduledCopies } from '@holdfast/db'
import { decideRetention } from '@holdfast/domain'
import {
  addTenant,
  addUser,
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
  postHook,
  postHookSource,
  postSnapshot,
  putApp,
  setApp,
  setBackup,
  setSnapshot,
  tasksOf,
} from '../testing/test-resources.ts'

let api: TestApi
before(async () => {
  api = await makeTestApi()
})
after(() => api.close())
afterEach(assertAnswersConform)

const FORCE = { ForceUpdate: 'true' }
const LOCAL = '00000000-0000-0000-0000-000000000000'

describe('decisions', () => {
  test('1: the query gives 5 or 6 with invalidParams, the body 7, 8 or 9 with invalidFields', async () => {
    const appID = await manageApp(api, 'decision-1')
    const five = await api.call('GET', `k8s/v1/apps/${appID}/appBackups?limit=0`)
    assertProblem(five, 400, 5)
    assert.equal(five.body.invalidParams[0].name, 'limit')
    const six = await api.call('GET', `k8s/v1/apps/${appID}/appBackups?colour=red`)
    assertProblem(six, 400, 6)
    assert.equal(six.body.invalidParams[0].name, 'colour')
    const seven = await api.call('POST', `k8s/v1/apps/${appID}/appBackups`, { body: '{"type":' })
    assertProblem(seven, 400, 7)
    const eight = await postSnapshot(api, appID, { name: 'UPPER', colour: 'red' })
    assertProblem(eight, 400, 8)
    const names = eight.body.invalidFields.map((field: { name: string }) => field.name)
    assert.deepEqual(names.toSorted(), ['colour', 'name'])
    assert.equal(typeof eight.body.schemaValidationFailure, 'string')
    const nine = await putApp(api, appID, { snapshotID: missingID(), backupID: missingID() }, FORCE)
    assertProblem(nine, 400, 9)
    assert.deepEqual(
      nine.body.invalidFields.map((field: { name: string }) => field.name),
      ['snapshotID', 'backupID'],
    )
  })

  test('2: names are unique among what is not deleted; client-sent metadata is no conflict', async () => {
    const appID = await manageApp(api, 'decision-2')
    const other = await manageApp(api, 'decision-2-other')
    const first = await postBackup(api, appID, { name: 'nightly' })
    const taken = await postBackup(api, appID, { name: 'nightly' })
    assertProblem(taken, 409, 143)
    assert.equal(taken.body.invalidFields[0].name, 'name')
    assert.equal((await postBackup(api, other, { name: 'nightly' })).status, 201)
    await setBackup(api, first.body.id, { state: 'completed' })
    await api.call('DELETE', `topology/v1/appBackups/${first.body.id}`)
    const metadata = {
      labels: [],
      creationTimestamp: '2001-01-01T00:00:00Z',
      modificationTimestamp: '2001-01-01T00:00:00Z',
      createdBy: LOCAL,
    }
    assert.equal((await postBackup(api, appID, { name: 'nightly', metadata })).status, 201)
    assert.equal((await postSnapshot(api, appID, { name: 'nightly' })).status, 201)
    assertProblem(await postSnapshot(api, appID, { name: 'nightly' }), 409, 176)
    const moved = await putApp(api, appID, { clusterID: missingID() })
    assertProblem(moved, 409, 10)
    assert.equal(moved.body.invalidFields[0].name, 'clusterID')
  })

  test('3: only a pending backup cannot be deleted; a deleted one is gone at once', async () => {
    const appID = await manageApp(api, 'decision-3')
    for (const state of ['discovering', 'running', 'completed', 'failed', 'removed', 'unknown']) {
      const { body } = await postBackup(api, appID, { name: `to-delete-${state}` })
      const path = `k8s/v1/apps/${appID}/appBackups/${body.id}`
      assertProblem(await api.call('DELETE', path), 409, 128)
      await setBackup(api, body.id, { state })
      const deleted = await api.call('DELETE', path)
      assert.equal(deleted.status, 204)
      assert.equal(deleted.text, '')
      assertProblem(await api.call('GET', path), 404, 2)
      assertProblem(await api.call('GET', `topology/v1/appBackups/${body.id}`), 404, 2)
      assertProblem(await api.call('DELETE', path), 404, 1)
      const list = await api.call('GET', `k8s/v1/apps/${appID}/appBackups?include=id`)
      assert.ok(!list.text.includes(body.id))
      assert.equal((await postBackup(api, appID, { name: `to-delete-${state}` })).status, 201)
      const task = (await tasksOf(api, body.id)).find(({ kind }) => kind === 'delete-backup')
      assert.ok(task !== undefined && api.startedTasks.includes(task.id))
      assert.equal((await api.call('GET', `core/v1/tasks/${task.id}`)).status, 200)
    }
  })

  test('4: a deleted snapshot is deleting until its data is gone', async () => {
    const appID = await manageApp(api, 'decision-4')
    const id = await completedSnapshot(api, appID)
    const path = `k8s/v1/apps/${appID}/appSnaps/${id}`
    assert.equal((await api.call('DELETE', path)).status, 204)
    assert.equal((await api.call('GET', path)).body.state, 'deleting')
    assert.equal((await api.call('DELETE', path)).status, 204)
    const deletions = (await tasksOf(api, id)).filter(({ kind }) => kind === 'delete-snapshot')
    assert.equal(deletions.length, 1)
    await setSnapshot(api, id, { deleted_at: new Date() })
    assertProblem(await api.call('GET', path), 404, 2)
    assertProblem(await api.call('DELETE', path), 404, 1)
  })

  test('5: a snapshot that a backup takes for itself is listed, protected, and no source', async () => {
    const appID = await manageApp(api, 'decision-5')
    const backup = await postBackup(api, appID)
    const snapshot = await postSnapshot(api, appID)
    await setSnapshot(api, snapshot.body.id, {
      state: 'running',
      taken_by_backup_id: backup.body.id,
    })
    await setBackup(api, backup.body.id, { state: 'running', snapshot_id: snapshot.body.id })
    const path = `k8s/v1/apps/${appID}/appSnaps`
    assert.ok((await api.call('GET', path)).text.includes(snapshot.body.id))
    assertProblem(await api.call('DELETE', `${path}/${snapshot.body.id}`), 409, 144)
    const source = { snapshotID: snapshot.body.id }
    assertProblem(await postBackup(api, appID, source), 409, 111)
    assertProblem(await putApp(api, appID, source, FORCE), 400, 46)
    await setBackup(api, backup.body.id, { state: 'completed' })
    await setSnapshot(api, snapshot.body.id, { deleted_at: new Date() })
    const kept = await api.call('GET', `topology/v1/appBackups/${backup.body.id}`)
    assert.equal(kept.body.snapshotID, snapshot.body.id)
  })

  test('6: the default bucket of the cloud takes what names none', async () => {
    const appID = await manageApp(api, 'decision-6')
    assert.equal((await postBackup(api, appID)).body.bucketID, api.tenant.bucketID)
    assert.equal((await postSnapshot(api, appID)).body.bucketID, api.tenant.bucketID)
    const cloud = await api.call('GET', `topology/v1/clouds/${api.tenant.cloudID}`)
    assert.equal(cloud.body.defaultBucketID, api.tenant.bucketID)
  })

  test('7: every listed version is accepted, stored and returned; lists carry the newest', async () => {
    const appID = await manageApp(api, 'decision-7')
    for (const version of ['1.0', '1.1', '1.2']) {
      const made = await postBackup(api, appID, { version })
      assert.equal(made.body.version, version)
      const read = await api.call('GET', `topology/v1/appBackups/${made.body.id}`)
      assert.equal(read.body.version, version)
    }
    for (const version of ['1.0', '1.1', '1.2', '1.3']) {
      assert.equal((await postSnapshot(api, appID, { version })).body.version, version)
    }
    assertProblem(await postBackup(api, appID, { version: '1.3' }), 400, 8)
    assert.equal((await api.call('GET', `k8s/v1/apps/${appID}/appBackups`)).body.version, '1.2')
    assert.equal((await api.call('GET', `k8s/v1/apps/${appID}/appSnaps`)).body.version, '1.3')
  })

  test('8: hookState is absent until hooks ended; stateDetails of snapshots is always there', async () => {
    const appID = await manageApp(api, 'decision-8')
    const snapshot = await postSnapshot(api, appID)
    assert.deepEqual(snapshot.body.stateDetails, [])
    assert.ok(!('hookState' in snapshot.body) && !('hookStateDetails' in snapshot.body))
    const backup = await postBackup(api, appID)
    assert.ok(!('hookState' in backup.body) && !('hookStateDetails' in backup.body))
    await setBackup(api, backup.body.id, { hook_state: 'success', hook_state_details: '[]' })
    const read = await api.call('GET', `topology/v1/appBackups/${backup.body.id}`)
    assert.equal(read.body.hookState, 'success')
    assert.deepEqual(read.body.hookStateDetails, [])
  })

  test('9: metadata on create is labels alone, or everything; only labels count', async () => {
    const appID = await manageApp(api, 'decision-9')
    const labels = [{ name: 'astra.netapp.io/labels/read-only/triggerType', value: 'backup' }]
    const alone = await postBackup(api, appID, { metadata: { labels } })
    assert.deepEqual(alone.body.metadata.labels, labels)
    const full = {
      labels,
      creationTimestamp: '2001-02-03T04:05:06.123456Z',
      modificationTimestamp: '2001-02-03T04:05:06.123456Z',
      createdBy: '8f84cf09-8036-51e4-b579-bd30cb07b269',
      modifiedBy: LOCAL,
    }
    const made = await postSnapshot(api, appID, { metadata: full })
    assert.equal(made.status, 201)
    assert.deepEqual(made.body.metadata, {
      labels,
      creationTimestamp: '2026-05-04T10:20:30Z',
      modificationTimestamp: '2026-05-04T10:20:30Z',
      createdBy: api.tenant.userID,
    })
    assert.equal((await postBackup(api, appID, { metadata: {} })).status, 201)
    assertProblem(await postBackup(api, appID, { metadata: { colour: 'red' } }), 400, 8)
  })

  test('10: metadata of a list', async () => {
    const appID = await manageApp(api, 'decision-10')
    await postBackup(api, appID)
    await postBackup(api, appID)
    const path = `k8s/v1/apps/${appID}/appBackups`
    const plain = (await api.call('GET', path)).body.metadata
    assert.deepEqual(plain, {
      labels: [],
      creationTimestamp: '2026-05-04T10:20:30Z',
      modificationTimestamp: '2026-05-04T10:20:30Z',
      createdBy: api.tenant.userID,
    })
    const cut = (await api.call('GET', `${path}?limit=1&count=true`)).body.metadata
    assert.equal(cut.count, 2)
    assert.match(cut.continue, /^[A-Za-z0-9+/]+=*$/)
    const uncut = (await api.call('GET', `${path}?limit=2`)).body.metadata
    assert.ok(!('continue' in uncut) && !('count' in uncut))
  })

  test('11: include of an unknown field is 5; one without a value is null; repeats are kept', async () => {
    const appID = await manageApp(api, 'decision-11')
    const { body } = await postBackup(api, appID, { name: 'included' })
    const path = `k8s/v1/apps/${appID}/appBackups`
    const unknown = await api.call('GET', `${path}?include=id,colour`)
    assertProblem(unknown, 400, 5)
    assert.equal(unknown.body.invalidParams[0].name, 'include')
    const rows = await api.call('GET', `${path}?include=name,percentDone,id,name,stateUnready`)
    assert.deepEqual(rows.body.items, [['included', null, body.id, 'included', []]])
    assert.deepEqual((await api.call('GET', `${path}?include=name`)).body.items, [['included']])
  })

  test('12: other accounts do not exist; without a role or with a low one it is 11', async () => {
    const appID = await manageApp(api, 'decision-12')
    const { body } = await postBackup(api, appID)
    const stranger = await addTenant(api.database)
    const { token } = stranger
    assertProblem(await api.call('GET', 'k8s/v2/apps', { token }), 404, 2)
    const theirs = `${stranger.path}/topology/v1/appBackups`
    assertProblem(await api.call('GET', `${theirs}/${body.id}`, { token }), 404, 2)
    assertProblem(await api.call('DELETE', `${theirs}/${body.id}`, { token }), 404, 1)
    const none = await addUser(api.database, api.tenant.accountID, undefined)
    assertProblem(await api.call('GET', 'k8s/v2/apps', { token: none.token }), 403, 11)
    assertProblem(await api.call('GET', '/accounts', { token: none.token }), 403, 11)
    const viewer = await addUser(api.database, api.tenant.accountID, 'viewer')
    assert.equal((await api.call('GET', 'k8s/v2/apps', { token: viewer.token })).status, 200)
    const post = await api.call('POST', `k8s/v1/apps/${appID}/appBackups`, {
      token: viewer.token,
      body: { type: 'application/astra-appBackup', version: '1.2' },
    })
    assertProblem(post, 403, 11)
    const member = await addUser(api.database, api.tenant.accountID, 'member')
    const secret = `holdfast/v1/buckets/${api.tenant.bucketID}/repository`
    assertProblem(await api.call('GET', secret, { token: member.token }), 403, 11)
  })

  test('13: a missing item is 2 for GET and 1 for DELETE and PUT, its parents included', async () => {
    const appID = await manageApp(api, 'decision-13')
    const { body } = await postBackup(api, appID)
    const other = await manageApp(api, 'decision-13-other')
    for (const path of [
      `k8s/v1/apps/${appID}/appBackups/${missingID()}`,
      `k8s/v1/apps/${missingID()}/appBackups/${body.id}`,
      `k8s/v1/apps/${other}/appBackups/${body.id}`,
      `/accounts/${missingID()}/k8s/v1/apps/${appID}/appBackups/${body.id}`,
      `k8s/v1/apps/${appID}/appBackups/no-id`,
    ]) {
      assertProblem(await api.call('GET', path), 404, 2)
      assertProblem(await api.call('DELETE', path), 404, 1)
    }
    const put = { body: { type: 'application/astra-app', version: '2.2', name: 'x' } }
    assertProblem(await api.call('PUT', `k8s/v2/apps/${missingID()}`, put), 404, 1)
    const post = { body: { type: 'application/astra-appBackup', version: '1.2' } }
    assertProblem(await api.call('POST', `k8s/v1/apps/${missingID()}/appBackups`, post), 404, 2)
    assertProblem(await api.call('GET', `core/v1/tasks/${missingID()}`), 404, 1)
  })

  test('14: bytes are numbers, the creation timestamp is the consistency point', async () => {
    const appID = await manageApp(api, 'decision-14')
    const { body } = await postBackup(api, appID)
    assert.ok(!('totalBytes' in body) && !('bytesDone' in body) && !('percentDone' in body))
    await setBackup(api, body.id, {
      state: 'completed',
      taken_at: '2026-05-04T09:08:07.654321Z',
      total_bytes: 9_007_199_254_740_991,
      bytes_done: 9_007_199_254_740_991,
      percent_done: 100,
    })
    const read = (await api.call('GET', `topology/v1/appBackups/${body.id}`)).body
    assert.equal(read.backupCreationTimestamp, '2026-05-04T09:08:07Z')
    assert.equal(read.totalBytes, 9_007_199_254_740_991)
    assert.equal(read.bytesDone, read.totalBytes)
    assert.equal(read.percentDone, 100)
  })

  test('15: ids are made as lower-case v4 and accepted in any case', async () => {
    const appID = await manageApp(api, 'decision-15')
    const { body } = await postBackup(api, appID.toUpperCase(), {
      bucketID: api.tenant.bucketID.toUpperCase(),
    })
    assert.match(body.id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    assert.equal(body.bucketID, api.tenant.bucketID)
    const shouted = `topology/v1/appBackups/${body.id.toUpperCase()}`
    assert.equal((await api.call('GET', shouted)).body.id, body.id)
    const path = `/accounts/${api.tenant.accountID.toUpperCase()}/k8s/v2/apps/${appID}`
    assert.equal((await api.call('GET', path)).status, 200)
    const version5 = '5CB608F9-571B-592E-A520-5BFB900A9B9C'
    assertProblem(await postBackup(api, appID, { bucketID: version5 }), 400, 108)
    assertProblem(await postBackup(api, appID, { bucketID: LOCAL }), 400, 108)
    assertProblem(await postBackup(api, appID, { bucketID: 'no-id' }), 400, 8)
  })

  test('16: several operations on one app at once', async () => {
    const appID = await manageApp(api, 'decision-16')
    const backupID = await completedBackup(api, appID)
    const running = [(await postBackup(api, appID)).body.id, (await postBackup(api, appID)).body.id]
    assert.equal((await postSnapshot(api, appID)).status, 201)
    assertProblem(await putApp(api, appID, { backupID }, FORCE), 409, 152)
    assertProblem(await api.call('DELETE', `k8s/v2/apps/${appID}`), 409, 157)
    for (const id of running) await setBackup(api, id, { state: 'completed' })
    assertProblem(await putApp(api, appID, { backupID }, FORCE), 409, 152)
    const snapshots = await api.call('GET', `k8s/v1/apps/${appID}/appSnaps?include=id`)
    await setSnapshot(api, snapshots.body.items[0][0], { state: 'failed' })
    assert.equal((await putApp(api, appID, { backupID }, FORCE)).status, 204)
    assert.equal((await api.call('GET', `k8s/v2/apps/${appID}`)).body.state, 'restoring')
    assertProblem(await putApp(api, appID, { backupID }, FORCE), 409, 112)
    assertProblem(await api.call('DELETE', `k8s/v2/apps/${appID}`), 409, 112)
    // What is being exchanged was planned for the namespaces that the app has.
    api.host.seen = hostWith(
      ...new Set([...api.host.seen.namespaces.map(({ name }) => name), 'aside']),
    )
    const elsewhere = { namespaceScopedResources: [{ namespace: 'aside' }] }
    assertProblem(await putApp(api, appID, elsewhere), 409, 112)
    const { body: asRead } = await api.call('GET', `k8s/v2/apps/${appID}`)
    const { namespaceScopedResources } = asRead
    assert.equal((await putApp(api, appID, { namespaceScopedResources })).status, 204)
    assert.equal((await postBackup(api, appID)).body.state, 'pending')
    assert.equal((await postSnapshot(api, appID)).body.state, 'pending')
  })

  test('17: a restore names exactly one copy, a clone at most one source', async () => {
    const appID = await manageApp(api, 'decision-17')
    const backupID = await completedBackup(api, appID)
    const snapshotID = await completedSnapshot(api, appID)
    assertProblem(await putApp(api, appID, { backupID, snapshotID }, FORCE), 400, 9)
    const clone = (members: object) =>
      api.call('POST', 'k8s/v2/apps', {
        body: { type: 'application/astra-app', version: '2.2', name: 'clone', ...members },
      })
    assertProblem(await clone({ backupID, snapshotID }), 400, 9)
    const { clusterID } = api.tenant
    for (const [at, source] of [{ sourceAppID: appID }, { backupID }, { snapshotID }].entries()) {
      assertProblem(await clone(source), 400, 9)
      const made = await clone({ ...source, clusterID, name: `decision-17-${at}` })
      assert.equal(made.status, 201, made.text)
      assert.equal(made.body.state, 'provisioning')
      assert.equal(made.body.sourceAppID, appID)
      assert.deepEqual(made.body.namespaces, [`decision-17-${at}`])
      const [task] = await tasksOf(api, made.body.id)
      assert.equal(task?.kind, 'clone')
    }
    // The live clone took a snapshot, which a restore would disturb.
    assertProblem(await putApp(api, appID, { snapshotID }, FORCE), 409, 152)
    await api.database.queries
      .updateTable('application_snapshots')
      .set({ state: 'completed' })
      .where('app_id', '=', appID)
      .execute()
    assert.equal((await putApp(api, appID, { snapshotID }, FORCE)).status, 204)
    const task = (await tasksOf(api, appID)).at(-1)
    assert.equal(task?.kind, 'restore')
    assert.deepEqual(task.input, {
      source: { kind: 'snapshot', id: snapshotID },
      isInUseAllowed: false,
      formerState: 'ready',
    })
  })

  test('18: values of our own stand in closed enums, any other is problem 8', async () => {
    const cluster = await api.call('GET', `topology/v1/clusters/${api.tenant.clusterID}`)
    assert.equal(cluster.body.clusterType, 'host')
    const bucket = await api.call('GET', `topology/v1/buckets/${api.tenant.bucketID}`)
    assert.equal(bucket.body.provider, 'local')
    assert.deepEqual(bucket.body.bucketParameters, { local: { path: '/srv/bucket' } })
    assert.equal(bucket.body.credentialID, LOCAL)
    const cloud = await api.call('GET', `topology/v1/clouds/${api.tenant.cloudID}`)
    assert.equal(cloud.body.cloudType, 'private')
    const appID = await manageApp(api, 'decision-18')
    assertProblem(await putApp(api, appID, { version: '2.9' }), 400, 8)
    assertProblem(await putApp(api, appID, { state: 'excited' }), 400, 8)
  })

  test('19: a list without limit answers every match', async () => {
    const appID = await manageApp(api, 'decision-19')
    const row = {
      account_id: api.tenant.accountID,
      app_id: appID,
      bucket_id: api.tenant.bucketID,
    }
    const rows = Array.from({ length: 1203 }, (_, at) => ({
      ...row,
      id: missingID(),
      name: `backup-${at}`,
    }))
    await api.database.queries.insertInto('backups').values(rows).execute()
    const list = await api.call('GET', `k8s/v1/apps/${appID}/appBackups?count=true&include=id`)
    assert.equal(list.body.items.length, 1203)
    assert.equal(new Set(list.body.items.flat()).size, 1203)
    assert.equal(list.body.metadata.count, 1203)
    assert.ok(!('continue' in list.body.metadata))
  })

  test('23: times are UTC, the 31st is the last day of each month, counts are of completed copies', async () => {
    const appID = await manageApp(api, 'decision-23')
    api.clock.now = new Date('2027-01-31T22:00:00Z')
    const policy = { granularity: 'monthly', hour: '23', dayOfMonth: '31' }
    const body = {
      type: 'application/astra-schedule',
      version: '1.3',
      name: 'monthly',
      ...policy,
      snapshotRetention: '1',
      backupRetention: '1',
    }
    const made = await api.call('POST', `k8s/v1/apps/${appID}/schedules`, { body })
    assert.equal(made.status, 201, made.text)
    const next = `holdfast/v1/apps/${appID}/schedules/${made.body.id}`
    assert.equal((await api.call('GET', next)).body.dueTime, '2027-01-31T23:00:00Z')
    api.clock.now = new Date('2027-02-01T00:00:00Z')
    const change = { ...body, minute: '30' }
    const path = `k8s/v1/apps/${appID}/schedules/${made.body.id}`
    assert.equal((await api.call('PUT', path, { body: change })).status, 204)
    assert.equal((await api.call('GET', next)).body.dueTime, '2027-02-28T23:30:00Z')
    const id = await completedBackup(api, appID)
    await setBackup(api, id, { schedule_id: made.body.id })
    const failed = await postBackup(api, appID)
    await setBackup(api, failed.body.id, { schedule_id: made.body.id, state: 'failed' })
    const copies = await listScheduledCopies(api.database, {
      scheduleID: made.body.id,
      kind: 'volumes',
    })
    const now = api.clock.now
    const counts = { snapshotRetention: '1', backupRetention: '1' }
    const decided = decideRetention({ ...copies, ...counts, now })
    const kept = decided.backups.filter(({ keep }) => keep).map(({ reason }) => reason)
    assert.deepEqual(kept.toSorted(), ['kept-by-count', 'recent-failure'])
  })

  test('20: on a failed app every verb is allowed, and PUT may say that it is ready', async () => {
    const appID = await manageApp(api, 'decision-20')
    const backupID = await completedBackup(api, appID)
    const details = [{ type: 'urn:x', title: 'Restore failed', detail: 'No space was left.' }]
    const failed = { state: 'failed', state_details: JSON.stringify(details) }
    await setApp(api, appID, failed)
    const read = await api.call('GET', `k8s/v2/apps/${appID}`)
    assert.equal(read.body.state, 'failed')
    assert.deepEqual(read.body.stateDetails, details)
    assert.equal((await putApp(api, appID, { name: 'renamed' })).status, 204)
    assert.equal((await api.call('GET', `k8s/v2/apps/${appID}`)).body.state, 'failed')
    assert.equal((await putApp(api, appID, { backupID }, FORCE)).status, 204)
    const restore = (await tasksOf(api, appID)).at(-1)
    assert.partialDeepStrictEqual(restore?.input, {
      formerState: 'failed',
      formerStateDetails: details,
    })
    await setApp(api, appID, failed)
    assert.equal((await putApp(api, appID, { state: 'ready' })).status, 204)
    const ready = await api.call('GET', `k8s/v2/apps/${appID}`)
    assert.equal(ready.body.state, 'ready')
    assert.deepEqual(ready.body.stateDetails, [])
    await setApp(api, appID, failed)
    const { clusterID } = api.tenant
    const clone = { name: 'decision-20-twin', clusterID, sourceAppID: appID }
    const body = { type: 'application/astra-app', version: '2.2', ...clone }
    const twin = await api.call('POST', 'k8s/v2/apps', { body })
    assert.equal(twin.body.state, 'provisioning')
    assertProblem(await api.call('DELETE', `k8s/v2/apps/${twin.body.id}`), 409, 112)
    await setApp(api, twin.body.id, failed)
    const listed = await api.call('GET', 'k8s/v2/apps?include=id,state')
    assert.ok(
      listed.body.items.some(([id, state]: string[]) => id === twin.body.id && state === 'failed'),
    )
    // Its data never came, and no word of a user brings it.
    const { queries } = api.database
    const ended = { state: 'failed' } as const
    await queries.updateTable('tasks').set(ended).where('app_id', '=', twin.body.id).execute()
    assertProblem(await putApp(api, twin.body.id, { state: 'ready' }), 409, 164)
    assert.equal((await putApp(api, twin.body.id, { name: 'renamed-twin' })).status, 204)
    assert.equal((await api.call('DELETE', `k8s/v2/apps/${twin.body.id}`)).status, 204)
    assert.equal((await postBackup(api, appID)).status, 201)
    assert.equal((await postSnapshot(api, appID)).status, 201)
  })

  test('21: a deleted app takes its copies along, into a trash of seven days', async () => {
    const appID = await manageApp(api, 'decision-21')
    const backupID = await completedBackup(api, appID)
    const snapshotID = await completedSnapshot(api, appID)
    assert.equal((await api.call('DELETE', `k8s/v2/apps/${appID}`)).status, 204)
    const gone = [`topology/v1/appBackups/${backupID}`, `k8s/v1/apps/${appID}/appSnaps`]
    for (const path of gone) assertProblem(await api.call('GET', path), 404, 2)
    const kept = `holdfast/v1/trash?include=id,purgeTimestamp&filter=appID eq '${appID}'`
    const { items } = (await api.call('GET', kept)).body
    assert.deepEqual(
      items.map(([id]: string[]) => id).toSorted(),
      [appID, backupID, snapshotID].toSorted(),
    )
    const week = new Date(api.clock.now.getTime() + 7 * 24 * 3_600_000)
    const purgedAt = week.toISOString().replace(/\.\d+Z$/, 'Z')
    assert.ok(items.every(([, at]: string[]) => at === purgedAt))
  })

  test('24: what does not exist here lists empty for every role, and writes say why', async () => {
    const { tenant } = api
    const paths = [
      ...['k8s/v1/appMirrors', 'topology/v1/storageBackends', 'core/v1/licenses'],
      ...['core/v1/entitlements', 'core/v1/asups', 'core/v1/certificates', 'core/v1/packages'],
      ...['core/v1/subscriptions', 'core/v1/upgrades', 'core/v1/ldapUsers', 'core/v1/ldapGroups'],
      `topology/v1/clusters/${tenant.clusterID}/storageDevices`,
    ]
    for (const role of ['viewer', 'member', 'admin', 'owner'] as const) {
      const { token } = await addUser(api.database, tenant.accountID, role)
      for (const path of paths) {
        const { status, body } = await api.call('GET', `${path}?count=true`, { token })
        assert.deepEqual([status, body.items, body.metadata.count], [200, [], 0], path)
      }
    }
    const filter = encodeURIComponent("certUse eq 'rootCA'")
    const certificates = await api.call('GET', `core/v1/certificates?filter=${filter}`)
    assert.deepEqual(certificates.body.items, [])
    const backend = {
      type: 'application/astra-storageBackend',
      version: '1.3',
      backendType: 'ontap',
    }
    const posted = await api.call('POST', 'topology/v1/storageBackends', { body: backend })
    assertProblem(posted, 400, 133)
    assertProblem(await api.call('POST', 'core/v1/licenses', { body: {} }), 405, 69)
  })

  test('25: out of reach is not there, what is needed is, and secrets are for the whole account', async () => {
    await manageApp(api, 'decision-25')
    const appID = await manageApp(api, 'decision-25-too')
    const { accountID, bucketID } = api.tenant
    const found = await api.call('GET', `topology/v1/namespaces?filter=name eq 'decision-25'`)
    const namespaceID = found.body.items[0].id
    const { userID, token } = await addUser(api.database, accountID, undefined)
    const type = 'application/astra-roleBinding'
    const binding = { type, version: '1.1', accountID, userID, role: 'admin' }
    const roleConstraints = [`namespaces:id='${namespaceID}'.*`]
    const given = { body: { ...binding, roleConstraints } }
    assert.equal((await api.call('POST', 'core/v1/roleBindings', given)).status, 201)
    const apps = (await api.call('GET', 'k8s/v2/apps', { token })).body.items
    assert.deepEqual(
      apps.map(({ name }: { name: string }) => name),
      ['decision-25'],
    )
    assertProblem(await api.call('GET', `k8s/v2/apps/${appID}`, { token }), 404, 2)
    for (const path of ['clouds', 'clusters', 'buckets']) {
      const { items } = (await api.call('GET', `topology/v1/${path}`, { token })).body
      assert.ok(items.length > 0, path)
    }
    const password = `holdfast/v1/buckets/${bucketID}/repository`
    assertProblem(await api.call('GET', password, { token }), 403, 11)
  })

  test('22: hooks are switched on, and their names are unique per app', async () => {
    const appIDs = [await manageApp(api, 'decision-22'), await manageApp(api, 'decision-22-too')]
    const source = await postHookSource(api)
    assert.equal(source.status, 201)
    for (const appID of appIDs) {
      const hook = { appID, hookSourceID: source.body.id, name: 'flush' }
      assert.equal((await postHook(api, hook)).status, 201)
      assertProblem(await postHook(api, hook), 409, 10)
    }
  })
})
