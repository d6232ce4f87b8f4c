// Runs a small system program (`cp`, `rm`) on open directories and waits for its end.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { OpenDirectory } from './open-directory.ts'

export interface ProgramRequest {
  readonly command: string
  readonly arguments: readonly string[]
  /** The program sees the first one as `/proc/self/fd/3`, the next as 4 and so on. */
  readonly directories: readonly OpenDirectory[]
  /** Written to its stdin, which is then closed. */
  readonly input: AsyncIterable<Buffer> | Iterable<Buffer>
  /** Its working directory; `/` when absent. */
  readonly workingDirectory?: OpenDirectory
}

export interface ProgramResult {
  readonly exitCode: number | null
  readonly signal: string | null
  /** Lines of stderr that `isExpectedLine` does not cover: the first ones, and how many. */
  readonly errorLines: readonly string[]
  readonly errorLineCount: number
}

/**
 * Aborting `signal` ends the program with SIGTERM and waits for it. `isExpectedLine` tells lines
 * of stderr that are no trouble. Messages are in English.
 */
export async function runProgram(
  request: ProgramRequest,
  isExpectedLine: (line: string) => boolean,
  signal: AbortSignal,
): Promise<ProgramResult> {
  signal.throwIfAborted()
  const workingDirectory = request.workingDirectory
  const [program, ...programArguments] = [...dyingWithUs(), request.command, ...request.arguments]
  if (program === undefined) throw new TypeError('there is no command')
  const child = spawn(program, programArguments, {
    cwd: workingDirectory === undefined ? '/' : handlePath(workingDirectory),
    env: { PATH: PROGRAM_PATH, LC_ALL: 'C' },
    stdio: ['pipe', 'ignore', 'pipe', ...request.directories.map(({ handle }) => handle)],
    windowsHide: true,
  })
  const stop = () => child.kill('SIGTERM')
  signal.addEventListener('abort', stop, { once: true })
  try {
    const ended = new Promise<Pick<ProgramResult, 'exitCode' | 'signal'>>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (exitCode, endSignal) => resolve({ exitCode, signal: endSignal }))
    })
    const errors = collectLines(child.stderr as NodeJS.ReadableStream, isExpectedLine)
    const [end, lines] = await Promise.all([ended, errors, feed(child.stdin, request.input)])
    signal.throwIfAborted()
    return { ...end, ...lines }
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/**
 * Words before a command that let it die with the process that started it, so that the `cp` of a
 * service that was killed does not go on beside the one of its successor.
 */
export function dyingWithUs(): readonly string[] {
  return existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'KILL', '--'] : []
}

/** One line that says how it ended. */
export function describeEnd(command: string, result: ProgramResult): string {
  const [first] = result.errorLines
  if (first !== undefined) return first
  if (result.signal !== null) return `${command} was ended by ${result.signal}`
  return `${command} ended with exit code ${result.exitCode}`
}

const SETPRIV = '/usr/bin/setpriv'
const PROGRAM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const ERROR_LINES_MAX = 20
const ERROR_LINE_LENGTH_MAX = 1000

/** Through our own pid: by the time of its `chdir` the child's own /proc/self may lack it. */
function handlePath({ handle }: OpenDirectory): string {
  return `/proc/${process.pid}/fd/${handle}`
}

async function feed(
  stdin: NodeJS.WritableStream | null,
  input: ProgramRequest['input'],
): Promise<void> {
  if (stdin === null) return
  // A program that ends early closes the pipe; how it ended says why.
  let isBroken = false
  stdin.on('error', () => {
    isBroken = true
  })
  for await (const chunk of input) {
    if (isBroken) return
    if (!stdin.write(chunk)) {
      await new Promise<void>((resolve) => {
        stdin.once('drain', resolve)
        stdin.once('close', resolve)
      })
    }
  }
  stdin.end()
}

async function collectLines(
  stream: NodeJS.ReadableStream,
  isExpectedLine: (line: string) => boolean,
): Promise<Pick<ProgramResult, 'errorLines' | 'errorLineCount'>> {
  const errorLines: string[] = []
  let errorLineCount = 0
  let rest = ''
  const take = (line: string) => {
    if (line === '' || isExpectedLine(line)) return
    errorLineCount += 1
    if (errorLines.length === ERROR_LINES_MAX) return
    errorLines.push(line.slice(0, ERROR_LINE_LENGTH_MAX).toWellFormed())
  }
  for await (const chunk of stream) {
    const lines = (rest + Buffer.from(chunk).toString('utf8')).split('\n')
    rest = lines.pop() ?? ''
    lines.forEach(take)
  }
  take(rest)
  return { errorLines, errorLineCount }
}
