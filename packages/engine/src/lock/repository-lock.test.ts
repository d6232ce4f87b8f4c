import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Backend } from '../backend/backend.ts'
import { secureRandomBytes } from '../crypto/random.ts'
import { failureOf } from '../engine-failure.ts'
import { type FakeClock, fakeClock } from '../testing/fake-clock.ts'
import { withFaults } from '../testing/faulty-backend.ts'
import { GOLDEN_KEY } from '../testing/golden-vectors.ts'
import { memoryBackend } from '../testing/memory-backend.ts'
import type { AcquireLockOptions, RepositoryLock } from './held-lock.ts'
import { listLocks, removeLocksOfHosts } from './list-locks.ts'
import type { LockRecord } from './lock-file.ts'
import { acquireLock, waitForLock } from './repository-lock.ts'

const MINUTE_MS = 60_000

test('shared locks stand together, an exclusive one stands alone', async () => {
  const place = placeOf(memoryBackend())
  const first = await acquire(place, { exclusive: false })
  const second = await acquire(place, { exclusive: false })
  await assert.rejects(acquire(place, { exclusive: true }), isLocked)
  assert.equal(await countLocks(place), 2)
  await first.release()
  await assert.rejects(acquire(place, { exclusive: true }), isLocked)
  await second.release()
  const third = await acquire(place, { exclusive: true })
  assert.equal(third.exclusive, true)
  await assert.rejects(acquire(place, { exclusive: false }), (error) => {
    const failure = failureOf(error, 'repository-locked')
    return failure?.exclusive === true && failure.lockedBy === 'holdfast-test (process 42)'
  })
  await third.release()
  await third.release()
  assert.equal(await countLocks(place), 0)
})

test('of two that take the exclusive lock at once one at most gets it', async () => {
  const place = placeOf(memoryBackend())
  const both = Promise.allSettled([take(place), take(place)])
  await place.clock.advance(100)
  assert.equal(await countLocks(place), 2)
  await place.clock.advance(100)
  const outcomes = await both
  const locks = outcomes.flatMap((outcome) =>
    outcome.status === 'fulfilled' ? [outcome.value] : [],
  )
  assert.ok(locks.length <= 1)
  for (const lock of locks) await lock.release()
  assert.equal(await countLocks(place), 0)
})

test('two that wait for the exclusive lock get it one after the other', async () => {
  const place = placeOf(memoryBackend())
  const order: string[] = []
  const work = async (name: string): Promise<void> => {
    const lock = await waitForLock(waitOptions(place, 10 * MINUTE_MS, []))
    order.push(`${name} begins`)
    await place.clock.sleep(5_000, { signal: undefined, keepsAlive: true })
    order.push(`${name} ends`)
    await lock.release()
  }
  const both = Promise.all([work('a'), work('b')])
  await place.clock.advance(5 * MINUTE_MS)
  await both
  const [first, second] = order[0] === 'a begins' ? ['a', 'b'] : ['b', 'a']
  assert.deepEqual(order, [
    `${first} begins`,
    `${first} ends`,
    `${second} begins`,
    `${second} ends`,
  ])
})

test('a wait tells once who stands against it, and gives up in time', async () => {
  const place = placeOf(memoryBackend())
  const holder = await acquire(place, { exclusive: false })
  const told: LockRecord[] = []
  const waiting = assert.rejects(waitForLock(waitOptions(place, MINUTE_MS, told)), isLocked)
  await place.clock.advance(MINUTE_MS + 200)
  await waiting
  assert.deepEqual(
    told.map(({ hostname, pid }) => [hostname, pid]),
    [['holdfast-test', 42]],
  )
  const later = waitForLock(waitOptions(place, MINUTE_MS, []))
  await place.clock.advance(20_000)
  await holder.release()
  await place.clock.advance(20_000)
  await (await later).release()
})

test('a wait ends with an abort and leaves nothing', async () => {
  const place = placeOf(memoryBackend())
  const holder = await acquire(place, { exclusive: false })
  const controller = new AbortController()
  const reason = new Error('stop')
  const options = { ...waitOptions(place, MINUTE_MS, []), signal: controller.signal }
  const waiting = assert.rejects(waitForLock(options), reason)
  await place.clock.advance(10_000)
  controller.abort(reason)
  await waiting
  assert.equal(await countLocks(place), 1)
  await holder.release()
})

test('an abort during the second look removes the lock file', async () => {
  const place = placeOf(memoryBackend())
  const listenersBefore = process.listenerCount('SIGHUP')
  const controller = new AbortController()
  const reason = new Error('stop')
  const acquiring = assert.rejects(
    acquireLock({ ...optionsOf(place, { exclusive: true }), signal: controller.signal }),
    reason,
  )
  await place.clock.advance(100)
  assert.equal(await countLocks(place), 1)
  controller.abort(reason)
  await acquiring
  assert.equal(await countLocks(place), 0)
  assert.equal(process.listenerCount('SIGHUP'), listenersBefore)
})

test('a lock file whose saving failed halfway is removed', async () => {
  const place = placeOf(
    withFaults(memoryBackend(), [{ operation: 'save', kind: 'locks', effect: 'later' }]),
  )
  await assert.rejects(acquire(place, { exclusive: true }), isUnavailable)
  assert.equal(await countLocks(place), 0)
})

test('a lock file that cannot be removed either does not hide why the second look failed', async () => {
  const damage = { code: 'backend-failed', url: 'memory:', reason: 'the first error' } as const
  const faulty = withFaults(memoryBackend(), [
    { operation: 'list', kind: 'locks', after: 1, effect: 'before', failure: damage },
    { operation: 'remove', kind: 'locks', effect: 'before' },
  ])
  await assert.rejects(acquire(placeOf(faulty), { exclusive: true }), (error) => {
    return failureOf(error, 'backend-failed')?.reason === 'the first error'
  })
  faulty.assertAllFired()
})

test('a held lock stays young for hours, as one file', async () => {
  const place = placeOf(memoryBackend())
  const lock = await acquire(place, { exclusive: false })
  for (let hour = 0; hour < 3; hour += 1) {
    await place.clock.advance(60 * MINUTE_MS)
    const [only, ...others] = await listLocks(place, undefined)
    assert.deepEqual(others, [])
    assert.ok(ageMs(place.clock, only!) <= 5 * MINUTE_MS + 10_000)
    await lock.assertHeld(undefined)
  }
  assert.equal(lock.signal.aborted, false)
  await lock.release()
  assert.equal(await countLocks(place), 0)
})

test('a refresh that fails is tried again before the lock is old', async () => {
  const failing = { operation: 'save', kind: 'locks', effect: 'before' } as const
  const faulty = withFaults(memoryBackend(), [{ ...failing, after: 1 }, failing, failing])
  const place = placeOf(faulty)
  const lock = await acquire(place, { exclusive: true })
  await place.clock.advance(10 * MINUTE_MS)
  faulty.assertAllFired()
  assert.equal(lock.signal.aborted, false)
  const [record] = await listLocks(place, undefined)
  assert.ok(ageMs(place.clock, record!) <= 5 * MINUTE_MS)
  await lock.release()
})

test('a refresh that hangs does not keep the lock from being given up in time', async () => {
  const memory = memoryBackend()
  let hangs = false
  const backend: Backend = {
    ...memory,
    stat: (handle, signal) => (hangs ? new Promise(() => undefined) : memory.stat(handle, signal)),
  }
  const place = placeOf(backend)
  const lock = await acquire(place, { exclusive: true })
  hangs = true
  await place.clock.advance(22 * MINUTE_MS)
  assert.equal(lock.signal.aborted, false)
  await place.clock.advance(6 * MINUTE_MS)
  assert.equal(failureOf(lock.signal.reason, 'lock-lost')?.code, 'lock-lost')
  hangs = false
  await lock.release()
})

test('a storage that is gone loses the lock before others call it stale', async () => {
  const memory = memoryBackend()
  const failure = { operation: 'stat', kind: 'locks', effect: 'before' } as const
  const place = placeOf(withFaults(memory, Array(100).fill(failure)))
  const lock = await acquire(place, { exclusive: true })
  await place.clock.advance(22 * MINUTE_MS)
  assert.equal(lock.signal.aborted, false)
  await place.clock.advance(5 * MINUTE_MS)
  assert.equal(failureOf(lock.signal.reason, 'lock-lost')?.code, 'lock-lost')
  await lock.release()
  assert.equal(memory.objects.size, 0)
})

test('a lock that somebody removed is lost', async () => {
  const place = placeOf(memoryBackend())
  const lock = await acquire(place, { exclusive: false })
  assert.equal(await removeLocksOfHosts(place, ['holdfast-other'], undefined), 0)
  assert.equal(await removeLocksOfHosts(place, ['holdfast-test'], undefined), 1)
  await assert.rejects(
    lock.assertHeld(undefined),
    (error) => failureOf(error, 'lock-lost') !== undefined,
  )
  assert.equal(lock.signal.aborted, true)
  const other = await acquire(place, { exclusive: false })
  await removeLocksOfHosts(place, ['holdfast-test'], undefined)
  await place.clock.advance(6 * MINUTE_MS)
  assert.equal(other.signal.aborted, true)
  assert.equal(await countLocks(place), 0)
  await lock.release()
  await other.release()
})

test('after a long sleep of the machine the lock goes on only if it is still there', async () => {
  for (const isRemovedMeanwhile of [false, true]) {
    const memory = memoryBackend()
    const clock = fakeClock()
    let asleepMs = 0
    const place = {
      ...placeOf(memory),
      clock: { ...clock, now: () => clock.now().add({ milliseconds: asleepMs }) },
    }
    const acquiring = acquireLock(optionsOf(place, { exclusive: true }))
    await clock.advance(200)
    const lock = await acquiring
    asleepMs = 60 * MINUTE_MS
    if (isRemovedMeanwhile) await removeLocksOfHosts(place, ['holdfast-test'], undefined)
    await clock.advance(11_000)
    assert.equal(lock.signal.aborted, isRemovedMeanwhile)
    await lock.release()
    assert.equal(await countLocks(place), 0)
  }
})

test('a stale lock of another host blocks and is left alone', async () => {
  const place = placeOf(memoryBackend())
  const foreign = await acquire(place, { exclusive: true, hostname: 'elsewhere' })
  const hourLater = { ...place, clock: fakeClock('2026-01-02T09:00:00Z') }
  await assert.rejects(acquire(hourLater, { exclusive: false }), isLocked)
  assert.equal(await countLocks(place), 1)
  await foreign.release()
})

test('an empty lock file is skipped, an unreadable one is named after a while', async () => {
  const place = placeOf(memoryBackend())
  await place.backend.save({ kind: 'locks', name: 'e3b0'.padEnd(64, '0') }, [], undefined)
  assert.deepEqual(await listLocks(place, undefined), [])
  const name = 'abcd'.padEnd(64, '0')
  await place.backend.save({ kind: 'locks', name }, [Buffer.from('half')], undefined)
  const listing = assert.rejects(
    listLocks(place, undefined),
    (error) => failureOf(error, 'lock-unreadable')?.lockId === name,
  )
  await place.clock.advance(35_000)
  await listing
})

interface Place {
  readonly backend: Backend
  readonly key: typeof GOLDEN_KEY
  readonly clock: FakeClock
}

function placeOf(backend: Backend): Place {
  return { backend, key: GOLDEN_KEY, clock: fakeClock() }
}

interface Wanted {
  readonly exclusive: boolean
  readonly hostname?: string
}

function optionsOf(
  place: Pick<AcquireLockOptions, 'backend' | 'key' | 'clock'>,
  { exclusive, hostname = 'holdfast-test' }: Wanted,
): AcquireLockOptions {
  return {
    backend: place.backend,
    key: place.key,
    clock: place.clock,
    randomBytes: secureRandomBytes,
    exclusive,
    holder: { hostname, username: 'test', pid: 42, uid: 0, gid: 0 },
    signal: undefined,
  }
}

function waitOptions(place: Place, timeoutMs: number, told: LockRecord[]) {
  const onConflict = (holder: LockRecord): void => {
    told.push(holder)
  }
  return { ...optionsOf(place, { exclusive: true }), timeoutMs, onConflict }
}

async function acquire(place: Place, wanted: Wanted): Promise<RepositoryLock> {
  const acquiring = acquireLock(optionsOf(place, wanted))
  acquiring.catch(() => undefined)
  await place.clock.advance(200)
  return await acquiring
}

function take(place: Place): Promise<RepositoryLock> {
  return acquireLock(optionsOf(place, { exclusive: true }))
}

async function countLocks({ backend }: Pick<Place, 'backend'>): Promise<number> {
  return (await Array.fromAsync(backend.list('locks', undefined))).length
}

function ageMs(clock: FakeClock, lock: LockRecord): number {
  return clock.now().since(lock.time).total('milliseconds')
}

function isLocked(error: unknown): boolean {
  return failureOf(error, 'repository-locked') !== undefined
}

function isUnavailable(error: unknown): boolean {
  return failureOf(error, 'backend-unavailable') !== undefined
}
