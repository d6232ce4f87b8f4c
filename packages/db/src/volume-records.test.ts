import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { insertApplicationSnapshot } from './application-snapshots.ts'
import { insertApp, updateApp } from './apps.ts'
import { insertBackup } from './backups.ts'
import { findAppFacts } from './copy-facts.ts'
import { endAppRestore } from './copy-states.ts'
import { recordFirstStart } from './first-start.ts'
import { registerRepository } from './repositories.ts'
import { createSealing } from './sealing.ts'
import { beginTaskExecution, insertTask } from './tasks.ts'
import { makeTestDatabase, type TestDatabase } from './testing/index.ts'
import {
  insertBackupVolumes,
  insertVolumeSnapshots,
  listBackupVolumes,
  listVolumeSnapshots,
  type NewVolumeCopy,
  recordLocalCopy,
  recordMovedVolume,
  recordVolumeSnapshot,
} from './volume-records.ts'

const NOW = new Date('2026-01-02T03:04:05Z')
const [accountID, userID, clusterID, bucketID] = [1, 2, 3, 4].map(() => randomUUID()) as [
  string,
  string,
  string,
  string,
]

let world: TestDatabase

before(async () => {
  world = await makeTestDatabase()
  const ids = { roleBindingID: randomUUID(), storageClassID: randomUUID() }
  const first = {
    ...ids,
    now: NOW,
    account: { id: accountID, name: 'tests' },
    user: { id: userID, email: 'ann@example.org' },
    token: { id: randomUUID(), name: 'owner', secretHash: Buffer.from('hash') },
    cloud: { id: randomUUID(), name: 'local' },
    cluster: { id: clusterID, name: 'host', version: '1' },
    bucket: { id: bucketID, name: 'local', path: '/bucket' },
  }
  await recordFirstStart(world.database, first, async () => undefined)
  const home = { kind: 'cluster', clusterID } as const
  const repository = { id: REPOSITORY, accountID, home, prefix: 'local/', password: 'secret' }
  await registerRepository(world.database, SEALING, repository)
})

after(() => world.drop())

test('an overtaken execution records nothing of a volume any more', async () => {
  const { database } = world
  const { backupID, snapshotID } = await insertCopies()
  const taskID = randomUUID()
  const task = { kind: 'backup', name: 'holdfast.backup', summary: '', description: '' } as const
  const of = { resourceKind: 'backup', resourceID: backupID, input: {} }
  await insertTask(database, { id: taskID, accountID, ...task, ...of })
  await beginTaskExecution(database, taskID)
  await beginTaskExecution(database, taskID)
  const [former, current] = [1, 2].map((attempt) => ({ taskID, attempt }))
  assert.ok(former && current)

  const [moved, local, taken] = [newVolume('moved'), newVolume('local'), newVolume('taken')]
  await insertBackupVolumes(database, backupID, [moved])
  await insertVolumeSnapshots(database, snapshotID, [local, taken])
  for (const [execution, word] of [
    [current, 'ours'],
    [former, 'theirs'],
  ] as const) {
    const copy = { ...COPY, repositorySnapshotID: word }
    await recordMovedVolume(database, execution, moved.id, { ...copy, addedBytes: 1 })
    await recordLocalCopy(database, execution, local.id, { ...copy, repositoryID: REPOSITORY })
    await recordVolumeSnapshot(database, execution, taken.id, { ...TAKEN, handle: { word } })
  }
  const [backedUp] = await listBackupVolumes(database, backupID)
  assert.equal(backedUp?.repositorySnapshotID, 'ours')
  const [kept, snapped] = await listVolumeSnapshots(database, snapshotID)
  assert.equal(kept?.repositorySnapshotID, 'ours')
  assert.deepEqual(snapped?.handle, { word: 'ours' })
})

test('a restore that ends once more leaves its app to the restore after it', async () => {
  const { database } = world
  const { appID } = await insertCopies()
  const stateOf = async () => (await findAppFacts(database, appID))?.state
  const begin = async () => {
    const taskID = randomUUID()
    const task = {
      kind: 'restore',
      name: 'holdfast.restore',
      summary: '',
      description: '',
    } as const
    const of = { resourceKind: 'app', resourceID: appID, input: {} }
    await updateApp(database, appID, { state: 'restoring', modifiedBy: userID, now: NOW })
    await insertTask(database, { id: taskID, accountID, appID, ...task, ...of })
    return { taskID, attempt: (await beginTaskExecution(database, taskID))?.attempt ?? 0 }
  }
  const end = { appID, stateDetails: [] }
  const first = await begin()
  assert.equal(await endAppRestore(database, first, { ...end, state: 'failed' }), true)
  const second = await begin()
  // Its service died before it noted that the app was ended.
  const { taskID } = first
  const again = { taskID, attempt: (await beginTaskExecution(database, taskID))?.attempt ?? 0 }
  assert.equal(await endAppRestore(database, again, { ...end, state: 'failed' }), false)
  assert.equal(await stateOf(), 'restoring')
  assert.equal(await endAppRestore(database, second, { ...end, state: 'ready' }), true)
  assert.equal(await stateOf(), 'ready')
})

const TAKEN = { takenAt: NOW.toISOString(), consistency: 'live', holes: [] } as const
const COUNT = { entries: 1, bytes: 1 }
const COPY = {
  ...TAKEN,
  expected: COUNT,
  captured: COUNT,
  missed: [],
  missedCount: 0,
  warnings: [],
  warningCount: 0,
}
const REPOSITORY = randomUUID()
const SEALING = createSealing(Buffer.alloc(32, 7))

function newVolume(key: string): NewVolumeCopy {
  const copied = { strategy: 'copy', consistency: 'live', holes: [], estimatedBytes: 1 } as const
  return { id: randomUUID(), namespace: 'shop', key, ...copied }
}

async function insertCopies() {
  const { database } = world
  const appID = randomUUID()
  const made = { accountID, createdBy: userID, labels: [], now: NOW, version: '1.0' }
  const app = { id: appID, clusterID, name: 'shop', state: 'ready' } as const
  await insertApp(database, { ...made, ...app, namespaceScopedResources: [] })
  const copy = { ...made, appID, bucketID, name: 'copy' }
  const [backupID, snapshotID] = [randomUUID(), randomUUID()]
  await insertBackup(database, { ...copy, id: backupID })
  await insertApplicationSnapshot(database, { ...copy, id: snapshotID })
  return { appID, backupID, snapshotID }
}
