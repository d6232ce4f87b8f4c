// The mover program: one job in, events out.
//
// It reads its job, runs it, and writes one last event, `result` or `failed`. SIGTERM, SIGINT and
// the end of stdin (whoever started us is gone) stop the job: it writes nothing more, gives its
// lock back and fails with `stopped`. A job that does not stop in time is left where it is; what
// it wrote is either whole or invisible, and whoever started us removes its lock.
import { availableParallelism, userInfo } from 'node:os'
import type { Readable, Writable } from 'node:stream'
import type { MoverEvent, MoverJob, MoverJobKind } from '@holdfast/domain'
import { secureRandomBytes, systemClock } from '@holdfast/engine'
import { type EventReporter, startReporter } from './event-reporter.ts'
import type { JobContext } from './job-context.ts'
import type { JobTable } from './jobs/job-of.ts'
import { JOBS } from './jobs/job-table.ts'
import { moverFailureOf } from './mover-error.ts'
import { readJob } from './read-job.ts'

export interface MoverOptions {
  readonly stdin: Readable
  readonly stdout: Writable
}

/** Whoever stops us kills us after ten seconds. */
const STOP_MS_MAX = 8_000
/** More threads than these only add memory (each some 30 MiB). */
const WORKERS_MAX = 4
const READERS_MAX = 2

/**
 * Runs one job and answers the exit code: 0 after `result`, 1 after `failed`. The caller ends the
 * process with it, since a job that was abandoned may still be at work. Rejects only on a defect.
 */
export async function runMover({ stdin, stdout }: MoverOptions): Promise<0 | 1> {
  const stop = new AbortController()
  const onSignal = () => stop.abort(new StoppedError())
  // Without a listener each of these would end the process at once, with the lock left behind.
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  // A reader that is gone cannot be told; the end of stdin says the same and stops us.
  stdout.on('error', onSignal)
  const reporter = startReporter(stdout)
  try {
    const input = readJob(stdin)
    input.ended.then(onSignal)
    const work = input.job.then((job) => runJob(job, contextOf(reporter, stop.signal)))
    return await finish(reporter, await outcomeOf(work, stop.signal))
  } finally {
    process.off('SIGTERM', onSignal)
    process.off('SIGINT', onSignal)
    stdin.destroy()
  }
}

type LastEvent = Extract<MoverEvent, { readonly event: 'result' | 'failed' }>

class StoppedError extends Error {
  constructor() {
    super('the mover was stopped')
    this.name = 'StoppedError'
  }
}

class AbandonedError extends Error {
  constructor() {
    super('the job did not stop in time')
    this.name = 'AbandonedError'
  }
}

function contextOf(reporter: EventReporter, signal: AbortSignal): JobContext {
  const threads = availableParallelism()
  return {
    clock: systemClock,
    randomBytes: secureRandomBytes,
    process: {
      username: userName(),
      pid: process.pid,
      uid: process.getuid?.() ?? 0,
      gid: process.getgid?.() ?? 0,
    },
    reporter,
    workers: Math.min(threads, WORKERS_MAX),
    readers: Math.min(threads, READERS_MAX),
    signal,
  }
}

/** A user id without a name, as in many containers, is no reason to fail. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return String(process.getuid?.() ?? '')
  }
}

async function runJob<Kind extends MoverJobKind>(
  job: Extract<MoverJob, { readonly kind: Kind }>,
  context: JobContext,
): Promise<LastEvent> {
  context.signal.throwIfAborted()
  const run = JOBS[job.kind] as JobTable[Kind]
  return { event: 'result', result: await run(job, context) }
}

async function outcomeOf(work: Promise<LastEvent>, stop: AbortSignal): Promise<LastEvent> {
  try {
    return await Promise.race([work, tooLongAfter(stop)])
  } catch (error) {
    if (stop.aborted) {
      const isAbandoned = error instanceof AbandonedError
      const failed = { event: 'failed', failure: { code: 'stopped' } } as const
      return isAbandoned ? { ...failed, isUnanswered: true } : failed
    }
    const failure = moverFailureOf(error)
    if (failure === undefined) throw error
    return { event: 'failed', failure }
  }
}

/** Rejects some time after `stop`, in which the job should have ended by itself. */
function tooLongAfter(stop: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const give = () => setTimeout(() => reject(new AbandonedError()), STOP_MS_MAX).unref()
    if (stop.aborted) give()
    else stop.addEventListener('abort', give, { once: true })
  })
}

async function finish(reporter: EventReporter, last: LastEvent): Promise<0 | 1> {
  await reporter.finish(last)
  return last.event === 'result' ? 0 : 1
}
