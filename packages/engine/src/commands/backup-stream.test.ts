import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import fc from 'fast-check'
import { failureOf } from '../engine-failure.ts'
import { noise } from '../testing/awkward-tree.ts'
import { withFaults } from '../testing/faulty-backend.ts'
import { memoryBackend } from '../testing/memory-backend.ts'
import { inPieces, readStream, storeStream } from '../testing/stream-run.ts'
import { makeThrowawayRepository } from '../testing/throwaway-repository.ts'
import { check } from './check.ts'
import { listSnapshots } from './list-snapshots.ts'
import { openStream } from './read-stream.ts'

const MEBIBYTE = 1024 ** 2

/** Noise and zeros in turns: cut anywhere, at the least size, and with equal chunks. */
const contents = fc
  .array(
    fc.record({
      seed: fc.integer({ min: 0, max: 5 }),
      isZero: fc.boolean(),
      length: fc.integer({ min: 0, max: 2 * MEBIBYTE }),
    }),
    { maxLength: 4 },
  )
  .map((parts) =>
    Buffer.concat(
      parts.map(({ seed, isZero, length }) =>
        isZero ? Buffer.alloc(length) : noise(seed, length),
      ),
    ),
  )
/** At least one is not empty, so that it ends. */
const pieceSizes = fc
  .array(
    fc.oneof(fc.integer({ min: 0, max: 100_000 }), fc.integer({ max: 12 * MEBIBYTE, min: 1 })),
    {
      maxLength: 8,
    },
  )
  .map((sizes) => [...sizes, 65_536])

test('what was stored is read again, however it came; again it adds no data', async () => {
  await fc.assert(
    fc.asyncProperty(contents, pieceSizes, pieceSizes, async (content, sizes, otherSizes) => {
      await using made = await makeThrowawayRepository()
      const { repository } = made
      const first = await storeStream(repository, inPieces(content, sizes))
      assert.equal(first.outcome.sizeBytes, content.length)
      assert.ok((await readStream(repository, first.snapshotId)).equals(content))
      const dataBlobs = repository.index.blobCount('data')
      const treeBlobs = repository.index.blobCount('tree')
      const second = await storeStream(repository, inPieces(content, otherSizes))
      assert.equal(second.outcome.addedStoredBytes, 0)
      assert.equal(repository.index.blobCount('data'), dataBlobs)
      assert.equal(repository.index.blobCount('tree'), treeBlobs)
      assert.ok((await readStream(await made.reopen(), second.snapshotId)).equals(content))
    }),
    { numRuns: 12 },
  )
})

test('the snapshot says what it is', async () => {
  await using made = await makeThrowawayRepository()
  const { repository } = made
  const content = noise(1, 5 * MEBIBYTE)
  const told: number[] = []
  const { snapshotId, outcome } = await storeStream(repository, inPieces(content, [100_000]), {
    onProgress: (bytes) => told.push(bytes),
    annotate: (outcome) => ({ mark: { ...outcome } }),
  })
  const snapshot = await repository.loadSnapshot(snapshotId, undefined)
  assert.deepEqual(snapshot.paths, ['/holdfast/stream'])
  assert.deepEqual(snapshot.unknownMembers, { mark: { ...outcome } })
  assert.equal(snapshot.summary?.totalBytesProcessed, content.length)
  assert.equal(snapshot.summary?.dataAddedPacked, outcome.addedStoredBytes)
  assert.ok(outcome.addedStoredBytes > content.length)
  assert.equal(told.at(-1), content.length)
  assert.deepEqual(
    told,
    told.toSorted((a, b) => a - b),
  )
})

test('a source that fails leaves no snapshot, and what came before is not stored again', async () => {
  await using made = await makeThrowawayRepository()
  const { repository } = made
  const content = noise(2, 6 * MEBIBYTE)
  async function* failing() {
    yield* inPieces(content.subarray(0, 4 * MEBIBYTE), [65_536])
    throw new Error('the command failed')
  }
  await assert.rejects(storeStream(repository, failing()), /the command failed/)
  const all = { repository, tags: [], signal: undefined }
  assert.deepEqual(await listSnapshots(all), [])
  const { outcome } = await storeStream(await made.reopen(), inPieces(content, [65_536]))
  assert.ok(outcome.addedStoredBytes < 4 * MEBIBYTE, `${outcome.addedStoredBytes}`)
  const reopened = await made.reopen()
  const findings = await check({
    repository: reopened,
    readData: true,
    onProgress: () => undefined,
    signal: undefined,
  })
  assert.deepEqual(
    findings.filter(({ severity }) => severity === 'error'),
    [],
  )
})

test('a store that fails ends the reading, also when the source says nothing', async () => {
  const backend = withFaults(memoryBackend(), [
    { operation: 'save', kind: 'data', after: 1, effect: 'before' },
  ])
  await using made = await makeThrowawayRepository({ backend })
  async function* silentAtLast() {
    yield* inPieces(noise(3, 36 * MEBIBYTE), [65_536])
    await new Promise(() => undefined)
  }
  await assert.rejects(
    storeStream(made.repository, silentAtLast()),
    (error) => failureOf(error, 'backend-unavailable') !== undefined,
  )
  backend.assertAllFired()
  const { repository } = made
  assert.deepEqual(await listSnapshots({ repository, tags: [], signal: undefined }), [])
})

test('a stop ends the reading of a silent source; a lost lock keeps the snapshot from being', async () => {
  await using made = await makeThrowawayRepository()
  const { repository } = made
  const stop = new AbortController()
  async function* silent() {
    yield noise(1, 1000)
    stop.abort(new Error('stopped'))
    await new Promise(() => undefined)
  }
  await assert.rejects(storeStream(repository, silent(), { signal: stop.signal }), /stopped/)
  const beforeSnapshot = () => Promise.reject(new Error('lost'))
  await assert.rejects(
    storeStream(repository, inPieces(noise(1, 1000), [1000]), { beforeSnapshot }),
    /lost/,
  )
  assert.deepEqual(await listSnapshots({ repository, tags: [], signal: undefined }), [])
})

test('a slow store slows the source', async () => {
  const inner = memoryBackend()
  const gate = new EventTarget()
  let isOpen = false
  const backend: typeof inner = {
    ...inner,
    async save(handle, content, signal) {
      if (!isOpen && handle.kind === 'data') await once(gate, 'open')
      await inner.save(handle, content, signal)
    },
  }
  await using made = await makeThrowawayRepository({ backend })
  let takenBytes = 0
  const content = noise(4, 128 * MEBIBYTE)
  async function* counted() {
    for await (const piece of inPieces(content, [65_536])) {
      takenBytes += piece.length
      yield piece
    }
  }
  const storing = storeStream(made.repository, counted())
  let before = -1
  // It takes no more when everything that may wait does so.
  while (takenBytes !== before) {
    before = takenBytes
    for (let turn = 0; turn < 200; turn += 1) await new Promise(setImmediate)
  }
  assert.ok(takenBytes < 110 * MEBIBYTE, `${takenBytes} bytes were taken`)
  isOpen = true
  gate.dispatchEvent(new Event('open'))
  const { snapshotId } = await storing
  assert.ok((await readStream(made.repository, snapshotId)).equals(content))
})

test('damage is met in its place: all before it comes, nothing behind it', async () => {
  const backend = memoryBackend()
  await using made = await makeThrowawayRepository({ backend })
  const { repository } = made
  const content = noise(5, 36 * MEBIBYTE)
  const { snapshotId } = await storeStream(repository, inPieces(content, [1_000_000]))
  const packs = [...backend.objects].filter(([key]) => key.startsWith('data/'))
  const [, pack] = packs.toSorted(([, a], [, b]) => a.length - b.length).at(-1) ?? []
  assert.ok(pack !== undefined)
  pack[pack.length >> 1]! ^= 1
  const { pieces, sizeBytes } = await openStream({
    repository: await made.reopen(),
    snapshotId,
    logicalPath: '/holdfast/stream',
    signal: undefined,
  })
  assert.equal(sizeBytes, content.length)
  const came: Buffer[] = []
  await assert.rejects(
    async () => {
      for await (const piece of pieces) came.push(piece)
    },
    (error) => failureOf(error, 'blob-corrupt') !== undefined,
  )
  const before = Buffer.concat(came)
  assert.ok(before.length < content.length)
  assert.ok(before.equals(content.subarray(0, before.length)))
})

test('what is no file is not found', async () => {
  await using made = await makeThrowawayRepository()
  const { repository } = made
  const { snapshotId } = await storeStream(repository, inPieces(noise(1, 10), [10]))
  for (const logicalPath of ['/holdfast', '/holdfast/other', '/']) {
    await assert.rejects(
      openStream({ repository, snapshotId, logicalPath, signal: undefined }),
      (error) => failureOf(error, 'path-not-found') !== undefined,
    )
  }
})
