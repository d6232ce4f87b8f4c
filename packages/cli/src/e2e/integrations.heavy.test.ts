// An integration on a real S3 server: verified by a job, mended when its keys are wrong, used by
// both dialects, and verified by the next service when the first one was killed.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, describe, test } from 'node:test'
import { S3_SERVER_MISSING, type S3Server, startS3Server } from '@holdfast/engine/testing'
import {
  type ContainerClient,
  containerClient,
  failure,
  good,
  type JobBody,
  whenJobCompletes,
  whenJobEnds,
} from '../testing/container-client.ts'
import { eventually } from '../testing/eventually.ts'
import { showLogOfFailure } from '../testing/log-of-failure.ts'
import { startTestService, type TestService } from '../testing/service.ts'

const PATH = '/v1/hubs/current/integrations'
const PREFIX = 'site/backups'

interface IntegrationBody {
  readonly id: string
  readonly identifier: string
  readonly auth: object | null
  readonly extra: Readonly<Record<string, string>> | null
  readonly state: { readonly current: string; readonly error?: { readonly message?: string } }
}

interface DescriptorBody {
  readonly action: string
  readonly job: { readonly id: string }
}

describe('an integration on S3', { skip: S3_SERVER_MISSING }, () => {
  let server: S3Server
  let service: TestService
  let client: ContainerClient
  let bucketName: string
  let id: string

  before(async () => {
    server = await startS3Server()
    bucketName = await server.makeBucket()
    service = await startTestService({ database: 'shared' })
    client = connect()
  })
  after(async () => {
    await service?.release()
    await server?.stop()
  })
  afterEach((t) => showLogOfFailure(t, service))

  test('the job of a verification fails with what was found', async () => {
    const body = {
      name: 'Object storage',
      identifier: 'object-storage',
      vendor: 'aws-s3',
      auth: { key_id: server.accessKeyID, secret: 'wrong', region: 'us-east-1' },
      extra: { bucket: bucketName, prefix: PREFIX, endpoint: server.endpoint },
    }
    const made = good(await client.POST<IntegrationBody>(PATH, { body }), 201)
    id = made.id
    const job = await verify()
    assert.equal(job.state.current, 'error')
    assert.match(job.state.error?.message ?? '', /cannot be used/)
    assert.deepEqual(job.tasks[0]?.error, job.state.error)
    const { state } = await read()
    assert.equal(state.current, 'new')
    assert.ok(state.error?.message)
  })

  test('with the right secret it completes, and leaves nothing in the bucket', async () => {
    const body = { auth: { secret: server.secretAccessKey } }
    const changed = await client.PATCH<IntegrationBody>(`${PATH}/${id}`, { body })
    assert.notEqual(good(changed).state.current, 'new')
    await whenJobCompletes(client, (await requestVerification()).job.id)
    const { state, auth, extra } = await read()
    assert.deepEqual(state.error, undefined)
    assert.equal(state.current, 'live')
    assert.equal(auth, null)
    assert.deepEqual(extra, { bucket: bucketName, prefix: PREFIX, endpoint: server.endpoint })
    assert.deepEqual(await server.keysIn(bucketName), [])
  })

  test('a service that is killed leaves the verification to the next one', async () => {
    const { job } = await requestVerification()
    await service.kill()
    await service.start()
    client = connect()
    await whenJobCompletes(client, job.id)
    assert.equal((await read()).state.current, 'live')
  })

  test('the application dialect backs up there, and then it cannot be deleted', async () => {
    writeFileSync(join(service.makeVolume('shop', 'data'), 'menu'), 'pies\n')
    const app = await service.client.manageApp('shop', ['shop'])
    const { items } = await service.client.get<{
      readonly items: readonly { readonly id: string; readonly name: string }[]
    }>('/topology/v1/buckets')
    const bucket = items.find(({ name }) => name === 'Object storage')
    assert.ok(bucket)
    const backup = await service.client.startBackup(app.id, { bucketID: bucket.id })
    const path = `/k8s/v1/apps/${app.id}/appBackups/${backup.id}`
    await service.client.whenCompleted(path)
    const { url } = await service.client.repositoryOf(bucket.id)
    const place = `${PREFIX}/accounts/${service.owner.accountID}`
    assert.equal(url, `s3:${server.endpoint}/${bucketName}/${place}`)
    const keys = await server.keysIn(bucketName)
    assert.ok(keys.length > 0 && keys.every((key) => key.startsWith(`${place}/`)))
    const refused = await client.DELETE<DescriptorBody>(`${PATH}/${id}`)
    assert.equal(failure(refused).code, '403.invalid-state')
    assert.equal((await service.client.call('DELETE', path)).status, 204)
    await eventually(async () => {
      const deleted = await client.DELETE<DescriptorBody>(`${PATH}/${id}`)
      const { action, job } = good(deleted, 202)
      assert.equal(action, 'delete')
      await whenJobCompletes(client, job.id)
    })
    const gone = await client.GET<IntegrationBody>(`${PATH}/${id}`)
    assert.equal(failure(gone).code, '404.hub.integration')
  })

  test('the data of a deleted backup goes, although its integration went first', async () => {
    await eventually(async () => {
      const kinds = (await server.keysIn(bucketName)).map((key) => key.split('/')[4])
      assert.deepEqual(kinds, ['config', 'keys'])
    })
    const { secretAccessKey } = server
    assert.ok(!service.process.output().includes(secretAccessKey))
  })

  function connect(): ContainerClient {
    const { url, hubID, token } = service.owner
    return containerClient({ url, hubID, apiKey: token })
  }

  async function read(): Promise<IntegrationBody> {
    return good(await client.GET<IntegrationBody>(`${PATH}/${id}`))
  }

  async function requestVerification(): Promise<DescriptorBody> {
    const body = { action: 'verify' }
    return good(await client.POST<DescriptorBody>(`${PATH}/${id}/tasks`, { body }), 202)
  }

  async function verify(): Promise<JobBody> {
    return whenJobEnds(client, (await requestVerification()).job.id)
  }
})
