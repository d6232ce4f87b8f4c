// Apps, instances and backups as the container dialect sees them, over a real database.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { type CopyState, EMPTY_REACH, slugOf } from '@holdfast/domain'
import fc from 'fast-check'
import { sql } from 'kysely'
import { insertApp } from './apps.ts'
import { insertBackup } from './backups.ts'
import { listContainerBackupLogs } from './container-backup-logs.ts'
import { CONTAINER_BACKUPS } from './container-backups.ts'
import { derivedHexID, HOST_INSTANCE_IDENTITY, hexIDOf } from './container-ids.ts'
import { CONTAINERS, containersMatching } from './containers.ts'
import { INSTANCES, instancesMatching } from './instances.ts'
import { jobsMatching } from './jobs.ts'
import {
  findResource,
  findResourceByHexID,
  listResources,
  type ResourceSource,
  type Viewer,
} from './list-resources.ts'
import { insertAccount } from './principals.ts'
import { makeTestDatabase, type TestDatabase } from './testing/index.ts'

const NOW = new Date('2026-05-04T10:00:00Z')
const [accountID, cloudID, clusterID, bucketID, repositoryID, namespaceID] = [1, 2, 3, 4, 5, 6].map(
  () => randomUUID(),
) as [string, string, string, string, string, string]
const scope = { accountID, parents: {} }

let testDatabase: TestDatabase

before(async () => {
  testDatabase = await makeTestDatabase()
  const { database } = testDatabase
  await insertAccount(database, { id: accountID, name: 'a', now: NOW })
  for (const statement of [
    sql`insert into clouds (id, account_id, name, cloud_type)
      values (${cloudID}, ${accountID}, 'c', 'private')`,
    sql`insert into clusters (id, account_id, cloud_id, name, cluster_type, cluster_version)
      values (${clusterID}, ${accountID}, ${cloudID}, 'machine', 'host', '1')`,
    sql`insert into buckets (id, account_id, name, identifier, provider, bucket_parameters)
      values (${bucketID}, ${accountID}, 'b', 'b', 'local', '{}')`,
    sql`insert into repositories (id, account_id, bucket_id, prefix)
      values (${repositoryID}, ${accountID}, ${bucketID}, 'accounts/a/')`,
    sql`insert into namespaces (id, account_id, cluster_id, name, uid)
      values (${namespaceID}, ${accountID}, ${clusterID}, 'held', 'u')`,
  ]) {
    await statement.execute(database.queries)
  }
})
after(() => testDatabase.drop())

test('the identifier of a container is the slug of its name', async () => {
  const names = fc.sample(fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.lorem()), 100)
  const storable = names.map((name) => name.replaceAll(/\p{Surrogate}|\0/gu, ' '))
  const ids = []
  for (const name of storable) ids.push(await addApp({ name }))
  const { resources } = await listAll(CONTAINERS)
  const identifiers = new Map(resources.map(({ id, identifier }) => [id, identifier]))
  for (const [at, id] of ids.entries()) {
    const slug = slugOf(storable[at] ?? '')
    assert.equal(identifiers.get(id), slug === '' ? hexIDOf(id) : slug)
  }
})

test('containers are found by identifier, state, maker, cluster, words and time', async () => {
  const maker = randomUUID()
  const id = await addApp({ name: 'Web Shop 7', createdBy: maker, now: new Date('2020-02-02Z') })
  await testDatabase.database.queries
    .updateTable('apps')
    .set({ state: 'failed' })
    .where('id', '=', id)
    .execute()
  const only = async (filter: Parameters<typeof containersMatching>[0]) => {
    const { resources } = await listAll(containersMatching(filter))
    return resources.map((container) => container.id)
  }
  const isFound = async (filter: Parameters<typeof containersMatching>[0]) =>
    assert.deepEqual(await only(filter), [id])
  await isFound({ identifiers: ['web-shop-7'] })
  await isFound({ states: ['stopped', 'deleting'] })
  await isFound({ creators: [hexIDOf(maker)] })
  await isFound({ search: 'SHOP 7' })
  await isFound({ search: hexIDOf(id) })
  await isFound({ until: new Date('2020-02-02Z') })
  await isFound({ from: new Date('2020-02-02Z'), until: new Date('2020-02-03Z') })
  await isFound({ environments: [hexIDOf(clusterID)], search: 'web shop 7' })
  assert.deepEqual(await only({ environments: [hexIDOf(cloudID)] }), [])
  assert.deepEqual(await only({ creators: ['nobody'] }), [])
  const found = await findResourceByHexID(testDatabase.database, CONTAINERS, {
    scope,
    hexID: hexIDOf(id),
  })
  assert.equal(found?.name, 'Web Shop 7')
  for (const hexID of [hexIDOf(randomUUID()), '', 'x'.repeat(24), id]) {
    const none = await findResourceByHexID(testDatabase.database, CONTAINERS, { scope, hexID })
    assert.equal(none, undefined)
  }
})

test('an app of a host has one instance, which is found by its state and its machine', async () => {
  const id = await addApp({ name: 'single' })
  const parents = { appID: id }
  const { resources } = await listAll(INSTANCES, { parents })
  assert.deepEqual(
    resources.map((instance) => [instance.id, instance.state, instance.hostname]),
    [[derivedHexID(id, HOST_INSTANCE_IDENTITY), 'running', 'single']],
  )
  for (const [filter, count] of [
    [{ states: ['running'] }, 1],
    [{ states: ['stopped'] }, 0],
    [{ servers: [hexIDOf(clusterID)] }, 1],
    [{ servers: [hexIDOf(cloudID)] }, 0],
    [{ search: 'SING' }, 1],
    [{ from: new Date('2100-01-01Z') }, 0],
    [{ until: new Date('2100-01-01Z') }, 1],
  ] as const) {
    const found = await listAll(instancesMatching(filter), { parents })
    assert.equal(found.resources.length, count, JSON.stringify(filter))
  }
})

const STATES: readonly (readonly [CopyState, string])[] = [
  ['pending', 'saving'],
  ['discovering', 'saving'],
  ['running', 'saving'],
  ['completed', 'live'],
  ['failed', 'deleted'],
]

for (const [state, shown] of STATES) {
  test(`a backup that is ${state} is ${shown}, and deleting until its data is gone`, async () => {
    const appID = await addApp({ name: `app ${state}` })
    const backupID = await addBackup(appID, 'stream')
    const id = hexIDOf(backupID)
    await setBackup(backupID, {
      state,
      state_unready: JSON.stringify(
        state === 'failed' ? ['exit code 1: full', 'Free some space.'] : [],
      ),
      total_bytes: 1000,
      bytes_done: 600,
      modified_at: new Date('2026-05-04T11:00:00Z'),
      repository_id: repositoryID,
      stream_snapshot_id: state === 'completed' ? 'abc' : null,
    })
    const backup = await find(id)
    assert.equal(backup?.state, shown)
    assert.equal(backup.sizeBytes, { live: 1000, saving: 600 }[shown] ?? 0)
    assert.equal(backup.repositorySnapshotID, shown === 'live' ? 'abc' : undefined)
    assert.equal(backup.repositoryPrefix, 'accounts/a/')
    assert.equal(backup.deletedAt !== undefined, shown === 'deleted')
    assert.equal(
      backup.error?.message,
      shown === 'deleted' ? 'exit code 1: full. Free some space.' : undefined,
    )

    await setBackup(backupID, { deleted_at: new Date('2026-05-04T12:00:00Z') })
    const first = await addTask({ kind: 'delete-backup', resourceID: backupID, appID })
    assert.equal((await find(id))?.state, 'deleting')
    assert.equal((await find(id))?.error, undefined)
    const stateDetails = JSON.stringify([{ type: 't', title: 't', detail: 'No bucket.' }])
    await setTask(first, { state: 'failed', state_details: stateDetails, ended_at: NOW })
    const failed = await find(id)
    assert.equal(failed?.state, 'deleting')
    assert.match(failed.error?.message ?? '', /No bucket\.$/)
    assert.deepEqual(failed.error?.time, NOW)
    const second = await addTask({ kind: 'delete-backup', resourceID: backupID, appID })
    assert.equal((await find(id))?.error, undefined)
    await setTask(second, { state: 'completed' })
    assert.equal(await find(id), undefined)
  })
}

test('what is shown to the millisecond is sorted to the millisecond', async () => {
  const appID = await addApp({ name: 'within a second' })
  const at = (ms: number) => new Date(NOW.getTime() + ms)
  // Later ones have smaller ids, which break ties.
  const idsDown = async (add: () => Promise<string>) =>
    (await Promise.all(Array.from({ length: 5 }, add))).toSorted().toReversed()
  const apps = await idsDown(() => addApp({ name: 'in order' }))
  const tasks = await idsDown(() => addTask({ kind: 'restore', resourceID: appID, appID }))
  const backups = await idsDown(() => addBackup(appID, 'stream'))
  const { queries } = testDatabase.database
  for (const [index, id] of apps.entries()) {
    const times = { created_at: at(index), modified_at: at(index) }
    await queries.updateTable('apps').set(times).where('id', '=', id).execute()
    await setTask(tasks[index] ?? '', { started_at: at(index), ended_at: at(index) })
    await setBackup(backups[index] ?? '', { modified_at: at(index) })
  }
  const found = containersMatching({ search: 'in order' })
  const ofApp = { parents: { appID } }
  const allJobs = jobsMatching({ from: at(-1), until: at(1e12) })
  for (const [source, field, ids, more] of [
    [found, 'createdAt', apps, {}],
    [found, 'modifiedAt', apps, {}],
    [allJobs, 'startedAt', tasks, {}],
    [allJobs, 'endedAt', tasks, {}],
    [CONTAINER_BACKUPS, 'modifiedAt', backups.map(hexIDOf), ofApp],
  ] as const) {
    const orderBy = { field, isDescending: false }
    const query = { scope: { ...scope, ...more }, where: [], orderBy, limit: 10_000 }
    const { resources } = await listResources<{ id: string }>(testDatabase.database, source, query)
    const listed = resources.map(({ id }) => id).filter((id) => ids.includes(id))
    assert.deepEqual(listed, ids, field)
  }
})

test('backups of hidden apps and out of reach do not exist', async () => {
  const appID = await addApp({ name: 'reached', namespace: 'held' })
  const backupID = await addBackup(appID, 'volumes')
  const id = derivedHexID(backupID, HOST_INSTANCE_IDENTITY)
  const seenBy = (reach: object): { viewer: Viewer } => ({
    viewer: { userID: randomUUID(), role: 'member', reach: { ...EMPTY_REACH, ...reach } },
  })
  assert.ok(await find(id, seenBy({ heldIDs: [namespaceID] })))
  assert.equal(await find(id, seenBy({})), undefined)
  const container = { scope: { ...scope, ...seenBy({}) }, id: appID }
  assert.equal(await findResource(testDatabase.database, CONTAINERS, container), undefined)
  const { resources } = await listAll(INSTANCES, { parents: { appID }, ...seenBy({}) })
  assert.deepEqual(resources, [])
  await testDatabase.database.queries
    .updateTable('apps')
    .set({ hidden_at: NOW })
    .where('id', '=', appID)
    .execute()
  assert.equal(await find(id), undefined)
})

test('the logs of a backup are those of the runs that made and restored it, and of no others', async () => {
  const appID = await addApp({ name: 'logged' })
  const backupID = await addBackup(appID, 'volumes')
  const made = await addTask({ kind: 'backup', resourceID: backupID, appID })
  await log(made, 'first')
  const move = await addTask({ kind: 'move', resourceID: randomUUID(), appID, parent: made })
  await log(move, 'of the volume')
  await setTask(move, { state: 'completed', bytes_done: 12, started_at: NOW, ended_at: NOW })
  const input = { source: { kind: 'backup', id: backupID } }
  const restored = await addTask({ kind: 'stream-restore', resourceID: appID, appID, input })
  await log(restored, 'psql: error\n')
  await log(restored, 'and more')
  const stateDetails = JSON.stringify([
    { type: 't', title: 't', detail: 'The command ended with 3: no such table' },
    { type: 't', title: 't', detail: 'The data is as it left it.' },
  ])
  await setTask(restored, { state: 'failed', state_details: stateDetails })
  await addTask({ kind: 'clone', resourceID: appID, appID, input })
  await addTask({ kind: 'delete-backup', resourceID: backupID, appID })
  const logs = await listContainerBackupLogs(testDatabase.database, { accountID, backupID })
  assert.deepEqual(
    logs.map(({ id, type, error }) => ({ id, type, error })),
    [
      { id: made, type: 'backup', error: undefined },
      {
        id: restored,
        type: 'restore',
        error: 'The command ended with 3: no such table. The data is as it left it.',
      },
    ],
  )
  const lines = logs[0]?.log.split('\n') ?? []
  assert.deepEqual(
    lines.toSorted(),
    ['first', 'of the volume', 'test Completed after 0.0 s: 12 bytes.'].toSorted(),
  )
  assert.equal(logs[1]?.log, 'psql: error\nand more')
  const other = { accountID: randomUUID(), backupID }
  assert.deepEqual(await listContainerBackupLogs(testDatabase.database, other), [])
})

test('of a long log the end is kept, and of many runs the latest', async () => {
  const appID = await addApp({ name: 'long' })
  const backupID = await addBackup(appID, 'volumes')
  const made = await addTask({ kind: 'backup', resourceID: backupID, appID })
  for (let at = 0; at < 5; at += 1) await log(made, `${at}`.repeat(20_000))
  await log(made, 'the last word')
  const input = { source: { kind: 'backup', id: backupID } }
  const [first] = await listContainerBackupLogs(testDatabase.database, { accountID, backupID })
  assert.equal(first?.log.length, 65_536)
  assert.match(first?.log ?? '', /4\nthe last word$/)
  for (let at = 0; at < 100; at += 1) {
    await addTask({ kind: 'restore', resourceID: appID, appID, input })
  }
  const logs = await listContainerBackupLogs(testDatabase.database, { accountID, backupID })
  assert.equal(logs.length, 100)
  assert.ok(logs.every(({ type }) => type === 'restore'))
})

async function listAll<Resource>(source: ResourceSource<Resource>, more: object = {}) {
  const query = { scope: { ...scope, ...more }, where: [], limit: 10_000 }
  return await listResources(testDatabase.database, source, query)
}

function find(id: string, more: object = {}) {
  return findResource(testDatabase.database, CONTAINER_BACKUPS, {
    scope: { ...scope, ...more },
    id,
  })
}

async function addApp(app: {
  readonly name: string
  readonly namespace?: string
  readonly createdBy?: string
  readonly now?: Date
}): Promise<string> {
  const id = randomUUID()
  await insertApp(testDatabase.database, {
    id,
    accountID,
    clusterID,
    name: app.name,
    version: '2.2',
    namespaceScopedResources: [{ namespace: app.namespace ?? 'n', labelSelectors: [] }],
    state: 'ready',
    labels: [],
    createdBy: app.createdBy ?? randomUUID(),
    now: app.now ?? NOW,
  })
  return id
}

async function addBackup(appID: string, kind: 'volumes' | 'stream'): Promise<string> {
  const id = randomUUID()
  const name = id
  const row = { id, accountID, appID, name, bucketID, kind, version: '1.2', labels: [] }
  await insertBackup(testDatabase.database, { ...row, createdBy: randomUUID(), now: NOW })
  return id
}

async function setBackup(id: string, change: object): Promise<void> {
  const { queries } = testDatabase.database
  await queries.updateTable('backups').set(change).where('id', '=', id).execute()
}

async function addTask(task: {
  readonly kind: string
  readonly resourceID: string
  readonly appID: string
  readonly parent?: string
  readonly input?: object
}): Promise<string> {
  const id = randomUUID()
  await testDatabase.database.queries
    .insertInto('tasks')
    .values({
      id,
      account_id: accountID,
      kind: task.kind,
      workflow_id: id,
      parent_task_id: task.parent ?? null,
      name: 'test',
      summary: 'test',
      description: 'test',
      app_id: task.appID,
      resource_kind: 'backup',
      resource_id: task.resourceID,
      input: JSON.stringify(task.input ?? {}),
      created_at: sql`clock_timestamp()`,
    })
    .execute()
  return id
}

async function setTask(id: string, change: object): Promise<void> {
  const { queries } = testDatabase.database
  await queries.updateTable('tasks').set(change).where('id', '=', id).execute()
}

async function log(taskID: string, message: string): Promise<void> {
  const line = { task_id: taskID, level: 'info', message }
  await testDatabase.database.queries.insertInto('task_log').values(line).execute()
}
