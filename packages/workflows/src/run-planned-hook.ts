// Runs one planned hook: planned → running, written down with this start of the service → its
// process → success or failed, written with its output, a line in the task's log and, when it
// failed, an event.
//
// At least once: a service that dies in between leaves the run `running`, and whoever takes the
// task up ends what is left of its process and runs it again.
import {
  type AppFacts,
  claimHookRun,
  endHookRun,
  type HookRun,
  inTransaction,
  readHookSetting,
  recordEvent,
  type StateDetail,
  startHookRun,
  type WorkflowTask,
  writeTaskLog,
} from '@holdfast/db'
import type { HookEnd, HookResult, Platform } from '@holdfast/platforms'
import { OvertakenError } from './heartbeat.ts'
import { type Runtime, uuidFrom } from './runtime.ts'

export interface HookContext {
  readonly runtime: Runtime
  readonly platform: Platform
  readonly app: AppFacts
  readonly task: WorkflowTask
  /** Aborts when the service stops, a cancel was asked or another execution took over. */
  readonly signal: AbortSignal
  /** True when `signal` aborts for a cancel: then the run is over, and will not be taken up. */
  readonly isCancelled: () => boolean
  readonly onStarted: () => Promise<void>
}

export async function runPlannedHook(context: HookContext, run: HookRun): Promise<HookRun> {
  const { runtime, platform, signal } = context
  signal.throwIfAborted()
  if (run.state === 'running') await platform.stopHook(run.id)
  await startHookRun(runtime.database, { id: run.id, boot: runtime.boot })
  await context.onStarted()
  const { timeoutMs } = await readHookSetting(runtime.database, context.task.accountID)
  let result: HookResult
  try {
    result = await platform.runHook(
      {
        id: run.id,
        namespace: run.namespace,
        script: Buffer.from(run.source ?? '', 'base64'),
        arguments: run.arguments,
        environment: environmentOf(context, run),
        mayRunAsRoot: run.mayRunAsRoot,
        timeoutMs,
      },
      signal,
    )
  } catch (error) {
    if (context.isCancelled()) await endInterruptedHook(context, run)
    throw error
  }
  return await recordEnd(context, run, {
    output: result.output,
    ...(result.end.kind === 'exited' ? { exitCode: result.end.exitCode } : {}),
    reason: reasonOf(result.end),
  })
}

/** One that began and that nobody will run to its end any more; its canceller needs not be told. */
export async function endInterruptedHook(
  context: Pick<HookContext, 'runtime' | 'platform' | 'app' | 'task'>,
  run: HookRun,
): Promise<HookRun> {
  await claimHookRun(context.runtime.database, { id: run.id, boot: context.runtime.boot })
  await context.platform.stopHook(run.id)
  return await recordEnd(context, run, {
    output: '',
    reason: 'it was stopped',
    isInterrupted: true,
  })
}

/** `Pre-snapshot execution hook 'flush' failed` */
export function hookTitle(run: Pick<HookRun, 'stage' | 'action' | 'hookName'>): string {
  const stage = run.stage === 'pre' ? 'Pre' : 'Post'
  return `${stage}-${run.action} execution hook '${run.hookName}' failed`
}

const DETAIL_LENGTH_MAX = 511

/** Of a run that failed, as users read it in `hookStateDetails`. */
export function hookStateDetail(run: HookRun): StateDetail {
  const what = `Execution hook '${run.hookName}' in namespace ${run.namespace}: ${run.reason}.`
  const output = run.output.trim()
  const room = DETAIL_LENGTH_MAX - what.length - ' Its output ends: '.length
  const end = room < 20 || output === '' ? '' : ` Its output ends: ${lastOf(output, room)}`
  return {
    type: 'urn:holdfast:failure:hook-failed',
    title: `${run.stage}-${run.action} hook failed`,
    detail: `${what}${end}`.slice(0, DETAIL_LENGTH_MAX).toWellFormed(),
  }
}

function lastOf(text: string, length: number): string {
  return text.length <= length ? text : `…${text.slice(text.length - length + 1)}`.toWellFormed()
}

function environmentOf({ app, task }: HookContext, run: HookRun): Record<string, string> {
  return {
    HOLDFAST_APP_ID: app.id,
    HOLDFAST_APP_NAME: app.name,
    HOLDFAST_NAMESPACE: run.namespace,
    HOLDFAST_HOOK_ID: run.hookID,
    HOLDFAST_HOOK_NAME: run.hookName,
    HOLDFAST_HOOK_ACTION: run.action,
    HOLDFAST_HOOK_STAGE: run.stage,
    HOLDFAST_TASK_ID: task.id,
    // The snapshot, the backup, or the app that is restored.
    HOLDFAST_RESOURCE_ID: task.resourceID,
  }
}

/** Undefined: it went well. */
function reasonOf(end: HookEnd): string | undefined {
  switch (end.kind) {
    case 'exited':
      return end.exitCode === 0 ? undefined : `it ended with exit code ${end.exitCode}`
    case 'killed':
      return `it was ended by ${end.signal}`
    case 'timed-out':
      return `it did not end within ${Math.round(end.timeoutMs / 1000)} seconds and was stopped`
    case 'refused':
      return `it was not started: ${end.reason}`
    default: {
      const never: never = end
      return never
    }
  }
}

interface Ended {
  readonly output: string
  readonly exitCode?: number
  readonly reason: string | undefined
  readonly isInterrupted?: true
}

async function recordEnd(
  { runtime, app, task }: Pick<HookContext, 'runtime' | 'app' | 'task'>,
  run: HookRun,
  { output, exitCode, reason, isInterrupted }: Ended,
): Promise<HookRun> {
  const state = reason === undefined ? 'success' : 'failed'
  const ended = { ...run, state, exitCode, output, reason, source: undefined } as const
  await inTransaction(runtime.database, async (transaction) => {
    const isOurs = await endHookRun(transaction, {
      id: run.id,
      boot: runtime.boot,
      state,
      output,
      ...(exitCode === undefined ? {} : { exitCode }),
      ...(reason === undefined ? {} : { reason }),
    })
    // What another service ended has not run: it is that one's to run now.
    if (!isOurs) throw new OvertakenError(`Another service took over the hook ${run.hookName}.`)
    await writeTaskLog(transaction, {
      taskID: task.id,
      level: state === 'success' ? 'info' : 'error',
      message: logLineOf(ended),
    })
    if (state === 'success' || isInterrupted === true) return
    await recordEvent(transaction, {
      id: uuidFrom('hook failed', run.id),
      accountID: task.accountID,
      name: 'holdfast.hook.failed',
      summary: hookTitle(run),
      description: hookStateDetail(ended).detail,
      source: 'hooks',
      severity: 'warning',
      class: 'system',
      eventTime: runtime.now(),
      correlationID: task.id,
      resourceID: run.hookID,
      resourceName: 'executionHook',
      additionalResourceIDs: [task.resourceID],
      correctiveAction: `Read the hook's output in the log of the task ${task.id} and mend its script, or disable the hook.`,
      isNotification: true,
      appID: app.id,
    })
  })
  return ended
}

function logLineOf(run: HookRun): string {
  const how = run.state === 'success' ? 'succeeded' : `failed: ${run.reason}`
  const output = run.output === '' ? '' : `\n${run.output}`
  return `The ${run.stage}-${run.action} hook '${run.hookName}' in ${run.namespace} ${how}.${output}`
}
