import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { seal } from '../crypto/sealed-bytes.ts'
import { failureOf } from '../engine-failure.ts'
import type { BlobId, BlobType, PackId } from '../format/ids.ts'
import { sha256Hex } from '../format/sha256.ts'
import { GOLDEN_KEY, sequence } from '../testing/golden-vectors.ts'
import { memoryBackend } from '../testing/memory-backend.ts'
import { PackBuilder } from './pack-builder.ts'
import { decodePackHeader, encodePackHeader, headerSizeBytes } from './pack-header.ts'
import { readPackHeader } from './read-pack-header.ts'

const entry = fc.record({
  type: fc.constantFrom<BlobType>('data', 'tree'),
  id: fc.nat(1000).map((n) => sha256Hex(Buffer.from(String(n))) as BlobId),
  length: fc.integer({ min: 32, max: 20_000_000 }),
  uncompressedLength: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 0xffff_ffff })),
})

test('a header says again what it was told, and any bytes are decoded or named', () => {
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 50 }), fc.uint8Array(), (entries, junk) => {
      let offset = 0
      const blobs = entries.map((one) => {
        const blob = { ...one, offset }
        offset += one.length
        return blob
      })
      const header = encodePackHeader(blobs)
      assert.equal(header.length, headerSizeBytes(blobs) - 36)
      assert.deepEqual(decodePackHeader(header), blobs)
      const answer = decodePackHeader(Buffer.from(junk))
      assert.ok(typeof answer === 'string' || Array.isArray(answer))
    }),
  )
})

test('what stock restic would refuse is not written', () => {
  const id = sha256Hex(Buffer.of(1)) as BlobId
  const gap = { type: 'data', id, offset: 1, length: 40, uncompressedLength: 0 } as const
  assert.throws(() => encodePackHeader([gap]), /gap/)
  const huge = { ...gap, offset: 0, length: 0xffff_ffff }
  assert.throws(() => encodePackHeader([huge, { ...gap, offset: huge.length }]), /4 GiB/)
})

test('headers of any length are found at the end of their pack', async () => {
  for (const count of [1, 15, 16, 400]) {
    const pack = new PackBuilder('data')
    for (let n = 0; n < count; n += 1) {
      const sealed = seal(GOLDEN_KEY, sequence(n + 1, 16), Buffer.from([n % 256]))
      pack.add(sha256Hex(Buffer.from(String(n))) as BlobId, { sealed, uncompressedLength: n % 2 })
    }
    const finished = pack.finish(GOLDEN_KEY, sequence(1, 16))
    const content = Buffer.concat(finished.content)
    assert.equal(sha256Hex(content), finished.id)
    assert.equal(content.length, finished.sizeBytes)
    assert.deepEqual(await read(content), finished.blobs)
    for (const broken of [
      content.subarray(0, content.length - 1),
      Buffer.concat([Buffer.of(0), content]),
      content.subarray(0, 20),
      Buffer.concat([content.subarray(0, -4), Buffer.of(0xff, 0xff, 0xff, 0xff)]),
      Buffer.concat([content.subarray(0, -4), Buffer.of(1, 0, 0, 0)]),
    ]) {
      await assert.rejects(
        read(broken),
        (error) => failureOf(error, 'pack-corrupt')?.packId === PACK_ID,
      )
    }
  }
})

const PACK_ID = sha256Hex(Buffer.from('a pack')) as PackId

async function read(content: Buffer) {
  const backend = memoryBackend()
  await backend.save({ kind: 'data', name: PACK_ID }, [content], undefined)
  const pack = { backend, key: GOLDEN_KEY, packId: PACK_ID, sizeBytes: content.length }
  return await readPackHeader(pack, undefined)
}
