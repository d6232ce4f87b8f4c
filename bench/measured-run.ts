// Runs a program under GNU time: what it took in wall time, processor time and memory.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Measurement {
  readonly wallSeconds: number
  /** User and system time of the program and all of its ended children. */
  readonly cpuSeconds: number
  /** The kernel's high-water mark of resident memory (`ru_maxrss`, the same as `VmHWM`). */
  readonly peakMiB: number
}

export interface MeasuredRun {
  readonly command: string
  readonly args: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** Written to standard input, which then stays open until the program ends. */
  readonly input?: string
}

export interface MeasuredResult {
  readonly measurement: Measurement
  readonly stdout: string
}

const TIME = '/usr/bin/time'

/** Fails with the program's output unless it ends with 0. */
export async function measureRun(run: MeasuredRun): Promise<MeasuredResult> {
  if (!existsSync(TIME)) throw new Error('GNU time is missing: install the Debian package `time`.')
  const scratch = mkdtempSync(join(tmpdir(), 'holdfast-bench-time-'))
  try {
    const report = join(scratch, 'report')
    const started = performance.now()
    const child = spawn(TIME, ['-f', '%U %S %M', '-o', report, '--', run.command, ...run.args], {
      env: { ...run.environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    // A program that ends before it has read everything is judged by its exit code.
    child.stdin.on('error', () => undefined)
    if (run.input !== undefined) child.stdin.write(run.input)
    const outputs = [collect(child.stdout), collect(child.stderr)]
    const [code] = await once(child, 'exit')
    const wallSeconds = (performance.now() - started) / 1000
    child.stdin.end()
    const [stdout, stderr] = await Promise.all(outputs)
    if (code !== 0) {
      throw new Error(
        `${run.command} ${run.args.join(' ')} ended with ${code}:\n${stderr}${stdout}`,
      )
    }
    const [user, system, peakKiB] = readFileSync(report, 'utf8').trim().split(' ').map(Number)
    return {
      measurement: {
        wallSeconds,
        cpuSeconds: (user ?? Number.NaN) + (system ?? Number.NaN),
        peakMiB: (peakKiB ?? Number.NaN) / 1024,
      },
      stdout: stdout ?? '',
    }
  } finally {
    rmSync(scratch, { recursive: true })
  }
}

async function collect(stream: NodeJS.ReadableStream): Promise<string> {
  let text = ''
  for await (const part of stream) text += part
  return text
}
