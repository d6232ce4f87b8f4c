import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createReadiness } from './readiness.ts'

test('ready when started, with a database that answers and no part in trouble', async () => {
  const readiness = createReadiness()
  assert.deepEqual(await readiness.check(), {
    isReady: false,
    reasons: ['The service is starting.'],
  })
  let probe: () => Promise<unknown> = async () => undefined
  readiness.probeDatabase(() => probe())
  readiness.report('start', undefined)
  assert.deepEqual(await readiness.check(), { isReady: true, reasons: [] })

  readiness.report('postgres', 'It ended.')
  assert.deepEqual(await readiness.check(), { isReady: false, reasons: ['It ended.'] })
  readiness.report('postgres', undefined)

  probe = async () => {
    throw new Error('connect ECONNREFUSED')
  }
  const { isReady, reasons } = await readiness.check()
  assert.equal(isReady, false)
  assert.match(reasons.join(), /ECONNREFUSED/)
})

test('a database that hangs is not waited for', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const readiness = createReadiness()
  readiness.probeDatabase(() => new Promise(() => undefined))
  readiness.report('start', undefined)
  const checked = readiness.check()
  t.mock.timers.tick(2_000)
  assert.deepEqual(await checked, { isReady: false, reasons: ['The database does not answer.'] })
})
