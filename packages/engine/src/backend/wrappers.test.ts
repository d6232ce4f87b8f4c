import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type EngineFailure, failureOf } from '../engine-failure.ts'
import { sha256Hex } from '../format/sha256.ts'
import { fakeClock } from '../testing/fake-clock.ts'
import { withFaults } from '../testing/faulty-backend.ts'
import { memoryBackend } from '../testing/memory-backend.ts'
import { freeSpaceFloor, withFreeSpaceFloor } from './free-space-floor.ts'
import { asReadOnly } from './read-only.ts'
import { withRetry } from './retry.ts'

const CONTENT = Buffer.from('some content')
const PACK = { kind: 'data', name: sha256Hex(CONTENT) } as const
const GIBIBYTE = 1024 ** 3

test('reading only: what would change something is refused, nothing else', async () => {
  const memory = memoryBackend()
  await memory.save(PACK, [CONTENT], undefined)
  const backend = asReadOnly(memory)
  const isRefused = (error: unknown): boolean => failureOf(error, 'backend-read-only') !== undefined
  await assert.rejects(backend.create(undefined), isRefused)
  await assert.rejects(backend.save(PACK, [CONTENT], undefined), isRefused)
  await assert.rejects(backend.remove(PACK, undefined), isRefused)
  await assert.rejects(backend.removeLeftovers(undefined), isRefused)
  assert.deepEqual(await backend.load(PACK, undefined, undefined), CONTENT)
  assert.equal((await Array.fromAsync(backend.list('data', undefined))).length, 1)
})

test('what passes by itself is tried again, ever more slowly', async () => {
  const clock = fakeClock()
  const faulty = withFaults(memoryBackend(), [
    { operation: 'save', effect: 'before' },
    { operation: 'save', effect: 'later' },
    { operation: 'remove', effect: 'later' },
  ])
  const seen: EngineFailure[] = []
  const backend = withRetry(faulty, {
    clock,
    attemptsMax: 3,
    firstDelayMs: 1_000,
    onRetry: (failure) => seen.push(failure),
  })
  const saved = backend.save(PACK, [CONTENT], undefined)
  await clock.advance(999)
  assert.equal(faulty.operations.length, 1)
  await clock.advance(1)
  assert.equal(faulty.operations.length, 2)
  await clock.advance(1_999)
  assert.equal(faulty.operations.length, 2)
  await clock.advance(1)
  await saved
  // The first attempt removed it and its answer was lost: to find nothing then is success.
  const removed = backend.remove(PACK, undefined)
  await clock.advance(1_000)
  await removed
  assert.deepEqual(
    seen.map(({ code }) => code),
    Array(3).fill('backend-unavailable'),
  )
  faulty.assertAllFired()
})

test('with random bytes the delays are shortened by up to a half', async () => {
  for (const [byte, delayMs] of [
    [0x00, 1_000],
    [0x80, 750],
    [0xff, 501],
  ] as const) {
    const clock = fakeClock()
    const faulty = withFaults(memoryBackend(), [{ operation: 'save', effect: 'before' }])
    const backend = withRetry(faulty, {
      clock,
      attemptsMax: 2,
      firstDelayMs: 1_000,
      randomBytes: (size) => Buffer.alloc(size, byte),
      onRetry: () => undefined,
    })
    const saved = backend.save(PACK, [CONTENT], undefined)
    await clock.advance(delayMs - 1)
    assert.equal(faulty.operations.length, 1)
    await clock.advance(1)
    await saved
  }
})

test('retrying is bounded, ends with an abort, and leaves lasting failures alone', async () => {
  const clock = fakeClock()
  const fault = { operation: 'load', effect: 'before' } as const
  const lasting: EngineFailure = { code: 'backend-failed', url: 'memory:', reason: 'EIO' }
  const faulty = withFaults(memoryBackend(), [fault, fault, { ...fault, failure: lasting }, fault])
  const options = { clock, attemptsMax: 2, firstDelayMs: 10, onRetry: () => undefined }
  const backend = withRetry(faulty, options)
  const bounded = assert.rejects(backend.load(PACK, undefined, undefined), isUnavailable)
  await clock.advance(10)
  await bounded
  await assert.rejects(
    backend.load(PACK, undefined, undefined),
    (error) => failureOf(error, 'backend-failed') !== undefined,
  )
  const controller = new AbortController()
  const reason = new Error('stop')
  const aborted = assert.rejects(backend.load(PACK, undefined, controller.signal), reason)
  await clock.advance(1)
  controller.abort(reason)
  await aborted
  assert.equal(clock.sleeping, 0)
  faulty.assertAllFired()
})

test('a listing that breaks off names everything once', async () => {
  const memory = memoryBackend()
  const names = ['a', 'b', 'c'].map((text) => sha256Hex(Buffer.from(text)))
  for (const name of names) await memory.save({ kind: 'data', name }, [CONTENT], undefined)
  const clock = fakeClock()
  let breaksLeft = 1
  const breaking = {
    ...memory,
    async *list(...args: Parameters<typeof memory.list>) {
      let given = 0
      for await (const object of memory.list(...args)) {
        if (given === 2 && breaksLeft > 0) {
          breaksLeft -= 1
          const failure = { operation: 'list', effect: 'before' } as const
          yield* withFaults(memory, [failure]).list(...args)
        }
        given += 1
        yield object
      }
    },
  }
  const options = { clock, attemptsMax: 2, firstDelayMs: 10, onRetry: () => undefined }
  const listing = Array.fromAsync(withRetry(breaking, options).list('data', undefined))
  await clock.advance(10)
  assert.deepEqual((await listing).map(({ name }) => name).sort(), names.toSorted())
  assert.equal(breaksLeft, 0)
})

test('the floor is max(1 GiB, 2 %), at most 5 %', () => {
  assert.equal(freeSpaceFloor(10 * GIBIBYTE), GIBIBYTE / 2)
  assert.equal(freeSpaceFloor(30 * GIBIBYTE), GIBIBYTE)
  assert.equal(freeSpaceFloor(100 * GIBIBYTE), 2 * GIBIBYTE)
})

test('packs stop at the floor; what leaves a repository clean does not', async () => {
  let freeBytes = 2 * GIBIBYTE + CONTENT.length
  const backend = withFreeSpaceFloor(memoryBackend(), {
    path: '/bucket',
    measure: async () => ({ freeBytes, totalBytes: 100 * GIBIBYTE }),
  })
  await backend.save(PACK, [CONTENT], undefined)
  const both = [backend.save(PACK, [CONTENT], undefined), backend.save(PACK, [CONTENT], undefined)]
  const outcomes = await Promise.allSettled(both)
  assert.ok(outcomes.some(({ status }) => status === 'rejected'))
  freeBytes -= 1
  await assert.rejects(backend.save(PACK, [CONTENT], undefined), (error) => {
    const failure = failureOf(error, 'no-space')
    return failure?.freeBytes === freeBytes && failure.neededBytes === freeBytes + 1
  })
  for (const kind of ['index', 'snapshots', 'locks'] as const) {
    await backend.save({ kind, name: PACK.name }, [CONTENT], undefined)
    await backend.remove({ kind, name: PACK.name }, undefined)
  }
  await backend.remove(PACK, undefined)
})

test('a fault that never fires fails its test', async () => {
  const faulty = withFaults(memoryBackend(), [{ operation: 'remove', effect: 'before' }])
  await faulty.save(PACK, [CONTENT], undefined)
  assert.throws(() => faulty.assertAllFired(), /never fired/)
})

function isUnavailable(error: unknown): boolean {
  return failureOf(error, 'backend-unavailable') !== undefined
}
