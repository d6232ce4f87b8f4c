import assert from 'node:assert/strict'
import { test } from 'node:test'
import { secureRandomBytes } from '../crypto/random.ts'
import { failureOf } from '../engine-failure.ts'
import type { BlobId, PackId } from '../format/ids.ts'
import { sha256Hex } from '../format/sha256.ts'
import { withFaults } from '../testing/faulty-backend.ts'
import { GOLDEN_KEY } from '../testing/golden-vectors.ts'
import { memoryBackend } from '../testing/memory-backend.ts'
import type { IndexedPack } from './blob-index.ts'
import { INDEX_BLOBS_MAX, loadBlobIndex, saveIndexFiles } from './index-file.ts'

test('no file has more blobs than it may, and no pack is split', async () => {
  const files = filesOver(memoryBackend())
  const packs = [20_000, 20_000, 20_000, 60_000, 1].map((count, n) => packOf(n, count))
  const ids = await saveIndexFiles(files, packs, undefined)
  assert.equal(ids.length, 4)
  const index = await loadBlobIndex(files, undefined)
  assert.equal(index.packCount, 5)
  assert.equal(index.blobCount('data'), 120_001)
  const perFile = new Map<string, number>()
  for (const { number, blobs } of index.packs()) {
    const listedIn = index.indexFilesOf(number)
    assert.equal(listedIn.length, 1)
    perFile.set(listedIn[0]!, (perFile.get(listedIn[0]!) ?? 0) + blobs.length)
  }
  const counts = [...perFile.values()].sort((a, b) => a - b)
  assert.deepEqual(counts, [1, 20_000, 40_000, 60_000])
  assert.ok(counts.filter((count) => count > INDEX_BLOBS_MAX).length === 1)
})

test('a damaged index file is named', async () => {
  const memory = memoryBackend()
  const files = filesOver(memory)
  const [id] = await saveIndexFiles(files, [packOf(1, 10)], undefined)
  const isNamed = (error: unknown): boolean => failureOf(error, 'index-corrupt')?.indexId === id
  for (const effect of ['flip-byte', 'truncate'] as const) {
    const faulty = withFaults(memory, [{ operation: 'load', kind: 'index', effect }])
    await assert.rejects(loadBlobIndex({ ...files, backend: faulty }, undefined), isNamed)
    faulty.assertAllFired()
  }
})

test('index files that are replaced while they are loaded are found where they went', async () => {
  const memory = memoryBackend()
  const files = filesOver(memory)
  const first = await saveIndexFiles(files, [packOf(1, 10)], undefined)
  const replacing = {
    ...memory,
    load: async (...args: Parameters<typeof memory.load>) => {
      const isFirst = args[0].name === first[0]
      if (isFirst && memory.objects.has(`index/${first[0]}`)) {
        await saveIndexFiles(files, [packOf(2, 5)], undefined)
        await memory.remove({ kind: 'index', name: first[0]! }, undefined)
      }
      return await memory.load(...args)
    },
  }
  const index = await loadBlobIndex({ ...files, backend: replacing }, undefined)
  assert.equal(index.blobCount('data'), 5)
})

function filesOver(backend: ReturnType<typeof memoryBackend>) {
  return { backend, key: GOLDEN_KEY, randomBytes: secureRandomBytes, version: 2 }
}

function packOf(n: number, count: number): IndexedPack {
  const blobs = Array.from({ length: count }, (_, at) => ({
    type: 'data' as const,
    id: sha256Hex(Buffer.from(`${n} ${at}`)) as BlobId,
    offset: at * 40,
    length: 40,
    uncompressedLength: 0,
  }))
  return { id: sha256Hex(Buffer.from(`pack ${n}`)) as PackId, blobs }
}
