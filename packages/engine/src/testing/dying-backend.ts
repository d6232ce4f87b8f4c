// The store as a process sees it that is killed after some writes.
import type { Backend } from '../backend/backend.ts'

export interface DyingBackend extends Backend {
  /** Saves and removals that were done. */
  readonly writes: number
  readonly isDead: boolean
}

export class ProcessDied extends Error {}

/**
 * Lets `writesLeft` saves and removals be done. From then on everything fails, as if the process
 * had been killed between two writes: the store keeps what was done and nothing else happens.
 */
export function dyingBackend(backend: Backend, writesLeft: number): DyingBackend {
  let writes = 0
  let isDead = false

  function assertAlive(): void {
    if (isDead) throw new ProcessDied('the process was killed')
  }

  async function write<Result>(work: () => Promise<Result>): Promise<Result> {
    assertAlive()
    if (writes === writesLeft) {
      isDead = true
      assertAlive()
    }
    writes += 1
    return await work()
  }

  async function read<Result>(work: () => Promise<Result>): Promise<Result> {
    assertAlive()
    return await work()
  }

  return {
    get writes() {
      return writes
    },
    get isDead() {
      return isDead
    },
    url: backend.url,
    connections: backend.connections,
    create: (signal) => backend.create(signal),
    save: (handle, content, signal) => write(() => backend.save(handle, content, signal)),
    remove: (handle, signal) => write(() => backend.remove(handle, signal)),
    load: (handle, range, signal) => read(() => backend.load(handle, range, signal)),
    stat: (handle, signal) => read(() => backend.stat(handle, signal)),
    async *list(kind, signal) {
      assertAlive()
      yield* backend.list(kind, signal)
    },
    listLeftovers: (signal) => read(() => backend.listLeftovers(signal)),
    removeLeftovers: (signal) => read(() => backend.removeLeftovers(signal)),
  }
}
