// The program in a home of its own, and what is seen of it from outside.
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { makeTestDatabase } from '@holdfast/db/testing'
import type { OwnerFile } from '../service-client.ts'
import { type Program, type ProgramOptions, startProgram } from './run-program.ts'

export const READY = /^Holdfast is ready at (https?:\/\/\S+)$/m

interface ProgramFixture {
  readonly home: string
  readonly environment: Readonly<Record<string, string>>
  /** Resolves with the URL of the ready line. */
  serve(options?: ProgramOptions): Promise<{ program: Program; url: string }>
  owner(): OwnerFile
}

/** A home in an empty directory, with a database on the shared server or the embedded one. */
export async function makeProgramFixture(
  t: TestContext,
  database: 'shared' | 'embedded',
): Promise<ProgramFixture> {
  const parent = mkdtempSync(join(tmpdir(), 'holdfast-program-'))
  const home = join(parent, 'home')
  const shared = database === 'shared' ? await makeTestDatabase({ isMigrated: false }) : undefined
  const environment = {
    HOLDFAST_HOME: home,
    HOLDFAST_LISTEN: '127.0.0.1:0',
    ...(shared === undefined ? {} : { HOLDFAST_DATABASE_URL: shared.url }),
  }
  const programs: Program[] = []
  t.after(async () => {
    for (const { child, ended } of programs) {
      child.kill('SIGTERM')
      await ended
    }
    await shared?.drop()
    rmSync(parent, { recursive: true, force: true })
  })
  return {
    home,
    environment,
    owner: () => JSON.parse(readFileSync(join(home, 'owner.json'), 'utf8')) as OwnerFile,
    async serve(options = {}) {
      const all = { ...environment, ...options.environment }
      const program = startProgram(['serve'], { ...options, environment: all })
      programs.push(program)
      return { program, url: await whenReady(program) }
    },
  }
}

export async function whenReady(program: Program): Promise<string> {
  for (;;) {
    const url = READY.exec(program.stdout())?.[1]
    if (url !== undefined) return url
    assertRuns(program)
    await delay(20)
  }
}

export async function statusOf(owner: OwnerFile): Promise<number> {
  const answer = await fetch(`${owner.url}/accounts/${owner.accountID}/topology/v1/buckets`, {
    headers: { Authorization: `Bearer ${owner.token}` },
  })
  return answer.status
}

export async function untilStatus(url: string, status: number): Promise<void> {
  while ((await fetch(url)).status !== status) await delay(10)
}

export async function untilLogged(program: Program, pattern: RegExp): Promise<void> {
  while (!pattern.test(program.stderr())) {
    assertRuns(program)
    await delay(10)
  }
}

/** Process ids of all that have something below `directory` among their arguments. */
export function processesBelow(directory: string): string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return false
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(directory)
    } catch {
      return false
    }
  })
}

/** What is waited for would never come. */
export function assertRuns({ child, stderr }: Program): void {
  assert.ok(child.exitCode === null && child.signalCode === null, `it has ended: ${stderr()}`)
}
