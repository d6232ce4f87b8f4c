// Opens the database of a home for a command, whether its service runs or not.
import {
  type Database,
  isExecutorAlive,
  listOpenServiceBoots,
  openDatabase,
  pingDatabase,
} from '@holdfast/db'
import type { ServiceConfig } from './config.ts'
import { isHome, lockHome } from './home.ts'
import type { Log } from './log.ts'
import { findRunningPostgres } from './postgres/running-postgres.ts'
import { ServerError } from './server-error.ts'
import {
  EMBEDDED_DATABASE_NAME,
  embeddedPostgresDirectory,
  openServiceDatabase,
} from './service-database.ts'

/** Runs `use` and closes again what it opened; an embedded server that ran goes on running. */
export async function withInstallation<Result>(
  config: Pick<ServiceConfig, 'home' | 'databaseUrl'>,
  { log }: { readonly log: Log },
  use: (database: Database) => Promise<Result>,
): Promise<Result> {
  if (!(await isHome(config.home))) {
    throw new ServerError({ code: 'service-not-running', home: config.home })
  }
  if (config.databaseUrl !== undefined) return useDatabaseAt(config.databaseUrl, use)
  const home = await lockHomeUnlessInUse(config.home)
  if (home === undefined) {
    const directory = embeddedPostgresDirectory(config.home)
    const url = await findRunningPostgres(directory, EMBEDDED_DATABASE_NAME)
    if (url === undefined) throw new ServerError({ code: 'service-starting', home: config.home })
    return useDatabaseAt(url, use)
  }
  try {
    const readiness = { report: (): void => undefined }
    const opened = await openServiceDatabase(config, { log, readiness })
    try {
      return await use(opened.database)
    } finally {
      await opened.close()
    }
  } finally {
    await home.release()
  }
}

/**
 * Runs `use` while no service can work with the database, and none starts in this home. Fails with
 * `home-in-use` or `other-service-running`.
 */
export async function withStoppedService<Result>(
  config: Pick<ServiceConfig, 'home' | 'databaseUrl'>,
  { log }: { readonly log: Log },
  use: (database: Database) => Promise<Result>,
): Promise<Result> {
  if (!(await isHome(config.home))) {
    throw new ServerError({ code: 'service-not-running', home: config.home })
  }
  await using opened = new AsyncDisposableStack()
  const home = await lockHome(config.home)
  opened.defer(() => home.release())
  const readiness = { report: (): void => undefined }
  const { database, close } = await openServiceDatabase(config, { log, readiness })
  opened.defer(close)
  for (const { executorID } of await listOpenServiceBoots(database)) {
    if (await isExecutorAlive(database, executorID)) {
      throw new ServerError({ code: 'other-service-running', executorID })
    }
  }
  return await use(database)
}

async function useDatabaseAt<Result>(
  url: string,
  use: (database: Database) => Promise<Result>,
): Promise<Result> {
  await pingDatabase(url)
  const database = openDatabase({ url, applicationName: 'holdfast command' })
  try {
    return await use(database)
  } finally {
    await database.close()
  }
}

async function lockHomeUnlessInUse(
  directory: string,
): Promise<Awaited<ReturnType<typeof lockHome>> | undefined> {
  try {
    return await lockHome(directory)
  } catch (error) {
    if (error instanceof ServerError && error.failure.code === 'home-in-use') return undefined
    throw error
  }
}
