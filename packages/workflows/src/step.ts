// The only way in which a workflow changes the world: a named, durable, observed step.
//
// A step passes `before` (nothing done) → its work, perhaps more than once → `inside` (`done`: the
// effect is complete, nothing recorded) → recorded by DBOS → `after`. A crash at any of these
// places repeats it from `before`; so its work is idempotent. Each try first asks whether this
// execution still is the one that may write and whether a cancel was asked.
//
// Retries are made here and not by DBOS, whose own pause cannot be ended by a cancel or a stop of
// the service and whose error hides the failure.
import { setTimeout as delay } from 'node:timers/promises'
import { DBOS } from '@dbos-inc/dbos-sdk'
import { endTaskStep, startTaskStep, type TaskProgress, type TaskStepRef } from '@holdfast/db'
import type { Execution } from './execution.ts'
import { logTask } from './execution.ts'
import { sentencesOf } from './failure-sentence.ts'
import { OvertakenError, type ProgressWriter, startHeartbeat } from './heartbeat.ts'
import { park, track } from './runtime.ts'
import type { StepName } from './step-names.ts'
import type { StepPosition } from './step-observer.ts'
import { failureOf, isRetryable, WorkflowError, type WorkflowFailure } from './workflow-failure.ts'

export interface StepScope {
  readonly execution: Execution
  readonly step: StepName
  /** Aborts when the service stops, a cancel was asked or another execution took over. */
  readonly signal: AbortSignal
  /** A named inner point, where tests may stop or kill the process. */
  point(name: string): Promise<void>
  /** Written with the next look at the task, at most once a second. */
  report(progress: TaskProgress): void
}

export interface StepOptions {
  /** True for what undoes, fails or ends: it runs although a cancel was asked. */
  readonly isShielded?: boolean
  readonly writeProgress?: ProgressWriter
}

/** Of one step, for failures that pass. A database that is away is waited for much longer. */
const TRIES_MAX = 4
const DATABASE_TRIES_MAX = 120
const PAUSE_MS = 500
const PAUSE_MS_MAX = 5000

/** `work` takes and returns small JSON; secrets never. */
export async function step<Result>(
  execution: Execution,
  name: StepName,
  work: (scope: StepScope) => Promise<Result>,
  options: StepOptions = {},
): Promise<Result> {
  const { runtime } = execution
  if (runtime.closing.aborted) return await park()
  let hasRun = false
  const result = await DBOS.runStep(
    async () => {
      hasRun = true
      const outcome = await track(runtime, () => runTries(execution, name, work, options))
      if (outcome === PARKED || runtime.closing.aborted) return await park()
      if (outcome.error !== undefined) throw outcome.error
      return outcome.result as Result
    },
    { name },
  )
  if (hasRun) await observe(execution, name, 'after')
  return result
}

const PARKED = Symbol('parked')

interface Outcome<Result> {
  readonly result?: Result
  readonly error?: Error
}

async function runTries<Result>(
  execution: Execution,
  name: StepName,
  work: (scope: StepScope) => Promise<Result>,
  options: StepOptions,
): Promise<Outcome<Result> | typeof PARKED> {
  const { runtime } = execution
  await observe(execution, name, 'before')
  const position = DBOS.stepID ?? 0
  const visible: TaskStepRef = { taskID: execution.taskID, attempt: execution.attempt, position }
  for (let attempt = 1; ; attempt += 1) {
    if (runtime.closing.aborted) return PARKED
    const stopping = new AbortController()
    const signal = AbortSignal.any([runtime.closing, stopping.signal])
    try {
      const result = await tryOnce({ execution, name, work, options, visible, stopping, signal })
      return { result }
    } catch (error) {
      if (runtime.closing.aborted) return PARKED
      const reason: unknown = stopping.signal.aborted ? stopping.signal.reason : error
      if (reason instanceof OvertakenError) return { error: reason }
      const failure = failureOf(reason)
      if (!mayRetry(failure, attempt)) {
        await recordStepFailure(execution, { name, visible, failure, reason })
        return { error: new WorkflowError(failure, reason) }
      }
      runtime.log.warn('A step failed and is tried again', { step: name, attempt, failure })
      const pause = Math.min(PAUSE_MS * 2 ** (attempt - 1), PAUSE_MS_MAX)
      await delay(pause, undefined, { signal: runtime.closing }).catch(() => undefined)
    }
  }
}

interface TryInput<Result> {
  readonly execution: Execution
  readonly name: StepName
  readonly work: (scope: StepScope) => Promise<Result>
  readonly options: StepOptions
  readonly visible: TaskStepRef
  readonly stopping: AbortController
  readonly signal: AbortSignal
}

async function tryOnce<Result>(input: TryInput<Result>): Promise<Result> {
  const { execution, name, visible, stopping, signal } = input
  const { database } = execution.runtime
  let unwritten: TaskProgress | undefined
  const stopHeartbeat = await startHeartbeat({
    execution,
    isShielded: input.options.isShielded === true,
    writeProgress: input.options.writeProgress,
    takeProgress: () => {
      const taken = unwritten
      unwritten = undefined
      return taken
    },
    stop: (reason) => stopping.abort(reason),
  })
  try {
    signal.throwIfAborted()
    await startTaskStep(database, { ...visible, name })
    const result = await input.work({
      execution,
      step: name,
      signal,
      point: (point) => observe(execution, name, 'inside', point),
      report: (progress) => {
        unwritten = progress
      },
    })
    await observe(execution, name, 'inside', 'done')
    await endTaskStep(database, visible, null)
    return result
  } finally {
    await stopHeartbeat()
  }
}

function mayRetry(failure: WorkflowFailure, attempt: number): boolean {
  if (failure.code === 'database-unreachable') return attempt < DATABASE_TRIES_MAX
  return isRetryable(failure) && attempt < TRIES_MAX
}

interface FailedStep {
  readonly name: StepName
  readonly visible: TaskStepRef
  readonly failure: WorkflowFailure
  readonly reason: unknown
}

async function recordStepFailure(
  execution: Execution,
  { name, visible, failure, reason }: FailedStep,
): Promise<void> {
  // What a user asked for is no error.
  const level = failure.code === 'cancelled' ? 'info' : 'error'
  const stack = failure.code === 'invariant-broken' && reason instanceof Error ? reason.stack : ''
  const message = `Step ${name}: ${sentencesOf(failure).join(' ')}`
  await logTask(execution, level, `${message}${stack === '' ? '' : `\n${stack}`}`)
  await endTaskStep(execution.runtime.database, visible, failure).catch((error: unknown) => {
    execution.runtime.log.warn('The end of a step could not be written', { reason: String(error) })
  })
}

async function observe(
  execution: Execution,
  step: StepName,
  position: StepPosition,
  point?: string,
): Promise<void> {
  const { workflow, workflowID, runtime } = execution
  await runtime.observer?.({
    workflow,
    workflowID,
    step,
    position,
    ...(point === undefined ? {} : { point }),
  })
}
