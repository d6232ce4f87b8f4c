// Finds and ends the processes of a hook run.
//
// A hook leads a session of its own; its processes are those of the session. What left the session
// is known by the run's id in its environment, as is the leader after the service that started it
// died. Somebody else's process that carries the id can only give itself away: a session is
// searched only when its leader carries the id.
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { errnoName } from '@holdfast/filesystem'

/** Set for every process of a hook; no secret. */
export const HOOK_RUN_VARIABLE = 'HOLDFAST_HOOK_RUN_ID'

/** For a hook to end by itself after SIGTERM. */
const TERMINATION_GRACE_MS = 5000
/** For the kernel to end it after SIGKILL: what hangs in a dead file system never does. */
const KILL_GRACE_MS = 10_000
const POLL_MS = 20

export interface HookProcesses {
  /** The session's id, where it is known. */
  readonly session: number | undefined
  /** The run's id; undefined leaves alone what left the session. */
  readonly runID: string | undefined
}

/**
 * SIGTERM, a bounded time, SIGKILL, a bounded time. Resolves when none of them is left that can be
 * ended.
 */
export async function endHookProcesses(processes: HookProcesses): Promise<void> {
  const asked = new Set<number>()
  for (let waitedMs = 0; waitedMs < TERMINATION_GRACE_MS; waitedMs += POLL_MS) {
    const found = find(processes)
    if (found.length === 0) return
    // One that was forked while its parent was asked is asked now.
    signalAll(
      found.filter((pid) => !asked.has(pid)),
      'SIGTERM',
    )
    for (const pid of found) asked.add(pid)
    await delay(POLL_MS)
  }
  for (let waitedMs = 0; waitedMs < KILL_GRACE_MS; waitedMs += POLL_MS) {
    if (signalAll(find(processes), 'SIGKILL') === 0) return
    await delay(POLL_MS)
  }
}

/** How many it reached. One that became another user may be out of a plain user's reach. */
function signalAll(pids: readonly number[], signal: NodeJS.Signals): number {
  return pids.filter((pid) => {
    try {
      return process.kill(pid, signal)
    } catch (error) {
      const errno = errnoName(error)
      if (errno !== 'ESRCH' && errno !== 'EPERM') throw error
      return false
    }
  }).length
}

interface FoundProcess {
  readonly pid: number
  readonly session: number
}

function find({ session, runID }: HookProcesses): number[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => lookAt(Number(name)) ?? [])
  const carriers = runID === undefined ? [] : all.filter(({ pid }) => carries(pid, runID))
  const sessions = new Set(carriers.filter((one) => one.pid === one.session).map(({ pid }) => pid))
  if (session !== undefined) sessions.add(session)
  const pids = all.filter((one) => sessions.has(one.session)).map(({ pid }) => pid)
  return [...new Set([...pids, ...carriers.map(({ pid }) => pid)])]
}

/** Undefined for one that has ended, also when it only waits to be reaped. */
function lookAt(pid: number): FoundProcess | undefined {
  const text = readOf(pid, 'stat')
  // The command's name, in parentheses, may itself hold spaces and parentheses.
  const [state, , , session] = text.slice(text.lastIndexOf(')') + 2).split(' ')
  if (session === undefined || state === undefined || /^[ZXx]$/.test(state)) return undefined
  return { pid, session: Number(session) }
}

function carries(pid: number, runID: string): boolean {
  return readOf(pid, 'environ').split('\0').includes(`${HOOK_RUN_VARIABLE}=${runID}`)
}

/** Empty for a process that is gone, or that we may not look at: then it is none that we started. */
function readOf(pid: number, name: 'stat' | 'environ'): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1')
  } catch (error) {
    if (errnoName(error) === undefined) throw error
    return ''
  }
}
