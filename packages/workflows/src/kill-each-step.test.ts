// Every named step is killed once, at a position and in a process drawn from a fixed seed.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { KILL_POSITIONS } from './testing/kill-plan.ts'
import { MOVER_PLACES, placesNeverPassed, runKillScenario } from './testing/kill-scenario.ts'

const SEED = 'holdfast 1'

test('every step of STEP_NAMES is passed', () => {
  assert.deepEqual(placesNeverPassed(), [])
})

test(`killed at each step, everything finishes by itself (seed ${SEED})`, async (t) => {
  await runKillScenario(
    (place, names) => {
      const draw = createHash('sha256').update(`${SEED} ${place}`).digest()
      const isMover = MOVER_PLACES.includes(place) && (draw[1] ?? 0) % 3 === 0
      const position = KILL_POSITIONS[(draw[0] ?? 0) % KILL_POSITIONS.length] ?? 'before'
      return { ...names, position, process: isMover ? 'mover' : 'service' }
    },
    (message) => t.diagnostic(message),
  )
})
