// Disks that run full: a copy ends with a reason and a clean repository, a restore is refused
// before it changes anything, and the service lives on.
import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, describe, test } from 'node:test'
import { compareTrees } from '../demo/compare-trees.ts'
import { readTree } from '../demo/tree-record.ts'
import type { AppBody, CopyBody } from '../service-client.ts'
import { assertCleanRepository } from '../testing/clean-repository.ts'
import { showLogOfFailure } from '../testing/log-of-failure.ts'
import { writeSeededFile } from '../testing/seeded-bytes.ts'
import { startTestService, type TestService } from '../testing/service.ts'
import { MOUNT_MISSING, mountSmallDisk, type SmallDisk } from '../testing/small-disk.ts'

const MIB = 1024 * 1024
const DISK_BYTES = 96 * MIB
/** The share of a small file system that no mover may use (promises: free space). */
const FLOOR_BYTES = DISK_BYTES * 0.05

describe('full disks', { skip: MOUNT_MISSING }, () => {
  let service: TestService
  const disks: SmallDisk[] = []
  let bucket: SmallDisk
  let snapshots: SmallDisk
  let apps: SmallDisk
  let app: AppBody
  let volume: string

  before(async () => {
    service = await startTestService({
      database: 'shared',
      prepareHome(home) {
        bucket = mountSmallDisk(join(home, 'bucket'), DISK_BYTES)
        snapshots = mountSmallDisk(join(home, 'snapshots'), DISK_BYTES)
        apps = mountSmallDisk(join(home, 'apps'), DISK_BYTES)
        disks.push(bucket, snapshots, apps)
      },
    })
    volume = service.makeVolume('shop', 'data')
    writeSeededFile(join(volume, 'kept'), { seed: 'kept', bytes: 12 * MIB })
    app = await service.client.manageApp('shop', ['shop'])
  })
  after(async () => {
    await service.stop()
    for (const disk of disks) disk.unmount()
    await service.release()
  })
  afterEach((t) => showLogOfFailure(t, service))
  afterEach(() => {
    for (const disk of disks) disk.empty()
  })

  test('a backup into a full bucket fails with the reason; with space it completes', async () => {
    bucket.fillUntil(0)
    const failed = await backUp('full')
    assert.equal(failed.state, 'failed')
    assert.match(failed.stateUnready.join('\n'), /space/)
    await assertAlive()
    bucket.empty()
    await assertCleanRepository(service)
    assert.equal((await backUp('room-again')).state, 'completed')
  })

  test('a backup stops before free space falls below the floor', async () => {
    const large = join(volume, 'large')
    writeSeededFile(large, { seed: 'large', bytes: 40 * MIB })
    bucket.fillUntil(FLOOR_BYTES + 16 * MIB)
    const failed = await backUp('below-the-floor')
    assert.equal(failed.state, 'failed')
    assert.match(failed.stateUnready.join('\n'), /space/)
    assert.ok(bucket.freeBytes() >= FLOOR_BYTES, `${bucket.freeBytes()} bytes are free`)
    await assertAlive()
    await assertCleanRepository(service)
    rmSync(large)
  })

  test('a restore without space for its staging is refused and changes nothing', async () => {
    const backup = await backUp('to-restore')
    writeFileSync(join(volume, 'since'), 'written since\n')
    apps.fillUntil(FLOOR_BYTES + 8 * MIB)
    const record = readTree(volume)
    await assertRestoreFails({ backupID: backup.id }, /space/)
    assert.deepEqual(compareTrees(record, readTree(volume)).differences, [])
    apps.empty()
    await restore({ backupID: backup.id })
    assert.ok(!readTree(volume).has('since'))
  })

  test('a restore onto a read-only file system is refused and changes nothing', async () => {
    const backup = await backUp('to-restore-too')
    writeFileSync(join(volume, 'since'), 'written since\n')
    const record = readTree(volume)
    apps.setReadOnly(true)
    try {
      await assertRestoreFails({ backupID: backup.id }, /writ|read-only/i)
      assert.deepEqual(compareTrees(record, readTree(volume)).differences, [])
    } finally {
      apps.setReadOnly(false)
    }
    await restore({ backupID: backup.id })
  })

  test('a snapshot without space for its copy is refused beforehand', async () => {
    snapshots.fillUntil(FLOOR_BYTES + 4 * MIB)
    const { client } = service
    const { id } = await client.startSnapshot(app.id)
    const path = `/k8s/v1/apps/${app.id}/appSnaps/${id}`
    const failed = await client.whenCopyIs(path, ['failed', 'completed'])
    assert.equal(failed.state, 'failed')
    assert.match(failed.stateUnready.join('\n'), /space/)
    await assertAlive()
  })

  test('a backup of a snapshot is refused beforehand when its bucket is too small', async () => {
    const { client } = service
    writeSeededFile(join(volume, 'new'), { seed: 'new', bytes: 24 * MIB })
    const { id: snapshotID } = await client.startSnapshot(app.id)
    await client.whenCompleted(`/k8s/v1/apps/${app.id}/appSnaps/${snapshotID}`)
    bucket.fillUntil(FLOOR_BYTES + 8 * MIB)
    const before = bucket.freeBytes()
    const failed = await backUp('copied', { snapshotID })
    assert.equal(failed.state, 'failed')
    assert.match(failed.stateUnready.join('\n'), /space/)
    assert.ok(bucket.freeBytes() > before - MIB, 'data was written before it was refused')
    bucket.empty()
    assert.equal((await backUp('copied-after-all', { snapshotID })).state, 'completed')
    await assertCleanRepository(service)
  })

  async function backUp(name: string, body: object = {}): Promise<CopyBody> {
    const { client } = service
    const { id } = await client.startBackup(app.id, { name, ...body })
    const path = `/k8s/v1/apps/${app.id}/appBackups/${id}`
    return await client.whenCopyIs(path, ['failed', 'completed'])
  }

  async function restore(source: { readonly backupID: string }): Promise<void> {
    const answer = await service.client.startRestore(app.id, source)
    assert.equal(answer.status, 204, JSON.stringify(answer.body))
    await service.client.whenReady(app.id)
  }

  async function assertRestoreFails(
    source: { readonly backupID: string },
    reason: RegExp,
  ): Promise<void> {
    const answer = await service.client.startRestore(app.id, source)
    assert.equal(answer.status, 204, JSON.stringify(answer.body))
    const failed = await service.client.whenAppIs(app.id, ['ready', 'failed'])
    assert.equal(failed.state, 'failed')
    assert.match(JSON.stringify(failed.stateDetails), reason)
  }

  async function assertAlive(): Promise<void> {
    const answer = await fetch(`${service.owner.url}/readyz`)
    assert.equal(answer.status, 200, await answer.text())
  }
})
