// Runs the service as a program: signals, the ready line, the exit code.

import { isDatabaseError } from '@holdfast/db'
import type { StepObserver } from '@holdfast/workflows'
import type { ServiceConfig } from './config.ts'
import { createLog, type Log } from './log.ts'
import { type RunningService, startService } from './service.ts'

export interface RunServiceOptions {
  readonly config: ServiceConfig
  readonly version: string
  readonly moverCommand: readonly string[]
  readonly moverEnvironment: Readonly<Record<string, string>>
  /** One line for the one who started it; the log goes to standard error. */
  readonly print: (line: string) => void
  readonly observer?: StepObserver
}

/** Longer than movers may take to end (10 s) and PostgreSQL to stop (60 s) together. */
const STOP_MS_MAX = 90_000

/**
 * Resolves with the exit code when the service has ended. A start that fails rejects with an error
 * whose message is meant for people (see `describeStartFailure`).
 */
export async function runService(options: RunServiceOptions): Promise<number> {
  const log = createLog(options.config.logLevel)
  const stopping = new AbortController()
  const stopAsked = Promise.withResolvers<number>()
  const ask = (exitCode: number): void => {
    stopping.abort()
    stopAsked.resolve(exitCode)
  }
  // npm passes SIGTERM on twice, and Ctrl-C reaches us beside that: more of them change nothing.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => ask(0))
  // The terminal that started it may close; the service is no part of it.
  process.on('SIGHUP', () => log.info('SIGHUP is ignored'))
  endOnDefect(log)
  const service = await start(options, { log, signal: stopping.signal, ask })
  if (service === undefined) return 0
  if (service.isFirstStart) for (const line of FIRST_START_LINES) options.print(line)
  options.print(`Holdfast is ready at ${service.url}`)
  const exitCode = await stopAsked.promise
  log.info('stopping')
  return (await stopInTime(service, log)) ? exitCode : 1
}

const FIRST_START_LINES = [
  'This is the first start. Without a recovery kit, a lost host means lost backups. Make one now',
  'with `holdfast recovery-kit > recovery-kit.txt` and keep it away from this machine.',
] as const

interface StartContext {
  readonly log: Log
  readonly signal: AbortSignal
  readonly ask: (exitCode: number) => void
}

/** Undefined when the start was interrupted, after all of it was stopped. */
async function start(
  options: RunServiceOptions,
  { log, signal, ask }: StartContext,
): Promise<RunningService | undefined> {
  const onLost = (reason: string): void => {
    log.fatal({ reason }, 'stopping: this service has lost its place')
    ask(1)
  }
  try {
    return await startService({ ...options, log, onLost, signal })
  } catch (error) {
    if (signal.aborted) {
      log.info('the start was interrupted')
      return undefined
    }
    throw error
  }
}

/** A part that hangs must not keep the process: everything is safe against being killed. */
async function stopInTime(service: RunningService, log: Log): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => {
    log.error({ afterMs: STOP_MS_MAX }, 'the service did not stop in time')
    resolve(false)
  }, STOP_MS_MAX)
  const stopped = service.stop().then(
    () => true,
    (error) => {
      log.error({ err: error }, 'a part could not be stopped cleanly')
      return false
    },
  )
  const isClean = await Promise.race([stopped, late])
  clearTimeout(timer)
  if (isClean) log.info('stopped')
  return isClean
}

/** A broken assumption is logged and ends the process; the next start goes on where it was. */
function endOnDefect(log: Log): void {
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'ending: a defect')
    process.exit(1)
  })
}

const OWN_ERRORS = ['ServerError', 'PostgresError']

/** The message alone of what is meant for people, and everything of what is a defect. */
export function describeStartFailure(error: unknown): string {
  // What stopping the rest added comes second; why it was stopped is what counts.
  if (error instanceof SuppressedError) return describeStartFailure(error.suppressed)
  if (isDatabaseError(error)) return error.message
  if (!(error instanceof Error)) return String(error)
  return OWN_ERRORS.includes(error.name) ? error.message : (error.stack ?? error.message)
}
