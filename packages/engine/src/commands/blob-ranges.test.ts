import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { PackedBlob } from '../blob/pack-header.ts'
import type { BlobId } from '../format/ids.ts'
import { coalesceBlobs } from './blob-ranges.ts'

const MIB = 1024 * 1024

/** Blobs one behind the other, each after a gap. */
function blobsOf(layout: readonly (readonly [number, number])[]): PackedBlob[] {
  let offset = 0
  return layout.map(([gap, length], at) => {
    offset += gap
    const id = at.toString(16).padStart(64, '0') as BlobId
    const blob = { type: 'data', id, offset, length, uncompressedLength: 0 } as const
    offset += length
    return blob
  })
}

test('every blob is in one range, in order, and ranges keep their limits', () => {
  const gap = fc.oneof(fc.constant(0), fc.nat(3 * MIB))
  const length = fc.oneof(
    fc.integer({ min: 32, max: 5000 }),
    fc.integer({ min: 32, max: 20 * MIB }),
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(gap, length), { maxLength: 60 }), (layout) => {
      const blobs = blobsOf(layout)
      const ranges = [...coalesceBlobs(blobs)]
      assert.deepEqual(
        ranges.flatMap((range) => range.blobs),
        blobs,
      )
      for (const range of ranges) {
        const [first, last] = [range.blobs[0]!, range.blobs.at(-1)!]
        assert.equal(range.offset, first.offset)
        assert.equal(range.offset + range.length, last.offset + last.length)
        assert.ok(range.length <= 16 * MIB || range.blobs.length === 1)
      }
    }),
  )
})

test('near neighbours share a range, far ones and too many do not', () => {
  const shapes = (layout: readonly (readonly [number, number])[]) =>
    [...coalesceBlobs(blobsOf(layout))].map(({ blobs }) => blobs.length)
  assert.deepEqual(
    shapes([
      [0, 100],
      [1 * MIB, 100],
      [1 * MIB + 1, 100],
    ]),
    [2, 1],
  )
  assert.deepEqual(shapes(Array.from({ length: 2001 }, () => [0, 40] as const)), [1000, 1000, 1])
  assert.deepEqual(shapes([]), [])
})
