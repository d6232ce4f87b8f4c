// Processes of a service under test, as /proc shows them.
import { readdirSync, readFileSync } from 'node:fs'

/** Process ids of the movers that the service has started and that still run. */
export function moversOf(servicePID: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter(
      (pid) =>
        parentOf(pid) === servicePID &&
        (readProcess(pid, 'cmdline') ?? '').split('\0').includes('mover'),
    )
}

function parentOf(pid: number): number | undefined {
  // The name in parentheses may hold anything: count from its end.
  const fields = readProcess(pid, 'stat')?.split(') ').at(-1)?.split(' ')
  return fields === undefined ? undefined : Number(fields[1])
}

/** Undefined when the process has ended. */
export function readProcess(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH') return undefined
    throw error
  }
}
