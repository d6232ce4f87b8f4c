// Objects that are one sealed document: index, snapshot and lock files (format, section 2.5).
import type { Backend, ObjectKind } from './backend/backend.ts'
import { compress, decompress } from './blob/zstd.ts'
import type { RandomBytes } from './crypto/random.ts'
import { type MasterKey, open, sealWithRandomNonce } from './crypto/sealed-bytes.ts'
import { EngineError, failureOf } from './engine-failure.ts'
import { sha256Hex } from './format/sha256.ts'

export type UnpackedKind = Extract<ObjectKind, 'index' | 'snapshots' | 'locks'>

export interface UnpackedFiles {
  readonly backend: Backend
  readonly key: MasterKey
  readonly randomBytes: RandomBytes
  /** Of the repository: version 1 knows no compression. */
  readonly version: number
}

const ZSTD_MARK = 0x02
const FIRST_BYTES_OF_JSON: ReadonlySet<number> = new Set([0x7b, 0x5b])
/** Stock restic's largest index files have some 20 MB; this only stops a hostile frame. */
const PLAIN_BYTES_MAX = 256 * 1024 * 1024

export interface EncodedUnpacked {
  /** The hash of the stored bytes. */
  readonly id: string
  readonly stored: Buffer
}

/** Answers the id. */
export async function saveUnpacked<Id extends string>(
  files: UnpackedFiles,
  kind: UnpackedKind,
  json: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<Id> {
  const { id, stored } = encodeUnpacked(files, kind, json)
  await files.backend.save({ kind, name: id }, [stored], signal)
  return id as Id
}

/** Fails with `encoding-damaged`. */
export function encodeUnpacked(
  { key, randomBytes, version }: Omit<UnpackedFiles, 'backend'>,
  kind: UnpackedKind,
  json: Uint8Array,
): EncodedUnpacked {
  const plain = version === 1 ? json : Buffer.concat([Buffer.of(ZSTD_MARK), compress(json)])
  const stored = sealWithRandomNonce(key, randomBytes, plain)
  const reread = decodeUnpacked(key, stored)
  if (typeof reread === 'string' || !reread.equals(json)) {
    throw new EngineError({ code: 'encoding-damaged', reason: `a file of ${kind}` })
  }
  return { id: sha256Hex(stored), stored }
}

/**
 * Answers the JSON bytes, or a sentence about the damage: each kind has its own failure for it.
 * Fails with the backend's failures.
 */
export async function loadUnpacked(
  { backend, key }: Pick<UnpackedFiles, 'backend' | 'key'>,
  kind: UnpackedKind,
  id: string,
  signal: AbortSignal | undefined,
): Promise<Buffer | string> {
  const stored = await backend.load({ kind, name: id }, undefined, signal)
  if (sha256Hex(stored) !== id) return 'its content does not match its name'
  return decodeUnpacked(key, stored)
}

export function decodeUnpacked(key: MasterKey, stored: Uint8Array): Buffer | string {
  let plain: Buffer
  try {
    plain = open(key, stored)
  } catch (error) {
    if (failureOf(error, 'seal-broken') === undefined) throw error
    return 'its authentication code does not match'
  }
  const first = plain[0]
  if (first !== undefined && FIRST_BYTES_OF_JSON.has(first)) return plain
  if (first !== ZSTD_MARK) return `it begins with the unknown byte ${first}`
  try {
    return decompress(plain.subarray(1), PLAIN_BYTES_MAX)
  } catch (error) {
    return `it does not decompress (${error instanceof Error ? error.message : error})`
  }
}
