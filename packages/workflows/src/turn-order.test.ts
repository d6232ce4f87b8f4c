import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Turn } from '@holdfast/db'
import fc from 'fast-check'
import { mayEnter, PATIENCE_MS } from './turn-order.ts'

test('a prune waits for those that work and for those before it', () => {
  assert.equal(mayEnter([turn('a', 'shared', true), turn('p', 'exclusive')], 'p'), false)
  assert.equal(mayEnter([turn('a', 'shared'), turn('p', 'exclusive')], 'p'), false)
  assert.equal(mayEnter([turn('p', 'exclusive')], 'p'), true)
})

test('a writer passes a prune that began to wait for a long one, but not for ever', () => {
  const working = turn('a', 'shared', true)
  const later = turn('b', 'shared')
  const patient = { ...turn('p', 'exclusive'), waitedMs: PATIENCE_MS - 1 }
  assert.equal(mayEnter([working, patient, later], 'b'), true)
  assert.equal(mayEnter([working, { ...patient, waitedMs: PATIENCE_MS }, later], 'b'), false)
  assert.equal(mayEnter([patient, later], 'b'), false)
})

interface Arrival {
  readonly mode: Turn['mode']
  /** Steps of the model between its entry and its end. */
  readonly works: number
}

test('nobody is ever beside an exclusive one, and everybody has a turn', () => {
  const arrival: fc.Arbitrary<Arrival> = fc.record({
    mode: fc.constantFrom('shared', 'exclusive'),
    works: fc.integer({ min: 1, max: 5 }),
  })
  fc.assert(fc.property(fc.array(arrival, { maxLength: 12 }), fc.infiniteStream(fc.nat()), run))
})

/** Each round one of those that wait asks, in any order; those that work come to their end. */
function run(arrivals: readonly Arrival[], order: fc.Stream<number>): void {
  const left = new Map(arrivals.map(({ works }, at) => [String(at), works]))
  let queue = arrivals.map(({ mode }, at) => turn(String(at), mode))
  for (let round = 0; queue.length > 0; round += 1) {
    assert.ok(round < 1000, 'somebody never has a turn')
    const waiting = queue.filter(({ isGranted }) => !isGranted)
    const asked = new Set(
      waiting.map(() => waiting[(order.next().value ?? 0) % waiting.length]?.id),
    )
    for (const { id } of waiting) asked.add(id)
    for (const id of asked) {
      if (id === undefined || !mayEnter(queue, id)) continue
      queue = queue.map((one) => (one.id === id ? { ...one, isGranted: true } : one))
      const granted = queue.filter(({ isGranted }) => isGranted)
      const isAlone = granted.length === 1 || granted.every(({ mode }) => mode === 'shared')
      assert.ok(isAlone, 'an exclusive turn beside another')
    }
    for (const { id } of queue.filter(({ isGranted }) => isGranted)) {
      left.set(id, (left.get(id) ?? 0) - 1)
    }
    queue = queue
      .filter(({ id }) => (left.get(id) ?? 0) > 0)
      .map((one) => ({ ...one, waitedMs: one.waitedMs + PATIENCE_MS / 4 }))
  }
}

function turn(id: string, mode: Turn['mode'], isGranted = false): Turn {
  return { id, mode, isGranted, waitedMs: 0 }
}
