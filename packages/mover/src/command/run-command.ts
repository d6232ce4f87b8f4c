// Runs the command of a stream beside the work that reads its output or writes its input.
//
// started → running → its first process ended → what is left of its session is ended → reported.
// When the work fails, the time is up or the mover is stopped, the command and whoever else reads its
// input are ended first, and its streams are closed afterwards: a clean end of input would tell them
// that they have all of the data.
import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import {
  COMMAND_OUTPUT_TAIL_BYTES,
  COMMAND_STDERR_BYTES_MAX,
  type CommandEnd,
  type CommandLocation,
  type CommandReport,
} from '@holdfast/domain'
import { bytesInPipe } from '@holdfast/filesystem'
import type { JobContext } from '../job-context.ts'
import { MoverError } from '../mover-error.ts'
import { type ByteTail, keepTail } from './byte-tail.ts'
import { endReaders } from './end-readers.ts'
import { endSession } from './end-session.ts'
import { type PipeEnd, type StartedCommand, startCommand } from './start-command.ts'

export interface CommandOptions {
  readonly context: JobContext
  readonly location: CommandLocation
  readonly takesInput: boolean
  /** Of the command and of the work; undefined: as long as it takes. */
  readonly timeoutMs: number | undefined
  /** Aborted when the mover is stopped and when the lock is lost. */
  readonly signal: AbortSignal
}

export interface RunningCommand {
  readonly stdout: PipeEnd
  /** Of a command that takes input. */
  readonly stdin: Socket | undefined
  /** Aborted by the caller's signal, and when the time is up. */
  readonly signal: AbortSignal
  /** The end of what it wrote; whoever reads its output keeps it here. */
  readonly outputTail: ByteTail
  /** Resolves when nothing of its session is left. */
  readonly ended: Promise<CommandEnd>
  /** Bytes that it has written, or was given. */
  countStreamed(bytes: number): void
  /** It has been given everything; from now on it may see the end of its input. */
  letInputEnd(): void
  /** The work is as good as done: the time does not matter any more. */
  disarm(): void
  /** Resolves when it ended well; fails with `command-failed`. */
  succeeded(): Promise<void>
  report(): CommandReport
}

/** For processes in the background, after the first one ended and since they last wrote anything. */
const LEFTOVER_PATIENCE_MS = 1000
const LEFTOVER_TERMINATION_MS = 5000
/** After the time is up. */
const TIMEOUT_TERMINATION_MS = 5000
/** The mover itself has ten seconds to stop. */
const STOP_TERMINATION_MS = 2000
/** For the rest of stderr, which a process that left the session may hold open. */
const STDERR_MS = 1000

/** Fails with `command-failed` when the command cannot be started or does not end well. */
export async function runCommand<Result>(
  options: CommandOptions,
  work: (command: RunningCommand) => Promise<Result>,
): Promise<Result> {
  options.signal.throwIfAborted()
  const startedAt = options.context.clock.now()
  const started = await startCommand(options.location, options)
  if ('refusal' in started) throw notStarted(started.refusal)
  const stderr = keepTail(COMMAND_STDERR_BYTES_MAX)
  started.stderr.on('data', stderr.append)
  const timeLimit = startTimeLimit(options)
  const signal = AbortSignal.any([options.signal, timeLimit.signal])
  const command = runningCommand({ options, started, startedAt, stderr, signal, timeLimit })
  options.context.reporter.commandStarted(command.report)
  let ending: Promise<void> | undefined
  const end = () => {
    ending ??= endCommand(options, started, timeLimit)
    return ending
  }
  signal.addEventListener('abort', end, { once: true })
  if (signal.aborted) void end()
  try {
    return await work(command)
  } catch (error) {
    await end()
    await stderrRead(started)
    if (timeLimit.signal.aborted && !options.signal.aborted) throw command.failure(timeLimit.end)
    throw error
  } finally {
    signal.removeEventListener('abort', end)
    timeLimit.disarm()
    await closeStreams(started)
  }
}

function notStarted(reason: string): MoverError {
  const report = { durationMs: 0, streamedBytes: 0, stderr: '', isStderrCut: false }
  return new MoverError({ code: 'command-failed', end: { kind: 'not-started', reason }, report })
}

interface TimeLimit {
  /** Aborted when the time is up. */
  readonly signal: AbortSignal
  readonly end: CommandEnd
  disarm(): void
}

function startTimeLimit({ timeoutMs }: CommandOptions): TimeLimit {
  const timeUp = new AbortController()
  const end = { kind: 'timed-out', timeoutMs: timeoutMs ?? 0 } as const
  let timer: NodeJS.Timeout | undefined
  const wait = (restMs: number): void => {
    timer = setTimeout(
      () => (restMs > TIMER_MS_MAX ? wait(restMs - TIMER_MS_MAX) : timeUp.abort()),
      Math.min(restMs, TIMER_MS_MAX),
    )
  }
  if (timeoutMs !== undefined) wait(timeoutMs)
  return { signal: timeUp.signal, end, disarm: () => clearTimeout(timer) }
}

/** A timer for longer fires at once. */
const TIMER_MS_MAX = 2 ** 31 - 1

interface CommandParts {
  readonly options: CommandOptions
  readonly started: StartedCommand
  readonly startedAt: Temporal.Instant
  readonly stderr: ByteTail
  readonly signal: AbortSignal
  readonly timeLimit: TimeLimit
}

function runningCommand(
  parts: CommandParts,
): RunningCommand & { failure(end: CommandEnd): MoverError } {
  const { options, started, startedAt, stderr, signal, timeLimit } = parts
  const { clock } = options.context
  const outputTail = keepTail(COMMAND_OUTPUT_TAIL_BYTES)
  let streamedBytes = 0
  let endedAt: Temporal.Instant | undefined
  const ended = started.exited.then(async (end) => {
    endedAt = clock.now()
    // What it left in the background would hold its streams open. But a program that a script does
    // not wait for may still write the end of its output, and a slow store keeps it waiting.
    await endSession({
      session: started.session,
      patienceMs: LEFTOVER_PATIENCE_MS,
      terminationMs: LEFTOVER_TERMINATION_MS,
      isAtWork: watchOutput(started.stdout, () => streamedBytes),
    })
    return end
  })
  // The work may fail before it looks at this.
  ended.catch(() => undefined)
  function report(): CommandReport {
    const durationMs = (endedAt ?? clock.now()).since(startedAt).total('milliseconds')
    const { text, isCut } = stderr.text()
    return {
      durationMs: Math.max(0, Math.round(durationMs)),
      streamedBytes,
      stderr: text,
      isStderrCut: isCut,
    }
  }
  function failure(end: CommandEnd): MoverError {
    const told = report()
    const output = told.stderr.trim() === '' ? outputTail.text().text : ''
    const failed = { code: 'command-failed', end, report: told } as const
    return new MoverError(output === '' ? failed : { ...failed, outputTail: output })
  }
  return {
    stdout: started.stdout,
    stdin: started.stdin,
    signal,
    outputTail,
    ended,
    countStreamed(bytes) {
      streamedBytes += bytes
    },
    letInputEnd: started.guard.letInputEnd,
    disarm: timeLimit.disarm,
    async succeeded() {
      const end = await ended
      await stderrRead(started)
      if (end.kind !== 'exited' || end.exitCode !== 0) throw failure(end)
    },
    report,
    failure,
  }
}

/** Answers whether anything was streamed since it was asked last, or waits to be. */
function watchOutput({ socket, handle }: PipeEnd, streamedBytes: () => number): () => boolean {
  let before = streamedBytes()
  return () => {
    const now = streamedBytes()
    const hasMoved = now > before
    before = now
    if (socket.destroyed) return false
    return hasMoved || socket.readableLength > 0 || bytesInPipe(handle) > 0
  }
}

async function endCommand(
  { takesInput }: CommandOptions,
  { session, inputName }: StartedCommand,
  timeLimit: TimeLimit,
): Promise<void> {
  const politeMs = timeLimit.signal.aborted ? TIMEOUT_TERMINATION_MS : STOP_TERMINATION_MS
  // One that reads might do something with what it has when it is asked to end: it is not asked.
  const terminationMs = takesInput && !timeLimit.signal.aborted ? 0 : politeMs
  await endSession({ session, patienceMs: 0, terminationMs })
  if (inputName !== undefined) await endReaders(inputName)
}

async function stderrRead({ stderr }: StartedCommand): Promise<void> {
  if (stderr.readableEnded || stderr.destroyed) return
  const closed = new Promise<void>((resolve) => stderr.once('close', () => resolve()))
  await Promise.race([closed, delay(STDERR_MS, undefined, { ref: false })])
}

async function closeStreams({ stdin, stdout, stderr, guard }: StartedCommand): Promise<void> {
  for (const socket of [stdin, stdout.socket, stderr]) socket?.destroy()
  await guard.release()
}
