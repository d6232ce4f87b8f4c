// Things that go away under a running service: the bucket's directory, a volume, the database.
import assert from 'node:assert/strict'
import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, describe, test } from 'node:test'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@holdfast/server'
import type { AppBody, CopyBody } from '../service-client.ts'
import { assertCleanRepository } from '../testing/clean-repository.ts'
import { eventually } from '../testing/eventually.ts'
import { showLogOfFailure } from '../testing/log-of-failure.ts'
import { writeSeededFile } from '../testing/seeded-bytes.ts'
import { startTestService, type TestService } from '../testing/service.ts'

const MIB = 1024 * 1024

describe('things that vanish', () => {
  let service: TestService
  let databaseDirectory: string
  let database: EmbeddedPostgres
  let app: AppBody

  before(async () => {
    databaseDirectory = mkdtempSync(join(tmpdir(), 'holdfast-database-'))
    database = await startDatabase()
    service = await startTestService({ database: { url: database.url } })
    writeSeededFile(join(service.makeVolume('shop', 'first'), 'large'), {
      seed: 'large',
      bytes: 192 * MIB,
    })
    writeSeededFile(join(service.makeVolume('shop', 'second'), 'small'), {
      seed: 'small',
      bytes: MIB,
    })
    app = await service.client.manageApp('shop', ['shop'])
  })
  after(async () => {
    await service.release()
    await database.stop()
    rmSync(databaseDirectory, { recursive: true })
  })
  afterEach((t) => showLogOfFailure(t, service))

  test('a backup survives a restart of the database', async () => {
    const path = await startBackup()
    await whenMoving(path)
    await database.stop()
    database = await startDatabase()
    const ended = await eventually(() => service.client.whenCompleted(path))
    assert.equal(ended.percentDone, 100)
    assert.equal(ended.bytesDone, ended.totalBytes)
    await eventually(async () => {
      assert.equal((await fetch(`${service.owner.url}/readyz`)).status, 200)
    })
    await assertCleanRepository(service)
  })

  test('a backup whose bucket directory is gone fails and names it', async () => {
    const bucket = join(service.home, 'bucket')
    renameSync(bucket, `${bucket}-away`)
    try {
      const failed = await service.client.whenCopyIs(await startBackup(), ENDED)
      assert.equal(failed.state, 'failed')
      assert.match(failed.stateUnready.join('\n'), /bucket|repository/)
    } finally {
      rmSync(bucket, { recursive: true, force: true })
      renameSync(`${bucket}-away`, bucket)
    }
    await service.client.whenCompleted(await startBackup())
    await assertCleanRepository(service)
  })

  test('a backup whose volume vanishes while it runs fails and names it', async () => {
    const large = join(service.hostRoot, 'shop', 'first', 'large-too')
    writeSeededFile(large, { seed: 'large too', bytes: 192 * MIB })
    const path = await startBackup()
    await whenMoving(path)
    const volume = join(service.hostRoot, 'shop', 'second')
    rmSync(join(service.hostRoot, 'shop', 'first'), { recursive: true })
    rmSync(volume, { recursive: true })
    const ended = await service.client.whenCopyIs(path, ENDED)
    assert.equal(ended.state, 'failed', 'a backup of what is gone cannot be complete')
    assert.match(ended.stateUnready.join('\n'), /first|second/)
    assert.equal((await fetch(`${service.owner.url}/readyz`)).status, 200)
    await assertCleanRepository(service)
  })

  function startDatabase(): Promise<EmbeddedPostgres> {
    return startEmbeddedPostgres({
      directory: databaseDirectory,
      databaseName: 'holdfast',
      onEvent: () => undefined,
      settings: { max_connections: '100' },
    })
  }

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
})

const ENDED = ['completed', 'failed']
