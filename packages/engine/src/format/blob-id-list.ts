// The blobs of one file in their order, in a third of the memory that their texts would take: a
// stream's length is nobody's to bound.
import type { BlobId } from './ids.ts'

const ID_BYTES = 32
const SEGMENT_IDS = 8192

export class BlobIdList implements Iterable<BlobId> {
  readonly #segments: Buffer[] = []
  #length = 0

  /** Answers the next place, which must be `set` before the list is read. */
  reserve(): number {
    const at = this.#length
    if (at % SEGMENT_IDS === 0) this.#segments.push(Buffer.allocUnsafeSlow(SEGMENT_IDS * ID_BYTES))
    this.#length += 1
    return at
  }

  set(at: number, id: BlobId): void {
    this.#segmentOf(at).write(id, (at % SEGMENT_IDS) * ID_BYTES, 'hex')
  }

  *[Symbol.iterator](): Generator<BlobId, void, undefined> {
    for (let at = 0; at < this.#length; at += 1) {
      const start = (at % SEGMENT_IDS) * ID_BYTES
      yield this.#segmentOf(at).toString('hex', start, start + ID_BYTES) as BlobId
    }
  }

  #segmentOf(at: number): Buffer {
    const segment = this.#segments[Math.floor(at / SEGMENT_IDS)]
    if (segment === undefined || at >= this.#length) throw new RangeError(`there is no place ${at}`)
    return segment
  }
}
