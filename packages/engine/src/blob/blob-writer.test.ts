import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Backend } from '../backend/backend.ts'
import { secureRandomBytes } from '../crypto/random.ts'
import { failureOf } from '../engine-failure.ts'
import type { BlobType, PackId } from '../format/ids.ts'
import type { Snapshot } from '../format/snapshot.ts'
import type { Repository, SavedBlob } from '../repository.ts'
import { withFaults } from '../testing/faulty-backend.ts'
import { memoryBackend } from '../testing/memory-backend.ts'
import { makeThrowawayRepository } from '../testing/throwaway-repository.ts'
import { blobIdOf } from './blob-encoding.ts'
import { packSizeBytes } from './pack-header.ts'
import { readPackHeader } from './read-pack-header.ts'

const MEBIBYTE = 1024 * 1024

const someBlob = fc.record({
  type: fc.constantFrom<BlobType>('data', 'tree'),
  plain: fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.tuple(fc.nat(200_000), fc.nat(3)).map(([length, byte]) => new Uint8Array(length).fill(byte)),
  ),
})

test('whatever is saved is found by the next reader, once, and packs say what the index says', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(someBlob, { maxLength: 8 }), { minLength: 1, maxLength: 3 }),
      async (rounds) => {
        await using place = await makeThrowawayRepository()
        const expected = new Map<string, Buffer>()
        for (const round of rounds) {
          const writer = await place.reopen()
          const saved = await Promise.all(
            round.map(({ type, plain }) =>
              writer.saveBlob(type, Uint8Array.from(plain), undefined),
            ),
          )
          for (const [at, { type, plain }] of round.entries()) {
            assert.equal(saved[at]!.id, blobIdOf(plain))
            expected.set(`${type} ${saved[at]!.id}`, Buffer.from(plain))
          }
          await writer.flush(undefined)
        }
        await assertHolds(await place.reopen(), expected)
      },
    ),
    { numRuns: 25 },
  )
})

test('equal blobs are stored once, however many are saved at once', async () => {
  for (const workers of [0, 2]) {
    await using place = await makeThrowawayRepository({ workers })
    const content = secureRandomBytes(100_000)
    const saved = await Promise.all(
      Array.from({ length: 50 }, () =>
        place.repository.saveBlob('data', Buffer.from(content), undefined),
      ),
    )
    assert.equal(saved.filter(({ isNew }) => isNew).length, 1)
    assert.equal(sumOf(saved), 100_032 + 37)
    await place.repository.flush(undefined)
    assert.equal(place.repository.index.blobCount('data'), 1)
  }
})

test('a blob whose first caller gave up is stored by the second', async () => {
  await using place = await makeThrowawayRepository({ workers: 1 })
  const controller = new AbortController()
  const reason = new Error('stop')
  const content = secureRandomBytes(100_000)
  const first = place.repository.saveBlob('data', Buffer.from(content), controller.signal)
  const second = place.repository.saveBlob('data', Buffer.from(content), undefined)
  controller.abort(reason)
  await assert.rejects(first, reason)
  assert.equal((await second).isNew, true)
  await place.repository.flush(undefined)
  const { id } = await second
  assert.deepEqual(await place.repository.loadBlob('data', id, undefined), content)
})

test('packs are homogeneous, near their size, stored before their index', async () => {
  const backend = withFaults(memoryBackend(), [])
  await using place = await makeThrowawayRepository({ backend, workers: 2 })
  for (let n = 0; n < 40; n += 1) {
    await place.repository.saveBlob('data', secureRandomBytes(MEBIBYTE), undefined)
    await place.repository.saveBlob('tree', Buffer.from(`{"nodes":[],"n":${n}}`), undefined)
  }
  await assert.rejects(place.repository.saveSnapshot(SNAPSHOT, undefined), /not flushed/)
  await place.repository.flush(undefined)
  await place.repository.saveSnapshot(SNAPSHOT, undefined)
  const packs = [...place.repository.index.packs()]
  assert.equal(packs.length, 4)
  for (const { blobs } of packs) {
    assert.equal(new Set(blobs.map(({ type }) => type)).size, 1)
    assert.ok(packSizeBytes(blobs) < 18 * MEBIBYTE)
  }
  const kinds = backend.operations
    .filter((operation) => operation.startsWith('save '))
    .map((operation) => operation.slice('save '.length, operation.indexOf('/')))
  const order = ['keys', 'config', 'data', 'data', 'data', 'data', 'index', 'snapshots']
  assert.deepEqual(kinds, order)
})

test('a pack that cannot be stored ends the writer', async () => {
  const memory = memoryBackend()
  const failure = { code: 'no-space', path: '/', freeBytes: 0, neededBytes: 1 } as const
  const fault = { operation: 'save', kind: 'data', effect: 'before', failure } as const
  const backend = withFaults(memory, [{ ...fault, after: 1 }])
  await using place = await makeThrowawayRepository({ backend, workers: 1 })
  const { repository } = place
  const isFull = (error: unknown): boolean => failureOf(error, 'no-space') !== undefined
  await assert.rejects(async () => {
    for (let n = 0; n < 60; n += 1) {
      await repository.saveBlob('data', secureRandomBytes(MEBIBYTE), undefined)
    }
    await repository.flush(undefined)
  }, isFull)
  backend.assertAllFired()
  await assert.rejects(repository.flush(undefined), isFull)
  await assert.rejects(repository.saveBlob('data', Buffer.from('x'), undefined), isFull)
  await assert.rejects(repository.saveSnapshot(SNAPSHOT, undefined), isFull)
  const objects = [...memory.objects.keys()]
  assert.equal(objects.filter((name) => name.startsWith('index/')).length, 0)
  assert.equal(objects.filter((name) => name.startsWith('snapshots/')).length, 0)
})

test('an index that cannot be stored ends the writer, and a later run starts clean', async () => {
  const memory = memoryBackend()
  const fault = { operation: 'save', kind: 'index', effect: 'before' } as const
  await using place = await makeThrowawayRepository({ backend: withFaults(memory, [fault]) })
  await place.repository.saveBlob('data', Buffer.from('x'), undefined)
  await assert.rejects(place.repository.flush(undefined))
  await assert.rejects(place.repository.saveSnapshot(SNAPSHOT, undefined))
  const again = await place.reopen({ backend: memory })
  assert.equal(again.index.blobCount('data'), 0)
  assert.equal((await again.saveBlob('data', Buffer.from('x'), undefined)).isNew, true)
  await again.flush(undefined)
})

test('a storage that hangs makes savers wait, and their abort frees them', async () => {
  const memory = memoryBackend()
  const hang = { operation: 'save', kind: 'data', effect: 'hang' } as const
  const backend = withFaults(memory, Array(20).fill(hang))
  await using place = await makeThrowawayRepository({ backend })
  const controller = new AbortController()
  const reason = new Error('stop')
  let begunBytes = 0
  let savedBytes = 0
  const saver = async (): Promise<void> => {
    for (let n = 0; n < 100; n += 1) {
      const plain = secureRandomBytes(2 * MEBIBYTE)
      begunBytes += plain.length
      await place.repository.saveBlob('data', plain, controller.signal)
      savedBytes += plain.length
    }
  }
  const savers = Promise.allSettled([saver(), saver(), saver()])
  // Nothing here waits for anything but promises: when a turn changes nothing, all are waiting.
  for (let before = -1; before !== savedBytes; ) {
    before = savedBytes
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.ok(begunBytes > 0 && begunBytes <= 100 * MEBIBYTE, `${begunBytes} bytes were taken in`)
  controller.abort(reason)
  for (const outcome of await savers) {
    assert.equal(outcome.status === 'rejected' && outcome.reason, reason)
  }
  assert.equal([...memory.objects.keys()].filter((name) => name.startsWith('data/')).length, 0)
})

test('after closing nothing more is written, and what was under way is waited for', async () => {
  const memory = memoryBackend()
  const storing = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  const backend: Backend = {
    ...memory,
    save: async (handle, content, signal) => {
      if (handle.kind === 'data') {
        begun.resolve()
        await storing.promise
      }
      await memory.save(handle, content, signal)
    },
  }
  await using place = await makeThrowawayRepository({ backend, workers: 1 })
  const { repository } = place
  const saves: Promise<SavedBlob>[] = []
  for (let n = 0; n < 40; n += 1) {
    saves.push(repository.saveBlob('data', secureRandomBytes(MEBIBYTE), undefined))
  }
  const outcomes = Promise.allSettled(saves)
  await begun.promise
  let isClosed = false
  const closing = repository.close().then(() => {
    isClosed = true
  })
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(isClosed, false)
  storing.resolve()
  await closing
  const stored = memory.objects.size
  await outcomes
  await assert.rejects(repository.saveBlob('data', Buffer.from('late'), undefined), /closed/)
  await assert.rejects(repository.flush(undefined), /closed/)
  await assert.rejects(repository.saveSnapshot(SNAPSHOT, undefined), /closed/)
  assert.equal(memory.objects.size, stored)
  assert.ok(![...memory.objects.keys()].some((name) => name.startsWith('index/')))
})

test('a damaged copy is replaced by another one, as long as there is one', async () => {
  const memory = memoryBackend()
  await using place = await makeThrowawayRepository({ backend: memory })
  const { repository } = place
  const content = Buffer.from('a blob that will have two copies')
  const { id } = await repository.saveBlob('data', Buffer.from(content), undefined)
  await repository.flush(undefined)
  const first = repository.locateBlob('data', id)!
  const sealed = await repository.loadPackRange(first.packId, first, undefined)
  await repository.repackBlob({ type: 'data', id, sealed, ...first }, undefined)
  await repository.saveBlob('data', Buffer.from('something else'), undefined)
  await repository.flush(undefined)
  const copies = repository.locateCopies('data', id)
  assert.equal(copies.length, 2)
  const load = () => repository.loadBlob('data', id, undefined)
  damage(memory.objects, copies[0]!.packId)
  assert.deepEqual(await load(), content)
  memory.objects.delete(`data/${copies[0]!.packId}`)
  assert.deepEqual(await load(), content)
  damage(memory.objects, copies[1]!.packId)
  await assert.rejects(load(), (error) => failureOf(error, 'blob-corrupt')?.blobId === id)
  const unknown = blobIdOf(Buffer.from('never saved'))
  await assert.rejects(
    repository.loadBlob('data', unknown, undefined),
    (error) => failureOf(error, 'blob-not-found')?.blobId === unknown,
  )
})

test('a plain length that is not true is noticed', async () => {
  await using place = await makeThrowawayRepository()
  const { repository } = place
  const content = Buffer.alloc(1_000, 'abc')
  const { id } = await repository.saveBlob('data', Buffer.from(content), undefined)
  await repository.flush(undefined)
  const { packId, ...location } = repository.locateBlob('data', id)!
  const sealed = await repository.loadPackRange(packId, location, undefined)
  assert.equal(location.uncompressedLength, 1_000)
  for (const uncompressedLength of [999, 1_005, 0]) {
    await assert.rejects(
      repository.openBlob({ type: 'data', id, sealed, uncompressedLength }, undefined),
      (error) => failureOf(error, 'blob-corrupt') !== undefined,
    )
  }
})

const SNAPSHOT: Snapshot = {
  time: 1_700_000_000_000_000_000n,
  tree: blobIdOf(Buffer.from('{"nodes":[]}\n')),
  paths: ['/x'],
  hostname: 'h',
  username: 'u',
  uid: 0,
  gid: 0,
  excludes: [],
  tags: [],
}

async function assertHolds(
  repository: Repository,
  expected: ReadonlyMap<string, Buffer>,
): Promise<void> {
  const { index, backend, key } = repository
  assert.equal(index.blobCount('data') + index.blobCount('tree'), expected.size)
  for (const [name, plain] of expected) {
    const [type, id] = name.split(' ') as [BlobType, SavedBlob['id']]
    assert.equal(repository.hasBlob(type, id), true)
    assert.equal(repository.blobSize(type, id), plain.length)
    assert.deepEqual(await repository.loadBlob(type, id, undefined), plain)
  }
  const stored = await sizesOf(backend)
  assert.deepEqual(new Set([...index.packs()].map(({ id }) => id)), new Set(stored.keys()))
  for (const { id, blobs } of index.packs()) {
    const sizeBytes = stored.get(id)!
    assert.equal(sizeBytes, packSizeBytes(blobs))
    assert.deepEqual(
      await readPackHeader({ backend, key, packId: id, sizeBytes }, undefined),
      blobs,
    )
  }
}

async function sizesOf(backend: Backend): Promise<Map<PackId, number>> {
  const sizes = new Map<PackId, number>()
  for await (const { name, sizeBytes } of backend.list('data', undefined)) {
    sizes.set(name as PackId, sizeBytes)
  }
  return sizes
}

function damage(objects: Map<string, Buffer>, packId: PackId): void {
  const content = objects.get(`data/${packId}`)
  assert.ok(content !== undefined)
  content[20]! ^= 1
}

function sumOf(saved: readonly SavedBlob[]): number {
  return saved.reduce((sum, { storedBytes }) => sum + storedBytes, 0)
}
