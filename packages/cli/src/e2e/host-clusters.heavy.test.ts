// Several directories of one machine as clusters of one service.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, describe, test } from 'node:test'
import { type AppBody, type Listed, serviceClient } from '../service-client.ts'
import { startServiceProcess } from '../service-process.ts'
import { showLogOfFailure } from '../testing/log-of-failure.ts'
import { assertProblem } from '../testing/problems.ts'
import { startTestService, type TestService } from '../testing/service.ts'

interface ClusterBody {
  readonly id: string
  readonly name: string
  readonly state: string
  readonly managedState: string
}

describe('host clusters by configuration', () => {
  let service: TestService
  let root: string
  let secondID: string

  before(async () => {
    root = mkdtempSync(join(tmpdir(), 'holdfast-second-root-'))
    mkdirSync(join(root, 'mail', 'box'), { recursive: true })
    writeFileSync(join(root, 'mail', 'box', 'letter'), 'dear reader')
    service = await startTestService({
      database: 'shared',
      environment: { HOLDFAST_HOST_CLUSTERS: `second=${root}` },
    })
    writeFileSync(join(service.makeVolume('shop', 'data'), 'order'), 'one pie')
  })
  after(async () => {
    await service.release()
    rmSync(root, { recursive: true, force: true })
  })
  afterEach((t) => showLogOfFailure(t, service))

  const second = async () => {
    const { items } = await service.client.get<Listed<ClusterBody>>('/topology/v1/clusters')
    assert.equal(items.length, 2)
    return items.find(({ name }) => name === 'second') ?? assert.fail('no second cluster')
  }

  const postApp = (members: object) =>
    service.client.call<AppBody>('POST', '/k8s/v2/apps', {
      body: { type: 'application/astra-app', version: '2.2', ...members },
    })

  test('the second is unmanaged until somebody manages it', async () => {
    const { id, managedState, state } = await second()
    secondID = id
    assert.deepEqual([managedState, state], ['unmanaged', 'running'])
    const definition = {
      name: 'mail',
      clusterID: id,
      namespaceScopedResources: [{ namespace: 'mail' }],
    }
    assertProblem(await postApp(definition), 400, 106)
    const body = { type: 'application/astra-managedCluster', version: '1.7', id }
    const managed = await service.client.call('POST', '/topology/v1/managedClusters', { body })
    assert.equal(managed.status, 201)
    const path = `/topology/v1/managedClusters/${id}/namespaces?include=name`
    assert.deepEqual((await service.client.get<Listed<string[]>>(path)).items, [['mail']])
    const app = await postApp(definition)
    assert.equal(app.status, 201, JSON.stringify(app.body))
  })

  test('its apps are backed up and restored in it, and a backup of the first one goes to it', async () => {
    const { client } = service
    const { items } = await client.get<Listed<AppBody>>('/k8s/v2/apps')
    const [mail = assert.fail('no app')] = items
    const { id: backupID } = await client.startBackup(mail.id)
    await client.whenCompleted(`/k8s/v1/apps/${mail.id}/appBackups/${backupID}`)
    writeFileSync(join(root, 'mail', 'box', 'letter'), 'spoilt')
    await client.startRestore(mail.id, { backupID })
    await client.whenReady(mail.id)
    assert.equal(readFileSync(join(root, 'mail', 'box', 'letter'), 'utf8'), 'dear reader')

    const definition = { name: 'shop', clusterID: await builtIn() }
    const namespaceScopedResources = [{ namespace: 'shop' }]
    const { id: shopID } = (await postApp({ ...definition, namespaceScopedResources })).body
    await client.whenReady(shopID)
    const { id: shopBackupID } = await client.startBackup(shopID)
    await client.whenCompleted(`/k8s/v1/apps/${shopID}/appBackups/${shopBackupID}`)
    const namespaceMapping = [{ source: 'shop', destination: 'shop-two' }]
    const made = await postApp({
      name: 'shop-two',
      clusterID: secondID,
      backupID: shopBackupID,
      namespaceMapping,
    })
    assert.equal(made.status, 201, JSON.stringify(made.body))
    await client.whenReady(made.body.id)
    assert.equal(readFileSync(join(root, 'shop-two', 'data', 'order'), 'utf8'), 'one pie')
  })

  test('one that the configuration names no more is removed, and is back with it', async () => {
    await service.stop()
    const { HOLDFAST_HOST_CLUSTERS: _none, ...environment } = service.processOptions.environment
    const without = await startServiceProcess({ ...service.processOptions, environment })
    try {
      const client = serviceClient(without.owner)
      const removed = await client.get<ClusterBody>(`/topology/v1/clusters/${secondID}`)
      assert.deepEqual([removed.state, removed.managedState], ['removed', 'managed'])
      const builtInState = await client.get<ClusterBody>(`/topology/v1/clusters/${await builtIn()}`)
      assert.equal(builtInState.state, 'running')
    } finally {
      await without.stop()
    }
    await service.start()
    const { id, state, managedState } = await second()
    assert.deepEqual([id, state, managedState], [secondID, 'running', 'managed'])
  })

  let builtInID: string | undefined
  async function builtIn(): Promise<string> {
    const { items } = await service.client.get<Listed<ClusterBody>>('/topology/v1/clusters')
    builtInID ??= items.find(({ name }) => name !== 'second')?.id
    return builtInID ?? assert.fail('no built-in cluster')
  }
})

test('a directory in another, or in the home, is refused at the start', async () => {
  const home = mkdtempSync(join(tmpdir(), 'holdfast-service-'))
  try {
    const clusters = `inner=${join(home, 'apps', 'inner')},own=${join(home, 'bucket')}`
    const environment = { HOLDFAST_LISTEN: '127.0.0.1:0', HOLDFAST_HOST_CLUSTERS: clusters }
    await assert.rejects(startServiceProcess({ home, environment }), (error: Error) => {
      assert.match(error.message, /inner .* contain each other/)
      assert.match(error.message, /own .* HOLDFAST_HOME contain each other/)
      return true
    })
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
})
