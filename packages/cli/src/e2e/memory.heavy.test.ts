// Memory does not grow with what is copied: one 4 GB file, mostly hole, and a tree of 200,000
// files go through the API and back while the kernel's high-water marks are read.
import assert from 'node:assert/strict'
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, describe, test } from 'node:test'
import { compareTrees } from '../demo/compare-trees.ts'
import { readTree } from '../demo/tree-record.ts'
import type { AppBody } from '../service-client.ts'
import { showLogOfFailure } from '../testing/log-of-failure.ts'
import { watchPeakMemory } from '../testing/peak-memory.ts'
import { seededBytes } from '../testing/seeded-bytes.ts'
import { startTestService, type TestService } from '../testing/service.ts'

const MIB = 1024 * 1024
const SPARSE_BYTES = 4 * 1024 * MIB
const DATA_EVERY_BYTES = 64 * MIB
const FILES = 200_000
const FILES_IN_DIRECTORY = 500
const WAIT = { timeoutMs: 15 * 60_000, pollMs: 500 }

describe('memory', () => {
  let service: TestService

  before(async () => {
    service = await startTestService({ database: 'shared' })
  })
  after(() => service.release())
  afterEach((t) => showLogOfFailure(t, service))

  const volumes: readonly [string, (volume: string) => void][] = [
    ['sparse', makeSparseVolume],
    ['many', makeManyFiles],
  ]
  for (const [name, make] of volumes) {
    test(`stays within its limits with the volume "${name}"`, { timeout: 1_800_000 }, async (t) => {
      const volume = service.makeVolume(name, 'data')
      make(volume)
      const record = readTree(volume)
      const app = await service.client.manageApp(name, [name])
      const watch = watchPeakMemory(service.process.pid)
      await backUpAndRestore(app, volume).finally(() => watch.end())
      const { serviceMiB, moverMiB, movers } = watch.end()
      t.diagnostic(`service ${serviceMiB.toFixed(0)} MiB, movers ${moverMiB.toFixed(0)} MiB`)
      assert.ok(movers >= 2, `${movers} movers were seen`)
      assert.ok(serviceMiB > 0 && serviceMiB <= 300, `the service held ${serviceMiB} MiB`)
      assert.ok(moverMiB > 0 && moverMiB <= 512, `a mover held ${moverMiB} MiB`)
      assert.deepEqual(compareTrees(record, readTree(volume)).differences, [])
    })
  }

  async function backUpAndRestore(app: AppBody, volume: string): Promise<void> {
    const { client } = service
    const { id: backupID } = await client.startBackup(app.id)
    await client.whenCompleted(`/k8s/v1/apps/${app.id}/appBackups/${backupID}`, WAIT)
    rmSync(volume, { recursive: true })
    const answer = await client.startRestore(app.id, { backupID })
    assert.equal(answer.status, 204, JSON.stringify(answer.body))
    await client.whenReady(app.id, WAIT)
  }
})

function makeSparseVolume(volume: string): void {
  const handle = openSync(join(volume, 'disk.img'), 'w')
  ftruncateSync(handle, SPARSE_BYTES)
  for (let at = 0; at < SPARSE_BYTES; at += DATA_EVERY_BYTES) {
    writeSync(handle, seededBytes(`data at ${at}`, 4 * MIB), 0, 4 * MIB, at)
  }
  closeSync(handle)
}

function makeManyFiles(volume: string): void {
  for (let made = 0; made < FILES; made += 1) {
    const directory = join(volume, `directory-${Math.floor(made / FILES_IN_DIRECTORY)}`)
    if (made % FILES_IN_DIRECTORY === 0) mkdirSync(directory)
    writeFileSync(join(directory, `file-${made}`), `content ${made}\n`)
  }
}
