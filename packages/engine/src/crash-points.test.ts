// A process may die between any two changes of the storage: what it leaves must be sound, and the
// next run must be able to finish the work.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Backend, ObjectHandle } from './backend/backend.ts'
import { secureRandomBytes } from './crypto/random.ts'
import { EngineError } from './engine-failure.ts'
import { BLOB_TYPES } from './format/ids.ts'
import { initRepository, openRepository } from './open-repository.ts'
import type { Repository } from './repository.ts'
import { type MemoryBackend, memoryBackend } from './testing/memory-backend.ts'
import { CHEAP_KDF_PARAMETERS, THROWAWAY_POLYNOMIAL } from './testing/throwaway-repository.ts'

/** Incompressible, so that there are two packs of it. */
const DATA = Array.from({ length: 24 }, () => secureRandomBytes(1_000_000))

test('dying at any point leaves a sound repository, and repeating the work finishes it', async () => {
  const whole = memoryBackend()
  const changesInAll = await countChanges(whole)
  assert.ok(changesInAll >= 7)
  for (let allowed = 0; allowed < changesInAll; allowed += 1) {
    const storage = memoryBackend()
    await assert.rejects(work(dyingAfter(storage, allowed)), /died/, `after ${allowed} changes`)
    await assertSound(storage)
    await work(storage)
    await assertSound(storage)
    assert.equal(namesOf(storage, 'snapshots').length, 1)
    assert.equal(namesOf(storage, 'config').length, 1)
    assert.equal(namesOf(storage, 'keys').length, 1)
  }
})

/** What a first backup does, in small; repeatable, as its callers make it. */
async function work(backend: Backend): Promise<void> {
  if (!(await hasConfig(backend))) await init(backend)
  const repository = await open(backend)
  try {
    await repository.loadIndex(undefined)
    await Promise.all(
      DATA.map((content) => repository.saveBlob('data', Buffer.from(content), undefined)),
    )
    const tree = await repository.saveBlob('tree', Buffer.from('{"nodes":[]}\n'), undefined)
    await repository.flush(undefined)
    await repository.saveSnapshot(
      {
        time: 1n,
        tree: tree.id,
        paths: ['/'],
        hostname: 'h',
        username: 'u',
        uid: 0,
        gid: 0,
        excludes: [],
        tags: [],
      },
      undefined,
    )
  } finally {
    await repository.close()
  }
}

async function assertSound(storage: MemoryBackend): Promise<void> {
  if (!(await hasConfig(storage))) {
    assert.deepEqual(namesOf(storage, 'data'), [])
    return
  }
  const repository = await open(storage)
  await repository.loadIndex(undefined)
  for (const type of BLOB_TYPES) {
    for (let entry = 0; entry < repository.index.blobCount(type); entry += 1) {
      await repository.loadBlob(type, repository.index.blobIdOf(type, entry), undefined)
    }
  }
  for await (const { snapshot } of repository.listSnapshots(undefined)) {
    await repository.loadBlob('tree', snapshot.tree, undefined)
    assert.equal(repository.index.blobCount('data'), DATA.length)
  }
  await repository.close()
}

/** Everything fails, as for a process that is no more, once so many changes were made. */
function dyingAfter(storage: Backend, allowed: number): Backend {
  let changes = 0
  const alive = async <Result>(change: () => Promise<Result>): Promise<Result> => {
    changes += 1
    if (changes > allowed) {
      throw new EngineError({ code: 'backend-failed', url: storage.url, reason: 'died' })
    }
    return await change()
  }
  return {
    ...storage,
    save: (handle: ObjectHandle, content, signal) =>
      alive(() => storage.save(handle, content, signal)),
    remove: (handle, signal) => alive(() => storage.remove(handle, signal)),
  }
}

async function countChanges(storage: MemoryBackend): Promise<number> {
  let changes = 0
  const counting: Backend = {
    ...storage,
    save: async (handle, content, signal) => {
      changes += 1
      await storage.save(handle, content, signal)
    },
  }
  await work(counting)
  return changes
}

async function hasConfig(backend: Backend): Promise<boolean> {
  return (await Array.fromAsync(backend.list('config', undefined))).length > 0
}

function namesOf(storage: MemoryBackend, kind: string): string[] {
  return [...storage.objects.keys()].filter((name) => name.startsWith(`${kind}/`))
}

async function init(backend: Backend): Promise<void> {
  await initRepository({
    backend,
    password: 'secret',
    polynomial: THROWAWAY_POLYNOMIAL,
    hostname: 'h',
    username: 'u',
    now: Temporal.Instant.from('2026-01-02T03:04:05Z'),
    kdf: CHEAP_KDF_PARAMETERS,
    randomBytes: secureRandomBytes,
    signal: undefined,
  })
}

function open(backend: Backend): Promise<Repository> {
  return openRepository({
    backend,
    credentials: { password: 'secret' },
    randomBytes: secureRandomBytes,
    workers: 0,
    signal: undefined,
  })
}
