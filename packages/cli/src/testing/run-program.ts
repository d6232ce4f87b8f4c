// Runs the `holdfast` program once, through its launcher, and collects what it says.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export const LAUNCHER = fileURLToPath(new URL('../../bin/holdfast.mjs', import.meta.url))

const WORKSPACE = fileURLToPath(new URL('../../../../', import.meta.url))

export interface ProgramOptions {
  readonly environment?: Readonly<Record<string, string>>
  /** The Node that starts the launcher; the pinned one when left out. */
  readonly node?: string
  readonly stdin?: string
  /** In a process group of its own, as a shell starts it. */
  readonly hasOwnGroup?: boolean
}

export interface Program {
  readonly child: ChildProcess
  stdout(): string
  stderr(): string
  readonly ended: Promise<{ readonly exitCode: number | null; readonly signal: string | null }>
}

export interface ProgramResult {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

export function startProgram(args: readonly string[], options: ProgramOptions = {}): Program {
  return start([options.node ?? process.execPath, LAUNCHER, ...args], options)
}

/** `npm start`, as a user gives it in the clone. */
export function startWithNpm(options: ProgramOptions): Program {
  return start(['npm', 'start'], options)
}

function start(command: readonly string[], options: ProgramOptions): Program {
  const [program = '', ...args] = command
  const child = spawn(program, args, {
    cwd: WORKSPACE,
    env: { PATH: process.env.PATH, ...options.environment },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: options.hasOwnGroup === true,
  })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text
    })
  }
  child.stdin.on('error', () => undefined)
  child.stdin.end(options.stdin ?? '')
  const ended = once(child, 'close').then(([exitCode, signal]) => ({ exitCode, signal }))
  return { child, stdout: () => output.stdout, stderr: () => output.stderr, ended }
}

export async function runProgram(
  args: readonly string[],
  options?: ProgramOptions,
): Promise<ProgramResult> {
  const program = startProgram(args, options)
  const { exitCode } = await program.ended
  return { exitCode, stdout: program.stdout(), stderr: program.stderr() }
}
