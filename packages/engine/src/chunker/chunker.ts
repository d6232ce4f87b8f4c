// Content-defined chunking by Rabin fingerprints (repository format, section 4).
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parsePolynomial, remainder } from './polynomial.ts'

export const CHUNK_SIZE_BYTES_MIN = 512 * 1024
export const CHUNK_SIZE_BYTES_MAX = 8 * 1024 * 1024

/** The compiled form of `assembly/rolling-hash.ts`. */
export const ROLLING_HASH_WASM = new URL('./assembly/rolling-hash.wasm', import.meta.url)

/** Synchronous and free of shared state: usable in any thread, one stream at a time. */
export interface Chunker {
  /**
   * Feeds the next bytes of the stream. Answers the offset in `bytes` just behind the last byte
   * of the current chunk when the chunk ends within `bytes`, else undefined: then all of `bytes`
   * was taken. After a cut, feed the rest of `bytes` (from the cut on) again; the next chunk
   * starts there.
   */
  findCut(bytes: Uint8Array): number | undefined
  /** Starts a new stream. What was fed since the last cut is the last chunk of the old one. */
  reset(): void
}

/** `polynomial` is the hex text of the config. Fails with `polynomial-invalid`. */
export function createChunker(polynomial: string): Chunker {
  const hash = createRollingHash(polynomial)
  /** Bytes of the current chunk that were fed already, and the last 64 of them. */
  let seen = 0
  const carry = new Uint8Array(WINDOW_BYTES)

  /** Copies `bytes` from `from` to `to` into the hash's input, behind the 64 bytes before. */
  function fillInput(bytes: Uint8Array, from: number, to: number): void {
    if (from < WINDOW_BYTES) hash.input.set(carry.subarray(from), 0)
    const start = Math.max(0, from - WINDOW_BYTES)
    hash.input.set(bytes.subarray(start, to), WINDOW_BYTES - (from - start))
  }

  function keepCarry(bytes: Uint8Array): void {
    if (bytes.length < WINDOW_BYTES) carry.copyWithin(0, bytes.length)
    const kept = bytes.subarray(Math.max(0, bytes.length - WINDOW_BYTES))
    carry.set(kept, WINDOW_BYTES - kept.length)
  }

  return {
    findCut(bytes) {
      const end = Math.min(bytes.length, CHUNK_SIZE_BYTES_MAX - seen)
      // No byte before the window of the first possible cut is ever hashed.
      let from = Math.max(0, CHUNK_SIZE_BYTES_MIN - 1 - seen)
      while (from < end) {
        const to = Math.min(end, from + BLOCK_BYTES)
        fillInput(bytes, from, to)
        const candidate = hash.findCandidate(WINDOW_BYTES, WINDOW_BYTES + to - from)
        if (candidate !== 0) {
          seen = 0
          return from + candidate - WINDOW_BYTES
        }
        from = to
      }
      seen += end
      if (seen === CHUNK_SIZE_BYTES_MAX) {
        seen = 0
        return end
      }
      keepCarry(bytes)
      return undefined
    },
    reset() {
      seen = 0
    },
  }
}

/** The exports of the module, with the tables of one polynomial in its memory. */
export interface RollingHash {
  readonly input: Uint8Array
  readonly digestBefore: (position: number) => bigint
  readonly findCandidate: (start: number, end: number) => number
}

export function createRollingHash(polynomial: string): RollingHash {
  const parsed = parsePolynomial(polynomial)
  compiled ??= new WebAssembly.Module(readFileSync(fileURLToPath(ROLLING_HASH_WASM)))
  const { exports } = new WebAssembly.Instance(compiled)
  const memory = exports.memory as WebAssembly.Memory
  const { mod, out8 } = tablesOf(parsed)
  new BigUint64Array(memory.buffer, 0, 256).set(mod)
  new BigUint64Array(memory.buffer, OUT8_OFFSET, 256).set(out8)
  return {
    input: new Uint8Array(memory.buffer, INPUT_OFFSET, WINDOW_BYTES + BLOCK_BYTES),
    digestBefore: exports.digestBefore as RollingHash['digestBefore'],
    findCandidate: exports.findCandidate as RollingHash['findCandidate'],
  }
}

const WINDOW_BYTES = 64
/** Copied into the module at once: small enough to stay in the processor's cache. */
const BLOCK_BYTES = 256 * 1024
const OUT8_OFFSET = 2048
const INPUT_OFFSET = 4096

let compiled: WebAssembly.Module | undefined

function tablesOf(polynomial: bigint): { mod: BigUint64Array; out8: BigUint64Array } {
  const mod = new BigUint64Array(256)
  const out8 = new BigUint64Array(256)
  for (let byte = 0n; byte < 256n; byte += 1n) {
    const overflow = byte << 53n
    mod[Number(byte)] = remainder(overflow, polynomial) ^ overflow
    out8[Number(byte)] = remainder(byte << BigInt(8 * WINDOW_BYTES), polynomial)
  }
  return { mod, out8 }
}
