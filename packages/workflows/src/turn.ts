// Waits in the queue of a resource and leaves it again. A turn is an obligation: it survives a
// crash with its workflow and is given back when that ends, whatever happens.
import { setTimeout as delay } from 'node:timers/promises'
import { deleteObligation, requestTurn } from '@holdfast/db'
import { type Runtime, uuidFrom } from './runtime.ts'
import { mayEnter } from './turn-order.ts'

export interface TurnRequest {
  readonly runtime: Runtime
  readonly workflowID: string
  readonly taskID: string | undefined
  /** Tells several turns of one workflow apart. */
  readonly name: string
  /** `repository:<id>`, `app:<id>`, `account:<id>` */
  readonly resource: string
  readonly mode: 'shared' | 'exclusive'
  readonly signal: AbortSignal
  /** Called when the turn does not come at once. */
  readonly onWaiting?: () => Promise<void>
}

const POLL_MS_MIN = 50
const POLL_MS_MAX = 1000

export async function takeTurn(request: TurnRequest): Promise<void> {
  const { runtime } = request
  const turn = newTurn(request)
  for (let pause = POLL_MS_MIN; ; pause = Math.min(pause * 2, POLL_MS_MAX)) {
    request.signal.throwIfAborted()
    if (await requestTurn(runtime.database, turn, mayEnter)) return
    if (pause === POLL_MS_MAX) await request.onWaiting?.()
    await delay(pause, undefined, { signal: request.signal })
  }
}

/** Works if the turn comes at once; otherwise leaves the queue and does nothing. */
export async function withTurnNow(request: TurnRequest, work: () => Promise<void>): Promise<void> {
  try {
    if (await requestTurn(request.runtime.database, newTurn(request), mayEnter)) await work()
  } finally {
    await giveTurn(request)
  }
}

function newTurn(request: TurnRequest) {
  return {
    id: turnID(request),
    taskID: request.taskID,
    workflowID: request.workflowID,
    boot: request.runtime.boot,
    clusterID: undefined,
    resource: request.resource,
    mode: request.mode,
  }
}

export async function giveTurn(
  request: Pick<TurnRequest, 'runtime' | 'workflowID' | 'name' | 'resource'>,
): Promise<void> {
  await deleteObligation(request.runtime.database, turnID(request))
}

/**
 * Works while it is this request's turn. When the service stops, the turn stays with the workflow:
 * the next execution finds it granted.
 */
export async function withTurn<Result>(
  request: TurnRequest,
  work: (giveEarly: () => Promise<void>) => Promise<Result>,
): Promise<Result> {
  await takeTurnOrLeave(request)
  try {
    return await work(() => giveTurn(request))
  } finally {
    if (!request.runtime.closing.aborted) await giveTurn(request)
  }
}

async function takeTurnOrLeave(request: TurnRequest): Promise<void> {
  try {
    await takeTurn(request)
  } catch (error) {
    if (!request.runtime.closing.aborted) await giveTurn(request).catch(() => undefined)
    throw error
  }
}

function turnID(request: Pick<TurnRequest, 'workflowID' | 'name' | 'resource'>): string {
  return uuidFrom('turn', request.workflowID, request.name, request.resource)
}
