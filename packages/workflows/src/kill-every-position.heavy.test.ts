// The service is killed at every step, at each position of it: only where that is asked for, since
// in time each position has its turn in `kill-each-step-….heavy.test.ts`.
import { test } from 'node:test'
import { NOT_EVERY_POSITION } from './testing/draw-kill.ts'
import { KILL_POSITIONS } from './testing/kill-plan.ts'
import { runKillScenario } from './testing/kill-scenario.ts'

for (const position of KILL_POSITIONS) {
  test(`the service is killed at each step: ${position}`, {
    skip: NOT_EVERY_POSITION,
  }, async (t) => {
    await runKillScenario(
      (_place, names) => ({ ...names, position, process: 'service' }),
      (message) => t.diagnostic(message),
    )
  })
}
