// The main job with a bucket of an S3 server: credential, bucket, backup, restore, deletion; the
// service is killed once in the middle.
import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, describe, test } from 'node:test'
import { S3_SERVER_MISSING, type S3Server, startS3Server } from '@holdfast/engine/testing'
import { compareTrees } from '../demo/compare-trees.ts'
import { makeOddVolume } from '../demo/demo-data.ts'
import { findStockRestic, runStockRestic } from '../demo/stock-restic.ts'
import { readTree } from '../demo/tree-record.ts'
import type { AppBody, CopyBody, TaskBody } from '../service-client.ts'
import { eventually } from '../testing/eventually.ts'
import { showLogOfFailure } from '../testing/log-of-failure.ts'
import { moversOf } from '../testing/processes.ts'
import { runProgram } from '../testing/run-program.ts'
import { writeSeededFile } from '../testing/seeded-bytes.ts'
import { startTestService, type TestService } from '../testing/service.ts'

const MIB = 1024 * 1024
const BUCKETS = '/topology/v1/buckets'
const CREDENTIALS = '/core/v1/credentials'
const resticVersion = await findStockRestic()

interface BucketBody {
  readonly id: string
  readonly name: string
  readonly state: string
  readonly stateDetails: readonly { readonly type: string; readonly detail: string }[]
}

describe('the main job on S3', { skip: S3_SERVER_MISSING }, () => {
  let server: S3Server
  let service: TestService
  let bucketName: string
  let credentialID: string
  let bucket: BucketBody
  let app: AppBody
  let backup: CopyBody

  before(async () => {
    server = await startS3Server()
    bucketName = await server.makeBucket()
    service = await startTestService({ database: 'shared' })
    makeOddVolume(service.makeVolume('shop', 'odd'), 2 * MIB)
    writeSeededFile(join(service.makeVolume('shop', 'data'), 'large'), {
      seed: 'large',
      bytes: 40 * MIB,
    })
    app = await service.client.manageApp('shop', ['shop'])
  })
  after(async () => {
    await service?.release()
    await server?.stop()
  })
  afterEach((t) => showLogOfFailure(t, service))

  test('a bucket that works is available, and a PUT mends one that did not', async () => {
    const { accessKeyID, secretAccessKey, endpoint } = server
    credentialID = await postCredential(accessKeyID, secretAccessKey)
    const { id } = await postBucket({ serverURL: endpoint, bucketName: 'not-there', credentialID })
    const { state, stateDetails } = await whenTried(id)
    assert.equal(state, 'failed')
    assert.equal(stateDetails[0]?.type, 'urn:holdfast:bucket:bucket-not-found')
    const bucketParameters = { s3: { bucketName } }
    const body = {
      type: 'application/astra-bucket',
      version: '1.2',
      name: 'store',
      bucketParameters,
    }
    assert.equal((await service.client.call('PUT', `${BUCKETS}/${id}`, { body })).status, 204)
    bucket = await whenTried(id)
    assert.deepEqual([bucket.name, bucket.state, bucket.stateDetails], ['store', 'available', []])
    assert.deepEqual(await server.keysIn(bucketName), [], 'the verification left something')
  })

  test('a backup completes although its service was killed in the middle', async () => {
    const { id } = await service.client.startBackup(app.id, { bucketID: bucket.id })
    const path = `/k8s/v1/apps/${app.id}/appBackups/${id}`
    await eventually(async () => {
      const { bytesDone = 0 } = await service.client.get<CopyBody>(path)
      assert.ok(bytesDone > 0 && moversOf(service.process.pid).length > 0)
    })
    await service.kill()
    await service.start()
    backup = await service.client.whenCompleted(path)
    assert.equal(backup.bytesDone, backup.totalBytes)
    assert.equal(backup.bucketID, bucket.id)
  })

  test('what is lost comes back', async () => {
    const namespace = join(service.hostRoot, 'shop')
    const record = readTree(namespace)
    rmSync(join(namespace, 'odd'), { recursive: true })
    writeFileSync(join(namespace, 'data/large'), 'overwritten')
    const answer = await service.client.startRestore(app.id, { backupID: backup.id })
    assert.equal(answer.status, 204, JSON.stringify(answer.body))
    await service.client.whenReady(app.id)
    const { differences } = compareTrees(record, readTree(namespace), { touched: [''] })
    assert.deepEqual(differences, [])
  })

  const withoutRestic =
    resticVersion === undefined && 'NOT TESTED: stock restic is missing, install the package restic'
  test('stock restic opens it and finds no error', { skip: withoutRestic }, async () => {
    const repository = await service.client.repositoryOf(bucket.id)
    const { accountID } = service.owner
    assert.equal(repository.url, `s3:${server.endpoint}/${bucketName}/accounts/${accountID}`)
    const { environment } = server.resticPlace(bucketName)
    const check = ['check', '--read-data']
    assert.match(
      await runStockRestic(check, { ...repository, environment }),
      /no errors were found/,
    )
  })

  test('the recovery kit names the repository and not the keys of its bucket', async () => {
    const { home, environment } = service.processOptions
    const kit = await runProgram(['recovery-kit'], {
      environment: { ...environment, HOLDFAST_HOME: home },
    })
    assert.equal(kit.exitCode, 0, kit.stderr)
    const { url, password } = await service.client.repositoryOf(bucket.id)
    assert.ok(kit.stdout.includes(url) && kit.stdout.includes(password))
    assert.match(kit.stdout, /AWS_ACCESS_KEY_ID/)
    assert.ok(!kit.stdout.includes(server.secretAccessKey))
  })

  test('a bucket that is used cannot go; without its credential backups fail and say so', async () => {
    assert.equal((await service.client.call('DELETE', `${BUCKETS}/${bucket.id}`)).status, 409)
    const { accessKeyID, secretAccessKey } = server
    assert.equal(
      (await service.client.call('DELETE', `${CREDENTIALS}/${credentialID}`)).status,
      204,
    )
    await eventually(async () => assert.equal((await getBucket(bucket.id)).state, 'failed'))
    const { stateDetails } = await getBucket(bucket.id)
    assert.equal(stateDetails[0]?.type, 'urn:holdfast:bucket:credential-gone')
    const refused = await service.client.call('POST', `/k8s/v1/apps/${app.id}/appBackups`, {
      body: { type: 'application/astra-appBackup', version: '1.2', bucketID: bucket.id },
    })
    assert.equal(refused.status, 400, JSON.stringify(refused.body))
    const { items } = await service.client.get<{ items: readonly { readonly name: string }[] }>(
      '/core/v1/notifications',
    )
    assert.ok(items.some(({ name }) => name === 'holdfast.bucket.unavailable'))

    credentialID = await postCredential(accessKeyID, secretAccessKey)
    const body = { type: 'application/astra-bucket', version: '1.2', credentialID }
    assert.equal(
      (await service.client.call('PUT', `${BUCKETS}/${bucket.id}`, { body })).status,
      204,
    )
    assert.equal((await whenTried(bucket.id)).state, 'available')
  })

  test('deleted, nothing but an empty repository is left in the bucket', async () => {
    const path = `/k8s/v1/apps/${app.id}/appBackups/${backup.id}`
    assert.equal((await service.client.call('DELETE', path)).status, 204)
    await eventually(async () => {
      const open = (await service.client.tasks()).filter(isOpen)
      assert.deepEqual(open, [])
    })
    const kinds = (await server.keysIn(bucketName)).map((key) => key.split('/')[2])
    assert.deepEqual(kinds, ['config', 'keys'])
    await eventually(async () => {
      const gone = await service.client.call('DELETE', `${BUCKETS}/${bucket.id}`)
      assert.equal(gone.status, 204, JSON.stringify(gone.body))
    })
  })

  test('made again, the bucket opens the repository that is there', async () => {
    const { endpoint } = server
    const { id } = await postBucket({ serverURL: endpoint, bucketName, credentialID })
    assert.equal((await whenTried(id)).state, 'available')
    rmSync(join(service.hostRoot, 'shop/data/large'))
    const { id: backupID } = await service.client.startBackup(app.id, { bucketID: id })
    await service.client.whenCompleted(`/k8s/v1/apps/${app.id}/appBackups/${backupID}`)
    assert.equal(
      (await server.keysIn(bucketName)).filter((key) => key.includes('/keys/')).length,
      1,
    )
  })

  test('no secret is in the log', () => {
    const { accessKeyID, secretAccessKey } = server
    const log = service.process.output()
    assert.ok(log.length > 0)
    for (const secret of [accessKeyID, secretAccessKey]) assert.ok(!log.includes(secret))
  })

  async function postCredential(accessKey: string, accessSecret: string): Promise<string> {
    const base64 = (text: string) => Buffer.from(text).toString('base64')
    const { status, body } = await service.client.call<{ id: string }>('POST', CREDENTIALS, {
      body: {
        type: 'application/astra-credential',
        version: '1.1',
        name: 's3',
        keyType: 's3',
        keyStore: { accessKey: base64(accessKey), accessSecret: base64(accessSecret) },
      },
    })
    assert.equal(status, 201, JSON.stringify(body))
    return body.id
  }

  async function postBucket(place: {
    readonly serverURL: string
    readonly bucketName: string
    readonly credentialID: string
  }): Promise<BucketBody> {
    const { credentialID, ...s3 } = place
    const { status, body } = await service.client.call<BucketBody>('POST', BUCKETS, {
      body: {
        type: 'application/astra-bucket',
        version: '1.2',
        provider: 'generic-s3',
        credentialID,
        bucketParameters: { s3 },
      },
    })
    assert.equal(status, 201, JSON.stringify(body))
    assert.equal(body.state, 'pending')
    return body
  }

  function getBucket(id: string): Promise<BucketBody> {
    return service.client.get<BucketBody>(`${BUCKETS}/${id}`)
  }

  function whenTried(id: string): Promise<BucketBody> {
    return eventually(async () => {
      const seen = await getBucket(id)
      assert.notEqual(seen.state, 'pending')
      return seen
    })
  }
})

function isOpen({ state }: TaskBody): boolean {
  return !['completed', 'cancelled', 'failed'].includes(state)
}
