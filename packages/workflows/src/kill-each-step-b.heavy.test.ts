// Every named step is killed once: the other half of them, which takes as long again as the first.
import { test } from 'node:test'
import { FIXED_SEED, killHalf } from './testing/draw-kill.ts'
import { runKillScenario } from './testing/kill-scenario.ts'

test(`killed at each step of the other half, everything finishes by itself (seed ${FIXED_SEED})`, async (t) => {
  await runKillScenario(killHalf(1), (message) => t.diagnostic(message))
})
