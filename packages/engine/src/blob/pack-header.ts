// The table of contents at the end of a pack (repository format, section 2.1).
//
// | sealed blob 1 | ... | sealed blob N | sealed header | length of the sealed header: u32 |
import { SEAL_OVERHEAD_BYTES } from '../crypto/sealed-bytes.ts'
import type { BlobId, BlobType } from '../format/ids.ts'

export interface PackedBlob {
  readonly type: BlobType
  readonly id: BlobId
  readonly offset: number
  /** Sealed length. */
  readonly length: number
  /** Plain length; 0 when stored uncompressed. */
  readonly uncompressedLength: number
}

export const HEADER_LENGTH_BYTES = 4
const PLAIN_ENTRY_BYTES = 37
const COMPRESSED_ENTRY_BYTES = 41
const ID_BYTES = 32
const U32_MAX = 0xffff_ffff

/** Stock restic reads no header longer than this. */
export const HEADER_BYTES_MAX = 16 * 1024 * 1024
/** With fifteen blobs or fewer, one request of this size brings the whole header. */
export const HEADER_FIRST_READ_BYTES =
  15 * COMPRESSED_ENTRY_BYTES + SEAL_OVERHEAD_BYTES + HEADER_LENGTH_BYTES

/** Bytes that the entries add to a pack besides the blobs themselves. */
export function headerSizeBytes(blobs: Iterable<PackedBlob>): number {
  let bytes = SEAL_OVERHEAD_BYTES + HEADER_LENGTH_BYTES
  for (const blob of blobs) bytes += entrySizeBytes(blob.uncompressedLength)
  return bytes
}

/** The size that a pack file with these blobs has. */
export function packSizeBytes(blobs: readonly PackedBlob[]): number {
  return blobs.reduce((sum, blob) => sum + blob.length, headerSizeBytes(blobs))
}

export function entrySizeBytes(uncompressedLength: number): number {
  return uncompressedLength === 0 ? PLAIN_ENTRY_BYTES : COMPRESSED_ENTRY_BYTES
}

/** Plain header. The blobs must lie in this order, from offset 0 on and without gaps. */
export function encodePackHeader(blobs: readonly PackedBlob[]): Buffer {
  const size = headerSizeBytes(blobs) - SEAL_OVERHEAD_BYTES - HEADER_LENGTH_BYTES
  const header = Buffer.alloc(size)
  let at = 0
  let offset = 0
  for (const blob of blobs) {
    if (blob.offset !== offset) throw new RangeError(`gap before blob ${blob.id}`)
    offset += blob.length
    if (offset > U32_MAX) throw new RangeError('a pack ends before 4 GiB')
    const isCompressed = blob.uncompressedLength !== 0
    header[at] = (blob.type === 'tree' ? 1 : 0) + (isCompressed ? 2 : 0)
    at = header.writeUInt32LE(blob.length, at + 1)
    if (isCompressed) at = header.writeUInt32LE(blob.uncompressedLength, at)
    at += header.write(blob.id, at, 'hex')
  }
  return header
}

/** Answers a sentence about what is wrong instead of the blobs when the header is not valid. */
export function decodePackHeader(header: Buffer): PackedBlob[] | string {
  const blobs: PackedBlob[] = []
  let at = 0
  let offset = 0
  while (at < header.length) {
    const code = header[at]!
    if (code > 3) return `unknown blob type ${code} in the header`
    const isCompressed = code >= 2
    const size = isCompressed ? COMPRESSED_ENTRY_BYTES : PLAIN_ENTRY_BYTES
    if (at + size > header.length) return 'the header ends within an entry'
    const length = header.readUInt32LE(at + 1)
    const uncompressedLength = isCompressed ? header.readUInt32LE(at + 5) : 0
    if (length < SEAL_OVERHEAD_BYTES) return 'a blob is shorter than its seal'
    if (isCompressed && uncompressedLength === 0) return 'a compressed blob has no length'
    const id = header.toString('hex', at + size - ID_BYTES, at + size) as BlobId
    const type = code % 2 === 1 ? 'tree' : 'data'
    blobs.push({ type, id, offset, length, uncompressedLength })
    offset += length
    at += size
  }
  return blobs
}
