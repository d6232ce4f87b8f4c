// The vendor's published client of the container dialect, unmodified, does everything that scripts for
// container backups do. HOLDFAST_TEST_CYCLE_CLIENT names its built index.js.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { S3_SERVER_MISSING, type S3Server, startS3Server } from '@holdfast/engine/testing'
import {
  type ContainerBackupBody,
  type ContainerBackups,
  containerBackups,
  hexIDOf,
  type JobDescriptorBody,
} from '../testing/container-backups.ts'
import {
  type ContainerClient,
  failure,
  good,
  type JobBody,
  ZERO_TIME,
} from '../testing/container-client.ts'
import { eventually } from '../testing/eventually.ts'
import { showLogOfFailure } from '../testing/log-of-failure.ts'
import { writeSeededFile } from '../testing/seeded-bytes.ts'
import { startTestService, type TestService } from '../testing/service.ts'

const place = process.env.HOLDFAST_TEST_CYCLE_CLIENT
const skip = place === undefined && 'NOT TESTED: HOLDFAST_TEST_CYCLE_CLIENT names no client'

/** A run every minute, and the looks of the service between. */
const CRON_TIMEOUT_MS = 150_000

/** What the published module exports. */
interface PublishedModule {
  getClient(access: { baseUrl: string; apiKey: string; hubId: string }): ContainerClient
  trackJob(
    client: ContainerClient,
    id: string,
    settings: { pollingInterval: number },
  ): EventTarget & { readonly promise: Promise<JobBody> }
  readonly zeroTimeString: string
}

interface Progress {
  readonly percent: number
  readonly state: string
}

interface Role {
  readonly id: string
  readonly identifier: string
  readonly capabilities: { readonly all: boolean; readonly specific: readonly string[] }
}

interface ApiKey {
  readonly id: string
  readonly secret?: string
}

interface Integration {
  readonly id: string
  readonly name: string
  readonly identifier: string
  readonly vendor: string
  readonly auth?: Readonly<Record<string, unknown>> | null
  readonly state: { readonly current: string; readonly error?: { readonly message?: string } }
  readonly meta?: { readonly definition?: { readonly vendor: string } } | null
}

describe('the published client of the container dialect', { skip }, () => {
  let published: PublishedModule
  let service: TestService
  let file: string
  let byOwner: ContainerClient
  let client: ContainerClient
  let containerId: string
  let backups: ContainerBackups
  let backup: ContainerBackupBody

  before(async () => {
    published = (await import(pathToFileURL(place ?? '').href)) as PublishedModule
    service = await startTestService({
      database: 'shared',
      environment: { HOLDFAST_COMMANDS_AS_ROOT: 'allow' },
    })
    file = join(service.makeVolume('shop', 'data'), 'orders')
    writeSeededFile(file, { seed: 'orders', bytes: 3_000_000 })
    containerId = hexIDOf((await service.client.manageApp('shop', ['shop'])).id)
    byOwner = clientOf(service.owner.token)
  })
  after(() => service?.release())
  afterEach((t) => showLogOfFailure(t, service))

  test('the hub, its capabilities and roles', async () => {
    const hub = good(await byOwner.GET<{ id: string }>('/v1/hubs/current'))
    assert.equal(hub.id, service.owner.hubID)
    const capabilities = await byOwner.GET<string[]>('/v1/hubs/capabilities')
    assert.ok(good(capabilities).includes('containers-backups-manage'))
    const defaults = good(await byOwner.GET<Role[]>('/v1/hubs/current/roles/defaults'))
    const roles = await listRoles()
    const identifiers = ['admin', 'analyst', 'consultant', 'dev_ops', 'developer', 'owner']
    assert.deepEqual(defaults.map(({ identifier }) => identifier).toSorted(), identifiers)
    assert.deepEqual(roles.map(({ identifier }) => identifier).toSorted(), identifiers)
  })

  test('a role of its own, changed, and deleted when no key has it', async () => {
    const body = role('keeper', ['containers-view'])
    const made = good(await byOwner.POST<Role>('/v1/hubs/current/roles', { body }), 201)
    const path = '/v1/hubs/current/roles/{roleId}'
    const params = { path: { roleId: made.id } }
    const changed = role('keeper', ['containers-view', 'containers-backups-view'])
    const patched = good(await byOwner.PATCH<Role>(path, { params, body: changed }))
    assert.deepEqual(patched.capabilities, changed.capabilities)
    assert.deepEqual(
      good(await byOwner.GET<Role>(path, { params })).capabilities,
      changed.capabilities,
    )
    await follow(byOwner, good(await byOwner.DELETE<JobDescriptorBody>(path, { params }), 202))
    assert.equal(failure(await byOwner.GET(path, { params })).code, '404.hub.role')
  })

  test('an API key, shown once, does the rest', async () => {
    const admin = (await listRoles()).find(({ identifier }) => identifier === 'admin')
    const body = { name: 'backup scripts', role_id: admin?.id, ips: ['127.0.0.0/8', '::1'] }
    const key = good(await byOwner.POST<ApiKey>('/v1/hubs/current/api-keys', { body }), 201)
    assert.ok(key.secret)
    client = clientOf(key.secret)
    const params = { path: { apikeyId: key.id } }
    const again = good(await client.GET<ApiKey>('/v1/hubs/current/api-keys/{apikeyId}', { params }))
    assert.notEqual(again.secret, key.secret)
    backups = await containerBackups(client, service, containerId)
  })

  test('a key that is deleted is unknown', async () => {
    const [analyst] = (await listRoles()).filter(({ identifier }) => identifier === 'analyst')
    const body = { name: 'short-lived', role_id: analyst?.id }
    const key = good(await byOwner.POST<ApiKey>('/v1/hubs/current/api-keys', { body }), 201)
    const other = clientOf(key.secret ?? '')
    good(await other.GET('/v1/containers'))
    const params = { path: { apikeyId: key.id } }
    const deleted = await client.DELETE<ApiKey>('/v1/hubs/current/api-keys/{apikeyId}', { params })
    assert.equal(good(deleted).id, key.id)
    assert.equal((await other.GET('/v1/containers')).response.status, 401)
  })

  test('containers and instances', async () => {
    const query = {
      include: ['creators', 'environments'],
      meta: ['instances_count'],
      sort: ['-id'],
      filter: { search: 'shop' },
      page: { size: 10, number: 1 },
    }
    const listed = await client.GET<{ id: string }[]>('/v1/containers', { params: { query } })
    assert.deepEqual(
      good(listed).map(({ id }) => id),
      [containerId],
    )
    const params = { path: { containerId } }
    const container = await client.GET<{ instances: number; stateful: boolean }>(
      '/v1/containers/{containerId}',
      { params },
    )
    assert.deepEqual([good(container).instances, good(container).stateful], [1, true])
    const ofInstance = { path: { containerId, instanceId: backups.instanceID } }
    const instance = await client.GET<{ container_id: string }>(
      '/v1/containers/{containerId}/instances/{instanceId}',
      { params: ofInstance },
    )
    assert.equal(good(instance).container_id, containerId)
  })

  test('the integrations, and those there could be', async () => {
    const query = { meta: ['definition'], sort: ['id'], page: { size: 5, number: 1 } }
    const [local] = good(
      await client.GET<Integration[]>('/v1/hubs/current/integrations', { params: { query } }),
    )
    assert.deepEqual([local?.vendor, local?.state.current], ['holdfast-local', 'live'])
    assert.equal(local?.meta?.definition?.vendor, 'holdfast-local')
    const available = await client.GET<Record<string, { vendor: string }[] | null>>(
      '/v1/hubs/current/integrations/available',
    )
    const vendors = good(available)['object-storage']?.map(({ vendor }) => vendor) ?? []
    for (const vendor of ['aws-s3', 'backblaze-b2', 'holdfast-local']) {
      assert.ok(vendors.includes(vendor), vendor)
    }
  })

  test('backups are configured and made by cron', async () => {
    const [local] = good(await client.GET<Integration[]>('/v1/hubs/current/integrations'))
    // What owners configured may run as the superuser, who owns the directory here.
    const asOwner = await containerBackups(byOwner, service, containerId)
    const configuration = {
      integration_id: local?.identifier ?? '',
      backup: {
        command: '"tar czf /dev/stdout -C data orders"',
        timeout: '10m',
        cron_string: '* * * * *',
      },
      restore: { command: 'tar xzf /dev/stdin -C data', timeout: '10m' },
      retention: '365d',
    }
    await asOwner.configure(configuration)
    assert.deepEqual(await backups.configuration(), configuration)
    const found = await eventually(async () => {
      const [one] = await backups.list({ include: ['integrations'], page: { size: 1, number: 1 } })
      return one ?? assert.fail('cron made no backup')
    }, CRON_TIMEOUT_MS)
    backup = await backups.whenLive(found.id)
    assert.equal(backup.target.integration_id, local?.id)
    // No further one comes while the rest is looked at.
    const { cron_string: _, ...once } = configuration.backup
    await asOwner.configure({ ...configuration, backup: once })
    // One that came just before would be in the way of a restore.
    await eventually(async () => {
      const states = (await backups.list()).map(({ state }) => state.current)
      assert.ok(!states.includes('saving'))
    })
  })

  test('backups are listed with their integration', async () => {
    const query = { include: ['integrations'], sort: ['-events.created'] }
    const params = { path: { containerId }, query }
    const answer = await client.GET<ContainerBackupBody[]>('/v1/containers/{containerId}/backups', {
      params,
    })
    assert.ok(good(answer).some(({ id }) => id === backup.id))
    const included = answer.data?.includes?.integrations?.[backup.target.integration_id]
    assert.equal((included as Integration | undefined)?.meta?.definition?.vendor, 'holdfast-local')
    assert.equal(backup.events.deleted, published.zeroTimeString)
    assert.equal(ZERO_TIME, published.zeroTimeString)
  })

  test('a restore is followed, and never at 100 % before it is completed', async () => {
    const bytes = readFileSync(file)
    writeFileSync(file, 'damaged')
    const descriptor = await backups.startRestore(backup.id)
    assert.equal(descriptor.action, 'restore')
    const seen = await follow(client, descriptor)
    assert.ok(seen.length > 1, 'no progress was seen on the way')
    assert.ok(readFileSync(file).equals(bytes))
  })

  test('its logs', async () => {
    const logs = await backups.logs(backup.id)
    assert.deepEqual(logs.map(({ type }) => type).toSorted(), ['backup', 'restore'])
    for (const { log, error } of logs) {
      assert.match(log, /tar [cx]zf/)
      assert.ok((error ?? null) === null)
    }
  })

  test('jobs are listed with their creators', async () => {
    const query = { include: ['creators'], filter: { state: 'completed' }, sort: ['-id'] }
    const answer = await client.GET<JobBody[]>('/v1/jobs', { params: { query } })
    const jobs = good(answer)
    assert.ok(jobs.length > 0 && jobs.every(({ state }) => state.current === 'completed'))
    assert.ok(answer.data?.includes?.creators)
    good(await client.GET('/v1/jobs/latest'))
  })

  test('a backup is deleted', async () => {
    const path = '/v1/containers/{containerId}/backups/{backupId}'
    const params = { path: { containerId, backupId: backup.id } }
    const descriptor = good(await client.DELETE<JobDescriptorBody>(path, { params }), 202)
    assert.equal(descriptor.action, 'delete')
    await follow(client, descriptor)
    assert.equal(failure(await client.GET(path, { params })).code, '404.container.backup')
  })

  describe('with an S3 server', { skip: S3_SERVER_MISSING }, () => {
    let server: S3Server
    before(async () => {
      server = await startS3Server()
    })
    after(() => server?.stop())

    test('an integration is made, verified, used, changed and deleted', async () => {
      const { accessKeyID, secretAccessKey, endpoint } = server
      const auth = { key_id: accessKeyID, secret: secretAccessKey, region: 'us-east-1' }
      const extra = { bucket: await server.makeBucket(), endpoint }
      const body = { name: 'away from here', identifier: 'away', vendor: 'aws-s3', auth, extra }
      const made = good(
        await client.POST<Integration>('/v1/hubs/current/integrations', { body }),
        201,
      )
      assert.ok(!JSON.stringify(made).includes(secretAccessKey))
      const path = '/v1/hubs/current/integrations/{integrationId}'
      const params = { path: { integrationId: made.id } }
      const verify = { params, body: { action: 'verify' } }
      await follow(client, good(await client.POST<JobDescriptorBody>(`${path}/tasks`, verify), 202))
      assert.equal(good(await client.GET<Integration>(path, { params })).state.current, 'live')
      const renamed = { params, body: { name: 'far away' } }
      assert.equal(good(await client.PATCH<Integration>(path, renamed)).name, 'far away')
      const asOwner = await containerBackups(byOwner, service, containerId)
      const present = (await backups.configuration()) ?? assert.fail('no configuration')
      await asOwner.configure({ ...present, integration_id: made.id })
      const away = await backups.whenLive(await backups.start())
      assert.equal(away.target.integration_id, made.id)
      await backups.remove(away.id)
      await asOwner.configure(present)
      await eventually(async () => {
        const answer = await client.DELETE<JobDescriptorBody>(path, { params })
        await follow(client, good(answer, 202))
      })
      assert.equal(failure(await client.GET(path, { params })).code, '404.hub.integration')
    })
  })

  test('a job that fails rejects with itself', async () => {
    const asOwner = await containerBackups(byOwner, service, containerId)
    const present = (await backups.configuration()) ?? assert.fail('no configuration')
    const live = await backups.whenLive(await backups.start())
    await asOwner.configure({ ...present, restore: { command: 'exit 3' } })
    const { job } = await backups.startRestore(live.id)
    const tracked = published.trackJob(client, job.id, { pollingInterval: 50 }).promise
    await assert.rejects(tracked, ({ id, state }: JobBody) => {
      assert.deepEqual([id, state.current], [job.id, 'error'])
      assert.match(state.error?.message ?? '', /exit code 3/)
      return true
    })
  })

  function clientOf(apiKey: string): ContainerClient {
    const { url, hubID } = service.owner
    return published.getClient({ baseUrl: url, apiKey, hubId: hubID })
  }

  const listRoles = async () => good(await byOwner.GET<Role[]>('/v1/hubs/current/roles'))

  /** By the client's own tracker; answers what it told on the way. */
  async function follow(by: ContainerClient, { job }: JobDescriptorBody): Promise<Progress[]> {
    const tracker = published.trackJob(by, job.id, { pollingInterval: 20 })
    const seen: Progress[] = []
    tracker.addEventListener('progress', (event) => {
      seen.push((event as CustomEvent<Progress>).detail)
    })
    assert.equal((await tracker.promise).state.current, 'completed')
    for (const { percent, state } of seen) {
      assert.equal(percent === 100, state === 'completed', `${percent} % while ${state}`)
    }
    return seen
  }
})

function role(identifier: string, specific: readonly string[]) {
  return { identifier, name: 'Keeper', rank: 2, capabilities: { all: false, specific } }
}
