// Our own operations: cancel, the repository of a bucket, the volumes of copies.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, afterEach, before, describe, test } from 'node:test'
import { registerRepository } from '@holdfast/db'
import { addUser, assertAnswersConform, makeTestApi, type TestApi } from '../testing/test-api.ts'
import {
  assertProblem,
  manageApp,
  missingID,
  postBackup,
  postSnapshot,
  tasksOf,
} from '../testing/test-resources.ts'

let api: TestApi
let appID: string
before(async () => {
  api = await makeTestApi()
  appID = await manageApp(api, 'shop')
})
after(() => api.close())
afterEach(assertAnswersConform)

describe('cancel', () => {
  async function taskOfNewBackup(): Promise<string> {
    const { body } = await postBackup(api, appID)
    const [task] = await tasksOf(api, body.id)
    return task?.id ?? assert.fail('the backup has no task')
  }

  async function set(taskID: string, change: object): Promise<void> {
    await api.database.queries.updateTable('tasks').set(change).where('id', '=', taskID).execute()
  }

  const cancel = (taskID: string, options: object = {}) =>
    api.call('POST', `holdfast/v1/tasks/${taskID}/cancel`, options)

  test('answers the task, which is cancelling then, as often as it is asked', async () => {
    const taskID = await taskOfNewBackup()
    const first = await cancel(taskID)
    assert.equal(first.status, 202)
    assert.equal(first.body.type, 'application/astra-task')
    assert.equal(first.body.state, 'cancelling')
    assert.match(first.body.cancelTime, /Z$/)
    assert.equal((await cancel(taskID, { body: '{"broken' })).status, 202)
    const read = await api.call('GET', `core/v1/tasks/${taskID}`)
    assert.equal(read.body.state, 'cancelling')
  })

  test('10: what has ended, or is past its commit', async () => {
    for (const change of [
      { state: 'completed' },
      { state: 'failed' },
      { state: 'cancelled' },
      { state: 'running', past_commit: true },
    ]) {
      const taskID = await taskOfNewBackup()
      await set(taskID, change)
      assertProblem(await cancel(taskID), 409, 10)
      const read = await api.call('GET', `core/v1/tasks/${taskID}`)
      assert.equal(read.body.state, change.state)
    }
  })

  test('1: a task that does not exist; 11: a viewer', async () => {
    assertProblem(await cancel(missingID()), 404, 1)
    assertProblem(await cancel('no-id'), 404, 1)
    const { token } = await addUser(api.database, api.tenant.accountID, 'viewer')
    assertProblem(await cancel(await taskOfNewBackup(), { token }), 403, 11)
  })
})

describe('the repository of a bucket', () => {
  const path = () => `holdfast/v1/buckets/${api.tenant.bucketID}/repository`

  test('is not there before the first backup, then is what restic needs', async () => {
    assertProblem(await api.call('GET', path()), 404, 2)
    const { accountID, bucketID } = api.tenant
    const home = { kind: 'bucket', bucketID } as const
    const prefix = `accounts/${accountID}`
    const password = 'correct horse battery staple'
    const repository = { id: randomUUID(), accountID, home, prefix, password }
    await registerRepository(api.database, api.sealing, repository)
    const answer = await api.call('GET', path())
    assert.deepEqual(answer.body, { url: `/srv/bucket/accounts/${accountID}`, password })
    assert.equal(answer.headers['cache-control'], 'no-store')
    assert.ok(api.log.some(({ msg }) => msg === 'repository password read'))
    assert.ok(!JSON.stringify(api.log).includes(password))
  })

  test('is for owners and admins', async () => {
    for (const [role, status] of [
      ['owner', 200],
      ['admin', 200],
      ['member', 403],
      ['viewer', 403],
    ] as const) {
      const { token } = await addUser(api.database, api.tenant.accountID, role)
      assert.equal((await api.call('GET', path(), { token })).status, status)
    }
    const filter = encodeURIComponent("name in 'holdfast.audit.revealed'")
    const told = (await api.call('GET', `core/v1/events?filter=${filter}`)).body.items
    assert.ok(told.length >= 2, 'each reading is told')
    assert.ok(told.every((event: { class: string }) => event.class === 'security'))
    assertProblem(await api.call('GET', `holdfast/v1/buckets/${missingID()}/repository`), 404, 2)
    assertProblem(await api.call('GET', `${path()}?x=1`), 400, 6)
  })
})

test('the volumes of a backup and of a snapshot say what was expected and what was captured', async () => {
  const copy = {
    namespace: 'shop',
    key: 'data',
    strategy: 'copy',
    consistency: 'live',
    holes: JSON.stringify([{ path: 'mnt', reason: 'mount' }]),
    taken_at: '2026-05-04T09:00:00Z',
    expected_entries: 7,
    expected_bytes: 1000,
    captured_entries: 6,
    captured_bytes: 900,
    missed: JSON.stringify([{ path: 'secret', reason: 'EACCES: permission denied' }]),
    missed_count: 1,
    warnings: JSON.stringify([
      { code: 'changed-while-read', path: 'log', message: 'It changed while it was read.' },
    ]),
    warning_count: 3,
  }
  const backup = (await postBackup(api, appID)).body.id
  const snapshot = (await postSnapshot(api, appID)).body.id
  const { queries } = api.database
  await queries
    .insertInto('backup_volumes')
    .values({ ...copy, id: randomUUID(), backup_id: backup, repository_snapshot_id: 'ab12' })
    .execute()
  await queries
    .insertInto('volume_snapshots')
    .values({ ...copy, id: randomUUID(), snapshot_id: snapshot })
    .execute()
  const ofBackup = await api.call('GET', `holdfast/v1/appBackups/${backup}/volumes`)
  const ofSnapshot = await api.call('GET', `holdfast/v1/appSnaps/${snapshot}/volumes`)
  const [item] = ofBackup.body.items
  assert.equal(item.name, 'shop/data')
  assert.equal(item.repositorySnapshotID, 'ab12')
  assert.deepEqual(item.expected, { entries: 7, bytes: 1000 })
  assert.deepEqual(item.captured, { entries: 6, bytes: 900 })
  assert.deepEqual(item.holes, [{ path: 'mnt', reason: 'mount' }])
  assert.equal(item.missed[0].path, 'secret')
  assert.equal(item.warningCount, 3)
  assert.equal(ofSnapshot.body.items[0].consistency, 'live')
  const partial = "?filter=missedCount gt '0',captured.entries lt '7'&include=name"
  const found = await api.call(
    'GET',
    `holdfast/v1/appBackups/${backup}/volumes${partial.replaceAll(' ', '%20')}`,
  )
  assert.deepEqual(found.body.items, [['shop/data']])
})
