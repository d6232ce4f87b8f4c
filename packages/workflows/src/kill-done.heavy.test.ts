// The service is killed at every step, at the position `done` of each. One file a position, so that
// they run beside each other.
import { test } from 'node:test'
import { runKillScenario } from './testing/kill-scenario.ts'

test('the service is killed at each step: done', async (t) => {
  await runKillScenario(
    (_place, names) => ({ ...names, position: 'done', process: 'service' }),
    (message) => t.diagnostic(message),
  )
})
