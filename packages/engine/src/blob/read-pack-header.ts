// Reads what a stored pack says it holds; repair and check compare it with the index.
import type { Backend } from '../backend/backend.ts'
import { type MasterKey, open, SEAL_OVERHEAD_BYTES } from '../crypto/sealed-bytes.ts'
import { EngineError, failureOf } from '../engine-failure.ts'
import type { PackId } from '../format/ids.ts'
import {
  decodePackHeader,
  HEADER_BYTES_MAX,
  HEADER_FIRST_READ_BYTES,
  HEADER_LENGTH_BYTES,
  type PackedBlob,
  packSizeBytes,
} from './pack-header.ts'

export interface PackToRead {
  readonly backend: Pick<Backend, 'load'>
  readonly key: MasterKey
  readonly packId: PackId
  /** Of the stored file. */
  readonly sizeBytes: number
}

/** Fails with `pack-corrupt`, also when the blobs do not fill the file exactly. */
export async function readPackHeader(
  pack: PackToRead,
  signal: AbortSignal | undefined,
): Promise<PackedBlob[]> {
  const sealed = await loadSealedHeader(pack, signal)
  let plain: Buffer
  try {
    plain = open(pack.key, sealed)
  } catch (error) {
    if (failureOf(error, 'seal-broken') === undefined) throw error
    failPack(pack, 'the authentication code of its header does not match')
  }
  const blobs = decodePackHeader(plain)
  if (typeof blobs === 'string') failPack(pack, blobs)
  const expectedBytes = packSizeBytes(blobs)
  if (expectedBytes !== pack.sizeBytes) {
    failPack(pack, `it has ${pack.sizeBytes} bytes, its header describes ${expectedBytes}`)
  }
  return blobs
}

async function loadSealedHeader(
  pack: PackToRead,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  const { sizeBytes } = pack
  if (sizeBytes < SEAL_OVERHEAD_BYTES + HEADER_LENGTH_BYTES) failPack(pack, 'it is too short')
  const tail = await loadTail(pack, Math.min(sizeBytes, HEADER_FIRST_READ_BYTES), signal)
  const headerBytes = tail.readUInt32LE(tail.length - HEADER_LENGTH_BYTES)
  const wanted = headerBytes + HEADER_LENGTH_BYTES
  if (headerBytes < SEAL_OVERHEAD_BYTES || headerBytes > HEADER_BYTES_MAX || wanted > sizeBytes) {
    failPack(pack, `its header cannot have ${headerBytes} bytes`)
  }
  const whole = wanted <= tail.length ? tail : await loadTail(pack, wanted, signal)
  return whole.subarray(whole.length - wanted, whole.length - HEADER_LENGTH_BYTES)
}

async function loadTail(
  { backend, packId, sizeBytes }: PackToRead,
  length: number,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  const range = { offset: sizeBytes - length, length }
  return await backend.load({ kind: 'data', name: packId }, range, signal)
}

function failPack({ packId }: PackToRead, reason: string): never {
  throw new EngineError({ code: 'pack-corrupt', packId, reason })
}
