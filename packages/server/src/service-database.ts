// The database of a home: a server that was given, or the embedded one.
import { join } from 'node:path'
import { type Database, openDatabase, pingDatabase } from '@holdfast/db'
import type { ServiceConfig } from './config.ts'
import type { Log } from './log.ts'
import { startEmbeddedPostgres } from './postgres/embedded-postgres.ts'
import type { Readiness } from './readiness.ts'

export interface ServiceDatabase {
  readonly database: Database
  close(): Promise<void>
}

export const EMBEDDED_DATABASE_NAME = 'holdfast'

export function embeddedPostgresDirectory(home: string): string {
  return join(home, 'postgres')
}

export interface ServiceDatabaseContext {
  readonly log: Log
  readonly readiness: Pick<Readiness, 'report'>
  /** Interrupts the start of the embedded server. */
  readonly signal?: AbortSignal
}

/** The home must be locked: two embedded servers on one directory would destroy it. */
export async function openServiceDatabase(
  { home, databaseUrl }: Pick<ServiceConfig, 'home' | 'databaseUrl'>,
  { log, readiness, signal }: ServiceDatabaseContext,
): Promise<ServiceDatabase> {
  const onConnectionLost = (error: Error): void => {
    log.warn({ reason: error.message }, 'a database connection was lost')
  }
  const open = (url: string): Database =>
    openDatabase({ url, applicationName: 'holdfast', onConnectionLost })
  if (databaseUrl !== undefined) {
    await pingDatabase(databaseUrl)
    const database = open(databaseUrl)
    return { database, close: () => database.close() }
  }
  const server = await startEmbeddedPostgres({
    directory: embeddedPostgresDirectory(home),
    databaseName: EMBEDDED_DATABASE_NAME,
    ...(signal === undefined ? {} : { signal }),
    onEvent(event) {
      if (event.event === 'started' || event.event === 'adopted') {
        log.info({ pid: event.pid }, `embedded PostgreSQL ${event.event}`)
        readiness.report('postgres', undefined)
        return
      }
      log.error(event, 'embedded PostgreSQL is not running')
      readiness.report('postgres', 'The embedded PostgreSQL ended and is being started again.')
    },
  })
  const database = open(server.url)
  return {
    database,
    async close() {
      await database.close()
      const way = await server.stop()
      log.info({ way }, 'embedded PostgreSQL stopped')
    },
  }
}
