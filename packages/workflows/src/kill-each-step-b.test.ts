// Every named step is killed once: the other half of them.
import { test } from 'node:test'
import { killHalf, SEED } from './testing/draw-kill.ts'
import { runKillScenario } from './testing/kill-scenario.ts'

test(`killed at each step of the other half, everything finishes by itself (seed ${SEED})`, async (t) => {
  await runKillScenario(killHalf(1), (message) => t.diagnostic(message))
})
