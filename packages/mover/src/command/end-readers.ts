// Ends the processes that could still see the end of a command's input.
//
// Some of them are in no session or group that is known here: `su -c` begins a session of its own
// for its program, `timeout` a group. What they read tells them from all others.
import { fstatSync, lstatSync, readdirSync, readlinkSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { errnoName } from '@holdfast/filesystem'

/** For the kernel to end what got SIGKILL: what hangs in a dead file system never does. */
const KILL_MS = 2000
const POLL_MS = 20

/** How the kernel names what is open at `handle`, an end of a pipe: the same at both ends. */
export function nameOfPipe(handle: number): string {
  return `pipe:[${fstatSync(handle, { bigint: true }).ino}]`
}

/** Resolves when none is left, or none that can be ended. */
export async function endReaders(pipeName: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < KILL_MS; waitedMs += POLL_MS) {
    // Again and again: one that was forked meanwhile is not spared.
    const killed = readersOf(pipeName).filter(kill)
    if (killed.length === 0) return
    await delay(POLL_MS)
  }
}

function kill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL')
  } catch (error) {
    const errno = errnoName(error)
    if (errno !== 'ESRCH' && errno !== 'EPERM') throw error
    return false
  }
}

function readersOf(pipeName: string): number[] {
  return namesIn('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => namesIn(`/proc/${pid}/fd`).some((fd) => reads(`/proc/${pid}/fd/${fd}`)))
    .map(Number)

  function reads(path: string): boolean {
    try {
      // The link's own mode says for what it is open (proc(5)); we and the guard hold the other end.
      return readlinkSync(path) === pipeName && (lstatSync(path).mode & 0o400) !== 0
    } catch (error) {
      if (errnoName(error) === undefined) throw error
      return false
    }
  }
}

/** None of a process that is gone, or that we may not look at: then we may not end it either. */
function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (errnoName(error) === undefined) throw error
    return []
  }
}
