// The real service as a process of a test: a home and a database of its own, restarted and killed
// at will. What a test leaves behind ends with `release`.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Database } from '@holdfast/db'
import { makeTestDatabase, type TestDatabase } from '@holdfast/db/testing'
import { type OwnerFile, type ServiceClient, serviceClient } from '../service-client.ts'
import {
  type ServiceExit,
  type ServiceProcess,
  type ServiceProcessOptions,
  startServiceProcess,
} from '../service-process.ts'

export interface TestServiceOptions {
  /**
   * `shared`: a database of its own on the server that all tests share, which is fast.
   * `embedded`: the service's own PostgreSQL. A URL is used as it is.
   */
  readonly database: 'shared' | 'embedded' | { readonly url: string }
  readonly environment?: Readonly<Record<string, string>>
  /** Instead of `$HOLDFAST_HOME/apps`. */
  readonly hostRoot?: string
  readonly nodeFlags?: readonly string[]
  /** Called with the new home before the first start: mounts something there, for instance. */
  readonly prepareHome?: (home: string) => void
}

export interface TestService {
  readonly home: string
  readonly hostRoot: string
  /** Undefined with the embedded server. */
  readonly databaseUrl: string | undefined
  /** With `shared` only: to put rows there that no call makes. */
  readonly database: Database | undefined
  readonly owner: OwnerFile
  readonly client: ServiceClient
  readonly process: ServiceProcess
  /** What a second process for the same home is started with. */
  readonly processOptions: ServiceProcessOptions
  /** Makes `<host root>/<namespace>/<volume>/` and answers its path. */
  makeVolume(namespace: string, volume: string): string
  /** Starts the process again after it was stopped or killed, at the same address. */
  start(): Promise<void>
  stop(): Promise<ServiceExit>
  kill(): Promise<ServiceExit>
  /** Stops the process and removes home and database. */
  release(): Promise<void>
}

/** Call in `before`, and `release` in `after`. */
export async function startTestService(options: TestServiceOptions): Promise<TestService> {
  const home = mkdtempSync(join(tmpdir(), 'holdfast-service-'))
  const hostRoot = options.hostRoot ?? join(home, 'apps')
  mkdirSync(hostRoot, { recursive: true })
  options.prepareHome?.(home)
  const database = options.database === 'shared' ? await makeTestDatabase() : undefined
  const databaseUrl = typeof options.database === 'object' ? options.database.url : database?.url
  const processOptions: ServiceProcessOptions = {
    home,
    environment: {
      HOLDFAST_LISTEN: `127.0.0.1:${await freePort()}`,
      HOLDFAST_HOST_ROOT: hostRoot,
      ...(databaseUrl === undefined ? {} : { HOLDFAST_DATABASE_URL: databaseUrl }),
      ...options.environment,
    },
    ...(options.nodeFlags === undefined ? {} : { nodeFlags: options.nodeFlags }),
  }
  try {
    const running = await startServiceProcess(processOptions)
    return testService({ home, hostRoot, databaseUrl, database, processOptions, running })
  } catch (error) {
    await removeAll(home, database)
    throw error
  }
}

/** A port that nothing listened on a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port was given')
  return address.port
}

interface Started {
  readonly home: string
  readonly hostRoot: string
  readonly databaseUrl: string | undefined
  readonly database: TestDatabase | undefined
  readonly processOptions: ServiceProcessOptions
  readonly running: ServiceProcess
}

function testService(started: Started): TestService {
  const { home, hostRoot, databaseUrl, database, processOptions } = started
  let running = started.running
  let client = serviceClient(running.owner)
  return {
    home,
    hostRoot,
    databaseUrl,
    database: database?.database,
    processOptions,
    get owner() {
      return running.owner
    },
    get client() {
      return client
    },
    get process() {
      return running
    },
    makeVolume(namespace, volume) {
      const path = join(hostRoot, namespace, volume)
      mkdirSync(path, { recursive: true })
      return path
    },
    async start() {
      running = await startServiceProcess(processOptions)
      client = serviceClient(running.owner)
    },
    stop: () => running.stop(),
    kill: () => running.kill(),
    async release() {
      // A killed service with an embedded server leaves that running: only a start ends it.
      const { signal } = await running.stop()
      if (signal !== null && databaseUrl === undefined) {
        await (await startServiceProcess(processOptions)).stop()
      }
      await removeAll(home, database)
    },
  }
}

async function removeAll(home: string, database: TestDatabase | undefined): Promise<void> {
  await database?.drop()
  rmSync(home, { recursive: true, force: true })
}
