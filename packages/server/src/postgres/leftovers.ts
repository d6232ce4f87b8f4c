// Clears what a PostgreSQL that was killed left behind.
//
// Its shared memory is not touched: the next start finds the segment by the data directory's inode,
// refuses while a process is attached, and removes it otherwise.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PostgresError } from './postgres-error.ts'
import { findProcessesOf, type ProcessRef, signalProcess, waitForEnd } from './processes.ts'
import type { ServerPlace } from './server-place.ts'

/** Server processes notice within moments that their postmaster is gone, and end by themselves. */
const ORPHANS_END_MS = 3_000
const KILLED_END_MS = 5_000

/** Call only when the postmaster is dead: nothing of it runs afterwards, no file claims that it does. */
export async function clearLeftovers(place: ServerPlace): Promise<void> {
  await clearProcesses(place.dataDirectory, place)
  await rm(join(place.dataDirectory, 'postmaster.pid'), { force: true })
  for (const name of ['.s.PGSQL.5432', '.s.PGSQL.5432.lock']) {
    await rm(join(place.socketDirectory, name), { force: true })
  }
}

/** Waits for processes that use `directory` to end, then ends them. */
export async function clearProcesses(
  directory: string,
  { clusterName }: Pick<ServerPlace, 'clusterName'>,
): Promise<void> {
  const orphans = await findProcessesOf(directory, { clusterName })
  const ended = await Promise.all(orphans.map((orphan) => waitForEnd(orphan, ORPHANS_END_MS)))
  const stubborn = orphans.filter((_, index) => !ended[index])
  const survivors: ProcessRef[] = []
  for (const orphan of stubborn) {
    await signalProcess(orphan, 'SIGKILL')
    if (!(await waitForEnd(orphan, KILLED_END_MS))) survivors.push(orphan)
  }
  if (survivors.length > 0) {
    const pids = survivors.map(({ pid }) => pid)
    throw new PostgresError({ code: 'postgres-processes-left', pids })
  }
}
