// Ends a mover's process: politely, after a bounded time by force.
import { setTimeout as delay } from 'node:timers/promises'
import { errnoName } from '@holdfast/filesystem'
import type { MoverRef } from '../platform.ts'
import { startTimeOf } from './process-start-time.ts'

/** Resolves when the process that `ref` means has ended; at once when it is another by now. */
export async function stopProcess(ref: MoverRef): Promise<void> {
  if (!isRunning(ref)) return
  signalGroup(ref, 'SIGTERM')
  if (await hasEndedWithin(ref, TERMINATION_GRACE_MS)) return
  signalGroup(ref, 'SIGKILL')
  // Nothing outlives SIGKILL but a process inside a system call that the disk does not answer.
  while (isRunning(ref)) await delay(POLL_MS)
}

/** A mover ends within this time and leaves its repository clean. */
const TERMINATION_GRACE_MS = 10_000
const POLL_MS = 20

function isRunning({ pid, startTime }: MoverRef): boolean {
  return startTimeOf(pid) === startTime
}

async function hasEndedWithin(ref: MoverRef, timeoutMs: number): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < timeoutMs; waitedMs += POLL_MS) {
    if (!isRunning(ref)) return true
    await delay(POLL_MS)
  }
  return !isRunning(ref)
}

/**
 * A mover leads a process group of its own, whose other members are its children. One that was
 * found by its id may be such a child, and leads none.
 */
function signalGroup({ pid }: MoverRef, signal: NodeJS.Signals): void {
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, signal)
    } catch (error) {
      if (errnoName(error) !== 'ESRCH') throw error
    }
  }
}
