// Tells a process from a later one with the same pid.
import { readFileSync } from 'node:fs'
import { errnoName } from '@holdfast/filesystem'

/**
 * Clock ticks since boot at which the process began, in decimal digits. Undefined when there is no
 * such process any more, also when it ended and only waits to be reaped.
 */
export function startTimeOf(pid: number): string | undefined {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch (error) {
    const errno = errnoName(error)
    if (errno === 'ENOENT' || errno === 'ESRCH') return undefined
    throw error
  }
  // The command's name, in parentheses, may itself hold spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state] = fields
  const hasEnded = state === 'Z' || state === 'X' || state === 'x'
  return hasEnded ? undefined : fields[START_TIME_FIELD]
}

/** Field 22 of proc_pid_stat(5), counted from the state, which is field 3. */
const START_TIME_FIELD = 19
