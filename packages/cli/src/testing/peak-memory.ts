// The most memory that a service and its movers ever held, as the kernel counted it (VmHWM).
import { moversOf, readProcess } from './processes.ts'

export interface PeakMemory {
  readonly serviceMiB: number
  readonly moverMiB: number
  /** How many different movers were seen. */
  readonly movers: number
}

export interface PeakMemoryWatch {
  /** Stops watching and answers. */
  end(): PeakMemory
}

const LOOK_MS = 50

/** Looks at the process and its children; a mark that only rises loses little between two looks. */
export function watchPeakMemory(servicePID: number): PeakMemoryWatch {
  const peaks = new Map<number, number>()
  let serviceMiB = 0
  const look = (): void => {
    serviceMiB = Math.max(serviceMiB, peakOf(servicePID) ?? 0)
    for (const pid of moversOf(servicePID)) {
      peaks.set(pid, Math.max(peaks.get(pid) ?? 0, peakOf(pid) ?? 0))
    }
  }
  const timer = setInterval(look, LOOK_MS)
  return {
    end() {
      look()
      clearInterval(timer)
      return { serviceMiB, moverMiB: Math.max(0, ...peaks.values()), movers: peaks.size }
    },
  }
}

/** Undefined when the process has ended. */
function peakOf(pid: number): number | undefined {
  const found = /^VmHWM:\s+(\d+) kB$/m.exec(readProcess(pid, 'status') ?? '')
  return found === null ? undefined : Number(found[1]) / 1024
}
