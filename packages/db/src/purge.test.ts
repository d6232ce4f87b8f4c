import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { hideApp, insertApp } from './apps.ts'
import { insertBackup } from './backups.ts'
import { recordFirstStart } from './first-start.ts'
import { listAppsBeingPurged, listHiddenCopies, markAppPurging } from './purge.ts'
import { insertTask } from './tasks.ts'
import { makeTestDatabase, type TestDatabase } from './testing/index.ts'
import { unhideBackup } from './trash.ts'

const NOW = new Date('2026-01-02T03:04:05Z')
const [accountID, userID, clusterID, bucketID] = [
  randomUUID(),
  randomUUID(),
  randomUUID(),
  randomUUID(),
]

let world: TestDatabase

before(async () => {
  world = await makeTestDatabase()
  await recordFirstStart(
    world.database,
    {
      now: NOW,
      account: { id: accountID, name: 'tests' },
      user: { id: userID, email: 'owner@example.org' },
      roleBindingID: randomUUID(),
      token: { id: randomUUID(), name: 'owner', secretHash: Buffer.from('x') },
      cloud: { id: randomUUID(), name: 'private' },
      cluster: { id: clusterID, name: 'host', version: '1' },
      storageClassID: randomUUID(),
      bucket: { id: bucketID, name: 'local', path: '/srv/bucket' },
    },
    async () => undefined,
  )
})

after(() => world.drop())

async function addApp(name: string): Promise<string> {
  const id = randomUUID()
  await insertApp(world.database, {
    id,
    accountID,
    clusterID,
    name,
    version: '2.2',
    namespaceScopedResources: [{ namespace: name, labelSelectors: [] }],
    state: 'ready',
    labels: [],
    createdBy: userID,
    now: NOW,
  })
  return id
}

async function addBackup(appID: string): Promise<string> {
  const id = randomUUID()
  const copy = { id, accountID, appID, bucketID, name: id, version: '1.2', labels: [] }
  await insertBackup(world.database, { ...copy, createdBy: userID, now: NOW })
  return id
}

async function remove(appID: string): Promise<void> {
  await hideApp(world.database, { appID, now: NOW, purgeAfter: NOW })
}

test('apps that wait for a backup which was kept do not hold up the rows of the others', async () => {
  const { database } = world
  for (const name of ['kept-1', 'kept-2']) {
    const appID = await addApp(name)
    const backupID = await addBackup(appID)
    await remove(appID)
    await unhideBackup(database, { backupID, now: NOW })
    assert.ok(await markAppPurging(database, appID))
  }
  const emptyID = await addApp('empty')
  await remove(emptyID)
  assert.ok(await markAppPurging(database, emptyID))
  assert.deepEqual(await listAppsBeingPurged(database, 2), [emptyID])
})

test('a snapshot that a backup left behind goes with its app, once the backup has ended', async () => {
  const { database } = world
  const appID = await addApp('left')
  const backupID = await addBackup(appID)
  const [snapshotID, taskID] = [randomUUID(), randomUUID()]
  await database.queries
    .insertInto('application_snapshots')
    .values({
      id: snapshotID,
      account_id: accountID,
      app_id: appID,
      name: 'own',
      bucket_id: bucketID,
      state: 'running',
      taken_by_backup_id: backupID,
    })
    .execute()
  await insertTask(database, {
    id: taskID,
    accountID,
    kind: 'backup',
    name: 'holdfast.backup',
    summary: 'Backup',
    description: 'Backup',
    appID,
    resourceKind: 'backup',
    resourceID: backupID,
    input: {},
  })
  await remove(appID)
  const kinds = async () => (await listHiddenCopies(database, appID)).map(({ kind }) => kind)
  assert.deepEqual(await kinds(), ['backup'])
  const ended = { state: 'failed' } as const
  await database.queries.updateTable('tasks').set(ended).where('id', '=', taskID).execute()
  assert.deepEqual((await kinds()).toSorted(), ['backup', 'snapshot'])
})
