// The main job with everything embedded: protect a directory application, lose its data, get it
// back byte for byte, from the backup and from the snapshot; stock restic confirms the repository.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, describe, test } from 'node:test'
import { compareTrees } from '../demo/compare-trees.ts'
import { makeLooseEntries, makeOddVolume } from '../demo/demo-data.ts'
import { findStockRestic, runStockRestic } from '../demo/stock-restic.ts'
import { readTree, type TreeRecord } from '../demo/tree-record.ts'
import type { AppBody, CopyBody } from '../service-client.ts'
import { showLogOfFailure } from '../testing/log-of-failure.ts'
import { writeSeededFile } from '../testing/seeded-bytes.ts'
import { startTestService, type TestService } from '../testing/service.ts'

const MIB = 1024 * 1024
const resticVersion = await findStockRestic()

describe('the main job', () => {
  let service: TestService
  let namespace: string
  let record: TreeRecord
  let app: AppBody
  let snapshot: CopyBody
  let backup: CopyBody

  before(async () => {
    service = await startTestService({ database: 'embedded' })
    namespace = join(service.hostRoot, 'shop')
    mkdirSync(namespace)
    makeLooseEntries(namespace)
    makeOddVolume(service.makeVolume('shop', 'odd'), 128 * MIB)
    fillMediaVolume(service.makeVolume('shop', 'media'))
    record = readTree(namespace)
    app = await service.client.manageApp('shop', ['shop'])
  })
  after(() => service.release())
  afterEach((t) => showLogOfFailure(t, service))

  test('a snapshot completes', async () => {
    const { id } = await service.client.startSnapshot(app.id, { name: 'daily' })
    snapshot = await service.client.whenCompleted(`/k8s/v1/apps/${app.id}/appSnaps/${id}`)
    assert.deepEqual(snapshot.stateUnready, [])
  })

  test('a backup completes, and its progress never goes back', async () => {
    const { id, state } = await service.client.startBackup(app.id, { name: 'first' })
    assert.equal(state, 'pending')
    const seen: CopyBody[] = []
    const path = `/k8s/v1/apps/${app.id}/appBackups/${id}`
    backup = await service.client.whenCompleted(path, {
      pollMs: 5,
      onBody: (body) => seen.push(body),
    })
    assertProgress(seen)
    assert.equal(backup.totalBytes, totalBytes(record))
  })

  test('what is lost comes back from the backup', async () => {
    lose(namespace)
    await restore({ backupID: backup.id })
    assertSame(record, namespace)
  })

  test('what is lost comes back from the snapshot', async () => {
    lose(namespace)
    await restore({ snapshotID: snapshot.id })
    assertSame(record, namespace)
  })

  test('nothing is left beside the volumes', () => {
    assert.deepEqual(readdirSync(namespace).toSorted(), [
      'current-settings',
      'media',
      'odd',
      'settings.ini',
    ])
  })

  const skip =
    resticVersion === undefined && 'stock restic is missing: install the package `restic`'
  test('stock restic finds no error and restores the same', { skip }, async () => {
    const { client } = service
    const repository = await client.repositoryOf(await client.firstBucket())
    const output = await runStockRestic(['check', '--read-data'], repository)
    assert.match(output, /no errors were found/)
    const target = mkdtempSync(join(tmpdir(), 'holdfast-restic-'))
    try {
      for (const path of ['/shop/odd', '/shop/media', '/shop']) {
        const found = ['latest', '--tag', `backup=${backup.id}`, '--path', path]
        await runStockRestic(['restore', ...found, '--target', target], repository)
      }
      assertSame(record, join(target, 'shop'), { areHolesCompared: false })
    } finally {
      rmSync(target, { recursive: true })
    }
  })

  test('the service stops cleanly', async () => {
    assert.deepEqual(await service.stop(), { exitCode: 0, signal: null })
  })

  async function restore(
    source: { readonly backupID: string } | { readonly snapshotID: string },
  ): Promise<void> {
    const answer = await service.client.startRestore(app.id, source)
    assert.equal(answer.status, 204, JSON.stringify(answer.body))
    await service.client.whenReady(app.id)
  }
})

/** Enough to see progress in between: large and small files that do not compress. */
function fillMediaVolume(volume: string): void {
  writeSeededFile(join(volume, 'film'), { seed: 'film', bytes: 96 * MIB })
  mkdirSync(join(volume, 'pictures'))
  for (let index = 0; index < 400; index += 1) {
    const path = join(volume, 'pictures', `${index}.jpg`)
    writeSeededFile(path, { seed: `picture ${index}`, bytes: 1000 + index * 97 })
  }
}

function lose(namespace: string): void {
  rmSync(join(namespace, 'media', 'pictures'), { recursive: true })
  truncateSync(join(namespace, 'media', 'film'), 1234)
  rmSync(join(namespace, 'odd'), { recursive: true })
  writeFileSync(join(namespace, 'settings.ini'), 'overwritten\n')
  rmSync(join(namespace, 'current-settings'))
}

function assertSame(
  record: TreeRecord,
  path: string,
  options: { readonly areHolesCompared?: boolean } = {},
): void {
  // Volumes are exchanged in the namespace's own directory: its time moves, nothing else.
  const { differences } = compareTrees(record, readTree(path), { touched: [''], ...options })
  assert.deepEqual(differences, [])
}

function assertProgress(seen: readonly CopyBody[]): void {
  let last = 0
  for (const { state, percentDone = 0, bytesDone, totalBytes } of seen) {
    assert.ok(percentDone >= last, `${percentDone} % after ${last} %`)
    assert.equal(percentDone === 100, state === 'completed', `${percentDone} % while ${state}`)
    if (state === 'completed') assert.equal(bytesDone, totalBytes)
    last = percentDone
  }
  const between = seen.filter(({ percentDone = 0 }) => percentDone > 0 && percentDone < 100)
  assert.ok(between.length > 0, 'no progress was seen between start and end')
}

/** Each name of a hard-linked file counts, as in restic. */
function totalBytes(record: TreeRecord): number {
  return [...record.values()].reduce((sum, { size }) => sum + size, 0)
}
