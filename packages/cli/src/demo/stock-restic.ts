// Lets stock restic judge the repository: it knows nothing of Holdfast.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

export interface StockResticRun {
  readonly url: string
  readonly password: string
  /** The keys of a bucket, for instance. */
  readonly environment?: Readonly<Record<string, string>>
}

/** What `restic version` says; undefined where restic is not installed. */
export async function findStockRestic(): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('restic', ['version'])
    return stdout.trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Fails with all of restic's output unless it ends with 0. */
export async function runStockRestic(
  args: readonly string[],
  { url, password, environment }: StockResticRun,
): Promise<string> {
  const { stdout } = await promisify(execFile)('restic', ['--no-cache', '-r', url, ...args], {
    env: {
      PATH: process.env.PATH,
      HOME: '/nonexistent',
      RESTIC_PASSWORD: password,
      ...environment,
    },
    maxBuffer: 64 * 1024 * 1024,
  })
  return stdout
}
