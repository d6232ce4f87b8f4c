// One domain: backups made in either dialect are listed, read, restored and deleted in the other.
import assert from 'node:assert/strict'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, describe, test } from 'node:test'
import type { AppBody, CopyBody, Listed } from '../service-client.ts'
import { type ContainerBackups, containerBackups, hexIDOf } from '../testing/container-backups.ts'
import {
  type ContainerClient,
  containerClient,
  failure,
  good,
  type JobBody,
  whenJobCompletes,
} from '../testing/container-client.ts'
import { eventually } from '../testing/eventually.ts'
import { showLogOfFailure } from '../testing/log-of-failure.ts'
import { startTestService, type TestService } from '../testing/service.ts'

describe('backups in both dialects', () => {
  let service: TestService
  let menu: string
  let app: AppBody
  let client: ContainerClient
  let backups: ContainerBackups
  let path: string

  before(async () => {
    service = await startTestService({
      database: 'shared',
      environment: { HOLDFAST_COMMANDS_AS_ROOT: 'allow' },
    })
    menu = join(service.makeVolume('shop', 'data'), 'menu')
    writeFileSync(menu, 'pies\n')
    app = await service.client.manageApp('shop', ['shop'])
    path = `/k8s/v1/apps/${app.id}/appBackups`
    const { url, hubID, token } = service.owner
    client = containerClient({ url, hubID, apiKey: token })
    backups = await containerBackups(client, service, hexIDOf(app.id))
    await backups.configure({
      backup: { command: 'tar c -C data menu' },
      restore: { command: 'tar x -C data' },
      retention: null,
    })
  })
  after(() => service?.release())
  afterEach((t) => showLogOfFailure(t, service))

  test('a backup of volumes is restored and deleted in the container dialect', async () => {
    const made = await service.client.startBackup(app.id)
    const { totalBytes } = await service.client.whenCompleted(`${path}/${made.id}`)
    const [{ id, target, state } = assert.fail('no backup'), ...others] = await backups.list()
    assert.deepEqual([others, state.current, target.size], [[], 'live', totalBytes])
    rmSync(menu)
    await assertRestores(id)
    const [log] = (await backups.logs(id)).filter(({ type }) => type === 'restore')
    assert.ok(log, 'the restore has no log')
    await backups.remove(id)
    assert.equal((await service.client.call('GET', `${path}/${made.id}`)).status, 404)
  })

  test('a stream is restored and deleted in the application dialect', async () => {
    const { id } = await backups.whenLive(await backups.start())
    writeFileSync(menu, 'only soup\n')
    const { items } = await service.client.get<Listed<CopyBody>>(path)
    const [{ id: backupID } = assert.fail('no backup')] = items
    assert.deepEqual([items.length, hexIDOf(backupID)], [1, id])
    const answer = await service.client.startRestore(app.id, { backupID })
    assert.equal(answer.status, 204, JSON.stringify(answer.body))
    await service.client.whenReady(app.id)
    assert.equal(readFileSync(menu, 'utf8'), 'pies\n')
    // The job of either dialect's restore is there for the other.
    const query = { sort: ['-id'], filter: { state: 'completed' } }
    const jobs = good(await client.GET<JobBody[]>('/v1/jobs', { params: { query } }))
    const headers = jobs.flatMap(({ tasks }) => tasks.map(({ header }) => header))
    assert.ok(headers.includes('container.backup.restore'), headers.join())
    assert.equal((await service.client.call('DELETE', `${path}/${backupID}`)).status, 204)
    await eventually(async () => {
      const params = { path: { id: hexIDOf(app.id), backup: id } }
      const gone = await client.GET('/v1/containers/{id}/backups/{backup}', { params })
      assert.equal(failure(gone).code, '404.container.backup')
    })
  })

  async function assertRestores(id: string): Promise<void> {
    const { job } = await backups.startRestore(id)
    await whenJobCompletes(client, job.id)
    assert.equal(readFileSync(menu, 'utf8'), 'pies\n')
  }
})
