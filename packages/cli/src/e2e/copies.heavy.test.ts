// Backups, snapshots and restores that meet each other: at once, cancelled, deleted, in use.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, describe, test } from 'node:test'
import { compareTrees } from '../demo/compare-trees.ts'
import { readTree } from '../demo/tree-record.ts'
import type { AppBody, CopyBody, TaskBody } from '../service-client.ts'
import { assertCleanRepository } from '../testing/clean-repository.ts'
import { eventually } from '../testing/eventually.ts'
import { showLogOfFailure } from '../testing/log-of-failure.ts'
import { assertProblem } from '../testing/problems.ts'
import { moversOf } from '../testing/processes.ts'
import { writeSeededFile } from '../testing/seeded-bytes.ts'
import { startTestService, type TestService } from '../testing/service.ts'

const MIB = 1024 * 1024
/** Large enough that a request arrives while it is copied. */
const LARGE_BYTES = 256 * MIB

describe('copies that meet each other', () => {
  let service: TestService
  let volume: string
  let app: AppBody

  before(async () => {
    service = await startTestService({ database: 'shared' })
    volume = service.makeVolume('shop', 'data')
    writeFileSync(join(volume, 'small'), 'small\n')
    changeLargeFile('first')
    app = await service.client.manageApp('shop', ['shop'])
  })
  after(() => service.release())
  afterEach((t) => showLogOfFailure(t, service))

  const backupPath = (id: string): string => `/k8s/v1/apps/${app.id}/appBackups/${id}`
  const snapshotPath = (id: string): string => `/k8s/v1/apps/${app.id}/appSnaps/${id}`

  test('two backups of one app at once both complete', async () => {
    const { client } = service
    const started = await Promise.all([client.startBackup(app.id), client.startBackup(app.id)])
    const [first, second] = await Promise.all(
      started.map(({ id }) => client.whenCompleted(backupPath(id))),
    )
    assert.notEqual(first?.name, second?.name)
    await assertCleanRepository(service)
  })

  test('a cancelled backup fails with the name of who cancelled it', async () => {
    const { client } = service
    changeLargeFile('cancelled')
    const { id } = await client.startBackup(app.id, { name: 'cancelled' })
    await whenMoving(id)
    const task = await taskOf(id)
    const cancelled = await client.call<TaskBody>('POST', `/holdfast/v1/tasks/${task.id}/cancel`)
    assert.equal(cancelled.status, 202, JSON.stringify(cancelled.body))
    assert.equal(cancelled.body.state, 'cancelling')
    const ended = await client.whenCopyIs(backupPath(id), ['failed', 'completed'])
    assert.equal(ended.state, 'failed')
    assert.match(ended.stateUnready.join('\n'), /cancelled by /)
    await eventually(async () => {
      assert.equal((await client.get<TaskBody>(`/core/v1/tasks/${task.id}`)).state, 'cancelled')
    })
    const again = await client.call('POST', `/holdfast/v1/tasks/${task.id}/cancel`)
    assertProblem(again, 409, 10)
    await assertCleanRepository(service)
  })

  test('a deleted backup in progress is cancelled, then gone', async () => {
    const { client } = service
    changeLargeFile('deleted early')
    const { id } = await client.startBackup(app.id, { name: 'deleted-early' })
    await whenMoving(id)
    assert.equal((await client.call('DELETE', backupPath(id))).status, 204)
    assertProblem(await client.call('GET', backupPath(id)), 404, 2)
    assertProblem(await client.call('DELETE', backupPath(id)), 404, 1)
    await whenDeleted(id)
    await assertCleanRepository(service)
  })

  test('a deleted completed backup frees what only it held', async () => {
    const { client } = service
    writeSeededFile(join(volume, 'other'), { seed: 'other', bytes: 32 * MIB })
    const { id } = await client.startBackup(app.id, { name: 'with-other' })
    await client.whenCompleted(backupPath(id))
    const withOther = bucketBytes()
    assert.equal((await client.call('DELETE', backupPath(id))).status, 204)
    await whenDeleted(id)
    assert.ok(bucketBytes() < withOther - 30 * MIB, `${bucketBytes()} of ${withOther} bytes`)
    await assertCleanRepository(service)
  })

  test('a snapshot that a backup reads cannot be deleted', async () => {
    const { client } = service
    const { id: snapshotID } = await client.startSnapshot(app.id, { name: 'in-use' })
    await client.whenCompleted(snapshotPath(snapshotID))
    // New data, so that the copy takes its time.
    const { id } = await client.startBackup(app.id, { snapshotID })
    assertProblem(await client.call('DELETE', snapshotPath(snapshotID)), 409, 144)
    await client.whenCompleted(backupPath(id))
    assert.equal((await client.call('DELETE', snapshotPath(snapshotID))).status, 204)
    await eventually(async () => {
      assertProblem(await client.call('GET', snapshotPath(snapshotID)), 404, 2)
    })
  })

  test('a cancelled restore changes nothing', async () => {
    const { client } = service
    const { id: backupID } = await client.startBackup(app.id, { name: 'to-restore' })
    await client.whenCompleted(backupPath(backupID))
    writeFileSync(join(volume, 'small'), 'changed since\n')
    const record = readTree(volume)
    assert.equal((await client.startRestore(app.id, { backupID })).status, 204)
    const task = await taskOf(app.id)
    const cancelled = await client.call('POST', `/holdfast/v1/tasks/${task.id}/cancel`)
    assert.equal(cancelled.status, 202, JSON.stringify(cancelled.body))
    await client.whenReady(app.id)
    assert.deepEqual(compareTrees(record, readTree(volume)).differences, [])
    assert.equal((await client.get<TaskBody>(`/core/v1/tasks/${task.id}`)).state, 'cancelled')
  })

  /** A mover of it is at work; new data keeps that busy for longer than a request takes. */
  async function whenMoving(id: string): Promise<void> {
    await eventually(async () => {
      const { state } = await service.client.get<CopyBody>(backupPath(id))
      assert.equal(state, 'running')
      assert.ok(moversOf(service.process.pid).length > 0, 'no mover runs')
    })
  }

  function changeLargeFile(seed: string): void {
    writeSeededFile(join(volume, 'large'), { seed, bytes: LARGE_BYTES })
  }

  /** The task of the resource that has not ended. */
  async function taskOf(resourceID: string): Promise<TaskBody> {
    const tasks = await service.client.tasks()
    const found = tasks.find(
      ({ resourceID: of, state, parentTaskID }) =>
        of === resourceID &&
        parentTaskID === undefined &&
        (state === 'running' || state === 'notStarted'),
    )
    assert.ok(found, `no task of ${resourceID} among ${JSON.stringify(tasks)}`)
    return found
  }

  async function whenDeleted(backupID: string): Promise<void> {
    await eventually(async () => {
      const tasks = await service.client.tasks()
      const open = tasks.filter(
        ({ resourceID, state }) =>
          resourceID === backupID && !['completed', 'cancelled', 'failed'].includes(state),
      )
      assert.deepEqual(open, [])
    })
  }

  function bucketBytes(): number {
    const size = execFileSync('du', ['-sb', join(service.home, 'bucket')], { encoding: 'utf8' })
    return Number(size.split('\t')[0])
  }
})
