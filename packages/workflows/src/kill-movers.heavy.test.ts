// The mover is killed in every step that has one.
import { test } from 'node:test'
import { MOVER_PLACES, runKillScenario } from './testing/kill-scenario.ts'

test('the mover is killed in each step that has one', async (t) => {
  await runKillScenario(
    (place, names) =>
      MOVER_PLACES.includes(place) ? { ...names, position: 'inside', process: 'mover' } : undefined,
    (message) => t.diagnostic(message),
  )
})
