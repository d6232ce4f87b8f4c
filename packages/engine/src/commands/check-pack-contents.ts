// Reads whole packs and compares every byte with what their names, seals and headers say.
import { createHash } from 'node:crypto'
import { blobIdOf } from '../blob/blob-encoding.ts'
import { decodePackHeader, HEADER_LENGTH_BYTES, type PackedBlob } from '../blob/pack-header.ts'
import { decompress } from '../blob/zstd.ts'
import { open } from '../crypto/sealed-bytes.ts'
import { failureOf } from '../engine-failure.ts'
import type { BlobIndex, IndexedPack } from '../index/blob-index.ts'
import type { Repository } from '../repository.ts'
import { coalesceBlobs } from './blob-ranges.ts'
import type { CheckFindings } from './check-findings.ts'
import { messageOfDamage } from './message-of-damage.ts'

export interface CheckPackContentsOptions {
  readonly repository: Repository
  readonly index: BlobIndex
  /** Numbers of packs whose size and layout are as they should be. */
  readonly readable: ReadonlySet<number>
  readonly findings: CheckFindings
  readonly onProgress: (progress: {
    readonly packsDone: number
    readonly packCount: number
    readonly bytesDone: number
  }) => void
  readonly signal: AbortSignal | undefined
}

/** A blob of which the stated length is wrong is decompressed up to this, to tell what is wrong. */
const PLAIN_BYTES_MAX = 256 * 1024 * 1024

export async function checkPackContents(options: CheckPackContentsOptions): Promise<void> {
  const { index, readable, findings, onProgress } = options
  let packsDone = 0
  let bytesDone = 0
  for (const pack of index.packs()) {
    if (!readable.has(pack.number)) continue
    try {
      bytesDone += await checkPack(pack, options)
    } catch (error) {
      findings.add('pack-corrupt', `Pack ${pack.id} cannot be read: ${messageOfDamage(error)}`)
    }
    packsDone += 1
    onProgress({ packsDone, packCount: readable.size, bytesDone })
  }
}

/** Answers how many bytes were read. */
async function checkPack(pack: IndexedPack, options: CheckPackContentsOptions): Promise<number> {
  const { repository, findings, signal } = options
  const hash = createHash('sha256')
  let end = 0
  for (const { offset, length, blobs } of coalesceBlobs(pack.blobs)) {
    const bytes = await repository.loadPackRange(pack.id, { offset, length }, signal)
    hash.update(bytes)
    await Promise.all(
      blobs.map((blob) => {
        const start = blob.offset - offset
        return checkBlob(pack, blob, bytes.subarray(start, start + blob.length), options)
      }),
    )
    end = offset + length
  }
  const stored = await repository.backend.stat({ kind: 'data', name: pack.id }, signal)
  const rest = { offset: end, length: stored.sizeBytes - end }
  const tail = await repository.loadPackRange(pack.id, rest, signal)
  checkHeader(pack, tail, options)
  if (hash.update(tail).digest('hex') !== pack.id) {
    findings.add('pack-corrupt', `Pack ${pack.id} has other content than its name says.`)
  }
  return stored.sizeBytes
}

async function checkBlob(
  pack: IndexedPack,
  blob: PackedBlob,
  sealed: Buffer,
  { repository, findings, signal }: CheckPackContentsOptions,
): Promise<void> {
  const { type, id, uncompressedLength } = blob
  try {
    await repository.openBlob({ type, id, sealed, uncompressedLength }, signal)
  } catch (error) {
    if (failureOf(error, 'blob-corrupt') === undefined) throw error
    const place = `Pack ${pack.id}, ${type} blob ${id}`
    const foundBytes = trueLength(repository, blob, sealed)
    if (foundBytes === undefined) {
      findings.add('blob-corrupt', `${place}: ${messageOfDamage(error)}`)
    } else {
      const lengths = `${foundBytes} bytes where the index says ${uncompressedLength}`
      findings.add('length-mismatch', `${place} has ${lengths}: restored files would be shifted.`)
    }
  }
}

/** The plain length of a blob that is in order but for the length that the index states. */
function trueLength(
  { key }: Repository,
  { id, uncompressedLength }: PackedBlob,
  sealed: Buffer,
): number | undefined {
  if (uncompressedLength === 0) return undefined
  try {
    const plain = decompress(open(key, sealed), PLAIN_BYTES_MAX)
    return blobIdOf(plain) === id ? plain.length : undefined
  } catch {
    return undefined
  }
}

function checkHeader(
  pack: IndexedPack,
  tail: Buffer,
  { repository, findings }: CheckPackContentsOptions,
): void {
  const problem = problemOfHeader(repository, pack, tail)
  if (problem !== undefined) findings.add('pack-header-wrong', `Pack ${pack.id}: ${problem}.`)
}

function problemOfHeader({ key }: Repository, pack: IndexedPack, tail: Buffer): string | undefined {
  const sealedBytes = tail.length - HEADER_LENGTH_BYTES
  if (tail.readUInt32LE(sealedBytes) !== sealedBytes) return 'the length of its header is wrong'
  let header: Buffer
  try {
    header = open(key, tail.subarray(0, sealedBytes))
  } catch (error) {
    if (failureOf(error, 'seal-broken') === undefined) throw error
    return 'the authentication code of its header does not match'
  }
  const blobs = decodePackHeader(header)
  if (typeof blobs === 'string') return blobs
  const isEqual =
    blobs.length === pack.blobs.length &&
    blobs.every((blob, at) => isSameBlob(blob, pack.blobs[at]!))
  return isEqual ? undefined : 'its header and the index list different blobs'
}

function isSameBlob(left: PackedBlob, right: PackedBlob): boolean {
  return (
    left.type === right.type &&
    left.id === right.id &&
    left.offset === right.offset &&
    left.length === right.length &&
    left.uncompressedLength === right.uncompressedLength
  )
}
