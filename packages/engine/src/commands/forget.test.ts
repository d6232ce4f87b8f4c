import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SnapshotId } from '../format/ids.ts'
import { saveSyntheticSnapshot } from '../testing/synthetic-snapshot.ts'
import { makeThrowawayRepository } from '../testing/throwaway-repository.ts'
import { forget } from './forget.ts'
import { listSnapshots } from './list-snapshots.ts'

async function repositoryWith(tagsBySecond: readonly (readonly string[])[]) {
  const made = await makeThrowawayRepository()
  const ids: SnapshotId[] = []
  for (const [second, tags] of tagsBySecond.entries()) {
    const content = { file: Buffer.from(String(second)) }
    ids.push(await saveSyntheticSnapshot(made.repository, content, { second, tags }))
  }
  return { ...made, ids }
}

test('snapshots with all tags of a list are forgotten, list by list, others are spared', async () => {
  const { repository, ids, dispose } = await repositoryWith([
    ['holdfast', 'backup=1'],
    ['holdfast', 'backup=1', 'attempt=1'],
    ['holdfast', 'backup=2'],
    ['holdfast-backup', 'backup=1'],
    [],
  ])
  const forgotten = await forget({
    repository,
    selection: {
      tagLists: [
        ['holdfast-backup', 'backup=1'],
        ['backup=1', 'holdfast'],
      ],
      keepIds: [ids[1]!],
    },
    signal: undefined,
  })
  assert.deepEqual(forgotten, [ids[3], ids[0]])
  const left = await listSnapshots({ repository, tags: [], signal: undefined })
  assert.deepEqual(
    left.map(({ id }) => id),
    [ids[1], ids[2], ids[4]],
  )
  await dispose()
})

test('snapshots named by id are forgotten; repeating it does nothing', async () => {
  const { repository, ids, dispose } = await repositoryWith([['a'], ['b'], ['c']])
  const selection = { ids: [ids[2]!, ids[0]!] }
  assert.deepEqual(await forget({ repository, selection, signal: undefined }), [ids[0], ids[2]])
  assert.deepEqual(await forget({ repository, selection, signal: undefined }), [])
  await dispose()
})

test('an empty list of tags is refused before anything is removed', async () => {
  const { repository, ids, dispose } = await repositoryWith([['a'], ['b']])
  const selection = { ids: [ids[0]!], tagLists: [[]] }
  await assert.rejects(forget({ repository, selection, signal: undefined }), RangeError)
  assert.equal((await listSnapshots({ repository, tags: [], signal: undefined })).length, 2)
  await dispose()
})

test('snapshots are listed by all of their tags, oldest first', async () => {
  const { repository, ids, dispose } = await repositoryWith([['a', 'b'], ['b'], ['b', 'a', 'c']])
  const listed = await listSnapshots({ repository, tags: ['a', 'b'], signal: undefined })
  assert.deepEqual(
    listed.map(({ id }) => id),
    [ids[0], ids[2]],
  )
  await dispose()
})
