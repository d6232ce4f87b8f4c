// The part of a service that runs workflows: host platform, real movers, no API.
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createSealing, type Database, takeExecutorLock } from '@holdfast/db'
import { createHostPlatform, type Platform } from '@holdfast/platforms'
import { launchWorkflows } from '../launch.ts'
import type { StepObserver } from '../step-observer.ts'
import type { Workflows, WorkflowsLog } from '../workflow-types.ts'
import { systemNow } from './clock.ts'

export interface TestServiceOptions {
  readonly database: Database
  readonly home: string
  readonly hostRoot: string
  readonly executorID?: string
  readonly observer?: StepObserver
  readonly log?: WorkflowsLog
  readonly commandStallMs?: number
  /** The real clock when absent. */
  readonly now?: () => Date
  /** Changes the platform, to make something fail. */
  readonly withPlatform?: (platform: Platform) => Platform
  /** Further host clusters: the root of each by its id. */
  readonly otherHosts?: ReadonlyMap<string, string>
}

export const TEST_MASTER_KEY = Buffer.alloc(32, 7)
export const TEST_INSTALLATION_ID = '6d1f2c1e-5a5f-4a0e-9d7b-2f1f0f6b7a10'

export async function startTestService(options: TestServiceOptions): Promise<Workflows> {
  const { database, home, hostRoot } = options
  const executorID = options.executorID ?? 'test-executor'
  const lock = await takeExecutorLock({
    url: database.url,
    executorID,
    onLost: () => undefined,
  })
  const makePlatform = (root: string, state: string) =>
    createHostPlatform({ ...hostOptions(home), hostRoot: root, stateDir: join(home, state) })
  const host = makePlatform(hostRoot, 'state')
  const others = new Map(
    [...(options.otherHosts ?? [])].map(([id, root]) => [id, makePlatform(root, `state-${id}`)]),
  )
  const platform = options.withPlatform?.(host) ?? host
  const workflows = await launchWorkflows({
    database,
    sealing: createSealing(TEST_MASTER_KEY),
    installationID: TEST_INSTALLATION_ID,
    executorID,
    boot: randomUUID().slice(0, 8),
    platformOf: ({ id }) => others.get(id) ?? platform,
    snapshotsDirectory: join(home, 'snapshots'),
    mayReachPrivateNetworks: true,
    now: options.now ?? systemNow,
    randomUUID,
    randomPassword: () => randomUUID(),
    log: options.log ?? SILENT,
    ...(options.commandStallMs === undefined ? {} : { commandStallMs: options.commandStallMs }),
    ...(options.observer === undefined ? {} : { observer: options.observer }),
  })
  return {
    ...workflows,
    async close() {
      await workflows.close()
      await lock.release()
    },
  }
}

function hostOptions(home: string) {
  return {
    moverCommand: MOVER_COMMAND,
    moverEnvironment: {
      PATH: process.env.PATH ?? '',
      // The tests find movers by it.
      HOLDFAST_TEST_HOME: home,
      NODE_COMPILE_CACHE: compileCacheIn(home),
    },
    // Tests may be root, and then their directories are root's.
    allowsCommandsAsRoot: true,
    clock: systemNow,
  }
}

/**
 * Dozens of processes are started: each would strip the types of the same files again. A run of all
 * tests brings one cache for all.
 */
export function compileCacheIn(home: string): string {
  return process.env.NODE_COMPILE_CACHE ?? join(home, 'compile-cache')
}

/** The mover is started, never imported: it is another process in every installation. */
const MOVER_COMMAND = [
  process.execPath,
  '--input-type=module',
  '--eval',
  `import { runMover } from ${JSON.stringify(
    fileURLToPath(new URL('../../../mover/src/index.ts', import.meta.url)),
  )}
process.exit(await runMover(process))`,
]

const SILENT: WorkflowsLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}
