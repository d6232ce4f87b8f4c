// Processes killed in the middle of the main job, everything embedded: what was begun is finished
// by the next start, and nothing is left behind.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, describe, test } from 'node:test'
import { compareTrees } from '../demo/compare-trees.ts'
import { readTree } from '../demo/tree-record.ts'
import type { AppBody, CopyBody } from '../service-client.ts'
import { assertCleanRepository } from '../testing/clean-repository.ts'
import { eventually } from '../testing/eventually.ts'
import { showLogOfFailure } from '../testing/log-of-failure.ts'
import { moversOf } from '../testing/processes.ts'
import { writeSeededFile } from '../testing/seeded-bytes.ts'
import { startTestService, type TestService } from '../testing/service.ts'

const MIB = 1024 * 1024

describe('killed processes', () => {
  let service: TestService
  let volume: string
  let app: AppBody
  let backup: CopyBody

  before(async () => {
    service = await startTestService({ database: 'embedded' })
    volume = service.makeVolume('shop', 'data')
    writeSeededFile(join(volume, 'first'), { seed: 'first', bytes: 192 * MIB })
    app = await service.client.manageApp('shop', ['shop'])
  })
  after(() => service.release())
  afterEach((t) => showLogOfFailure(t, service))

  test('a backup goes on after its service was killed', async () => {
    const path = await startBackup()
    await whenMoving(path)
    await service.kill()
    await service.start()
    backup = await service.client.whenCompleted(path)
    assert.equal(backup.bytesDone, backup.totalBytes)
    await assertCleanRepository(service)
  })

  test('a backup goes on after its mover was killed', async () => {
    writeSeededFile(join(volume, 'second'), { seed: 'second', bytes: 192 * MIB })
    const path = await startBackup()
    await killMovers()
    backup = await service.client.whenCompleted(path)
    await assertCleanRepository(service)
  })

  test('a restore goes on after service and mover were killed', async () => {
    const record = readTree(volume)
    rmSync(join(volume, 'first'))
    const answer = await service.client.startRestore(app.id, { backupID: backup.id })
    assert.equal(answer.status, 204, JSON.stringify(answer.body))
    await eventually(async () => assert.ok(moversOf(service.process.pid).length > 0))
    const movers = moversOf(service.process.pid)
    await service.kill()
    for (const pid of movers) killIfThere(pid)
    await service.start()
    await service.client.whenReady(app.id)
    assert.deepEqual(compareTrees(record, readTree(volume)).differences, [])
    await assertCleanRepository(service)
  })

  test('no staging and no mover is left', async () => {
    assert.deepEqual(moversOf(service.process.pid), [])
    const left = join(service.hostRoot, '.holdfast')
    const names = existsSync(left) ? readdirSync(left, { recursive: true, encoding: 'utf8' }) : []
    assert.deepEqual(
      names.filter((name) => /staging|restore/.test(name) && name.split('/').length > 1),
      [],
    )
  })

  async function startBackup(): Promise<string> {
    const { id } = await service.client.startBackup(app.id)
    return `/k8s/v1/apps/${app.id}/appBackups/${id}`
  }

  async function whenMoving(path: string): Promise<void> {
    await eventually(async () => {
      const { bytesDone = 0 } = await service.client.get<CopyBody>(path)
      assert.ok(bytesDone > 0, 'no byte has moved')
    })
  }

  async function killMovers(): Promise<void> {
    await eventually(async () => {
      const movers = moversOf(service.process.pid)
      assert.ok(movers.length > 0, 'no mover runs')
      for (const pid of movers) killIfThere(pid)
    })
  }
})

/** It may have ended by itself: its stdin ended with the service. */
function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
