import assert from 'node:assert/strict'
import { test } from 'node:test'
import { secureRandomBytes } from '../crypto/random.ts'
import { failureOf } from '../engine-failure.ts'
import type { BlobType } from '../format/ids.ts'
import { GOLDEN_KEY, sequence } from '../testing/golden-vectors.ts'
import { inlineBlobCodec } from './blob-codec.ts'
import { blobIdOf } from './blob-encoding.ts'
import { threadedBlobCodec } from './threaded-blob-codec.ts'

const SIZES = [0, 1, 100, 16 * 1024, 16 * 1024 + 1, 300_000, 1_000_000]

test('threads give what the calling thread gives', async () => {
  const threaded = threadedBlobCodec({ key: GOLDEN_KEY, workers: 2 })
  const inline = inlineBlobCodec(GOLDEN_KEY)
  try {
    const contents = SIZES.flatMap((size) => [secureRandomBytes(size), Buffer.alloc(size, 'text ')])
    await Promise.all(
      contents.map(async (content) => {
        const hashed = await threaded.hash(Buffer.from(content))
        assert.equal(hashed.id, blobIdOf(content))
        assert.deepEqual(Buffer.from(hashed.plain), content)
        const blob = { type: 'data' as BlobType, nonce: sequence(1, 16), mayCompress: true }
        const encoded = await threaded.encode({
          ...blob,
          id: hashed.id,
          plain: Buffer.from(content),
        })
        const expected = await inline.encode({ ...blob, id: hashed.id, plain: content })
        assert.deepEqual(Buffer.from(encoded.sealed), Buffer.from(expected.sealed))
        assert.equal(encoded.uncompressedLength, expected.uncompressedLength)
        const range = Buffer.concat([Buffer.from('before'), encoded.sealed, Buffer.from('after')])
        const sealed = range.subarray(6, 6 + encoded.sealed.length)
        const opened = await threaded.open({ ...encoded, ...blob, id: hashed.id, sealed })
        assert.deepEqual(opened, content)
        assert.equal(range.subarray(0, 6).toString(), 'before')
      }),
    )
  } finally {
    await threaded.close()
  }
})

test('a view into a larger buffer leaves that buffer alone', async () => {
  const codec = threadedBlobCodec({ key: GOLDEN_KEY, workers: 1 })
  try {
    const whole = secureRandomBytes(200_000)
    const { id } = await codec.hash(whole.subarray(50_000, 150_000))
    assert.equal(id, blobIdOf(whole.subarray(50_000, 150_000)))
    assert.equal(whole.length, 200_000)
  } finally {
    await codec.close()
  }
})

test('failures come out of a thread as they are', async () => {
  const codec = threadedBlobCodec({ key: GOLDEN_KEY, workers: 1 })
  try {
    const id = blobIdOf(Buffer.from('x'))
    const broken = {
      type: 'tree',
      id,
      sealed: Buffer.alloc(100_000),
      uncompressedLength: 0,
    } as const
    await assert.rejects(codec.open(broken), (error) => {
      return failureOf(error, 'blob-corrupt')?.blobId === id
    })
    const plain = secureRandomBytes(100_000)
    // The hash does not fit: as if memory had changed between hashing and encoding.
    const blob = { type: 'data', id, plain, nonce: sequence(1, 16), mayCompress: true } as const
    await assert.rejects(codec.encode(blob), (error) => {
      return failureOf(error, 'encoding-damaged') !== undefined
    })
    await assert.rejects(
      codec.encode({ ...blob, plain: secureRandomBytes(10), nonce: Buffer.alloc(16) }),
      /all-zero nonce/,
    )
  } finally {
    await codec.close()
  }
})

test('what was under way when it is closed fails, and so does all that comes later', async () => {
  const codec = threadedBlobCodec({ key: GOLDEN_KEY, workers: 2 })
  const running = Array.from({ length: 20 }, () => codec.hash(secureRandomBytes(500_000)))
  const outcomes = Promise.allSettled(running)
  await codec.close()
  assert.ok((await outcomes).every(({ status }) => status === 'rejected'))
  await assert.rejects(
    codec.hash(secureRandomBytes(500_000)),
    (error) => failureOf(error, 'worker-died') !== undefined,
  )
  await codec.close()
})
