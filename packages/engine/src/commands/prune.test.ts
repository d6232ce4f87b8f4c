import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../clock.ts'
import { failureOf } from '../engine-failure.ts'
import type { SnapshotId } from '../format/ids.ts'
import type { Repository } from '../repository.ts'
import { noise } from '../testing/awkward-tree.ts'
import { dyingBackend, ProcessDied } from '../testing/dying-backend.ts'
import { fakeClock } from '../testing/fake-clock.ts'
import { type MemoryBackend, memoryBackend } from '../testing/memory-backend.ts'
import {
  readSyntheticSnapshot,
  type SyntheticTree,
  saveSyntheticSnapshot,
} from '../testing/synthetic-snapshot.ts'
import { testLock } from '../testing/test-lock.ts'
import {
  makeThrowawayRepository,
  type ThrowawayRepository,
} from '../testing/throwaway-repository.ts'
import { check } from './check.ts'
import { forget } from './forget.ts'
import { prune } from './prune.ts'

const KIB = 1024
const MINUTE_MS = 60_000

interface Filled {
  readonly made: ThrowawayRepository
  readonly backend: MemoryBackend
  readonly kept: ReadonlyMap<SnapshotId, SyntheticTree>
}

/** Three snapshots that share content, of which the second is forgotten: packs are partly used. */
async function makeFilled(): Promise<Filled> {
  const backend = memoryBackend()
  const made = await makeThrowawayRepository({ backend })
  const shared = { big: noise(1, 300 * KIB), sub: { small: Buffer.from('small') } }
  const contents: SyntheticTree[] = [
    { ...shared, first: noise(2, 100 * KIB) },
    { ...shared, second: noise(3, 200 * KIB), again: { twice: noise(4, 70 * KIB) } },
    { other: noise(4, 70 * KIB), sub: { small: Buffer.from('changed') } },
  ]
  const kept = new Map<SnapshotId, SyntheticTree>()
  for (const [second, content] of contents.entries()) {
    const tags = [`n=${second}`]
    const id = await saveSyntheticSnapshot(made.repository, content, { second, tags })
    if (second !== 1) kept.set(id, content)
  }
  const selection = { tagLists: [['n=1']] }
  await forget({ repository: made.repository, selection, signal: undefined })
  return { made, backend, kept }
}

function pruneBatch(repository: Repository, batchMs = MINUTE_MS, maxUnusedRatio = 0) {
  const lock = testLock()
  const signal = undefined
  return prune({ repository, lock, clock: systemClock, batchMs, maxUnusedRatio, signal })
}

async function assertWhole(
  repository: Repository,
  kept: Filled['kept'],
  allowedHints: readonly string[] = [],
): Promise<void> {
  const findings = await check({
    repository,
    readData: true,
    onProgress: () => undefined,
    signal: undefined,
  })
  assert.deepEqual(
    findings.filter(({ code }) => !allowedHints.includes(code)),
    [],
  )
  await repository.loadIndex(undefined)
  for (const [id, content] of kept) {
    assert.deepEqual(await readSyntheticSnapshot(repository, id), content)
  }
}

function storedBytes(backend: MemoryBackend): number {
  return [...backend.objects]
    .filter(([name]) => name.startsWith('data/'))
    .reduce((sum, [, content]) => sum + content.length, 0)
}

test('what only forgotten snapshots needed goes, everything else stays', async () => {
  const { made, backend, kept } = await makeFilled()
  const before = storedBytes(backend)
  const result = await pruneBatch(made.repository)
  assert.equal(result.isDone, true)
  assert.equal(result.freedBytes, before - storedBytes(backend))
  // The 200 KiB that only the second snapshot had, and its trees; noise does not compress.
  assert.ok(result.freedBytes > 200 * KIB, String(result.freedBytes))
  await assertWhole(made.repository, kept)
  assert.deepEqual(await pruneBatch(made.repository), { isDone: true, freedBytes: 0 })
  await made.dispose()
})

test('with no snapshot left nothing is left', async () => {
  const { made, backend } = await makeFilled()
  const selection = { tagLists: [['n=0'], ['n=2']] }
  await forget({ repository: made.repository, selection, signal: undefined })
  assert.equal((await pruneBatch(made.repository)).isDone, true)
  const left = [...backend.objects.keys()].filter((name) => !/^(config|keys)/.test(name))
  assert.deepEqual(left, [])
  await made.dispose()
})

test('batches without time come to an end, each leaving a whole repository', async () => {
  const { made, kept } = await makeFilled()
  // Unindexed packs, as a writer that died leaves them.
  const dead = await made.reopen()
  for (let n = 0; n < 3; n += 1) {
    const dying = await made.reopen({ backend: dyingBackend(made.backend, 1) })
    await dying.saveBlob('data', Uint8Array.from(noise(100 + n, 50 * KIB)), undefined)
    await assert.rejects(dying.flush(undefined), ProcessDied)
  }
  let batches = 0
  for (let isDone = false; !isDone; batches += 1) {
    assert.ok(batches < 50, 'prune does not end')
    isDone = (await pruneBatch(dead, 0)).isDone
    await assertWhole(made.repository, kept, ['unreferenced-pack'])
  }
  assert.ok(batches > 2, String(batches))
  await assertWhole(made.repository, kept)
  await made.dispose()
})

test('killed before any write and repeated, prune loses nothing and finishes', async () => {
  let deaths = 0
  for (let writes = 0; ; writes += 1) {
    const { made, kept } = await makeFilled()
    const backend = dyingBackend(made.backend, writes)
    const doomed = await made.reopen({ backend })
    const hasDied = await pruneBatch(doomed).then(
      () => false,
      (error) => {
        if (!(error instanceof ProcessDied)) throw error
        return true
      },
    )
    // Between two writes packs may be unindexed or indexed twice; no more than that.
    await assertWhole(made.repository, kept, ['unreferenced-pack', 'pack-in-several-indexes'])
    assert.equal((await pruneBatch(await made.reopen())).isDone, true)
    await assertWhole(made.repository, kept)
    await made.dispose()
    if (!hasDied) break
    deaths += 1
  }
  // New packs and their index, the other new index, old index files, old packs.
  assert.ok(deaths >= 8, String(deaths))
})

test('a lost lock stops prune before it removes anything', async () => {
  const { made, backend } = await makeFilled()
  const lock = testLock()
  const watched = {
    ...made.backend,
    // Losing it while new packs are written: removals must not follow.
    save: async (...args: Parameters<MemoryBackend['save']>) => {
      await made.backend.save(...args)
      lock.lose()
    },
  }
  const names = new Set(backend.objects.keys())
  const repository = await made.reopen({ backend: watched })
  const options = { repository, lock, clock: systemClock, batchMs: MINUTE_MS, maxUnusedRatio: 0 }
  await assert.rejects(
    prune({ ...options, signal: undefined }),
    (error) => failureOf(error, 'lock-lost') !== undefined,
  )
  for (const name of names) assert.ok(backend.objects.has(name), name)
  await made.dispose()
})

test('a damaged repository is left as it is', async () => {
  const damages: readonly (readonly [RegExp, string])[] = [
    [/^snapshots\//, 'snapshot-corrupt'],
    [/^index\//, 'index-corrupt'],
    [/^data\//, 'pack-corrupt'],
  ]
  for (const [pattern, code] of damages) {
    const { made, backend } = await makeFilled()
    const name = [...backend.objects.keys()].filter((each) => pattern.test(each)).at(0)!
    backend.objects.set(name, backend.objects.get(name)!.subarray(0, -1))
    const before = new Map(backend.objects)
    const fresh = await made.reopen().catch(() => made.repository)
    await assert.rejects(pruneBatch(fresh), (error) => {
      const found = ['snapshot-corrupt', 'index-corrupt', 'pack-corrupt', 'blob-corrupt'] as const
      assert.ok(
        found.some((each) => failureOf(error, each) !== undefined),
        String(error),
      )
      if (code !== 'pack-corrupt')
        assert.ok(failureOf(error, code as 'index-corrupt'), String(error))
      return true
    })
    assert.deepEqual(backend.objects, before)
    await made.dispose()
  }
})

test('a missing tree or blob stops prune: what lies below it must not look unneeded', async () => {
  const { made, backend } = await makeFilled()
  const tree = Buffer.from(
    `{"nodes":[{"name":"lost","type":"dir","content":null,"subtree":"${'ab'.repeat(32)}"}]}\n`,
  )
  const { id } = await made.repository.saveBlob('tree', Uint8Array.from(tree), undefined)
  await made.repository.flush(undefined)
  await made.repository.saveSnapshot(
    {
      time: 0n,
      tree: id,
      paths: ['/'],
      hostname: '',
      username: '',
      uid: 0,
      gid: 0,
      excludes: [],
      tags: [],
    },
    undefined,
  )
  const before = new Map(backend.objects)
  await assert.rejects(
    pruneBatch(made.repository),
    (error) => failureOf(error, 'blob-not-found')?.blobId === 'ab'.repeat(32),
  )
  assert.deepEqual(backend.objects, before)
  await made.dispose()
})

test('many small packs and index files are merged', async () => {
  const backend = memoryBackend()
  const made = await makeThrowawayRepository({ backend })
  const kept = new Map<SnapshotId, SyntheticTree>()
  for (let second = 0; second < 25; second += 1) {
    const content = { file: noise(second, 3 * KIB) }
    const label = { second, tags: [] }
    kept.set(await saveSyntheticSnapshot(made.repository, content, label), content)
  }
  const countOf = (kind: string) =>
    [...backend.objects.keys()].filter((name) => name.startsWith(kind)).length
  assert.deepEqual([countOf('data/'), countOf('index/')], [50, 25])
  assert.equal((await pruneBatch(made.repository)).isDone, true)
  assert.deepEqual([countOf('data/'), countOf('index/')], [2, 1])
  await assertWhole(made.repository, kept)
  assert.deepEqual(await pruneBatch(made.repository), { isDone: true, freedBytes: 0 })
  await made.dispose()
})

/** Adds what a second writer stores that does not know the first, as two backups at once do. */
async function addTwin(
  made: ThrowawayRepository,
  write: (twin: Repository) => Promise<void>,
): Promise<void> {
  const elsewhere = memoryBackend()
  const config = await made.backend.load({ kind: 'config', name: '' }, undefined, undefined)
  await elsewhere.save({ kind: 'config', name: '' }, [config], undefined)
  await write(await made.reopen({ backend: elsewhere }))
  for (const kind of ['data', 'index', 'snapshots'] as const) {
    for await (const { name } of elsewhere.list(kind, undefined)) {
      const content = await elsewhere.load({ kind, name }, undefined, undefined)
      await made.backend.save({ kind, name }, [content], undefined)
    }
  }
}

test('a blob that is stored twice is kept once', async () => {
  const { made, kept } = await makeFilled()
  await addTwin(made, async (twin) => {
    let second = 0
    for (const content of kept.values()) {
      second += 1
      await saveSyntheticSnapshot(twin, content, { second, tags: ['twin'] })
    }
  })
  await assertWhole(made.repository, kept)
  assert.equal((await pruneBatch(made.repository)).isDone, true)
  await assertWhole(made.repository, kept)
  const seen = new Set<string>()
  for (const { blobs } of made.repository.index.packs()) {
    for (const { type, id } of blobs) {
      assert.ok(!seen.has(`${type}:${id}`), 'a blob is still stored twice')
      seen.add(`${type}:${id}`)
    }
  }
  await made.dispose()
})

test('a blob whose copy is damaged is repacked from its other copy', async () => {
  const needed = noise(1, 40 * KIB)
  for (const damagedPack of [0, 1]) {
    const backend = memoryBackend()
    const made = await makeThrowawayRepository({ backend })
    const label = { second: 1, tags: ['forgotten'] }
    await saveSyntheticSnapshot(made.repository, { needed, a: noise(2, 60 * KIB) }, label)
    await addTwin(made, async (twin) => {
      await saveSyntheticSnapshot(twin, { needed, b: noise(3, 60 * KIB) }, label)
    })
    const fresh = await made.reopen()
    const content = { needed }
    const id = await saveSyntheticSnapshot(fresh, content, { second: 2, tags: [] })
    const { id: blobId } = await fresh.saveBlob('data', Uint8Array.from(needed), undefined)
    const copies = fresh.locateCopies('data', blobId)
    assert.equal(copies.length, 2)
    const { packId, offset } = copies[damagedPack]!
    backend.objects.get(`data/${packId}`)![offset + 100]! ^= 1
    await forget({
      repository: fresh,
      selection: { tagLists: [['forgotten']] },
      signal: undefined,
    })
    assert.equal((await pruneBatch(fresh)).isDone, true)
    await assertWhole(fresh, new Map([[id, content]]))
    await made.dispose()
  }
})

test('an abort before the first write changes nothing', async () => {
  const { made, backend } = await makeFilled()
  const before = new Map(backend.objects)
  const signal = AbortSignal.abort(new Error('stopped'))
  const options = { repository: made.repository, lock: testLock(), clock: fakeClock() }
  await assert.rejects(prune({ ...options, batchMs: 0, maxUnusedRatio: 0, signal }), /stopped/)
  assert.deepEqual(backend.objects, before)
  await made.dispose()
})
