// Streams against stock restic, in both directions.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import type { SnapshotId } from '../format/ids.ts'
import { noise } from '../testing/awkward-tree.ts'
import {
  assertStockCheck,
  runStockRestic,
  STOCK_RESTIC,
  STOCK_RESTIC_MISSING,
} from '../testing/stock-restic.ts'
import { inPieces, readStream, STREAM_PATH, storeStream } from '../testing/stream-run.ts'
import {
  localBackendIn,
  makeThrowawayDirectory,
  makeThrowawayRepository,
  THROWAWAY_PASSWORD,
} from '../testing/throwaway-repository.ts'

const skip = STOCK_RESTIC_MISSING
const CONTENT = Buffer.concat([noise(1, 9_000_000), Buffer.alloc(2_000_000), noise(2, 3_000_000)])

test('restic lists, dumps and checks a stream of ours, an empty one too', { skip }, async () => {
  await using directory = await makeThrowawayDirectory()
  const backend = localBackendIn(directory.path)
  await using made = await makeThrowawayRepository({ backend, workers: 1 })
  const stock = { repository: join(directory.path, 'repository'), password: THROWAWAY_PASSWORD }
  const { snapshotId } = await storeStream(made.repository, inPieces(CONTENT, [65_536, 1]))
  const empty = await storeStream(made.repository, inPieces(Buffer.alloc(0), [1]))
  const listed = (await runStockRestic(['ls', '-l', snapshotId], stock)).toString()
  assert.match(listed, /-rw------- +0 +0 +14000000 .* \/holdfast\/stream$/m)
  assert.match(listed, /drwx------ .* \/holdfast$/m)
  assert.ok((await runStockRestic(['dump', snapshotId, STREAM_PATH], stock)).equals(CONTENT))
  const nothing = await runStockRestic(['dump', empty.snapshotId, STREAM_PATH], stock)
  assert.equal(nothing.length, 0)
  await assertStockCheck(stock)
})

test('we read a stream of restic, and store the same one without adding data', {
  skip,
}, async () => {
  await using directory = await makeThrowawayDirectory()
  const backend = localBackendIn(directory.path)
  await using made = await makeThrowawayRepository({ backend, workers: 1 })
  const repository = join(directory.path, 'repository')
  const args = ['--no-cache', '-r', repository, 'backup', '--stdin', '--stdin-filename', 'dump.sql']
  const child = spawn(STOCK_RESTIC as string, args, {
    env: { PATH: '/usr/bin:/bin', HOME: '/nonexistent', RESTIC_PASSWORD: THROWAWAY_PASSWORD },
    stdio: ['pipe', 'ignore', 'inherit'],
  })
  child.stdin.end(CONTENT)
  assert.deepEqual(await once(child, 'close'), [0, null])
  const opened = await made.reopen()
  const ids: SnapshotId[] = []
  for await (const { id } of opened.listSnapshots(undefined)) ids.push(id)
  assert.equal(ids.length, 1)
  assert.ok((await readStream(opened, ids[0] as SnapshotId, '/dump.sql')).equals(CONTENT))
  const before = opened.index.blobCount('data')
  await storeStream(opened, inPieces(CONTENT, [100_000]))
  assert.equal(opened.index.blobCount('data'), before)
})
