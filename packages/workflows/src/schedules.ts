// Starts what schedules want, round by round.
import { aimAnew, claimDueSchedules } from './claim-schedules.ts'
import { type Runtime, track } from './runtime.ts'
import { startTask } from './task-starter.ts'

/** Answers the work of one round. Each round compares the clock with the one before. */
export function createScheduler(runtime: Runtime): () => Promise<void> {
  let lastRound: Date | undefined
  return async () => {
    const now = runtime.now()
    if (lastRound === undefined || now < lastRound) {
      // A clock that goes back again and again is followed each time.
      await track(runtime, () => aimAnew(runtime))
    }
    lastRound = now
    const taskIDs = await track(runtime, () => claimDueSchedules(runtime))
    for (const taskID of taskIDs) await startTask(runtime, taskID)
  }
}
