// Stock restic as a test sees it: the judge of whether our repositories are restic's.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'

const STOCK_RESTIC_PATHS = ['/usr/bin/restic', '/usr/local/bin/restic']
const OUTPUT_BYTES_MAX = 256 * 1024 * 1024

/** Undefined where restic is not installed; then tests skip with `STOCK_RESTIC_MISSING`. */
export const STOCK_RESTIC = STOCK_RESTIC_PATHS.find((path) => existsSync(path))

/** For the `skip` option of a test: false, or what is missing. */
export const STOCK_RESTIC_MISSING =
  STOCK_RESTIC === undefined
    ? 'stock restic is missing: install the package `restic` to compare with it'
    : false

export interface StockResticOptions {
  /** What restic takes after `-r`. */
  readonly repository: string
  readonly password: string
  /** Working directory, for relative backup targets. */
  readonly cwd?: string
  readonly stdin?: string
  /** Added to the small environment that all runs have (`TZ` is `UTC` there). */
  readonly environment?: Readonly<Record<string, string>>
}

export interface StockResticResult {
  /** -1 when a signal ended it. */
  readonly exitCode: number
  readonly stdout: Buffer
  readonly stderr: string
}

/** Runs restic without a cache and answers whatever it said. */
export function tryStockRestic(
  args: readonly string[],
  options: StockResticOptions,
): Promise<StockResticResult> {
  const command = STOCK_RESTIC
  if (command === undefined) throw new Error(String(STOCK_RESTIC_MISSING))
  return new Promise((resolve) => {
    const child = execFile(
      command,
      ['--no-cache', '-r', options.repository, ...args],
      {
        encoding: 'buffer',
        maxBuffer: OUTPUT_BYTES_MAX,
        cwd: options.cwd,
        env: {
          PATH: '/usr/bin:/bin',
          HOME: '/nonexistent',
          TZ: 'UTC',
          RESTIC_PASSWORD: options.password,
          ...options.environment,
        },
      },
      (error, stdout, stderr) => {
        const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
        resolve({ exitCode, stdout, stderr: stderr.toString('utf8') })
      },
    )
    child.stdin?.end(options.stdin)
  })
}

/** Runs restic and answers its standard output; fails with all of its output unless it ends with 0. */
export async function runStockRestic(
  args: readonly string[],
  options: StockResticOptions,
): Promise<Buffer> {
  const { exitCode, stdout, stderr } = await tryStockRestic(args, options)
  if (exitCode !== 0) {
    throw new Error(`restic ${args.join(' ')} ended with ${exitCode}:\n${stderr}\n${stdout}`)
  }
  return stdout
}

/** `restic check --read-data`: no error, and none of the hints about leftovers either. */
export async function assertStockCheck(options: StockResticOptions): Promise<void> {
  const { exitCode, stdout, stderr } = await tryStockRestic(['check', '--read-data'], options)
  const output = `${stderr}\n${stdout}`
  const hasHint = /contained in several indexes|Mixed packs|additional files/.test(output)
  if (exitCode !== 0 || hasHint || !output.includes('no errors were found')) {
    throw new Error(`restic check --read-data ended with ${exitCode}:\n${output}`)
  }
}
