// Finds a mover whose process id nobody wrote down: its id stands in its environment.
import { readdirSync, readFileSync } from 'node:fs'
import { errnoName } from '@holdfast/filesystem'
import type { MoverRef, MoverToStop } from '../platform.ts'
import { startTimeOf } from './process-start-time.ts'
import { stopProcess } from './stop-process.ts'

/** Set for every mover that is started; no secret. */
export const MOVER_ID_VARIABLE = 'HOLDFAST_MOVER_ID'

/** Ends the mover that `mover` means, wherever its process is; resolves when it is gone. */
export async function stopMoverProcess(mover: MoverToStop): Promise<void> {
  const { id, pid, startTime } = mover
  if (pid !== undefined && startTime !== undefined) return await stopProcess({ id, pid, startTime })
  for (const found of findMovers(id)) await stopProcess(found)
}

function findMovers(id: string): MoverRef[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.map(Number).flatMap((pid) => {
    if (!environmentOf(pid).includes(`${MOVER_ID_VARIABLE}=${id}`)) return []
    const startTime = startTimeOf(pid)
    return startTime === undefined ? [] : [{ id, pid, startTime }]
  })
}

/** Empty for a process that is gone or another user's: our movers run as we do. */
function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0')
  } catch (error) {
    if (errnoName(error) === undefined) throw error
    return []
  }
}
