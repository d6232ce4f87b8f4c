import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noise } from '../testing/awkward-tree.ts'
import { readSyntheticSnapshot } from '../testing/synthetic-snapshot.ts'
import { makeThrowawayRepository } from '../testing/throwaway-repository.ts'
import { describe } from './describe.ts'
import { listSnapshots } from './list-snapshots.ts'

const LABEL = {
  timeNs: 1_700_000_000_123_000_000n,
  hostname: 'local',
  username: 'holdfast',
  uid: 0,
  gid: 0,
  tags: ['holdfast-backup', 'backup=1'],
  programVersion: 'holdfast 0.1.0',
  logicalPath: '/holdfast/backup.json',
}

test('a description is a snapshot of one file; the same one has the same tree', async () => {
  await using made = await makeThrowawayRepository()
  const content = Buffer.from('{"formatVersion":1}')
  const call = {
    repository: made.repository,
    label: LABEL,
    content,
    beforeSnapshot: async () => undefined,
    signal: undefined,
  }
  const id = await describe(call)
  assert.deepEqual(await readSyntheticSnapshot(made.repository, id), {
    holdfast: { 'backup.json': content },
  })
  const again = await describe({ ...call, label: { ...LABEL, tags: ['backup=2'] } })
  const [first, second] = await listSnapshots({ ...call, tags: [] })
  assert.equal(first?.snapshot.tree, second?.snapshot.tree)
  const listed = await listSnapshots({ ...call, tags: ['backup=1'] })
  assert.deepEqual(
    listed.map((each) => each.id),
    [id],
  )
  const snapshot = listed[0]?.snapshot
  assert.deepEqual(snapshot?.paths, ['/holdfast/backup.json'])
  assert.equal(snapshot?.time, LABEL.timeNs)
  assert.notEqual(again, id)
})

test('a large description is cut into blobs, an empty one has none', async () => {
  await using made = await makeThrowawayRepository()
  for (const content of [noise(1, 9_000_000), Buffer.alloc(0)]) {
    const id = await describe({
      repository: made.repository,
      label: LABEL,
      content,
      beforeSnapshot: async () => undefined,
      signal: undefined,
    })
    const read = await readSyntheticSnapshot(made.repository, id)
    assert.deepEqual(read, { holdfast: { 'backup.json': content } })
  }
})

test('nothing is saved when the lock is gone before the snapshot', async () => {
  await using made = await makeThrowawayRepository()
  const saving = describe({
    repository: made.repository,
    label: LABEL,
    content: Buffer.from('{}'),
    beforeSnapshot: () => Promise.reject(new Error('lost')),
    signal: undefined,
  })
  await assert.rejects(saving, /lost/)
  assert.deepEqual(await listSnapshots({ ...made, tags: [], signal: undefined }), [])
})
