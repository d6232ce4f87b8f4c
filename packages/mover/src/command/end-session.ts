// Ends the processes of a command's session.
//
// A command leads a session of its own. What left the session means to stay; it is known by the
// command's id in its environment, and whoever started us may end it.
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { errnoName } from '@holdfast/filesystem'

export interface EndSessionOptions {
  /** The session's id, which is that of the command's first process. */
  readonly session: number
  /** For it to end by itself. */
  readonly patienceMs: number
  /** Asked now and then: for as long as it does, nothing of that time passes. */
  readonly isAtWork?: () => boolean
  /** From SIGTERM to SIGKILL; 0 sends SIGKILL at once. */
  readonly terminationMs: number
}

/** For the kernel to end what got SIGKILL: what hangs in a dead file system never does. */
const KILL_MS = 2000
const POLL_MS = 20

/** Resolves when none is left, or none that can be ended. */
export async function endSession(options: EndSessionOptions): Promise<void> {
  const { session, patienceMs, terminationMs, isAtWork } = options
  if (await hasEndedWithin(session, patienceMs, isAtWork)) return
  if (terminationMs > 0) {
    signalSession(session, 'SIGTERM')
    if (await hasEndedWithin(session, terminationMs)) return
  }
  for (let waitedMs = 0; waitedMs < KILL_MS; waitedMs += POLL_MS) {
    // Again and again: one that was forked meanwhile is not spared.
    signalSession(session, 'SIGKILL')
    if (processesOf(session).length === 0) return
    await delay(POLL_MS)
  }
}

async function hasEndedWithin(
  session: number,
  ms: number,
  isAtWork: () => boolean = () => false,
): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < ms; waitedMs += POLL_MS) {
    if (processesOf(session).length === 0) return true
    await delay(POLL_MS)
    if (isAtWork()) waitedMs = 0
  }
  return processesOf(session).length === 0
}

/** The group by its number, at once; then those of the session that lead groups of their own. */
function signalSession(session: number, signal: NodeJS.Signals): void {
  for (const target of [-session, ...processesOf(session)]) {
    try {
      process.kill(target, signal)
    } catch (error) {
      const errno = errnoName(error)
      // One that became another user may be out of a plain user's reach.
      if (errno !== 'ESRCH' && errno !== 'EPERM') throw error
    }
  }
}

function processesOf(session: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => sessionOf(pid) === session)
}

/** Undefined for one that has ended, also when it only waits to be reaped. */
function sessionOf(pid: number): number | undefined {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch (error) {
    if (errnoName(error) === undefined) throw error
    return undefined
  }
  // The command's name, in parentheses, may itself hold spaces and parentheses.
  const [state, , , session] = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return session === undefined || /^[ZXx]$/.test(state ?? '') ? undefined : Number(session)
}
