// The service is killed at every step, at the position `before` of each: only where that is asked for,
// since `kill-drawn-….heavy.test.ts` has each position's turn in time.
import { test } from 'node:test'
import { NOT_EVERY_POSITION } from './testing/draw-kill.ts'
import { runKillScenario } from './testing/kill-scenario.ts'

test('the service is killed at each step: before', { skip: NOT_EVERY_POSITION }, async (t) => {
  await runKillScenario(
    (_place, names) => ({ ...names, position: 'before', process: 'service' }),
    (message) => t.diagnostic(message),
  )
})
