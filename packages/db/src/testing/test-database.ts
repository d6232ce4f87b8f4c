// A database of its own for each test file, cloned from a migrated template.
//
// All files of a run share one throwaway server, named by HOLDFAST_TEST_DATABASE_URL. A file that
// is run alone starts one for itself; it ends with the process, whatever way that ends.
import { spawn } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { type Database, openDatabase, withDatabaseName } from '../database.ts'
import { migrateDatabase } from '../migrate.ts'

export interface TestDatabase {
  readonly url: string
  readonly database: Database
  /** Closes the pool and drops the database, ending whatever is still connected. */
  drop(): Promise<void>
}

export interface TestDatabaseOptions {
  /**
   * More than the migrations in the template, made once per run and name: for instance the schema
   * of DBOS. Nothing may stay connected to `url` afterwards.
   */
  readonly template?: {
    readonly name: string
    readonly prepare: (url: string) => Promise<void>
  }
  /** False gives an empty database, without migrations. */
  readonly isMigrated?: boolean
}

/** Call in `before`, and `drop` in `after`. */
export async function makeTestDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const serverUrl = await sharedServerUrl()
  const name = `holdfast_test_${randomUUID().replaceAll('-', '')}`
  const template =
    options.isMigrated === false ? 'template0' : await ensureTemplate(serverUrl, options)
  await withClient(serverUrl, (client) =>
    client.query(`create database ${name} template ${template}`),
  )
  const url = withDatabaseName(serverUrl, name)
  const database = openDatabase({ url, applicationName: 'holdfast test' })
  return {
    url,
    database,
    async drop() {
      await database.close()
      await withClient(serverUrl, (client) => client.query(`drop database ${name} with (force)`))
    },
  }
}

let ownServerUrl: Promise<string> | undefined

function sharedServerUrl(): Promise<string> {
  const given = process.env.HOLDFAST_TEST_DATABASE_URL
  if (given !== undefined && given !== '') return Promise.resolve(given)
  ownServerUrl ??= startOwnServer()
  return ownServerUrl
}

/** The child stops the server at the end of its stdin, which even a killed process brings. */
async function startOwnServer(): Promise<string> {
  const script = fileURLToPath(new URL('../../../../scripts/test-postgres.ts', import.meta.url))
  const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`The PostgreSQL server for tests ended with exit code ${code}.`)
  })
  const [url] = (await Promise.race([once(lines, 'line'), ended])) as [string]
  ended.catch(() => undefined)
  child.unref()
  for (const stream of [child.stdin, child.stdout]) (stream as { unref?(): void }).unref?.()
  return url
}

async function ensureTemplate(serverUrl: string, options: TestDatabaseOptions): Promise<string> {
  const name = `holdfast_template_${migrationsHash()}_${options.template?.name ?? 'plain'}`
  await withClient(serverUrl, async (client) => {
    // Test files run at the same time: the first one makes the template, the others wait.
    await client.query('select pg_advisory_lock(hashtext($1))', [name])
    const found = await client.query('select datistemplate from pg_database where datname = $1', [
      name,
    ])
    if (found.rows[0]?.datistemplate === true) return
    // One that is no template yet is what a killed run left half-made.
    await client.query(`drop database if exists ${name} with (force)`)
    await client.query(`create database ${name} template template0`)
    await fillTemplate(withDatabaseName(serverUrl, name), options)
    await client.query(`alter database ${name} is_template true`)
  })
  return name
}

async function fillTemplate(url: string, { template }: TestDatabaseOptions): Promise<void> {
  const database = openDatabase({ url, applicationName: 'holdfast test template' })
  try {
    await migrateDatabase(database)
  } finally {
    await database.close()
  }
  await template?.prepare(url)
}

/** Changes with the migrations' text, so that a server kept between runs is never stale. */
function migrationsHash(): string {
  const directory = new URL('../migrations/', import.meta.url)
  const hash = createHash('sha256')
  for (const file of readdirSync(directory).toSorted()) {
    hash.update(readFileSync(new URL(file, directory)))
  }
  return hash.digest('hex').slice(0, 12)
}

async function withClient(
  url: string,
  use: (client: pg.Client) => Promise<unknown>,
): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await use(client)
  } finally {
    await client.end()
  }
}
