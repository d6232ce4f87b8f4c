import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { PackedBlob } from '../blob/pack-header.ts'
import type { BlobId, BlobType, IndexId, PackId } from '../format/ids.ts'
import { sha256Hex } from '../format/sha256.ts'
import { BlobIndex, type IndexedPack } from './blob-index.ts'
import { encodeIndexFile } from './index-file.ts'

/** Ids that share their first bytes, so that probing has to walk. */
const blobId = fc
  .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 30 }))
  .map(([group, n]) => `0${group}`.repeat(4) + sha256Hex(Buffer.of(n)).slice(8))

const packs = fc
  .array(
    fc.record({
      n: fc.integer({ min: 0, max: 12 }),
      blobs: fc.array(
        fc.record({
          type: fc.constantFrom<BlobType>('data', 'tree'),
          id: blobId,
          plainLength: fc.nat(2 ** 31),
          isCompressed: fc.boolean(),
        }),
        { maxLength: 20 },
      ),
    }),
    { maxLength: 12 },
  )
  .map((list) =>
    list.map(({ n, blobs }): IndexedPack => ({ id: packIdOf(n), blobs: laidOut(blobs) })),
  )

test('the index knows what a naive model knows', () => {
  fc.assert(
    fc.property(packs, fc.array(fc.boolean()), (list, isFromFile) => {
      const index = new BlobIndex()
      for (const [at, pack] of list.entries()) {
        if (isFromFile[at] === true) index.addPack(pack)
        else assert.equal(index.addIndexFile(indexIdOf(at), encodeIndexFile([pack])), undefined)
      }
      assertEqualsModel(index, list)
    }),
  )
})

test('an index that grows loses nothing', () => {
  const blobs = Array.from({ length: 20_000 }, (_, n) => ({
    type: n % 3 === 0 ? ('tree' as const) : ('data' as const),
    id: sha256Hex(Buffer.from(`blob ${n}`)),
    plainLength: n,
    isCompressed: n % 2 === 0,
  }))
  const list = [0, 1, 2, 3].map((n) => ({
    id: packIdOf(n),
    blobs: laidOut(blobs.slice(n * 5_000, (n + 1) * 5_000)),
  }))
  const index = new BlobIndex()
  for (const pack of list) index.addPack(pack)
  assertEqualsModel(index, list)
  assert.equal(index.has('data', sha256Hex(Buffer.from('no blob')) as BlobId), false)
})

test('a blob is its type and its id', () => {
  const index = new BlobIndex()
  const id = sha256Hex(Buffer.from('x')) as BlobId
  index.addPack({ id: packIdOf(1), blobs: laidOut([blobOf('tree', id)]) })
  assert.equal(index.has('tree', id), true)
  assert.equal(index.has('data', id), false)
})

test('a pack in two index files is one pack, and both files are known', () => {
  const index = new BlobIndex()
  const id = sha256Hex(Buffer.from('x')) as BlobId
  const pack = { id: packIdOf(1), blobs: laidOut([blobOf('data', id)]) }
  for (const n of [1, 2]) index.addIndexFile(indexIdOf(n), encodeIndexFile([pack]))
  assert.equal(index.packCount, 1)
  assert.equal(index.blobCount('data'), 1)
  assert.deepEqual(index.indexFilesOf(0), [indexIdOf(1), indexIdOf(2)])
  assert.deepEqual(index.indexIds, [indexIdOf(1), indexIdOf(2)])
})

function assertEqualsModel(index: BlobIndex, list: readonly IndexedPack[]): void {
  const model = new Map<string, Set<string>>()
  const packBlobs = new Map<string, Map<string, PackedBlob>>()
  for (const { id, blobs } of list) {
    const known = packBlobs.get(id) ?? new Map<string, PackedBlob>()
    packBlobs.set(id, known)
    for (const blob of blobs) {
      const place = `${blob.type} ${blob.id} ${blob.offset}`
      // A second entry for the same place says nothing new.
      if (known.has(place)) continue
      known.set(place, blob)
      const key = `${blob.type} ${blob.id}`
      const copies = model.get(key) ?? new Set()
      model.set(key, copies.add(placeText(id, blob)))
    }
  }
  for (const [key, copies] of model) {
    const [type, id] = key.split(' ') as [BlobType, BlobId]
    const found = index.findCopies(type, id).map((at) => placeText(at.packId, at))
    assert.deepEqual(new Set(found), copies)
    assert.equal(found.length, copies.size)
    const first = index.find(type, id)!
    assert.ok(copies.has(placeText(first.packId, first)))
    const entry = index.findEntry(type, id)
    assert.equal(index.blobIdOf(type, entry), id)
    assert.equal(
      index.plainSizeOf(type, entry),
      first.uncompressedLength === 0 ? first.length - 32 : first.uncompressedLength,
    )
    assert.equal(index.packIdAt(index.packNumberOf(type, entry)), first.packId)
  }
  const grouped = [...index.packs()]
  assert.deepEqual(new Set(grouped.map(({ id }) => id)), new Set(packBlobs.keys()))
  for (const { id, number, blobs } of grouped) {
    assert.equal(index.findPack(id), number)
    const expected = [...packBlobs.get(id)!.values()]
    assert.deepEqual(blobs.toSorted(byPlace), expected.sort(byPlace))
    assert.ok(blobs.every((blob, at) => at === 0 || blobs[at - 1]!.offset <= blob.offset))
  }
}

interface BlobSketch {
  readonly type: BlobType
  readonly id: string
  readonly plainLength: number
  readonly isCompressed: boolean
}

function laidOut(sketches: readonly BlobSketch[]): PackedBlob[] {
  let offset = 0
  return sketches.map(({ type, id, plainLength, isCompressed }) => {
    const length = 32 + (plainLength % 100)
    const uncompressedLength = isCompressed ? plainLength + 1 : 0
    const blob = { type, id: id as BlobId, offset, length, uncompressedLength }
    offset += length
    return blob
  })
}

function blobOf(type: BlobType, id: BlobId): BlobSketch {
  return { type, id, plainLength: 1, isCompressed: false }
}

function placeText(packId: PackId, at: Omit<PackedBlob, 'type' | 'id'>): string {
  return `${packId} ${at.offset} ${at.length} ${at.uncompressedLength}`
}

function byPlace(a: PackedBlob, b: PackedBlob): number {
  const [left, right] = [a, b].map(({ type, id, offset }) => `${offset} ${type} ${id}`)
  return left! < right! ? -1 : 1
}

function packIdOf(n: number): PackId {
  return sha256Hex(Buffer.from(`pack ${n}`)) as PackId
}

function indexIdOf(n: number): IndexId {
  return sha256Hex(Buffer.from(`index ${n}`)) as IndexId
}
