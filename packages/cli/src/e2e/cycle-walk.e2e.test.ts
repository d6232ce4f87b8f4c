// What scripts for container backups do, in the shape of their client: jobs are followed to 100 %, and
// everything that can be refused is refused in the dialect's own words.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, describe, test } from 'node:test'
import {
  type ContainerBackupBody,
  type ContainerBackups,
  containerBackups,
  hexIDOf,
} from '../testing/container-backups.ts'
import {
  type ContainerAnswer,
  type ContainerClient,
  containerClient,
  failure,
  good,
  whenJobCompletes,
} from '../testing/container-client.ts'
import { showLogOfFailure } from '../testing/log-of-failure.ts'
import { startTestService, type TestService } from '../testing/service.ts'

const UNKNOWN = 'f00d'.repeat(6)
const TAR = {
  backup: { command: 'tar czf /dev/stdout -C data menu', timeout: '10m' },
  restore: { command: 'tar xzf /dev/stdin -C data', timeout: '10m' },
  retention: '365d',
}

interface Named {
  readonly id: string
  readonly identifier: string
}

interface WithSecret {
  readonly id: string
  readonly secret: string
}

describe('scripts for container backups', () => {
  let service: TestService
  let menu: string
  let owner: ContainerClient
  let client: ContainerClient
  let backups: ContainerBackups
  let backup: ContainerBackupBody
  let containerId: string

  before(async () => {
    service = await startTestService({
      database: 'shared',
      environment: { HOLDFAST_COMMANDS_AS_ROOT: 'allow' },
    })
    menu = join(service.makeVolume('shop', 'data'), 'menu')
    writeFileSync(menu, 'pies\n')
    containerId = hexIDOf((await service.client.manageApp('shop', ['shop'])).id)
    owner = withKey(service.owner.token)
    client = withKey(await makeKey('admin'))
    backups = await containerBackups(client, service, containerId)
  })
  after(() => service?.release())
  afterEach((t) => showLogOfFailure(t, service))

  test('a backup is made of what a command writes', async () => {
    // What only owners configure may run as the superuser, who owns the directory here.
    const asOwner = await containerBackups(owner, service, containerId)
    await asOwner.configure(TAR)
    assert.deepEqual(await backups.configuration(), TAR)
    backup = await backups.whenLive(await backups.start())
    assert.equal(backup.instance_id, backups.instanceID)
    assert.deepEqual(
      (await backups.list()).map(({ id }) => id),
      [backup.id],
    )
  })

  test('a restore names its instance', async () => {
    const restore = (contents: object) =>
      client.POST('/v1/containers/{containerId}/backups/{id}/tasks', {
        params: { path: { containerId, id: backup.id } },
        body: { action: 'restore', contents },
      })
    const missing = failure(await restore({}))
    assert.deepEqual([missing.status, missing.source], [422, '/contents/instance_id'])
    assert.equal(failure(await restore({ instance_id: UNKNOWN })).code, '404.instance')
  })

  test('a key that restores may be unable to follow the job', async () => {
    const specific = ['containers-view', 'containers-backups-view', 'containers-backups-manage']
    const capabilities = { all: false, specific }
    const body = { identifier: 'restorer', name: 'Restores', rank: 3, capabilities }
    const { id: role_id } = good(await owner.POST<Named>('/v1/hubs/current/roles', { body }), 201)
    const restorer = withKey(await makeKeyOf(role_id))
    writeFileSync(menu, 'only soup\n')
    const asRestorer = await containerBackups(restorer, service, containerId)
    const { job } = await asRestorer.startRestore(backup.id)
    const params = { path: { jobId: job.id } }
    const refused = failure(await restorer.GET('/v1/jobs/{jobId}', { params }))
    assert.deepEqual([refused.status, refused.code], [403, '403.permissions'])
    assert.deepEqual(refused.extra, { capability: 'apionly-jobs-view' })
    await whenJobCompletes(client, job.id)
    assert.equal(readFileSync(menu, 'utf8'), 'pies\n')
  })

  test('what ran is in the logs', async () => {
    const logs = await backups.logs(backup.id)
    assert.deepEqual(logs.map(({ type }) => type).toSorted(), ['backup', 'restore'])
    for (const { log } of logs) assert.match(log, /tar [cx]zf/)
  })

  test('pages end, and literals are no ids', async () => {
    assert.deepEqual(await backups.list({ page: { size: 10, number: 99 } }), [])
    assert.ok(Array.isArray(good(await client.GET('/v1/jobs/latest'))))
    const available = await client.GET<object>('/v1/hubs/current/integrations/available')
    assert.ok('object-storage' in good(available))
  })

  test('what is not there is told by its kind', async () => {
    const ids = { containerId, id: UNKNOWN }
    const paths = {
      '/v1/containers/{id}': '404.container',
      '/v1/containers/{id}/backups': '404.container',
      '/v1/containers/{containerId}/backups/{id}': '404.container.backup',
      '/v1/containers/{containerId}/backups/{id}/logs': '404.container.backup',
      '/v1/containers/{containerId}/instances/{id}': '404.instance',
      '/v1/jobs/{id}': '404.job',
      '/v1/hubs/current/integrations/{id}': '404.hub.integration',
      '/v1/hubs/current/roles/{id}': '404.hub.role',
      '/v1/hubs/current/api-keys/{id}': '404.hub.api-key',
      '/v1/no/such/route': '404.uri',
    }
    for (const [path, code] of Object.entries(paths)) {
      assert.equal(failure(await client.GET(path, { params: { path: ids } })).code, code, path)
    }
  })

  test('another hub is refused', async () => {
    const other = withKey(service.owner.token, UNKNOWN)
    const { status, code } = failure(await other.GET('/v1/containers'))
    assert.deepEqual([status, code], [403, '403.wrong-hub'])
  })

  test('whoever is nobody is told so in the form of OAuth', async () => {
    const answer: ContainerAnswer<unknown> = await withKey('no key').GET('/v1/containers')
    assert.equal(answer.response.status, 401)
    assert.match(answer.response.headers.get('www-authenticate') ?? '', /^Bearer /)
    const error = answer.error as unknown as { error: string; error_description: string }
    assert.equal(error.error, 'invalid_token')
    assert.notEqual(error.error_description, '')
  })

  test('a backup is deleted', async () => {
    await backups.remove(backup.id)
    assert.deepEqual(await backups.list(), [])
  })

  function withKey(apiKey: string, hubID = service.owner.hubID): ContainerClient {
    return containerClient({ url: service.owner.url, hubID, apiKey })
  }

  async function makeKey(identifier: string): Promise<string> {
    const roles = good(await owner.GET<readonly Named[]>('/v1/hubs/current/roles'))
    const role = roles.find((one) => one.identifier === identifier)
    return await makeKeyOf(role?.id ?? assert.fail(`no role ${identifier}`))
  }

  async function makeKeyOf(role_id: string): Promise<string> {
    const body = { name: 'a script', role_id }
    const answer = await owner.POST<WithSecret>('/v1/hubs/current/api-keys', { body })
    return good(answer, 201).secret
  }
})
