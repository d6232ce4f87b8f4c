// Every named step is killed once: one half of them, with those of streams; the long tests do the other.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FIXED_SEED, killHalf } from './testing/draw-kill.ts'
import { placesNeverPassed, runKillScenario } from './testing/kill-scenario.ts'

test('every step of STEP_NAMES is passed', () => {
  assert.deepEqual(placesNeverPassed(), [])
})

test(`killed at each step of one half, everything finishes by itself (seed ${FIXED_SEED})`, async (t) => {
  await runKillScenario(killHalf(0), (message) => t.diagnostic(message))
})
