// The whole product: each step, at each position, in each process.
import { test } from 'node:test'
import { KILL_POSITIONS } from './testing/kill-plan.ts'
import { MOVER_PLACES, runKillScenario } from './testing/kill-scenario.ts'

for (const position of KILL_POSITIONS) {
  test(`the service is killed at each step: ${position}`, async (t) => {
    await runKillScenario(
      (_place, names) => ({ ...names, position, process: 'service' }),
      (message) => t.diagnostic(message),
    )
  })
}

test('the mover is killed in each step that has one', async (t) => {
  await runKillScenario(
    (place, names) =>
      MOVER_PLACES.includes(place) ? { ...names, position: 'inside', process: 'mover' } : undefined,
    (message) => t.diagnostic(message),
  )
})
