// kill -9 at an arbitrary point: what was acknowledged is there, the rest does no harm.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { systemClock } from './clock.ts'
import { BLOB_TYPES, type BlobId } from './format/ids.ts'
import { removeLocksOfHosts } from './lock/list-locks.ts'
import { assertStockCheck, STOCK_RESTIC, tryStockRestic } from './testing/stock-restic.ts'
import {
  localBackendIn,
  makeThrowawayDirectory,
  makeThrowawayRepository,
  THROWAWAY_PASSWORD,
} from './testing/throwaway-repository.ts'

const FIXTURE = fileURLToPath(new URL('./testing/fixtures/save-many-blobs.ts', import.meta.url))

test('a writer that is killed loses nothing that it acknowledged', async (t) => {
  await using directory = await makeThrowawayDirectory()
  const backend = localBackendIn(directory.path)
  await using place = await makeThrowawayRepository({ backend })
  const acknowledged: BlobId[] = []
  // After the first, the second and the third acknowledgement it is at work on the next packs.
  for (const lines of [1, 2, 3]) acknowledged.push(...(await linesUntilKilled(backend.url, lines)))
  assert.ok(acknowledged.length >= 6)

  const repository = await place.reopen()
  for (const id of acknowledged) await repository.loadBlob('data', id, undefined)
  for (const type of BLOB_TYPES) {
    for (let entry = 0; entry < repository.index.blobCount(type); entry += 1) {
      await repository.loadBlob(type, repository.index.blobIdOf(type, entry), undefined)
    }
  }
  const context = { backend, key: place.key, clock: systemClock }
  assert.equal(await removeLocksOfHosts(context, ['holdfast-test'], undefined), 3)
  await backend.removeLeftovers(undefined)
  assert.deepEqual(await backend.listLeftovers(undefined), [])

  if (STOCK_RESTIC === undefined) return t.diagnostic('stock restic is missing: it is not asked')
  const stock = { repository: backend.url, password: THROWAWAY_PASSWORD }
  const { exitCode, stderr } = await tryStockRestic(['check', '--read-data'], stock)
  assert.equal(exitCode, 0, stderr)
  assert.equal((await tryStockRestic(['prune', '--max-unused', '0'], stock)).exitCode, 0)
  await assertStockCheck(stock)
})

/** Kills the writer after so many acknowledgements; answers all that it gave. */
async function linesUntilKilled(path: string, count: number): Promise<BlobId[]> {
  const writer = spawn(process.execPath, [FIXTURE, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  const closed = once(writer, 'close')
  const lines: BlobId[] = []
  for await (const line of createInterface({ input: writer.stdout })) {
    lines.push(line as BlobId)
    if (lines.length === count) writer.kill('SIGKILL')
  }
  const [, signal] = await closed
  assert.equal(signal, 'SIGKILL')
  return lines
}
