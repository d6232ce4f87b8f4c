// Brings the schema up to date, or refuses a database that a newer program migrated.
import { type Migration, Migrator, sql } from 'kysely'
import type { Database } from './database.ts'
import { DatabaseError, reasonOf } from './database-error.ts'
import * as first from './migrations/0001-first.ts'
import * as applicationApi from './migrations/0002-application-api.ts'
import * as containerApi from './migrations/0003-container-api.ts'

/** Append-only: a migration that was ever released is never changed, renamed or removed. */
const MIGRATIONS = [first, applicationApi, containerApi] as const

const MIGRATION_TABLE = 'holdfast_migrations'

/** The oldest server that the tests run against; `server_version_num` of 14.0. */
const SERVER_VERSION_MIN = { number: 140_000, name: '14' }

/**
 * Runs what is missing, all of it in one transaction. Kysely takes a PostgreSQL advisory lock
 * first, so that of several processes that start together one migrates and the others wait.
 */
export async function migrateDatabase(database: Database): Promise<{ applied: string[] }> {
  await refuseOldServer(database)
  const migrator = new Migrator({
    db: database.queries,
    provider: { getMigrations: async () => migrationsByName() },
    migrationTableName: MIGRATION_TABLE,
    migrationLockTableName: `${MIGRATION_TABLE}_lock`,
  })
  await refuseNewerDatabase(database)
  const { error, results } = await migrator.migrateToLatest()
  if (error !== undefined) {
    const failed = results?.find((result) => result.status === 'Error')?.migrationName ?? 'list'
    const failure = {
      code: 'migration-failed',
      migration: failed,
      reason: reasonOf(error),
    } as const
    throw new DatabaseError(failure, error)
  }
  return { applied: (results ?? []).map((result) => result.migrationName) }
}

/** Names in the order in which they run; the template of tests is named after them. */
export function migrationNames(): string[] {
  return MIGRATIONS.map((migration) => migration.name)
}

function migrationsByName(): Record<string, Migration> {
  return Object.fromEntries(MIGRATIONS.map(({ name, up }) => [name, { up }]))
}

async function refuseOldServer({ queries }: Database): Promise<void> {
  const answer = await sql<{ number: string; name: string }>`select
    current_setting('server_version_num') as number, current_setting('server_version') as name
  `.execute(queries)
  const found = answer.rows[0]
  if (found !== undefined && Number(found.number) < SERVER_VERSION_MIN.number) {
    throw new DatabaseError({
      code: 'database-too-old',
      version: found.name,
      minimum: SERVER_VERSION_MIN.name,
    })
  }
}

async function refuseNewerDatabase({ queries }: Database): Promise<void> {
  const known = new Set(migrationNames())
  const table = await sql<{ found: string | null }>`select
    to_regclass(${MIGRATION_TABLE})::text as found`.execute(queries)
  if (table.rows[0]?.found == null) return
  const run = await sql<{ name: string }>`select name
    from ${sql.table(MIGRATION_TABLE)} order by name`.execute(queries)
  const unknown = run.rows.find((row) => !known.has(row.name))
  if (unknown !== undefined) {
    throw new DatabaseError({ code: 'database-newer', migration: unknown.name })
  }
}
