// The published command-line client of the application dialect, unmodified, over TLS: what its
// users' scripts do must go on. HOLDFAST_TEST_ACTOOLKIT names it when it is not in PATH.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after, afterEach, before, describe, test } from 'node:test'
import { S3_SERVER_MISSING, type S3Server, startS3Server } from '@holdfast/engine/testing'
import { makeTrustedCertificate, type TestCertificate } from '../testing/certificate.ts'
import { eventually } from '../testing/eventually.ts'
import { showLogOfFailure } from '../testing/log-of-failure.ts'
import { writeSeededFile } from '../testing/seeded-bytes.ts'
import { startTestService, type TestService } from '../testing/service.ts'

/** Of one run; the client polls every few seconds while it waits. */
const RUN_TIMEOUT_MS = 180_000

const program = findProgram()
const skip =
  program === undefined &&
  'actoolkit is missing: name it by HOLDFAST_TEST_ACTOOLKIT or put it in PATH'

interface Item {
  readonly id: string
  readonly [member: string]: unknown
}

interface Run {
  readonly exitCode: number
  readonly output: string
}

describe('the published client', { skip }, () => {
  let certificate: TestCertificate
  let service: TestService
  let directory: string
  let clusterID: string
  let appID: string
  let snapshotID: string
  let backupID: string

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'holdfast-actoolkit-'))
    certificate = makeTrustedCertificate()
    service = await startTestService({
      database: 'shared',
      environment: {
        HOLDFAST_TLS_CERT: certificate.certFile,
        HOLDFAST_TLS_KEY: certificate.keyFile,
        HOLDFAST_COMMANDS_AS_ROOT: 'allow',
      },
    })
    const { token, accountID, url } = service.owner
    const lines = ['headers:', `  Authorization: Bearer ${token}`, `uid: ${accountID}`]
    lines.push(`astra_project: ${new URL(url).host}`, 'verifySSL: True', '')
    writeFileSync(join(directory, 'config.yaml'), lines.join('\n'))
    writeFileSync(join(directory, 'hook.sh'), '#!/bin/sh\necho "$1" >> hooks.log\n')
    const data = service.makeVolume('shop', 'data')
    writeSeededFile(join(data, 'orders'), { seed: 'orders', bytes: 1_000_000 })
    writeFileSync(join(service.makeVolume('shop', 'pictures'), 'cat.jpg'), 'a cat\n')
    writeFileSync(join(service.makeVolume('blog', 'content'), 'post'), 'a post\n')
  })
  after(async () => {
    await service?.release()
    certificate?.release()
    rmSync(directory, { recursive: true })
  })
  afterEach((t) => showLogOfFailure(t, service))

  test('a cluster and a namespace are found, and the namespace becomes an app', async () => {
    clusterID = only(await list('clusters')).id
    const names = (await list('namespaces')).map(({ name }) => name)
    assert.deepEqual(names.toSorted(), ['blog', 'shop'])
    await run('manage', 'app', 'shopapp', 'shop', clusterID)
    await run('manage', 'app', 'blogapp', 'blog', clusterID)
    appID = (await named('apps', 'shopapp')).id
    await eventually(async () => assert.equal((await named('apps', 'shopapp')).state, 'ready'))
  })

  test('a script and hooks around the snapshot', async () => {
    await run('create', 'script', 'say', 'hook.sh')
    const { id } = only(await list('scripts'))
    await run('create', 'hook', appID, 'before', id, '-o', 'pre-snapshot', '-a', 'pre')
    await run('create', 'hook', appID, 'behind', id, '-o', 'post-snapshot', '-a', 'post')
    writeFileSync(join(directory, 'second.sh'), '#!/bin/sh\necho "second $1" >> hooks.log\n')
    await run('update', 'script', id, 'second.sh')
    const source = Buffer.from(String(only(await list('scripts')).source), 'base64')
    assert.match(source.toString(), /second/)
  })

  test('a snapshot, a backup with one of its own, and a backup of the snapshot', async () => {
    assert.match(await run('create', 'snapshot', appID, 'snap1'), /complete!/)
    snapshotID = (await named('snapshots', 'snap1')).id
    const log = readFileSync(join(service.hostRoot, 'shop', 'hooks.log'), 'utf8')
    assert.equal(log, 'second pre\nsecond post\n')
    assert.match(await run('create', 'backup', appID, 'backup1'), /complete!/)
    backupID = (await named('backups', 'backup1')).id
    assert.match(await run('create', 'backup', appID, 'backup2', '-s', snapshotID), /complete!/)
    const second = await named('backups', 'backup2')
    assert.deepEqual([second.state, second.snapshotID], ['completed', snapshotID])
  })

  test('protection policies of every granularity, one changed', async () => {
    const counts = ['-m', '5', '-b', '1', '-s', '2']
    await run('create', 'protection', appID, '-g', 'hourly', ...counts)
    await run('create', 'protection', appID, '-g', 'daily', '-H', '3', ...counts)
    await run('create', 'protection', appID, '-g', 'weekly', '-W', '0', '-H', '3', ...counts)
    await run('create', 'protection', appID, '-g', 'monthly', '-M', '31', '-H', '3', ...counts)
    const daily = (await list('protections')).find(({ granularity }) => granularity === 'daily')
    const change = ['-H', '4', '-m', '6', '-b', '3', '-s', '4']
    await run('update', 'protection', String(daily?.id), ...change)
    const changed = (await list('protections')).find(({ id }) => id === daily?.id)
    assert.deepEqual([changed?.hour, changed?.minute], ['4', '6'])
    assert.deepEqual([changed?.backupRetention, changed?.snapshotRetention], ['3', '4'])
    assert.equal((await list('protections')).length, 4)
  })

  test('hooks and protections are copied to another app', async () => {
    const other = (await named('apps', 'blogapp')).id
    await run('copy', 'hooks', appID, other)
    await run('copy', 'protections', appID, other)
    const ofOther = ({ appID: owner }: Item) => owner === other
    assert.equal((await list('hooks')).filter(ofOther).length, 2)
    assert.equal((await list('protections')).length, 8)
  })

  test('everything is listed as a table and as JSON', async () => {
    await run('list', 'assets', appID)
    await run('-o', 'json', 'list', 'assets', appID)
    const kinds = ['apiresources', 'apps', 'asups', 'backups', 'buckets', 'clouds', 'clusters']
    kinds.push('credentials', 'groups', 'hooks', 'ldapgroups', 'ldapsettings', 'ldapusers')
    kinds.push('namespaces', 'notifications', 'protections', 'replications', 'rolebindings')
    kinds.push('scripts', 'snapshots', 'storagebackends', 'storageclasses', 'users')
    for (const kind of kinds) assert.match(await run('list', kind), /\+=+\+/, kind)
    // The others are read as JSON by the tests around.
    for (const kind of ['apiresources', 'namespaces', 'storageclasses']) {
      assert.notEqual((await list(kind)).length, 0, kind)
    }
    for (const kind of ['groups', 'replications', 'storagebackends']) {
      assert.deepEqual(await list(kind), [], kind)
    }
  })

  test('in-place restores of both', async () => {
    const file = join(service.hostRoot, 'shop', 'pictures', 'cat.jpg')
    writeFileSync(file, 'no cat\n')
    assert.match(await run('ipr', appID, '--snapshot', snapshotID), /Success/)
    assert.equal(readFileSync(file, 'utf8'), 'a cat\n')
    rmSync(file)
    assert.match(await run('ipr', appID, '--backup', backupID), /Success/)
    assert.equal(readFileSync(file, 'utf8'), 'a cat\n')
  })

  test('a clone, restores to new namespaces, and one that is filtered', async () => {
    const into = (name: string) => [name, clusterID, '--newNamespace', `shop-${name}`]
    assert.match(await run('clone', appID, ...into('cloned')), /complete/)
    assert.match(await run('restore', backupID, ...into('restored')), /complete/)
    assert.match(await run('restore', snapshotID, ...into('snapped')), /complete/)
    const filter = ['--filterSelection', 'include', '--filterSet', 'kind=Volume,name=data']
    assert.match(await run('restore', backupID, ...into('filtered'), ...filter), /complete/)
    const has = (app: string, file: string) => existsSync(join(service.hostRoot, app, file))
    for (const app of ['cloned', 'restored', 'snapped'])
      assert.ok(has(`shop-${app}`, 'pictures/cat.jpg') && has(`shop-${app}`, 'data/orders'), app)
    assert.ok(has('shop-filtered', 'data/orders'))
    assert.ok(!has('shop-filtered', 'pictures/cat.jpg'))
  })

  test('a cloud, and what is changed of clouds and clusters', async () => {
    await run('manage', 'cloud', 'private', 'second')
    const bucketID = only(await list('buckets')).id
    const cloud = await named('clouds', 'second')
    await run('update', 'cloud', cloud.id, '-b', bucketID)
    assert.equal((await named('clouds', 'second')).defaultBucketID, bucketID)
    await run('update', 'cluster', clusterID, '-b', bucketID)
    // The client lists clusters as those of their clouds, which do not show it.
    const managed = await service.client.get<Item>(`/topology/v1/managedClusters/${clusterID}`)
    assert.equal(managed.defaultBucketID, bucketID)
    await run('unmanage', 'cloud', cloud.id)
    assert.equal((await list('clouds')).length, 1)
  })

  test('a user with a role', async () => {
    const person = ['--firstName', 'Some', '--lastName', 'One', '-p', 'Passw0rd-long']
    await run('create', 'user', 'someone@example.org', 'viewer', ...person)
    const user = (await list('users')).find(({ email }) => email === 'someone@example.org')
    const bound = (await list('rolebindings')).find(({ userID }) => userID === user?.id)
    assert.equal(bound?.role, 'viewer')
    await run('destroy', 'user', String(user?.id))
    assert.equal((await list('users')).length, 1)
  })

  describe('with an S3 server', { skip: S3_SERVER_MISSING }, () => {
    let server: S3Server
    before(async () => {
      server = await startS3Server()
    })
    after(() => server?.stop())

    test('a bucket is managed, used and unmanaged', async () => {
      const { accessKeyID, secretAccessKey, endpoint } = server
      const bucketName = await server.makeBucket()
      const keys = ['--accessKey', accessKeyID, '--accessSecret', secretAccessKey]
      await run('manage', 'bucket', 'generic-s3', bucketName, '-u', endpoint, ...keys)
      const bucket = await named('buckets', bucketName)
      const isAvailable = async () =>
        assert.equal((await named('buckets', bucketName)).state, 'available')
      await eventually(isAvailable)
      await run('update', 'bucket', bucket.id, ...keys)
      // With another credential it is tried again, and pending until then.
      await eventually(isAvailable)
      assert.match(await run('create', 'backup', appID, 'away', '-u', bucket.id), /complete!/)
      const away = await named('backups', 'away')
      assert.equal(away.bucketID, bucket.id)
      const refused = await attempt('unmanage', 'bucket', bucket.id)
      assert.notEqual(refused.exitCode, 0, 'a bucket with backups stays')
      await run('destroy', 'backup', appID, away.id)
      // Until the data of the backup is gone, the bucket is in use.
      await eventually(() => run('unmanage', 'bucket', bucket.id))
      for (const { id } of await list('credentials')) await run('destroy', 'credential', id)
      assert.deepEqual(await list('credentials'), [])
    })
  })

  test('everything is destroyed and unmanaged', async () => {
    for (const { id, appID: owner } of await list('hooks'))
      await run('destroy', 'hook', String(owner), id)
    await run('destroy', 'script', only(await list('scripts')).id)
    for (const { name } of await list('apps')) {
      const app = await named('apps', String(name))
      for (const { id } of await list('protections', '-a', app.id))
        await run('destroy', 'protection', app.id, id)
    }
    assert.deepEqual(await list('protections'), [])
    await run('destroy', 'backup', appID, backupID)
    await run('destroy', 'snapshot', appID, snapshotID)
    for (const { id } of await list('apps')) await run('unmanage', 'app', id)
    await eventually(async () => assert.deepEqual(await list('apps'), []))
    assert.ok(existsSync(join(service.hostRoot, 'shop', 'data', 'orders')), 'data stays')
  })

  test('what is refused ends with a code and the reason', async () => {
    const unknown = '11111111-1111-4111-8111-111111111111'
    const { exitCode, output } = await attempt('-f', 'create', 'backup', unknown, 'none')
    assert.notEqual(exitCode, 0)
    assert.match(output, /404|not found|invalid choice/i)
  })

  async function list(kind: string, ...options: string[]): Promise<readonly Item[]> {
    const text = await run('-o', 'json', 'list', kind, ...options)
    return (JSON.parse(text) as { items: readonly Item[] }).items
  }

  async function named(kind: string, name: string): Promise<Item> {
    const items = await list(kind)
    return only(items.filter((item) => item.name === name))
  }

  /** What it printed; it must have ended well. */
  async function run(...args: string[]): Promise<string> {
    const { exitCode, output } = await attempt(...args)
    assert.equal(exitCode, 0, `actoolkit ${args.join(' ')}\n${output}`)
    assert.doesNotMatch(output, /Traceback|API HTTP Status Code: [45]/, args.join(' '))
    return output
  }

  function attempt(...args: string[]): Promise<Run> {
    const environment = { REQUESTS_CA_BUNDLE: certificate.certFile, HOME: directory }
    const options = {
      cwd: directory,
      env: { PATH: process.env.PATH, ...environment },
      timeout: RUN_TIMEOUT_MS,
    }
    return new Promise((resolve) => {
      const child = execFile(program ?? '', args, options, (_error, stdout, stderr) =>
        resolve({ exitCode: child.exitCode ?? -1, output: stdout + stderr }),
      )
    })
  }
})

function only<Value>(values: readonly Value[]): Value {
  const [value, ...more] = values
  assert.ok(value !== undefined && more.length === 0, `${values.length} instead of one`)
  return value
}

function findProgram(): string | undefined {
  const named = process.env.HOLDFAST_TEST_ACTOOLKIT
  if (named !== undefined) return named
  const directories = (process.env.PATH ?? '').split(delimiter)
  return directories.map((path) => join(path, 'actoolkit')).find((path) => existsSync(path))
}
