// zstd frames as restic reads them (repository format, section 5): single frames with content size.
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'

const LEVEL = 3
const FASTEST_LEVEL = 1

/** Less than this hardly shrinks, and takes four times as long with compression as without. */
export const COMPRESSED_BYTES_MIN = 128

/** From this size on, a sample decides first: zstd spends 4 ms on a MiB that it cannot shrink. */
const SAMPLED_BYTES_MIN = 256 * 1024
const SAMPLE_BYTES = 16 * 1024
const SAMPLES = 4
/** A sample that shrinks by less than this is taken for media, archives or ciphertext. */
const WORTHWHILE_RATIO = 0.99

/** Node refuses smaller output buffers. */
const CHUNK_BYTES_MIN = 64

export function compress(plain: Uint8Array): Buffer {
  return compressAt(LEVEL, plain)
}

/** Answers undefined when compressing does not make `plain` smaller. */
export function compressIfSmaller(plain: Uint8Array): Buffer | undefined {
  if (plain.length < COMPRESSED_BYTES_MIN) return undefined
  if (plain.length >= SAMPLED_BYTES_MIN && looksIncompressible(plain)) return undefined
  const compressed = compress(plain)
  return compressed.length < plain.length ? compressed : undefined
}

/** Throws when `frame` is no valid frame or holds more than `plainBytesMax`. */
export function decompress(frame: Uint8Array, plainBytesMax: number): Buffer {
  return zstdDecompressSync(frame, {
    maxOutputLength: Math.max(plainBytesMax, 1),
    chunkSize: Math.max(Math.min(plainBytesMax, frame.length * 8), CHUNK_BYTES_MIN),
  })
}

function compressAt(level: number, plain: Uint8Array): Buffer {
  return zstdCompressSync(plain, {
    params: {
      [constants.ZSTD_c_compressionLevel]: level,
      [constants.ZSTD_c_contentSizeFlag]: 1,
    },
    // Without it, zstd prepares for an input of any size: four times slower on small blobs.
    pledgedSrcSize: plain.length,
    // One output buffer, large enough for the worst case (ZSTD_COMPRESSBOUND).
    chunkSize: plain.length + (plain.length >> 8) + 128,
  })
}

/** Slices spread over the blob: headers and indexes of an archive compress well, its body does not. */
function looksIncompressible(plain: Uint8Array): boolean {
  const sample = Buffer.allocUnsafe(SAMPLES * SAMPLE_BYTES)
  const stride = Math.floor((plain.length - SAMPLE_BYTES) / (SAMPLES - 1))
  for (let slice = 0; slice < SAMPLES; slice += 1) {
    sample.set(plain.subarray(slice * stride, slice * stride + SAMPLE_BYTES), slice * SAMPLE_BYTES)
  }
  return compressAt(FASTEST_LEVEL, sample).length > sample.length * WORTHWHILE_RATIO
}
