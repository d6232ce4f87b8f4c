// Reads neighbouring blobs of a pack with one request; a bad copy falls back to other copies.
import { isEngineError } from '../engine-failure.ts'
import type { BlobId, PackId } from '../format/ids.ts'
import type { BlobReader } from '../repository.ts'

export interface PackRange {
  readonly packId: PackId
  readonly offset: number
  readonly length: number
}

export interface BlobInRange {
  readonly id: BlobId
  /** In the pack; sealed length. */
  readonly offset: number
  readonly length: number
  readonly uncompressedLength: number
}

/** Undefined when the pack is gone or damaged: its blobs may have other copies. */
export async function loadRange(
  repository: BlobReader,
  { packId, offset, length }: PackRange,
  signal: AbortSignal | undefined,
): Promise<Buffer | undefined> {
  try {
    return await repository.loadPackRange(packId, { offset, length }, signal)
  } catch (error) {
    if (!isEngineError(error)) throw error
    return undefined
  }
}

/** `sealed` is what `loadRange` answered for `range`. */
export async function openFromRange(
  repository: BlobReader,
  {
    blob: { id, offset, length, uncompressedLength },
    range,
    sealed,
  }: {
    readonly blob: BlobInRange
    readonly range: PackRange
    readonly sealed: Buffer | undefined
  },
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  if (sealed !== undefined) {
    const from = offset - range.offset
    const own = sealed.subarray(from, from + length)
    try {
      return await repository.openBlob(
        { type: 'data', id, sealed: own, uncompressedLength },
        signal,
      )
    } catch (error) {
      if (!isEngineError(error)) throw error
    }
  }
  // This one knows the other copies, and fails by itself when none is sound.
  return await repository.loadBlob('data', id, signal)
}
