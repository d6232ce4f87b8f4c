// A backend that fails as a script says.
import type { Backend, ObjectHandle, ObjectKind } from '../backend/backend.ts'
import { EngineError, type EngineFailure } from '../engine-failure.ts'

export type FaultyOperation = 'save' | 'load' | 'stat' | 'list' | 'remove' | 'removeLeftovers'

export interface Fault {
  readonly operation: FaultyOperation
  /** Any kind when left out. */
  readonly kind?: ObjectKind
  /** Lets this many matching operations pass first. */
  readonly after?: number
  /**
   * `before`: fails and does nothing. `later`: does its work and fails nevertheless, as a lost
   * answer does. `flip-byte`, `truncate`: a load gives damaged bytes. `hang`: waits for the abort.
   */
  readonly effect: 'before' | 'later' | 'flip-byte' | 'truncate' | 'hang'
  /** What `before` and `later` fail with; `backend-unavailable` when left out. */
  readonly failure?: EngineFailure
}

export interface FaultyBackend extends Backend {
  /** Every operation in its order, as `save data/<name>`. */
  readonly operations: readonly string[]
  /** Throws when a declared fault never fired: such a test shows nothing. */
  assertAllFired(): void
}

/** Faults fire in their order: the second waits until the first has fired. */
export function withFaults(backend: Backend, faults: readonly Fault[]): FaultyBackend {
  const script = new FaultScript(backend.url, faults)
  return {
    url: backend.url,
    connections: backend.connections,
    operations: script.operations,
    assertAllFired: () => script.assertAllFired(),
    create: (signal) => backend.create(signal),
    save: (handle, content, signal) =>
      script.run('save', handle, signal, () => backend.save(handle, content, signal)),
    load: (handle, range, signal) =>
      script.load(handle, signal, () => backend.load(handle, range, signal)),
    stat: (handle, signal) =>
      script.run('stat', handle, signal, () => backend.stat(handle, signal)),
    remove: (handle, signal) =>
      script.run('remove', handle, signal, () => backend.remove(handle, signal)),
    listLeftovers: (signal) => backend.listLeftovers(signal),
    removeLeftovers: (signal) =>
      script.run('removeLeftovers', undefined, signal, () => backend.removeLeftovers(signal)),
    async *list(kind, signal) {
      await script.run('list', { kind, name: '' }, signal, async () => undefined)
      yield* backend.list(kind, signal)
    },
  }
}

class FaultScript {
  readonly operations: string[] = []
  readonly #url: string
  readonly #left: Fault[]
  #passed = 0

  constructor(url: string, faults: readonly Fault[]) {
    this.#url = url
    this.#left = [...faults]
  }

  assertAllFired(): void {
    if (this.#left.length === 0) return
    throw new Error(`faults that never fired: ${JSON.stringify(this.#left)}`)
  }

  async run<Result>(
    operation: FaultyOperation,
    handle: ObjectHandle | undefined,
    signal: AbortSignal | undefined,
    work: () => Promise<Result>,
  ): Promise<Result> {
    const fault = this.#next(operation, handle)
    if (fault?.effect === 'hang') await untilAborted(signal)
    if (fault?.effect === 'before') throw this.#errorOf(fault)
    const result = await work()
    if (fault?.effect === 'later') throw this.#errorOf(fault)
    if (fault !== undefined) throw new Error(`${fault.effect} is for load only`)
    return result
  }

  async load(
    handle: ObjectHandle,
    signal: AbortSignal | undefined,
    work: () => Promise<Buffer>,
  ): Promise<Buffer> {
    const fault = this.#next('load', handle)
    if (fault?.effect === 'hang') await untilAborted(signal)
    if (fault?.effect === 'before') throw this.#errorOf(fault)
    const bytes = await work()
    if (fault?.effect === 'later') throw this.#errorOf(fault)
    if (fault?.effect === 'truncate') return bytes.subarray(0, bytes.length >> 1)
    if (fault?.effect === 'flip-byte') bytes[bytes.length >> 1]! ^= 1
    return bytes
  }

  #next(operation: FaultyOperation, handle: ObjectHandle | undefined): Fault | undefined {
    this.operations.push(`${operation} ${handle === undefined ? '' : handle.kind}/${handle?.name}`)
    const fault = this.#left[0]
    if (fault === undefined || fault.operation !== operation) return undefined
    if (fault.kind !== undefined && fault.kind !== handle?.kind) return undefined
    this.#passed += 1
    if (this.#passed <= (fault.after ?? 0)) return undefined
    this.#left.shift()
    this.#passed = 0
    return fault
  }

  #errorOf({ failure }: Fault): EngineError {
    const reason = 'the test said so'
    return new EngineError(failure ?? { code: 'backend-unavailable', url: this.#url, reason })
  }
}

function untilAborted(signal: AbortSignal | undefined): Promise<never> {
  if (signal === undefined) throw new Error('a fault that hangs needs a signal')
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
