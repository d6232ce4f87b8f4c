import assert from 'node:assert/strict'
import { createCipheriv, createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import {
  CHUNK_SIZE_BYTES_MAX,
  CHUNK_SIZE_BYTES_MIN,
  type Chunker,
  createChunker,
  createRollingHash,
  ROLLING_HASH_WASM,
} from './chunker.ts'
import { compileRollingHash } from './compile-rolling-hash.ts'
import { parsePolynomial, remainder } from './polynomial.ts'

const POLYNOMIAL = '3da3358b4dc173'
const WINDOW = 64

/** Input K of the format reference, section 4.2: 32 MiB of an AES-256-CTR key stream. */
const KEY_STREAM = createCipheriv('aes-256-ctr', Buffer.alloc(32), Buffer.alloc(16)).update(
  Buffer.alloc(32 * 1024 * 1024),
)

const KEY_STREAM_CHUNKS = [
  551133, 640712, 2766582, 898583, 2782732, 2263350, 531615, 1191198, 3039727, 3056265, 6102139,
  872917, 919848, 1608882, 1844092, 1605195, 2879462,
]

test('the committed module is what the source compiles to', async () => {
  const committed = readFileSync(fileURLToPath(ROLLING_HASH_WASM))
  assert.ok(committed.equals(await compileRollingHash()))
})

test('the key stream is the one of the vectors', () => {
  assert.equal(
    createHash('sha256').update(KEY_STREAM).digest('hex'),
    '580881df129d7ef36820a14231d4dab34d306a37ef48c49463da3b05282de687',
  )
})

test('digests are those of the reference', () => {
  const hash = createRollingHash(POLYNOMIAL)
  hash.input.set(Uint8Array.from({ length: 65 }, (_, index) => index))
  assert.equal(hash.digestBefore(64), 0x44b76cac5cee3n)
  assert.equal(hash.digestBefore(65), 0x18801693e71b63n)
  const cuts = [
    [551133, 0x167b6ec4c00000n],
    [1191845, 0x1bea90f1e00000n],
    [3958427, 0x1539bd75300000n],
    [4857010, 0x15cd4250800000n],
  ] as const
  for (const [cut, digest] of cuts) {
    hash.input.set(KEY_STREAM.subarray(cut - WINDOW, cut))
    assert.equal(hash.digestBefore(WINDOW), digest)
  }
})

test('a digest is the window as a polynomial, reduced', () => {
  const hash = createRollingHash(POLYNOMIAL)
  const modulus = parsePolynomial(POLYNOMIAL)
  fc.assert(
    fc.property(fc.uint8Array({ minLength: WINDOW, maxLength: WINDOW }), (window) => {
      hash.input.set(window)
      const number = BigInt(`0x${Buffer.from(window).toString('hex')}`)
      assert.equal(hash.digestBefore(WINDOW), remainder(number, modulus))
    }),
  )
})

test('the key stream is cut as by stock restic', () => {
  const chunker = createChunker(POLYNOMIAL)
  const lengths = chunkLengths(chunker, [KEY_STREAM])
  assert.deepEqual(lengths, KEY_STREAM_CHUNKS)
  const ids = [KEY_STREAM.subarray(0, 551133), KEY_STREAM.subarray(551133, 1191845)].map((chunk) =>
    createHash('sha256').update(chunk).digest('hex'),
  )
  assert.deepEqual(ids, [
    '3ce030d97b29f48d1976586188dbcda336f6a3cbefa0688044e6cb9e1dbd5b58',
    '074630d6b7216556abae8019136cd4d88c03cf7f6d797bc908be639477953365',
  ])
})

test('short, empty and uniform inputs are cut as by stock restic', () => {
  const chunker = createChunker(POLYNOMIAL)
  const inputs: readonly (readonly [Buffer, readonly number[]])[] = [
    [KEY_STREAM.subarray(0, 2 * 1024 * 1024), [551133, 640712, 905307]],
    [Buffer.alloc(2_000_000), [524288, 524288, 524288, 427136]],
    [Buffer.alloc(20 * 1024 * 1024, 1), [8388608, 8388608, 4194304]],
    [KEY_STREAM.subarray(0, 524287), [524287]],
    [KEY_STREAM.subarray(0, 524288), [524288]],
    [Buffer.alloc(524288), [524288]],
    [Buffer.alloc(0), []],
  ]
  for (const [input, lengths] of inputs) {
    assert.deepEqual(chunkLengths(chunker, [input]), lengths)
  }
})

test('cuts do not depend on where buffers end', () => {
  const chunker = createChunker(POLYNOMIAL)
  const input = KEY_STREAM.subarray(0, 8 * 1024 * 1024)
  const expected = chunkLengths(chunker, [input])
  const near = (offset: number) => fc.integer({ min: offset - 70, max: offset + 70 })
  // Edges anywhere, and edges about the places where the scan starts and where chunks end.
  const edge = fc.oneof(
    fc.nat(input.length),
    near(CHUNK_SIZE_BYTES_MIN),
    near(551133),
    near(551133 + CHUNK_SIZE_BYTES_MIN),
    near(1191845),
  )
  fc.assert(
    fc.property(fc.array(edge, { maxLength: 12 }), (edges) => {
      assert.deepEqual(chunkLengths(chunker, splitAt(input, edges)), expected)
    }),
    { numRuns: 60 },
  )
})

test('one byte at a time across the first cut and across the size limits', () => {
  const chunker = createChunker(POLYNOMIAL)
  for (const [input, from, length] of [
    [KEY_STREAM, 551133 - 100, 551133],
    [Buffer.alloc(CHUNK_SIZE_BYTES_MIN + 10), CHUNK_SIZE_BYTES_MIN - 100, CHUNK_SIZE_BYTES_MIN],
    [Buffer.alloc(CHUNK_SIZE_BYTES_MAX + 10, 1), CHUNK_SIZE_BYTES_MAX - 100, CHUNK_SIZE_BYTES_MAX],
  ] as const) {
    chunker.reset()
    assert.equal(chunker.findCut(input.subarray(0, from)), undefined)
    let offset = from
    while (chunker.findCut(input.subarray(offset, offset + 1)) === undefined) offset += 1
    assert.equal(offset + 1, length)
  }
})

test('candidates are those of a plain model, in lanes and in order', () => {
  const hash = createRollingHash(POLYNOMIAL)
  const slide = plainSlide(parsePolynomial(POLYNOMIAL))
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: KEY_STREAM.length - 40_000 }),
      fc.integer({ min: 1, max: 33_000 }),
      fc.option(fc.nat(33_000), { nil: undefined }),
      (offset, length, zerosAt) => {
        const input = Buffer.from(KEY_STREAM.subarray(offset, offset + WINDOW + length))
        // 64 zeros are a candidate: random data alone has one in a million bytes.
        if (zerosAt !== undefined) input.subarray(zerosAt, zerosAt + WINDOW).fill(0)
        hash.input.set(input)
        assert.equal(hash.findCandidate(WINDOW, WINDOW + length), plainCandidate(input, slide))
      },
    ),
    { numRuns: 40 },
  )
})

test('the chunker works inside a worker thread', async () => {
  const worker = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads')
     import(workerData).then(({ createChunker }) => {
       parentPort.postMessage(createChunker('${POLYNOMIAL}').findCut(new Uint8Array(600000)))
     })`,
    { eval: true, workerData: new URL('./chunker.ts', import.meta.url).href },
  )
  const cut = await new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
  await worker.terminate()
  assert.equal(cut, CHUNK_SIZE_BYTES_MIN)
})

function chunkLengths(chunker: Chunker, buffers: readonly Uint8Array[]): number[] {
  chunker.reset()
  const lengths: number[] = []
  let current = 0
  for (const buffer of buffers) {
    let rest = buffer
    for (let cut = chunker.findCut(rest); cut !== undefined; cut = chunker.findCut(rest)) {
      lengths.push(current + cut)
      current = 0
      rest = rest.subarray(cut)
    }
    current += rest.length
  }
  return current === 0 ? lengths : [...lengths, current]
}

function splitAt(input: Buffer, edges: readonly number[]): Buffer[] {
  const ascending = [0, ...edges.toSorted((left, right) => left - right), input.length]
  return ascending.slice(1).map((edge, index) => input.subarray(ascending[index], edge))
}

type Slide = (digest: bigint, oldest: number, newest: number) => bigint

/** Section 4.1 word by word, with bigints. */
function plainSlide(polynomial: bigint): Slide {
  const out = Array.from({ length: 256 }, (_, byte) => remainder(BigInt(byte) << 504n, polynomial))
  return (digest, oldest, newest) =>
    remainder(((digest ^ out[oldest]!) << 8n) | BigInt(newest), polynomial)
}

/** The answer of `findCandidate(64, input.length)`. */
function plainCandidate(input: Buffer, slide: Slide): number {
  let digest = 0n
  for (let end = 1; end <= input.length; end += 1) {
    digest = slide(digest, end > WINDOW ? input[end - 1 - WINDOW]! : 0, input[end - 1]!)
    if (end > WINDOW && (digest & 0xfffffn) === 0n) return end
  }
  return 0
}
