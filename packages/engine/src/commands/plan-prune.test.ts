import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failureOf } from '../engine-failure.ts'
import type { PackId } from '../format/ids.ts'
import { type PackUsage, planPrune, SMALL_PACK_BYTES, SMALL_PACKS_MIN } from './plan-prune.ts'

const MIB = 1024 * 1024

function pack(number: number, usage: Partial<PackUsage>): PackUsage {
  const usedBytes = usage.usedBytes ?? 0
  const unusedBytes = usage.unusedBytes ?? 0
  return {
    number,
    id: number.toString(16).padStart(64, '0') as PackId,
    contents: 'data',
    storedBytes: usedBytes + unusedBytes + 77,
    expectedBytes: usedBytes + unusedBytes + 77,
    usedBytes,
    unusedBytes,
    ...usage,
  }
}

function plan(packs: readonly PackUsage[], maxUnusedRatio = 0.05) {
  const planned = planPrune({ packs, unindexed: [], maxUnusedRatio })
  return {
    missing: planned.missing.map(({ number }) => number),
    unused: planned.unused.map(({ number }) => number),
    repack: planned.repack.map(({ pack: { number }, reason }) => [number, reason]),
    unusedBytesKept: planned.unusedBytesKept,
  }
}

test('full packs stay, unused ones go, missing ones are only forgotten', () => {
  const planned = plan([
    pack(0, { usedBytes: 16 * MIB }),
    pack(1, { unusedBytes: 16 * MIB }),
    pack(2, { unusedBytes: 16 * MIB, storedBytes: undefined }),
  ])
  assert.deepEqual(planned, { missing: [2], unused: [1], repack: [], unusedBytesKept: 0 })
})

test('data packs are rewritten, the worst first, until few unused bytes are left', () => {
  const packs = [
    pack(0, { usedBytes: 15 * MIB, unusedBytes: 1 * MIB }),
    pack(1, { usedBytes: 1 * MIB, unusedBytes: 15 * MIB }),
    pack(2, { usedBytes: 8 * MIB, unusedBytes: 8 * MIB }),
  ]
  // 5 % of what is kept: 24 MiB used allow 1.26 MiB unused.
  const planned = plan(packs)
  assert.deepEqual(planned.repack, [
    [1, 'partly-used'],
    [2, 'partly-used'],
  ])
  assert.equal(planned.unusedBytesKept, 1 * MIB)
  assert.equal(plan(packs, 0).repack.length, 3)
  assert.deepEqual(plan(packs, 0.9).repack, [])
})

test('tree packs and mixed packs are rewritten whatever they waste, and first', () => {
  const planned = plan(
    [
      pack(0, { usedBytes: 1 * MIB, unusedBytes: 15 * MIB }),
      pack(1, { contents: 'tree', usedBytes: 16 * MIB, unusedBytes: 1 }),
      pack(2, { contents: 'mixed', usedBytes: 16 * MIB }),
    ],
    0.9,
  )
  assert.deepEqual(planned.repack.toSorted(), [
    [1, 'partly-used'],
    [2, 'mixed'],
  ])
})

test('small packs are merged once there are enough of one kind', () => {
  const small = Array.from({ length: SMALL_PACKS_MIN }, (_, number) =>
    pack(number, { usedBytes: 1000 }),
  )
  assert.deepEqual(plan(small.slice(1)).repack, [])
  assert.equal(plan(small).repack.length, SMALL_PACKS_MIN)
  const trees = small.map((each, at) =>
    at % 2 === 0 ? { ...each, contents: 'tree' as const } : each,
  )
  assert.deepEqual(plan(trees).repack, [])
  assert.deepEqual(plan(small.map((each) => ({ ...each, ...sized(SMALL_PACK_BYTES) }))).repack, [])
})

function sized(bytes: number) {
  return { expectedBytes: bytes, storedBytes: bytes }
}

test('a needed pack that is missing or has another size stops everything', () => {
  for (const storedBytes of [undefined, 10]) {
    assert.throws(
      () => plan([pack(0, { unusedBytes: MIB }), pack(7, { usedBytes: 1000, storedBytes })]),
      (error) => failureOf(error, 'pack-corrupt')?.packId === pack(7, {}).id,
    )
  }
})
