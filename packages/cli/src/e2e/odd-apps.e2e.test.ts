// Applications of unusual shape: names that are no text, nothing in them, several namespaces, and
// namespaces that are gone when they are to be restored.
import assert from 'node:assert/strict'
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, describe, test } from 'node:test'
import { compareTrees } from '../demo/compare-trees.ts'
import { readTree } from '../demo/tree-record.ts'
import type { AppBody, CopyBody, Listed } from '../service-client.ts'
import { assertCleanRepository } from '../testing/clean-repository.ts'
import { showLogOfFailure } from '../testing/log-of-failure.ts'
import { startTestService, type TestService } from '../testing/service.ts'

interface CopiedVolume {
  readonly namespace: string
  readonly key: string
  readonly captured: { readonly entries: number; readonly bytes: number }
}

describe('applications of unusual shape', () => {
  let service: TestService

  before(async () => {
    service = await startTestService({ database: 'shared' })
  })
  after(() => service.release())
  afterEach((t) => showLogOfFailure(t, service))

  test('a volume whose name is no text', async () => {
    const namespace = makeNamespace('bytes')
    const name = Buffer.from([0x61, 0xff, 0x2c, 0x25, 0x20, 0x0a])
    const volume = Buffer.concat([Buffer.from(`${namespace}/`), name])
    mkdirSync(volume)
    writeFileSync(Buffer.concat([volume, Buffer.from('/file')]), 'content\n')
    const { app, backup } = await protect('bytes', ['bytes'])
    assert.deepEqual(
      (await volumesOf(backup)).map(({ key }) => key),
      ['a%FF%2C%25%20%0A'],
    )
    const record = readTree(namespace)
    rmSync(volume, { recursive: true })
    await restore(app, backup)
    assertSame(record, namespace)
  })

  test('a namespace with nothing in it has nothing to back up, an empty volume has', async () => {
    const namespace = makeNamespace('hollow')
    const { client } = service
    const app = await client.manageApp('hollow', ['hollow'])
    const { id } = await client.startBackup(app.id)
    const path = `/k8s/v1/apps/${app.id}/appBackups/${id}`
    const failed = await client.whenCopyIs(path, ['completed', 'failed'])
    assert.equal(failed.state, 'failed')
    assert.match(failed.stateUnready.join('\n'), /no volume/)
    mkdirSync(join(namespace, 'empty'))
    const backup = await backUp(app)
    assert.deepEqual([backup.totalBytes, backup.percentDone], [0, 100])
    assert.deepEqual(
      (await volumesOf(backup)).map(({ key, captured }) => [key, captured.entries]),
      [['empty', 1]],
    )
    const record = readTree(namespace)
    rmSync(join(namespace, 'empty'), { recursive: true })
    await restore(app, backup)
    assertSame(record, namespace)
  })

  test('two namespaces of one app, one of them gone altogether', async () => {
    for (const namespace of ['front', 'back']) {
      const path = makeNamespace(namespace)
      writeFileSync(join(path, 'loose'), `${namespace}\n`)
      mkdirSync(join(path, 'data'))
      writeFileSync(join(path, 'data', 'file'), `${namespace}\n`)
      symlinkSync('data', join(path, 'link-to-a-directory'))
    }
    const { app, backup } = await protect('both', ['front', 'back'])
    const records = ['front', 'back'].map((namespace) => ({
      namespace,
      record: readTree(join(service.hostRoot, namespace)),
    }))
    rmSync(join(service.hostRoot, 'back'), { recursive: true })
    rmSync(join(service.hostRoot, 'front', 'data', 'file'))
    await restore(app, backup)
    for (const { namespace, record } of records) {
      assertSame(record, join(service.hostRoot, namespace))
    }
  })

  test('a volume made after the backup is left alone by its restore', async () => {
    const namespace = makeNamespace('growing')
    mkdirSync(join(namespace, 'old'))
    writeFileSync(join(namespace, 'old', 'file'), 'old\n')
    const { app, backup } = await protect('growing', ['growing'])
    mkdirSync(join(namespace, 'young'))
    writeFileSync(join(namespace, 'young', 'file'), 'young\n')
    writeFileSync(join(namespace, 'old', 'file'), 'changed\n')
    const young = readTree(join(namespace, 'young'))
    await restore(app, backup)
    assertSame(young, join(namespace, 'young'))
    assert.equal(readTree(join(namespace, 'old')).get('file')?.size, 4)
    await assertCleanRepository(service)
  })

  function makeNamespace(name: string): string {
    const path = join(service.hostRoot, name)
    mkdirSync(path)
    return path
  }

  async function protect(
    name: string,
    namespaces: readonly string[],
  ): Promise<{ readonly app: AppBody; readonly backup: CopyBody }> {
    const app = await service.client.manageApp(name, namespaces)
    return { app, backup: await backUp(app) }
  }

  async function backUp(app: AppBody): Promise<CopyBody> {
    const { id } = await service.client.startBackup(app.id)
    return await service.client.whenCompleted(`/k8s/v1/apps/${app.id}/appBackups/${id}`)
  }

  async function volumesOf({ id }: CopyBody): Promise<readonly CopiedVolume[]> {
    const path = `/holdfast/v1/appBackups/${id}/volumes`
    return (await service.client.get<Listed<CopiedVolume>>(path)).items
  }

  async function restore(app: AppBody, backup: CopyBody): Promise<void> {
    const answer = await service.client.startRestore(app.id, { backupID: backup.id })
    assert.equal(answer.status, 204, JSON.stringify(answer.body))
    const { state } = await service.client.get<AppBody>(`/k8s/v2/apps/${app.id}`)
    assert.ok(state === 'restoring' || state === 'ready', state)
    await service.client.whenReady(app.id)
  }
})

function assertSame(record: ReturnType<typeof readTree>, path: string): void {
  const { differences } = compareTrees(record, readTree(path), { touched: [''] })
  assert.deepEqual(differences, [])
}
