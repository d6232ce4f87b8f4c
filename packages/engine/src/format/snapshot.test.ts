import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { failureOf } from '../engine-failure.ts'
import type { BlobId, SnapshotId } from './ids.ts'
import { decodeSnapshot, encodeSnapshot, type Snapshot } from './snapshot.ts'

const TREE = '5f1f229b0b601b6045e2a46d3448cf0360e076d856265bbe3dc547d5c5b8a4cc' as BlobId
const OTHER = TREE.replaceAll('5', '6') as SnapshotId

const GOLDEN_JSON = `{"time":"2024-01-02T03:04:06.5Z","tree":"${TREE}","paths":["/"],"hostname":"h","username":"u"}`
const GOLDEN: Snapshot = {
  time: 1_704_164_646_500_000_000n,
  tree: TREE,
  paths: ['/'],
  hostname: 'h',
  username: 'u',
  uid: 0,
  gid: 0,
  excludes: [],
  tags: [],
}

test('the golden snapshot is written and read', () => {
  assert.equal(encodeSnapshot(GOLDEN).toString(), GOLDEN_JSON)
  assert.deepEqual(decodeSnapshot(Buffer.from(GOLDEN_JSON)), GOLDEN)
})

test('a snapshot of a later release comes back byte for byte, unknown members too', () => {
  const json =
    `{"time":"2023-07-22T06:26:40.123456789+02:00","parent":"${OTHER}","tree":"${TREE}",` +
    '"paths":["/a \\u0026 b"],"hostname":"h","username":"u","uid":1000,"gid":100,' +
    `"excludes":["*.tmp"],"tags":["x","y"],"original":"${OTHER}",` +
    '"program_version":"restic 0.19.1","summary":{' +
    '"backup_start":"2023-07-22T04:26:40Z","backup_end":"2023-07-22T04:26:41.5Z",' +
    '"files_new":1,"files_changed":2,"files_unmodified":3,"dirs_new":4,"dirs_changed":5,' +
    '"dirs_unmodified":6,"data_blobs":7,"tree_blobs":8,"data_added":9,"data_added_packed":10,' +
    '"total_files_processed":11,"total_bytes_processed":12,"total_duration":0.5},' +
    '"label":"nightly","delete":{"After":"2026-01-01T00:00:00Z"},"big":18446744073709551615}'
  const snapshot = decodeSnapshot(Buffer.from(json))
  assert.equal(snapshot.utcOffsetMinutes, 120)
  assert.equal(snapshot.time, 1_690_000_000_123_456_789n)
  assert.equal(snapshot.summary?.totalBytesProcessed, 12)
  assert.equal(snapshot.unknownMembers?.label, 'nightly')
  assert.equal(encodeSnapshot(snapshot).toString(), json)
})

test('null lists, as old releases wrote them, are empty lists', () => {
  const snapshot = decodeSnapshot(
    Buffer.from(`{"time":"2024-01-02T03:04:06.5Z","tree":"${TREE}","paths":null,"tags":null}`),
  )
  assert.deepEqual(snapshot.paths, [])
  assert.deepEqual(snapshot.tags, [])
})

test('statistics of another shape are kept as they are', () => {
  for (const summary of ['[]', '{"backup_start":"yesterday","files_new":-1}', 'null']) {
    const json = GOLDEN_JSON.replace('}', `,"summary":${summary},"x":1}`)
    const snapshot = decodeSnapshot(Buffer.from(json))
    assert.equal(snapshot.summary, undefined)
    assert.equal(encodeSnapshot(snapshot).toString(), json)
  }
})

test('what is not a snapshot is refused with a reason', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['', /not JSON/],
    ['[]', /not a JSON object/],
    [`{"tree":"${TREE}"}`, /time is not/],
    ['{"time":"2024-01-02T03:04:06.5Z"}', /tree is missing/],
    ['{"time":"2024-01-02T03:04:06.5Z","tree":"abc"}', /tree is not an id/],
    [GOLDEN_JSON.replace('["/"]', '[1]'), /paths is not a list/],
    [GOLDEN_JSON.replace('"h"', '7'), /hostname is not a string/],
    [GOLDEN_JSON.replace('}', ',"uid":-1}'), /uid is not a count/],
  ]
  for (const [json, reason] of cases) {
    assert.throws(
      () => decodeSnapshot(Buffer.from(json)),
      (error) => reason.test(failureOf(error, 'format-invalid')?.reason ?? ''),
      json,
    )
  }
})

test('every snapshot comes back', () => {
  const text = fc.string({ unit: 'binary' }).map((value) => value.toWellFormed())
  const id = fc
    .uint8Array({ minLength: 32, maxLength: 32 })
    .map((bytes) => Buffer.from(bytes).toString('hex'))
  const snapshots = fc.record(
    {
      time: fc.bigInt({ min: -(2n ** 62n), max: 2n ** 64n }),
      utcOffsetMinutes: fc.integer({ min: 1, max: 840 }),
      parent: id.map((value) => value as SnapshotId),
      tree: id.map((value) => value as BlobId),
      paths: fc.array(text),
      hostname: text,
      username: text,
      uid: fc.nat(),
      gid: fc.nat(),
      excludes: fc.array(text),
      tags: fc.array(text),
      original: id.map((value) => value as SnapshotId),
      programVersion: text,
    },
    {
      requiredKeys: [
        ...(['time', 'tree', 'paths', 'hostname', 'username', 'uid', 'gid'] as const),
        ...(['excludes', 'tags'] as const),
      ],
      noNullPrototype: true,
    },
  )
  fc.assert(
    fc.property(snapshots, (snapshot: Snapshot) => {
      assert.deepEqual(decodeSnapshot(encodeSnapshot(snapshot)), snapshot)
    }),
  )
})
