// Everything that a script of the application dialect does with one app, in its order, over TLS:
// from the first look at the namespaces to the emptied trash, after which nothing is left.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, describe, test } from 'node:test'
import { compareTrees } from '../demo/compare-trees.ts'
import { readTree, type TreeRecord } from '../demo/tree-record.ts'
import type { AppBody, CopyBody, Listed } from '../service-client.ts'
import { makeTrustedCertificate, type TestCertificate } from '../testing/certificate.ts'
import { eventually } from '../testing/eventually.ts'
import { showLogOfFailure } from '../testing/log-of-failure.ts'
import { writeSeededFile } from '../testing/seeded-bytes.ts'
import { startTestService, type TestService } from '../testing/service.ts'

interface Item {
  readonly id: string
  readonly name?: string
  readonly [member: string]: unknown
}

describe('the whole sequence over TLS', () => {
  let certificate: TestCertificate
  let service: TestService
  let namespace: string
  let record: TreeRecord
  let app: AppBody
  let clusterID: string
  let snapshot: CopyBody
  let backup: CopyBody
  const made: Record<string, string> = {}

  before(async () => {
    certificate = makeTrustedCertificate()
    service = await startTestService({
      database: 'shared',
      environment: {
        HOLDFAST_TLS_CERT: certificate.certFile,
        HOLDFAST_TLS_KEY: certificate.keyFile,
        // Namespaces of this test belong to root when root runs it.
        HOLDFAST_COMMANDS_AS_ROOT: 'allow',
      },
    })
    namespace = join(service.hostRoot, 'shop')
    const data = service.makeVolume('shop', 'data')
    writeSeededFile(join(data, 'orders'), { seed: 'orders', bytes: 3_000_000 })
    writeFileSync(join(service.makeVolume('shop', 'pictures'), 'cat.jpg'), 'a cat\n')
    writeFileSync(join(namespace, 'settings.ini'), 'colour = blue\n')
  })
  after(async () => {
    await service.release()
    certificate.release()
  })
  afterEach((t) => showLogOfFailure(t, service))

  test('a namespace is found and becomes an app', async () => {
    assert.match(service.owner.url, /^https:/)
    const found = await list('/topology/v1/namespaces', { filter: "name eq 'shop'" })
    assert.deepEqual(
      found.map(({ name, namespaceState }) => [name, namespaceState]),
      [['shop', 'discovered']],
    )
    clusterID = String(found[0]?.clusterID)
    app = await service.client.manageApp('shop', ['shop'])
  })

  test('a hook source and hooks around the snapshot', async () => {
    const script = '#!/bin/sh\necho "$1" >> /proc/self/cwd/hooks.log\n'
    const source = Buffer.from(script).toString('base64')
    const { id } = await post('/core/v1/hookSources', 'hookSource', '1.0', {
      name: 'say',
      sourceType: 'script',
      source,
    })
    made.hookSourceID = id
    for (const stage of ['pre', 'post']) {
      const hook = await post('/core/v1/executionHooks', 'executionHook', '1.3', {
        name: `${stage}-snapshot`,
        hookType: 'custom',
        action: 'snapshot',
        stage,
        hookSourceID: id,
        arguments: [stage],
        appID: app.id,
      })
      made[`${stage}HookID`] = hook.id
    }
    record = readTree(namespace)
  })

  test('a snapshot, a backup from it and one without, each with its hooks', async () => {
    const { client } = service
    const copies = `/k8s/v1/apps/${app.id}`
    const asked = await client.startSnapshot(app.id, { name: 'before' })
    snapshot = await client.whenCompleted(`${copies}/appSnaps/${asked.id}`)
    assert.equal((snapshot as unknown as Item).hookState, 'success')
    assert.equal(readFileSync(join(namespace, 'hooks.log'), 'utf8'), 'pre\npost\n')
    rmSync(join(namespace, 'hooks.log'))
    record = readTree(namespace)
    const named = await client.startBackup(app.id, { name: 'from', snapshotID: snapshot.id })
    const from = await client.whenCompleted(`${copies}/appBackups/${named.id}`)
    assert.equal((from as unknown as Item).hookState, 'success')
    assert.ok(!existsSync(join(namespace, 'hooks.log')), 'no snapshot was taken')
    const { id } = await client.startBackup(app.id, { name: 'without' })
    backup = await client.whenCompleted(`${copies}/appBackups/${id}`)
    assert.equal(readFileSync(join(namespace, 'hooks.log'), 'utf8'), 'pre\npost\n')
    await put(`/core/v1/executionHooks/${made.preHookID}`, 'executionHook', '1.3', {
      enabled: 'false',
    })
    await put(`/core/v1/executionHooks/${made.postHookID}`, 'executionHook', '1.3', {
      enabled: 'false',
    })
  })

  test('schedules of every granularity, one of them changed', async () => {
    const path = `/k8s/v1/apps/${app.id}/schedules`
    const retention = { snapshotRetention: '2', backupRetention: '1' }
    for (const [granularity, times] of [
      ['hourly', { minute: '5' }],
      ['daily', { minute: '5', hour: '3', dayOfWeek: '*', dayOfMonth: null }],
      ['weekly', { minute: '5', hour: '3', dayOfWeek: '7' }],
      ['monthly', { minute: '5', hour: '3', dayOfMonth: '31' }],
    ] as const) {
      const schedule = await post(path, 'schedule', '1.3', {
        name: `${granularity}-one`,
        granularity,
        ...times,
        ...retention,
      })
      made[granularity] = schedule.id
    }
    await put(`${path}/${made.daily}`, 'schedule', '1.2', { ...retention, hour: '4' })
    const changed = await service.client.get<Item>(`${path}/${made.daily}`)
    assert.deepEqual([changed.hour, changed.minute, changed.version], ['4', '5', '1.2'])
    assert.ok(!('dayOfWeek' in changed) && !('dayOfMonth' in changed), JSON.stringify(changed))
    const policies = await list(path, {})
    assert.equal(policies.length, 4)
  })

  test('every collection in every representation', async () => {
    const known = { app_id: app.id, appSnap_id: snapshot.id, appBackup_id: backup.id }
    const ids = { ...known, account_id: service.owner.accountID, user_id: service.owner.userID }
    const topology = { cluster_id: clusterID, managedCluster_id: clusterID }
    const clouds = await list('/topology/v1/clouds', {})
    const parameters = { ...ids, ...topology, cloud_id: clouds[0]?.id ?? '' }
    let walked = 0
    for (const path of await collectionPaths(service, parameters)) {
      const all = await representation(path, {})
      const wanted = all.items.map((item) => item.id)
      const count = await representation(path, { count: 'true', limit: '1' })
      assert.equal(count.metadata.count, all.items.length, path)
      const named = await rows(path, { include: 'id' })
      assert.deepEqual(named.toSorted(), wanted.map((id) => [id]).toSorted(), path)
      const ordered = await rows(path, { include: 'id', orderBy: 'id desc' })
      assert.deepEqual(ordered.flat(), wanted.toSorted().reverse(), path)
      const [first] = wanted
      if (first !== undefined) {
        const filtered = await rows(path, { include: 'id', filter: `id eq '${first}'` })
        assert.deepEqual(filtered, [[first]], path)
        const item = await service.client.call('GET', `${path}/${first}`)
        if (item.status !== 404) assert.equal(item.status, 200, path)
      }
      assert.deepEqual(await byPages(path), wanted, path)
      walked += 1
    }
    assert.ok(walked > 60, `only ${walked} collections are documented`)
  })

  test('what is lost comes back in place, from the snapshot and from the backup', async () => {
    for (const source of [{ snapshotID: snapshot.id }, { backupID: backup.id }]) {
      rmSync(join(namespace, 'data', 'orders'))
      writeFileSync(join(namespace, 'settings.ini'), 'colour = red\n')
      const answer = await service.client.startRestore(app.id, source)
      assert.equal(answer.status, 204, JSON.stringify(answer.body))
      await service.client.whenReady(app.id)
      assertSame(namespace)
    }
  })

  test('a live clone, and restores to new namespaces', async () => {
    const sources = {
      live: { sourceAppID: app.id, sourceClusterID: clusterID },
      snapped: { snapshotID: snapshot.id },
      backed: { backupID: backup.id },
    }
    for (const [name, source] of Object.entries(sources)) {
      const clone = await post('/k8s/v2/apps', 'app', '2.2', {
        name,
        clusterID,
        ...source,
        namespaceMapping: [{ source: 'shop', destination: `shop-${name}` }],
      })
      assert.equal(clone.state, 'provisioning')
      made[name] = clone.id
      await service.client.whenReady(clone.id)
      assertSame(join(service.hostRoot, `shop-${name}`))
    }
  })

  test('when all is deleted and the trash is emptied, nothing is left', async () => {
    const { client, hostRoot, home, database } = service
    for (const id of [made.live, made.snapped, made.backed]) {
      await remove(`/k8s/v2/apps/${id}`)
    }
    await remove(`/k8s/v1/apps/${app.id}/appBackups/${backup.id}`)
    await remove(`/k8s/v1/apps/${app.id}/schedules/${made.weekly}`)
    await remove(`/k8s/v2/apps/${app.id}`)
    assert.deepEqual(await list('/k8s/v2/apps', {}), [])
    assert.deepEqual(await list('/topology/v1/appBackups', {}), [])
    assert.ok((await list('/holdfast/v1/trash', {})).length > 0)
    await remove('/holdfast/v1/trash')
    await eventually(async () => {
      const ended = ['completed', 'cancelled', 'failed']
      const open = (await client.tasks()).filter(({ state }) => !ended.includes(state))
      assert.deepEqual(open, [])
      assert.deepEqual(await list('/holdfast/v1/trash', {}), [])
    })
    await remove(`/core/v1/hookSources/${made.hookSourceID}`)
    // The apps themselves go on living; what we made beside them does not.
    assert.deepEqual(
      readdirSync(hostRoot, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.startsWith('.holdfast/'))
        .filter((name) => name.split('/').length > 2),
      [],
    )
    for (const kind of ['data', 'snapshots', 'locks']) {
      for (const repository of repositoriesBelow(home)) {
        assert.deepEqual(filesBelow(join(repository, kind)), [], `${repository}/${kind}`)
      }
    }
    assert.ok(database)
    for (const table of [
      'apps',
      'backups',
      'application_snapshots',
      'volume_snapshots',
      'backup_volumes',
      'app_assets',
      'schedules',
      'execution_hooks',
      'hook_sources',
      'obligations',
    ] as const) {
      const left = await database.queries.selectFrom(table).selectAll().execute()
      assert.deepEqual(left, [], table)
    }
  })

  function assertSame(path: string): void {
    rmSync(join(path, 'hooks.log'), { force: true })
    const { differences } = compareTrees(record, readTree(path), { touched: [''] })
    assert.deepEqual(differences, [])
  }

  async function representation(path: string, query: Readonly<Record<string, string>>) {
    const text = new URLSearchParams(query).toString()
    const answer = await service.client.call<Listed<Item> & { metadata: { continue?: string } }>(
      'GET',
      text === '' ? path : `${path}?${text}`,
    )
    assert.equal(answer.status, 200, `${path}?${text}: ${JSON.stringify(answer.body)}`)
    return answer.body
  }

  async function list(path: string, query: Readonly<Record<string, string>>) {
    return (await representation(path, query)).items
  }

  async function rows(path: string, query: Readonly<Record<string, string>>) {
    return (await representation(path, query)).items as unknown as readonly (readonly string[])[]
  }

  async function byPages(path: string): Promise<string[]> {
    const seen: string[] = []
    let token: string | undefined
    do {
      const page = await representation(path, {
        limit: '2',
        ...(token === undefined ? {} : { continue: token }),
      })
      seen.push(...page.items.map(({ id }) => id))
      token = page.metadata.continue
    } while (token !== undefined)
    return seen
  }

  async function post(path: string, name: string, version: string, members: object): Promise<Item> {
    const body = { type: `application/astra-${name}`, version, ...members }
    const headers = { 'Content-Type': `application/astra-${name}+json` }
    const answer = await service.client.call<Item>('POST', path, { body, headers })
    assert.equal(answer.status, 201, `${path}: ${JSON.stringify(answer.body)}`)
    assert.ok(answer.headers.get('location')?.startsWith(service.owner.url))
    return answer.body
  }

  async function put(path: string, name: string, version: string, members: object) {
    const body = { type: `application/astra-${name}`, version, ...members }
    const answer = await service.client.call('PUT', path, { body })
    assert.equal(answer.status, 204, `${path}: ${JSON.stringify(answer.body)}`)
  }

  async function remove(path: string): Promise<void> {
    // Clients send a body with every verb.
    const answer = await service.client.call('DELETE', path, { body: {} })
    assert.equal(answer.status, 204, `${path}: ${JSON.stringify(answer.body)}`)
  }
})

/** Every documented collection of the application dialect whose parents exist. */
async function collectionPaths(
  { owner }: TestService,
  parameters: Readonly<Record<string, string>>,
): Promise<string[]> {
  const answer = await fetch(`${owner.url}/openapi.json`)
  const { paths } = (await answer.json()) as { paths: Readonly<Record<string, object>> }
  const account = '/accounts/{account_id}'
  const names = Object.keys(paths)
  return names
    .filter((path) => path.startsWith(`${account}/`) && 'get' in (paths[path] ?? {}))
    .filter((path) => names.some((other) => other.startsWith(`${path}/{`)))
    .filter((path) => !/\/holdfast\/v1\//.test(path))
    .map((path) => path.slice(account.length))
    .map((path) => path.replace(/\{([^}]+)\}/g, (_, name: string) => parameters[name] ?? '{}'))
    .filter((path) => !path.includes('{}'))
}

function repositoriesBelow(home: string): string[] {
  return filesBelow(home)
    .filter((name) => /(^|\/)config$/.test(name) && existsSync(join(home, name, '../keys')))
    .map((name) => join(home, name, '..'))
}

function filesBelow(directory: string): string[] {
  mkdirSync(directory, { recursive: true })
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
}
