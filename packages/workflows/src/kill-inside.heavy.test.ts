// The service is killed at every step, at the position `inside` of each. One file a position, so that
// they run beside each other.
import { test } from 'node:test'
import { runKillScenario } from './testing/kill-scenario.ts'

test('the service is killed at each step: inside', async (t) => {
  await runKillScenario(
    (_place, names) => ({ ...names, position: 'inside', process: 'service' }),
    (message) => t.diagnostic(message),
  )
})
