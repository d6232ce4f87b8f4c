import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMoverSlots } from './mover-slots.ts'

const PATIENT = new AbortController().signal

test('one more than there are slots waits until one is given', async () => {
  const slots = createMoverSlots(1)
  const order: string[] = []
  const first = await slots.take(PATIENT)
  const second = slots.take(PATIENT).then((slot) => {
    order.push('second')
    slot.give()
  })
  const third = slots.take(PATIENT).then(() => order.push('third'))
  order.push('first')
  first.give()
  first.give()
  await Promise.all([second, third])
  assert.deepEqual(order, ['first', 'second', 'third'])
})

test('one that is told to stop leaves the queue', async () => {
  const slots = createMoverSlots(1)
  const first = await slots.take(PATIENT)
  const stop = new AbortController()
  const second = slots.take(stop.signal)
  stop.abort(new Error('cancelled'))
  await assert.rejects(second, /cancelled/)
  first.give()
  const third = await slots.take(PATIENT)
  third.give()
})
