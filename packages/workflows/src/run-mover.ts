// Runs one job in a mover and waits for its end.
//
// States: written down (obligation without a process) → started (obligation with pid and start
// time) → ended (the last event is here) → settled (obligation deleted). A service that dies in
// between leaves the obligation: the next start ends the process, waits for it and removes the
// locks that it left in repositories.
import {
  deleteObligation,
  insertObligation,
  type NewObligation,
  type TaskProgress,
  updateObligationDetail,
} from '@holdfast/db'
import type {
  MoverEvent,
  MoverFailure,
  MoverJob,
  MoverJobKind,
  MoverResults,
} from '@holdfast/domain'
import type { Platform, RunningMover } from '@holdfast/platforms'
import { endCommandOf, endMover, type MoverDetail, settleMover } from './mover-obligation.ts'
import type { MoverSlot } from './mover-slots.ts'
import type { Runtime } from './runtime.ts'
import { WorkflowError } from './workflow-failure.ts'

export interface MoverContext {
  readonly runtime: Runtime
  readonly platform: Platform
  readonly clusterID: string
  readonly workflowID: string
  readonly taskID: string | undefined
  /** `/<namespace>/<key>`, named in failures. */
  readonly volume?: string
  /** Stops the mover; what it aborts with is what `runMover` then throws. */
  readonly signal: AbortSignal
  readonly onProgress?: (progress: TaskProgress) => void
  /** The mover waits for a foreign lock; undefined when it goes on. */
  readonly onWaiting?: (message: string | undefined) => Promise<void>
  /** The command of a stream moves nothing, and nobody knows for how long: others go on. */
  readonly onStalled?: () => Promise<void>
  /** Called right before the process is started; when it fails, nothing is started. */
  readonly onStarting?: () => Promise<void>
  /** Called when the process could not be started. */
  readonly onNotStarted?: () => Promise<void>
  /** Called when the process has started: a named inner point for tests. */
  readonly onStarted?: () => Promise<void>
  /** Called with what the job failed with, also when `signal` ended it. */
  readonly onFailed?: (failed: FailedEvent) => Promise<void>
}

export type FailedEvent = Extract<MoverEvent, { readonly event: 'failed' }>

type JobOf<Kind extends MoverJobKind> = Extract<MoverJob, { readonly kind: Kind }>

/** Fails with the mover's failure as a `WorkflowError`. */
export async function runMover<Kind extends MoverJobKind>(
  context: MoverContext & {
    /** Called with what the job answered, before its obligation is settled. */
    readonly onResult?: (result: MoverResults[Kind]) => Promise<void>
  },
  job: JobOf<Kind>,
): Promise<MoverResults[Kind]> {
  const { runtime, signal } = context
  signal.throwIfAborted()
  const slot = await runtime.moverSlots.take(signal)
  const obligation = newObligation(context, job)
  let last: LastEvent
  try {
    await context.onStarting?.()
    const mover = await start(context, obligation, job)
    last = await follow({ context, job, obligation, slot, mover })
  } finally {
    slot.give()
  }
  if (last.event === 'result') {
    const result = last.result as MoverResults[Kind]
    await context.onResult?.(result)
    await deleteObligation(runtime.database, obligation.id)
    return result
  }
  // One that was killed because it did not stop in time has left its lock, too. A service that
  // stops has no time for that: most of its movers that say nothing had not begun.
  const mayHaveLeftLocks = last.isUnanswered === true && !runtime.closing.aborted
  if (last.failure.code === 'mover-died' || mayHaveLeftLocks) {
    await clearAfterDeath(context, obligation)
  } else {
    await endCommandOf(context.platform, obligation.detail)
    await deleteObligation(runtime.database, obligation.id)
  }
  await context.onFailed?.(last)
  signal.throwIfAborted()
  throw failed(context, last.failure)
}

type LastEvent = Extract<MoverEvent, { readonly event: 'result' }> | FailedEvent

type OwedMover = NewObligation & { readonly detail: MoverDetail }

async function start(
  { runtime, platform, onNotStarted }: MoverContext,
  obligation: OwedMover,
  job: MoverJob,
): Promise<RunningMover> {
  try {
    await insertObligation(runtime.database, obligation)
    return await platform.startMover(obligation.id, job)
  } catch (error) {
    await endMover(platform, { id: obligation.id }, obligation.detail)
    await onNotStarted?.()
    throw error
  }
}

interface FollowInput {
  readonly context: MoverContext
  readonly job: MoverJob
  readonly obligation: OwedMover
  readonly slot: MoverSlot
  readonly mover: RunningMover
}

async function follow({ context, job, obligation, slot, mover }: FollowInput): Promise<LastEvent> {
  const { runtime, platform, signal } = context
  let hasEnded = false
  try {
    await updateObligationDetail(runtime.database, obligation.id, {
      ...obligation.detail,
      pid: mover.ref.pid,
      startTime: mover.ref.startTime,
    } satisfies MoverDetail)
    await context.onStarted?.()
    let last: LastEvent | undefined
    let isWaiting = false
    for await (const event of withStall(mover.events(signal), { context, job, slot })) {
      const waits = isWaitingForLock(event)
      if (isWaiting && !waits) await context.onWaiting?.(undefined)
      if (waits) slot.give()
      isWaiting = waits
      if (event.event === 'result' || event.event === 'failed') last = event
      else await pass(context, event)
    }
    hasEnded = true
    if (last?.event === 'failed') {
      const fields = { job: job.kind, failure: last.failure, stderr: mover.stderrTail() }
      runtime.log.warn('A mover failed', fields)
    }
    if (last === undefined) throw new Error('The mover ended without a last event.')
    return last
  } finally {
    // What failed is ours (the database, the platform): the process must not outlive it.
    if (!hasEnded) await endMover(platform, { id: obligation.id }, obligation.detail)
  }
}

/**
 * A mover whose command hangs takes no processor, and its memory is what an idle one has. Without
 * this a few hanging commands would keep everything else from being done for as long as they hang.
 */
async function* withStall(
  events: AsyncIterable<MoverEvent>,
  { context, job, slot }: Pick<FollowInput, 'context' | 'job' | 'slot'>,
): AsyncGenerator<MoverEvent> {
  const { runtime, onStalled } = context
  const onStall = () => {
    slot.give()
    onStalled?.().catch((error: unknown) => {
      runtime.log.warn('The turn of a hanging command is not given back', { reason: String(error) })
    })
  }
  const stallMs = runtime.commandStallMs ?? COMMAND_STALL_MS
  const timer = commandIDOf(job) === undefined ? undefined : setTimeout(onStall, stallMs)
  try {
    for await (const event of events) {
      timer?.refresh()
      yield event
    }
  } finally {
    clearTimeout(timer)
  }
}

/** Longer than a store that is slow or away for a moment keeps a command waiting. */
const COMMAND_STALL_MS = 120_000

async function pass(context: MoverContext, event: MoverEvent): Promise<void> {
  switch (event.event) {
    case 'scanned':
      context.onProgress?.({ bytesDone: 0, totalBytes: event.bytes })
      break
    case 'progress':
      context.onProgress?.({ bytesDone: event.bytesDone, totalBytes: event.totalBytes })
      break
    case 'warning':
      if (event.warning.code === 'waiting-for-lock') {
        await context.onWaiting?.(event.warning.message)
      }
      break
    case 'result':
    case 'failed':
      break
    default: {
      const never: never = event
      return never
    }
  }
}

function isWaitingForLock(event: MoverEvent): boolean {
  return event.event === 'warning' && event.warning.code === 'waiting-for-lock'
}

/** Its locks in repositories go with it; what cannot be done now is done by the sweep. */
async function clearAfterDeath(context: MoverContext, obligation: OwedMover): Promise<void> {
  try {
    await settleMover(context.runtime, context.platform, obligation.id)
  } catch (error) {
    context.runtime.log.warn('What a mover left could not be cleared yet', {
      reason: String(error),
    })
  }
}

function newObligation(context: MoverContext, job: MoverJob): OwedMover {
  const { runtime } = context
  const repositoryIDs = repositoryIDsOf(job)
  const commandID = commandIDOf(job)
  return {
    id: runtime.randomUUID(),
    taskID: context.taskID,
    workflowID: context.workflowID,
    boot: runtime.boot,
    clusterID: context.clusterID,
    kind: 'mover',
    resource: `repository:${repositoryIDs[0] ?? 'new'}`,
    detail: {
      job: job.kind,
      repositoryIDs,
      lockHostname: runtime.lockHostname,
      ...(commandID === undefined ? {} : { commandID }),
    },
  }
}

function commandIDOf(job: MoverJob): string | undefined {
  if (job.kind === 'stream-backup') return job.source.id
  return job.kind === 'stream-restore' ? job.target.id : undefined
}

function repositoryIDsOf(job: MoverJob): string[] {
  if (job.kind === 'init' || job.kind === 'verify') return []
  if (job.kind === 'copy') return [job.from.id, job.to.id]
  return [job.repository.id]
}

function failed(context: MoverContext, failure: MoverFailure): WorkflowError {
  return new WorkflowError({
    ...failure,
    ...(context.volume === undefined ? {} : { volume: context.volume }),
  })
}
