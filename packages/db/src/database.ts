// The connection to PostgreSQL: one pool, and Kysely over it.
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { DatabaseError, reasonOf } from './database-error.ts'
import { PatientClient } from './patient-client.ts'
import type { Schema } from './schema.ts'

export interface DatabaseOptions {
  /** `postgresql://…`; a socket directory is given as `?host=/directory`. */
  readonly url: string
  /** Shown in `pg_stat_activity`. */
  readonly applicationName: string
  /** Connections at most; see `POOL_SIZE_DEFAULT`. */
  readonly poolSizeMax?: number
  /**
   * Called when a connection at rest breaks (the server went away). The pool replaces it by
   * itself; this is for the log.
   */
  readonly onConnectionLost?: (error: Error) => void
}

export interface Database {
  /** Typed queries. Rows never leave this package: statement files turn them into values. */
  readonly queries: Kysely<Schema>
  /** The pool below, for what speaks to PostgreSQL without Kysely (DBOS takes it as it is). */
  readonly pool: pg.Pool
  readonly url: string
  /** Waits for running queries, then closes all connections. */
  close(): Promise<void>
}

/**
 * A server's `max_connections` is 100 by default and shared with DBOS (10) and the lock
 * connections; requests beyond the pool wait in its queue.
 */
export const POOL_SIZE_DEFAULT = 10

/** A server that is restarting refuses at once; one behind a dead network must not hang a request. */
const CONNECT_TIMEOUT_MS = 10_000

/** Opens the pool. Connects lazily: a wrong address shows with the first query. */
export function openDatabase(options: DatabaseOptions): Database {
  const pool = new pg.Pool({
    connectionString: options.url,
    application_name: options.applicationName,
    max: options.poolSizeMax ?? POOL_SIZE_DEFAULT,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    Client: PatientClient,
    types: { getTypeParser },
  })
  let isClosing = false
  // A connection that breaks emits `error`, at rest on the pool as well; without listeners that
  // would end the process. What the driver adds to the error (the whole client) goes no further.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => {
    client.on('error', ({ message }) => {
      if (!isClosing) options.onConnectionLost?.(new Error(message))
    })
  })
  const queries = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) })
  return {
    queries,
    pool,
    url: options.url,
    close() {
      isClosing = true
      return queries.destroy()
    },
  }
}

/**
 * Makes the database that `url` names when the server lacks it, connecting to the server's
 * `postgres` database for that. For the embedded server; a foreign one is set up by its owner.
 */
export async function createDatabaseIfMissing(url: string): Promise<void> {
  const name = databaseNameOf(url)
  const client = new pg.Client({ connectionString: withDatabaseName(url, 'postgres') })
  await client.connect()
  try {
    const found = await client.query('select 1 from pg_database where datname = $1', [name])
    if (found.rowCount === 0) await client.query(`create database ${pg.escapeIdentifier(name)}`)
  } finally {
    await client.end()
  }
}

/** Connects and asks something trivial. Fails with `database-unreachable`. */
export async function pingDatabase(url: string): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('select 1')
  } catch (error) {
    throw new DatabaseError({ code: 'database-unreachable', reason: reasonOf(error) }, error)
  } finally {
    await client.end().catch(() => undefined)
  }
}

export function databaseNameOf(url: string): string {
  return decodeURIComponent(new URL(url).pathname.slice(1))
}

export function withDatabaseName(url: string, name: string): string {
  const changed = new URL(url)
  changed.pathname = `/${encodeURIComponent(name)}`
  return changed.href
}

/** `bigint` arrives as a number: counts and sizes are safe integers, checked here. */
function getTypeParser(...[oid, format]: Parameters<typeof pg.types.getTypeParser>) {
  if (oid === pg.types.builtins.INT8) return parseSafeInteger
  return pg.types.getTypeParser(oid, format)
}

function parseSafeInteger(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) {
    throw new DatabaseError({ code: 'integer-too-large', value: text })
  }
  return value
}
