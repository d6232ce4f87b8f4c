// Half of the named steps are killed, once each; the long tests kill all of them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FIXED_SEED, killHalfOfSteps } from './testing/draw-kill.ts'
import { placesNeverPassed, runKillScenario } from './testing/kill-scenario.ts'

test('every step of STEP_NAMES is passed', () => {
  assert.deepEqual(placesNeverPassed(), [])
})

test(`killed at half of the steps, everything finishes by itself (seed ${FIXED_SEED})`, async (t) => {
  await runKillScenario(killHalfOfSteps, (message) => t.diagnostic(message))
})
