// One blob between its plain and its stored form. Pure and synchronous: worker threads run it.
import { type MasterKey, open, SEAL_OVERHEAD_BYTES, seal } from '../crypto/sealed-bytes.ts'
import { EngineError, failureOf } from '../engine-failure.ts'
import type { BlobId, BlobType } from '../format/ids.ts'
import { sha256Hex } from '../format/sha256.ts'
import { releaseMemory } from '../release-memory.ts'
import { compress, compressIfSmaller, decompress } from './zstd.ts'

export interface BlobToEncode {
  readonly type: BlobType
  readonly id: BlobId
  readonly plain: Uint8Array
  readonly nonce: Uint8Array
  /** False in repositories of version 1. */
  readonly mayCompress: boolean
}

export interface EncodedBlob {
  readonly sealed: Uint8Array
  /** 0 when stored uncompressed. */
  readonly uncompressedLength: number
}

export interface BlobToOpen extends EncodedBlob {
  readonly type: BlobType
  readonly id: BlobId
}

export function blobIdOf(plain: Uint8Array): BlobId {
  return sha256Hex(plain) as BlobId
}

/**
 * Compresses, seals and then opens again what it made: encoders and memory have bugs, and restic
 * repositories were damaged by both. Fails with `encoding-damaged`.
 */
export function encodeBlob(key: MasterKey, blob: BlobToEncode): EncodedBlob {
  const compressed = compressedForm(blob)
  const encoded = {
    sealed: seal(key, blob.nonce, compressed ?? blob.plain),
    uncompressedLength: compressed === undefined ? 0 : blob.plain.length,
  }
  if (compressed !== undefined) releaseMemory(compressed)
  try {
    releaseMemory(decodeBlob(key, { type: blob.type, id: blob.id, ...encoded }))
  } catch (error) {
    const reason = failureOf(error, 'blob-corrupt')?.reason
    if (reason === undefined) throw error
    throw new EngineError({ code: 'encoding-damaged', reason }, { cause: error })
  }
  return encoded
}

/** Decrypts, decompresses, asserts the plain length and the hash. Fails with `blob-corrupt`. */
export function decodeBlob(key: MasterKey, blob: BlobToOpen): Buffer<ArrayBufferLike> {
  const plain = plainForm(key, blob)
  if (blobIdOf(plain) !== blob.id) failBlob(blob, 'its content has another hash')
  return plain
}

function compressedForm({ type, plain, mayCompress }: BlobToEncode): Buffer | undefined {
  // Length 0 in an index means uncompressed, so that an empty blob cannot be compressed.
  if (!mayCompress || plain.length === 0) return undefined
  // Stock restic's prune rewrites packs with uncompressed trees every time.
  return type === 'tree' ? compress(plain) : compressIfSmaller(plain)
}

function plainForm(key: MasterKey, blob: BlobToOpen): Buffer {
  if (blob.sealed.length < SEAL_OVERHEAD_BYTES) failBlob(blob, 'it is too short')
  let stored: Buffer
  try {
    stored = open(key, blob.sealed)
  } catch (error) {
    if (failureOf(error, 'seal-broken') === undefined) throw error
    failBlob(blob, 'its authentication code does not match')
  }
  if (blob.uncompressedLength === 0) return stored
  let plain: Buffer
  try {
    plain = decompress(stored, blob.uncompressedLength)
  } catch (error) {
    failBlob(blob, `it does not decompress (${error instanceof Error ? error.message : error})`)
  } finally {
    releaseMemory(stored)
  }
  // Stock restic trusts this length and shifts restored files by it.
  if (plain.length !== blob.uncompressedLength) {
    failBlob(blob, `it has ${plain.length} bytes instead of ${blob.uncompressedLength}`)
  }
  return plain
}

function failBlob({ type, id }: BlobToOpen, reason: string): never {
  throw new EngineError({ code: 'blob-corrupt', type, blobId: id, reason })
}
