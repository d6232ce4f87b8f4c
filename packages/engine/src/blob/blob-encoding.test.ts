import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { secureRandomBytes } from '../crypto/random.ts'
import { failureOf } from '../engine-failure.ts'
import type { BlobType } from '../format/ids.ts'
import { GOLDEN_KEY, sequence } from '../testing/golden-vectors.ts'
import { blobIdOf, decodeBlob, encodeBlob } from './blob-encoding.ts'
import { compress, decompress } from './zstd.ts'

const NONCE = sequence(1, 16)

test('what was encoded decodes, and a changed byte is noticed', () => {
  const plain = fc.oneof(
    fc.uint8Array({ maxLength: 100 }),
    fc.tuple(fc.nat(100_000), fc.nat(255)).map(([n, byte]) => new Uint8Array(n).fill(byte)),
  )
  fc.assert(
    fc.property(
      plain,
      fc.constantFrom<BlobType>('data', 'tree'),
      fc.boolean(),
      fc.nat(),
      (content, type, mayCompress, place) => {
        const id = blobIdOf(content)
        const encoded = encodeBlob(GOLDEN_KEY, {
          type,
          id,
          plain: content,
          nonce: NONCE,
          mayCompress,
        })
        const blob = { type, id, ...encoded }
        assert.ok(decodeBlob(GOLDEN_KEY, blob).equals(content))
        if (!mayCompress) assert.equal(encoded.uncompressedLength, 0)
        encoded.sealed[place % encoded.sealed.length]! ^= 1
        assert.throws(
          () => decodeBlob(GOLDEN_KEY, blob),
          (error) => failureOf(error, 'blob-corrupt')?.blobId === id,
        )
      },
    ),
  )
})

test('what zstd cannot shrink is stored as it is, trees excepted', () => {
  const random = secureRandomBytes(600_000)
  const text = Buffer.alloc(600_000, 'the quick brown fox ')
  const halfAndHalf = Buffer.concat([secureRandomBytes(500_000), text.subarray(0, 500_000)])
  const encode = (type: BlobType, plain: Buffer) =>
    encodeBlob(GOLDEN_KEY, { type, id: blobIdOf(plain), plain, nonce: NONCE, mayCompress: true })
  assert.equal(encode('data', random).uncompressedLength, 0)
  assert.equal(encode('data', random).sealed.length, 600_032)
  assert.equal(encode('data', random.subarray(0, 1_000)).uncompressedLength, 0)
  assert.equal(encode('data', text).uncompressedLength, 600_000)
  assert.ok(encode('data', text).sealed.length < 2_000)
  assert.equal(encode('data', halfAndHalf).uncompressedLength, 1_000_000)
  assert.equal(encode('tree', random).uncompressedLength, 600_000)
  assert.equal(encode('tree', Buffer.alloc(0)).uncompressedLength, 0)
})

test('frames say how much they hold, and no more than expected is unpacked', () => {
  const plain = Buffer.alloc(1_000_000, 'x')
  const frame = compress(plain)
  // Frame header descriptor: content size in four bytes, single segment, no checksum.
  assert.equal(frame.subarray(0, 5).toString('hex'), '28b52ffda0')
  assert.equal(frame.readUInt32LE(5), 1_000_000)
  assert.ok(decompress(frame, 1_000_000).equals(plain))
  assert.throws(() => decompress(frame, 999_999))
  assert.throws(() => decompress(frame.subarray(0, frame.length - 1), 1_000_000))
  assert.throws(() => decompress(Buffer.from('no frame'), 1_000_000))
})
