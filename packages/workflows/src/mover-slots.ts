// How many movers work at the same time in this process: each may take 512 MiB and a processor.
// First come, first served; whoever waits can be told to stop at once, which a place in a queue of
// workflows cannot.

export interface MoverSlot {
  /** For one that ended, or that only waits now. Repeating it is harmless. */
  give(): void
}

export interface MoverSlots {
  take(signal: AbortSignal): Promise<MoverSlot>
  count(): { readonly working: number; readonly waiting: number }
}

export const MOVERS_AT_WORK_MAX = 3

export function createMoverSlots(slotsMax: number): MoverSlots {
  const waiting: (() => void)[] = []
  let taken = 0

  function makeSlot(): MoverSlot {
    taken += 1
    let isGiven = false
    return {
      give() {
        if (isGiven) return
        isGiven = true
        taken -= 1
        waiting.shift()?.()
      },
    }
  }

  return {
    count: () => ({ working: taken, waiting: waiting.length }),
    take(signal) {
      signal.throwIfAborted()
      if (taken < slotsMax) return Promise.resolve(makeSlot())
      return new Promise((resolve, reject) => {
        const enter = () => {
          signal.removeEventListener('abort', leave)
          resolve(makeSlot())
        }
        const leave = () => {
          waiting.splice(waiting.indexOf(enter), 1)
          reject(signal.reason)
        }
        waiting.push(enter)
        signal.addEventListener('abort', leave, { once: true })
      })
    },
  }
}
