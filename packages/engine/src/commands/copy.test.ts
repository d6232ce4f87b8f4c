import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failureOf } from '../engine-failure.ts'
import type { SnapshotId } from '../format/ids.ts'
import type { Repository } from '../repository.ts'
import { noise } from '../testing/awkward-tree.ts'
import { dyingBackend, ProcessDied } from '../testing/dying-backend.ts'
import { memoryBackend } from '../testing/memory-backend.ts'
import { readSyntheticSnapshot, saveSyntheticSnapshot } from '../testing/synthetic-snapshot.ts'
import { makeThrowawayRepository } from '../testing/throwaway-repository.ts'
import { check } from './check.ts'
import { type CopyOptions, copySnapshot, planCopy } from './copy.ts'

const CONTENT = {
  big: noise(1, 200_000),
  sub: { twin: { file: Buffer.from('x') }, twin2: { file: Buffer.from('x') } },
}
const LABEL = { second: 7, tags: ['holdfast', 'volume=a'] }

interface CopyCall {
  readonly from: Repository
  readonly to: Repository
  readonly id: SnapshotId
  readonly relabel?: CopyOptions['relabel']
  readonly onProgress?: CopyOptions['onProgress']
}

async function copy({ from, to, id, relabel, onProgress }: CopyCall) {
  const plan = await planCopy({ from, to, snapshotId: id, signal: undefined })
  const copied = await copySnapshot({
    plan,
    relabel: relabel ?? {},
    onProgress: onProgress ?? (() => undefined),
    beforeSnapshot: async () => undefined,
    signal: undefined,
  })
  return { plan, copied }
}

async function assertSound(repository: Repository): Promise<void> {
  const onProgress = () => undefined
  assert.deepEqual(await check({ repository, readData: true, onProgress, signal: undefined }), [])
}

test('a snapshot is copied with all it holds; what is there is not copied again', async () => {
  await using from = await makeThrowawayRepository()
  await using to = await makeThrowawayRepository()
  const id = await saveSyntheticSnapshot(from.repository, CONTENT, LABEL)
  const progress: number[] = []
  const { plan, copied } = await copy({
    from: from.repository,
    to: to.repository,
    id,
    onProgress: (bytes) => progress.push(bytes),
  })
  assert.deepEqual(await readSyntheticSnapshot(to.repository, copied), CONTENT)
  await assertSound(to.repository)
  const source = await from.repository.loadSnapshot(id, undefined)
  assert.deepEqual(await to.repository.loadSnapshot(copied, undefined), { ...source, original: id })
  // Both twins count, although their tree is stored once: the root's two, sub's two, a file each.
  assert.deepEqual(plan.content, { entries: 6, bytes: 200_002 })
  assert.equal(progress.at(-1), plan.lackingStoredBytes)
  assert.ok(plan.lackingStoredBytes > 200_000)

  const again = await copy({ from: from.repository, to: to.repository, id })
  assert.equal(again.plan.lackingStoredBytes, 0)
  assert.equal(again.copied, copied)

  const changed = { ...CONTENT, more: Buffer.from('more') }
  const second = await saveSyntheticSnapshot(from.repository, changed, { ...LABEL, second: 8 })
  const next = await copy({ from: from.repository, to: to.repository, id: second })
  assert.ok(next.plan.lackingStoredBytes < 2000, String(next.plan.lackingStoredBytes))
  assert.deepEqual(await readSyntheticSnapshot(to.repository, next.copied), changed)
})

test('the copy of a copy names the first snapshot, and can be labelled anew', async () => {
  await using first = await makeThrowawayRepository()
  await using second = await makeThrowawayRepository()
  await using third = await makeThrowawayRepository()
  const id = await saveSyntheticSnapshot(first.repository, CONTENT, LABEL)
  const { copied } = await copy({ from: first.repository, to: second.repository, id })
  const relabel = { time: 9n, hostname: 'cluster', paths: ['/shop/data'], tags: ['backup=1'] }
  const onward = await copy({
    from: second.repository,
    to: third.repository,
    id: copied,
    relabel,
  })
  const snapshot = await third.repository.loadSnapshot(onward.copied, undefined)
  assert.equal(snapshot.original, id)
  assert.deepEqual({ ...snapshot, ...relabel }, snapshot)
})

test('the parent is not copied, members of others are', async () => {
  await using from = await makeThrowawayRepository()
  await using to = await makeThrowawayRepository()
  const id = await saveSyntheticSnapshot(from.repository, CONTENT, LABEL)
  const snapshot = await from.repository.loadSnapshot(id, undefined)
  const unknownMembers = { label: 'theirs' }
  const child = await from.repository.saveSnapshot(
    { ...snapshot, parent: id, unknownMembers },
    undefined,
  )
  const { copied } = await copy({ from: from.repository, to: to.repository, id: child })
  const copiedSnapshot = await to.repository.loadSnapshot(copied, undefined)
  assert.deepEqual(copiedSnapshot, { ...snapshot, original: child, unknownMembers })
})

test('only what lies at the path of the snapshot is counted', async () => {
  await using from = await makeThrowawayRepository()
  await using to = await makeThrowawayRepository()
  const id = await saveSyntheticSnapshot(from.repository, { shop: { data: CONTENT } }, LABEL)
  const snapshot = await from.repository.loadSnapshot(id, undefined)
  const labelled = await from.repository.saveSnapshot(
    { ...snapshot, paths: ['/shop/data'] },
    undefined,
  )
  const { plan } = await copy({ from: from.repository, to: to.repository, id: labelled })
  assert.deepEqual(plan.content, { entries: 7, bytes: 200_002 })
})

test('killed before any write and repeated, the copy is whole and there once', async () => {
  await using from = await makeThrowawayRepository()
  const id = await saveSyntheticSnapshot(from.repository, CONTENT, LABEL)
  let deaths = 0
  for (let writes = 0; ; writes += 1) {
    const backend = memoryBackend()
    await using to = await makeThrowawayRepository({ backend })
    const doomed = await to.reopen({ backend: dyingBackend(backend, writes) })
    const hasDied = await copy({ from: from.repository, to: doomed, id }).then(
      () => false,
      (error) => {
        if (!(error instanceof ProcessDied)) throw error
        return true
      },
    )
    const { copied } = await copy({ from: from.repository, to: await to.reopen(), id })
    const snapshots = await Array.fromAsync(to.repository.listSnapshots(undefined))
    assert.deepEqual(
      snapshots.map((each) => each.id),
      [copied],
    )
    const reader = await to.reopen()
    assert.deepEqual(await readSyntheticSnapshot(reader, copied), CONTENT)
    if (!hasDied) break
    deaths += 1
  }
  // Data pack, tree pack, index, snapshot.
  assert.equal(deaths, 4)
})

test('damage in the source is not copied: the destination gets no snapshot', async () => {
  const backend = memoryBackend()
  await using from = await makeThrowawayRepository({ backend })
  await using to = await makeThrowawayRepository()
  const id = await saveSyntheticSnapshot(from.repository, CONTENT, LABEL)
  for (const { id: packId, blobs } of from.repository.index.packs()) {
    if (blobs[0]?.type === 'data') backend.objects.get(`data/${packId}`)![1000]! ^= 1
  }
  await assert.rejects(
    copy({ from: from.repository, to: to.repository, id }),
    (error) => failureOf(error, 'blob-corrupt') !== undefined,
  )
  assert.deepEqual(await Array.fromAsync(to.repository.listSnapshots(undefined)), [])
})

test('a snapshot that is not there is said to be missing', async () => {
  await using from = await makeThrowawayRepository()
  const id = 'ab'.repeat(32) as SnapshotId
  const plan = planCopy({
    from: from.repository,
    to: from.repository,
    snapshotId: id,
    signal: undefined,
  })
  await assert.rejects(plan, (error) => failureOf(error, 'object-not-found')?.name === id)
})
