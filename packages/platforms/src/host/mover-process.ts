// A mover as a child process: the job on its stdin, events from its stdout.
//
// It gets a session of its own, so that a signal to the service's group does not reach it. Its
// stdin stays open for as long as it may run: when the service dies, the mover sees the end of it
// and stops by itself.
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import type { MoverEvent, MoverJob } from '@holdfast/domain'
import { errnoName } from '@holdfast/filesystem'
import type { MoverRef, RunningMover } from '../platform.ts'
import { PlatformError } from '../platform-error.ts'
import { EventLineError, readEvents } from './event-lines.ts'
import { MOVER_ID_VARIABLE } from './find-mover.ts'
import { type GuardedJob, guardPaths } from './guarded-paths.ts'
import { startTimeOf } from './process-start-time.ts'
import { createStderrTail, type StderrTail, secretsIn } from './stderr-tail.ts'
import { stopProcess } from './stop-process.ts'

export interface MoverProcessOptions {
  readonly hostRoot: string
  /** Program and arguments, such as `[process.execPath, launcher, 'mover']`. */
  readonly moverCommand: readonly string[]
  /** All of its environment. Never holds secrets. */
  readonly moverEnvironment: Readonly<Record<string, string>>
}

export async function startMoverProcess(
  options: MoverProcessOptions,
  id: string,
  job: MoverJob,
): Promise<RunningMover> {
  const guarded = guardPaths(options.hostRoot, job)
  try {
    const child = await spawnMover(options, id)
    return runningMover({ id, child, guarded, secrets: secretsIn(job) })
  } catch (error) {
    guarded[Symbol.dispose]()
    throw error
  }
}

type MoverChild = ChildProcessByStdio<Writable, Readable, Readable>

async function spawnMover(options: MoverProcessOptions, id: string): Promise<MoverChild> {
  const [program, ...programArguments] = [...politenessPrefix(), ...options.moverCommand]
  if (program === undefined) throw new TypeError('moverCommand is empty')
  const child = spawn(program, programArguments, {
    cwd: '/',
    detached: true,
    env: { ...options.moverEnvironment, [MOVER_ID_VARIABLE]: id },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', (error) => {
      const reason = `the mover ${program} cannot be started (${error.message})`
      reject(new PlatformError({ code: 'platform-unreachable', reason }, { cause: error }))
    })
  })
  return child
}

/** A mover gives way to the apps. Both programs become the next one, so the pid stays. */
function politenessPrefix(): string[] {
  const nice = isExecutable(NICE) ? [NICE, '-n', '10'] : []
  const ionice = isExecutable(IONICE) ? [IONICE, '-c', '2', '-n', '7'] : []
  return [...nice, ...ionice]
}

const NICE = '/usr/bin/nice'
const IONICE = '/usr/bin/ionice'

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch (error) {
    if (errnoName(error) === undefined) throw error
    return false
  }
}

interface StartedMover {
  readonly id: string
  readonly child: MoverChild
  readonly guarded: GuardedJob
  readonly secrets: readonly string[]
}

function runningMover({ id, child, guarded, secrets }: StartedMover): RunningMover {
  const stderrTail = createStderrTail(secrets)
  child.stderr.on('data', (chunk: Buffer) => stderrTail.append(chunk))
  // A mover that died before it read its job breaks the pipe; its end says so.
  child.stdin.on('error', (error) => stderrTail.append(Buffer.from(`stdin: ${error.message}\n`)))
  child.stdin.write(`${JSON.stringify(guarded.job)}\n`)
  const ended = new Promise<ProcessEnd>((resolve) => {
    child.once('close', (exitCode, signal) => resolve({ exitCode, signal }))
  })
  // Not `close`, which waits for somebody to read the events.
  child.once('exit', () => guarded[Symbol.dispose]())
  const pid = child.pid as number
  const ref = { id, pid, startTime: startTimeOf(pid) ?? ENDED_ALREADY }
  let isTaken = false
  return {
    ref,
    stderrTail: () => guarded.restorePaths(stderrTail.text()),
    events(signal) {
      if (isTaken) throw new Error('the events of a mover can be read once')
      isTaken = true
      return followEvents({ ref, child, guarded, ended, stderrTail }, signal)
    },
  }
}

interface ProcessEnd {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
}

/** No process has it, so that nothing is ever stopped in its name. */
const ENDED_ALREADY = 'ended'

interface FollowedMover {
  readonly ref: MoverRef
  readonly child: MoverChild
  readonly guarded: GuardedJob
  readonly ended: Promise<ProcessEnd>
  readonly stderrTail: StderrTail
}

async function* followEvents(
  { ref, child, guarded, ended, stderrTail }: FollowedMover,
  signal: AbortSignal,
): AsyncGenerator<MoverEvent> {
  let last: MoverEvent | undefined
  let hasStopped = false
  const stop = () => {
    hasStopped = true
    child.stdin.end()
    return stopProcess(ref)
  }
  const stopOnAbort = () => void stop()
  if (signal.aborted) stopOnAbort()
  signal.addEventListener('abort', stopOnAbort, { once: true })
  try {
    for await (const event of readEvents(child.stdout)) {
      if (last !== undefined) continue
      if (event.event !== 'result' && event.event !== 'failed') yield event
      else {
        last = withRealPaths(event, guarded)
        // The job is done; the end of stdin lets the mover end, and if not that, a signal does.
        child.stdin.end()
        setTimeout(() => void stopProcess(ref), END_AFTER_RESULT_MS).unref()
      }
    }
  } catch (error) {
    if (!(error instanceof EventLineError)) throw error
    stderrTail.append(Buffer.from(`stdout: ${error.message}\n`))
    await stopProcess(ref)
  } finally {
    signal.removeEventListener('abort', stopOnAbort)
    // Also when the reader gave up early: nobody would ever read on.
    if (last === undefined) await stopProcess(ref)
  }
  const end = await ended
  yield last ?? failureOfEnd(end, hasStopped)
}

const END_AFTER_RESULT_MS = 10_000

function withRealPaths(event: MoverEvent, guarded: GuardedJob): MoverEvent {
  return JSON.parse(guarded.restorePaths(JSON.stringify(event))) as MoverEvent
}

function failureOfEnd({ exitCode, signal }: ProcessEnd, hasStopped: boolean): MoverEvent {
  const isUnanswered = true
  if (hasStopped) return { event: 'failed', failure: { code: 'stopped' }, isUnanswered }
  return { event: 'failed', failure: { code: 'mover-died', exitCode, signal }, isUnanswered }
}
