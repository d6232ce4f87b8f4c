import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ByteBudget } from './byte-budget.ts'

test('no more than the budget is out at once, and everybody gets a turn', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(150), { maxLength: 30 }), async (wishes) => {
      const budget = new ByteBudget(100)
      let out = 0
      await Promise.all(
        wishes.map(async (bytes) => {
          const giveBack = await budget.take(bytes, undefined)
          out += Math.min(bytes, 100)
          assert.ok(out <= 100)
          await new Promise((resolve) => setImmediate(resolve))
          out -= Math.min(bytes, 100)
          giveBack()
          giveBack()
        }),
      )
      assert.equal(out, 0)
    }),
  )
})

test('who gives up waiting lets the next one pass', async () => {
  const budget = new ByteBudget(100)
  const giveBack = await budget.take(60, undefined)
  const controller = new AbortController()
  const reason = new Error('stop')
  const large = budget.take(80, controller.signal)
  const small = budget.take(40, undefined)
  controller.abort(reason)
  await assert.rejects(large, reason)
  await small
  giveBack()
  await assert.rejects(budget.take(1, controller.signal), reason)
})
