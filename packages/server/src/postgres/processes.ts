// Finds and ends the processes of a database directory, whoever started them.
import { readdir, readFile, readlink } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

/** A process that cannot be mistaken for a later one with the same id. */
export interface ProcessRef {
  readonly pid: number
  /** Clock ticks since boot, field 22 of `/proc/<pid>/stat`. */
  readonly startTime: string
}

const POLL_MS = 50

/** Undefined when there is no such process, or only its unreaped rest. */
export async function findProcess(pid: number): Promise<ProcessRef | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined)
  if (stat === undefined) return undefined
  // The second field, the name, may hold spaces and parentheses: fields count from its end.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, startTime] = [fields[0], fields[19]]
  return state === 'Z' || state === 'X' || startTime === undefined ? undefined : { pid, startTime }
}

export async function isAlive(process: ProcessRef): Promise<boolean> {
  return (await findProcess(process.pid))?.startTime === process.startTime
}

/** Arguments as the process was started with; titles that PostgreSQL sets are the first one. */
export async function commandOf(pid: number): Promise<string[]> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  return text.split('\0').slice(0, -1)
}

/** A path to the program, or the title that a process of the server gives itself. */
const IS_SERVER_PROGRAM = /(^|\/)(postgres|initdb)$|^postgres: /

/**
 * Every process of the server that works in `directory` (PostgreSQL's all do), has it as an argument, or carries
 * `clusterName` in its title. The last two are readable where `/proc/<pid>/cwd` is not: in a
 * container without CAP_SYS_PTRACE, for processes of another user.
 */
export async function findProcessesOf(
  directory: string,
  { clusterName }: { readonly clusterName: string },
): Promise<ProcessRef[]> {
  const found: ProcessRef[] = []
  for (const name of await readdir('/proc')) {
    const pid = Number(name)
    if (!Number.isSafeInteger(pid) || pid === process.pid) continue
    const command = await commandOf(pid)
    // Not everything that works there is the server's: an administrator's shell may.
    if (!IS_SERVER_PROGRAM.test(command[0] ?? '')) continue
    const workingDirectory = await readlink(`/proc/${pid}/cwd`).catch(() => undefined)
    const isOurs =
      workingDirectory === directory ||
      workingDirectory === `${directory} (deleted)` ||
      command.includes(directory) ||
      command[0]?.startsWith(`postgres: ${clusterName}: `) === true
    const ref = isOurs ? await findProcess(pid) : undefined
    if (ref !== undefined) found.push(ref)
  }
  return found
}

/** True when it has ended within `timeoutMs`. */
export async function waitForEnd(process: ProcessRef, timeoutMs: number): Promise<boolean> {
  const polls = Math.ceil(timeoutMs / POLL_MS)
  for (let poll = 0; poll <= polls; poll++) {
    if (!(await isAlive(process))) return true
    await delay(POLL_MS)
  }
  return false
}

export async function signalProcess(ref: ProcessRef, signal: NodeJS.Signals): Promise<void> {
  if (!(await isAlive(ref))) return
  try {
    process.kill(ref.pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
