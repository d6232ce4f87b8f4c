// A `holdfast serve` process of one's own: started, waited for, stopped or killed.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { OwnerFile } from './service-client.ts'

export interface ServiceProcessOptions {
  /** `HOLDFAST_HOME` */
  readonly home: string
  /** All that the process gets besides `PATH` and `HOLDFAST_HOME`. */
  readonly environment: Readonly<Record<string, string>>
  /** Flags for Node itself. */
  readonly nodeFlags?: readonly string[]
}

export interface ServiceExit {
  readonly exitCode: number | null
  readonly signal: string | null
}

export interface ServiceProcess {
  readonly pid: number
  readonly owner: OwnerFile
  /** Everything that it has written to standard output and error. */
  output(): string
  readonly ended: Promise<ServiceExit>
  /** SIGTERM, and SIGKILL when it does not end by itself; resolves when the process is gone. */
  stop(): Promise<ServiceExit>
  /** SIGKILL: no handler runs. */
  kill(): Promise<ServiceExit>
}

/** Resolves when the ready line is there; fails with the output when the process ends before. */
export async function startServiceProcess(options: ServiceProcessOptions): Promise<ServiceProcess> {
  const child = spawn(process.execPath, [...(options.nodeFlags ?? []), PROGRAM, 'serve'], {
    env: { PATH: process.env.PATH, HOLDFAST_HOME: options.home, ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = collectOutput(child)
  const ended = once(child, 'exit').then(
    ([exitCode, signal]): ServiceExit => ({ exitCode, signal }),
  )
  await whenReady(child, output, ended)
  const owner = JSON.parse(readFileSync(join(options.home, 'owner.json'), 'utf8')) as OwnerFile
  return {
    pid: child.pid as number,
    owner,
    output: output.text,
    ended,
    stop: () => stop(child, ended),
    kill() {
      child.kill('SIGKILL')
      return ended
    },
  }
}

const PROGRAM = fileURLToPath(new URL('./main.ts', import.meta.url))
const READY_MS_MAX = 120_000
/** Longer than the service gives itself. */
const STOP_MS_MAX = 100_000
const READY_LINE = /^Holdfast is ready at https?:\/\/\S+$/m

interface Output {
  text(): string
  /** Called with all of the text whenever there is more. */
  onText(listener: (text: string) => void): void
}

function collectOutput(child: ChildProcess): Output {
  let text = ''
  const listeners: ((text: string) => void)[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8')
    stream?.on('data', (part: string) => {
      text += part
      for (const listener of listeners) listener(text)
    })
  }
  return { text: () => text, onText: (listener) => listeners.push(listener) }
}

async function whenReady(
  child: ChildProcess,
  output: Output,
  ended: Promise<ServiceExit>,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  output.onText((text) => {
    if (READY_LINE.test(text)) resolve()
  })
  ended.then(({ exitCode, signal }) => {
    reject(new Error(`holdfast serve ended with ${exitCode ?? signal}:\n${output.text()}`))
  }, reject)
  const timer = setTimeout(() => {
    child.kill('SIGKILL')
    reject(new Error(`holdfast serve was not ready in time:\n${output.text()}`))
  }, READY_MS_MAX)
  try {
    await promise
  } finally {
    clearTimeout(timer)
  }
}

async function stop(child: ChildProcess, ended: Promise<ServiceExit>): Promise<ServiceExit> {
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX)
  try {
    return await ended
  } finally {
    clearTimeout(timer)
  }
}
