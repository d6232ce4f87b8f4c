// The service is killed once at each step of one half, at a position that changes with the seed.
import { test } from 'node:test'
import { CHANGING_SEED, killDrawnHalf } from './testing/draw-kill.ts'
import { runKillScenario } from './testing/kill-scenario.ts'

test(`killed at each step of one half (HOLDFAST_KILL_SEED='${CHANGING_SEED}')`, async (t) => {
  await runKillScenario(killDrawnHalf(0), (message) => t.diagnostic(message))
})
