// Runs a mover as a real process, as a platform does.
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { PassThrough, type Readable, type Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { MoverEvent, MoverFailure, MoverJob, MoverResults } from '@holdfast/domain'
import { runMover } from '../main.ts'

const PROGRAM = fileURLToPath(new URL('./mover-program.ts', import.meta.url))

export interface StartMoverOptions {
  /** Program and arguments in front, such as `setpriv …`. */
  readonly prefix?: readonly string[]
  readonly nodeArguments?: readonly string[]
  readonly programArguments?: readonly string[]
}

export interface MoverProcess {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly events: MoverEvent[]
  /** Resolves with the first event for which this holds; rejects when the process ends before. */
  waitFor(matches: (event: MoverEvent) => boolean): Promise<MoverEvent>
  readonly ended: Promise<MoverEnd>
}

export interface MoverEnd {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly stderr: string
}

/** Gives the job (or any line) and leaves stdin open. */
export function startMover(
  job: MoverJob | string,
  { prefix = [], nodeArguments = [], programArguments = [] }: StartMoverOptions = {},
): MoverProcess {
  const [program, ...rest] = [
    ...prefix,
    process.execPath,
    ...nodeArguments,
    PROGRAM,
    ...programArguments,
  ]
  const child = spawn(program as string, rest, { stdio: ['pipe', 'pipe', 'pipe'] })
  const events: MoverEvent[] = []
  const waiting = new Set<(event: MoverEvent) => void>()
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString('utf8')
  })
  child.stdin.on('error', (error) => {
    stderr += `stdin: ${error.message}\n`
  })
  const lines = createInterface({ input: child.stdout })
  lines.on('line', (line) => {
    const event = JSON.parse(line) as MoverEvent
    events.push(event)
    for (const tell of [...waiting]) tell(event)
  })
  const ended = new Promise<MoverEnd>((resolve) => {
    child.once('close', (exitCode, signal) => resolve({ exitCode, signal, stderr }))
  })
  child.stdin.write(`${typeof job === 'string' ? job : JSON.stringify(job)}\n`)
  return {
    child,
    events,
    ended,
    waitFor(matches) {
      const found = events.find(matches)
      if (found !== undefined) return Promise.resolve(found)
      return new Promise((resolve, reject) => {
        const tell = (event: MoverEvent) => {
          if (!matches(event)) return
          waiting.delete(tell)
          resolve(event)
        }
        waiting.add(tell)
        ended.then((end) => reject(new Error(`the mover ended before: ${JSON.stringify(end)}`)))
      })
    },
  }
}

export interface FinishedMover {
  readonly last: MoverEvent
  readonly events: readonly MoverEvent[]
}

/** Runs a job to its end in a process of its own. */
export async function runMoverProcess(
  job: MoverJob | string,
  options: StartMoverOptions = {},
): Promise<FinishedMover> {
  const mover = startMover(job, options)
  const { exitCode, signal, stderr } = await mover.ended
  return finished(mover.events, exitCode, `${signal} ${stderr}`)
}

/** Runs a job to its end in this process, which is faster. */
export async function runMoverHere(job: MoverJob | string): Promise<FinishedMover> {
  const stdin = new PassThrough()
  const stdout = new PassThrough()
  const events: MoverEvent[] = []
  const lines = createInterface({ input: stdout })
  lines.on('line', (line) => events.push(JSON.parse(line) as MoverEvent))
  stdin.write(`${typeof job === 'string' ? job : JSON.stringify(job)}\n`)
  const exitCode = await runMover({ stdin, stdout })
  stdout.end()
  await once(lines, 'close')
  return finished(events, exitCode, '')
}

/** The result of a job that must succeed. */
export async function resultOfMover<Job extends MoverJob>(
  job: Job,
): Promise<MoverResults[Job['kind']]> {
  const { last } = await runMoverHere(job)
  if (last.event !== 'result') throw new Error(`the job failed: ${JSON.stringify(last)}`)
  return last.result as MoverResults[Job['kind']]
}

/** The failure of a job that must fail. */
export async function failureOfMover(job: MoverJob | string): Promise<MoverFailure> {
  const { last } = await runMoverHere(job)
  if (last.event !== 'failed') throw new Error(`the job did not fail: ${JSON.stringify(last)}`)
  return last.failure
}

function finished(
  events: readonly MoverEvent[],
  exitCode: number | null,
  details: string,
): FinishedMover {
  const last = events.at(-1)
  const isLast = last?.event === 'result' || last?.event === 'failed'
  if (!isLast || exitCode !== (last.event === 'result' ? 0 : 1)) {
    throw new Error(`the mover ended with ${exitCode}: ${JSON.stringify(last)} ${details}`)
  }
  return { last, events }
}
