import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { openDatabase } from './database.ts'
import { migrateDatabase, migrationNames } from './migrate.ts'
import { dumpSchema } from './testing/dump-schema.ts'
import { makeTestDatabase } from './testing/test-database.ts'

const SCHEMA_FILE = new URL('../schema.sql', import.meta.url)

test('the committed schema is what the migrations make', async (t) => {
  const { database, drop } = await makeTestDatabase()
  t.after(drop)
  const dumped = await dumpSchema(database.pool)
  // Regenerate with HOLDFAST_UPDATE_GOLDEN=1 after adding a migration.
  if (process.env.HOLDFAST_UPDATE_GOLDEN === '1') await writeFile(SCHEMA_FILE, dumped)
  assert.equal(dumped, await readFile(SCHEMA_FILE, 'utf8'))
})

test('migrations run once, also when several processes start together', async (t) => {
  const { database, url, drop } = await makeTestDatabase({ isMigrated: false })
  const other = openDatabase({ url, applicationName: 'other' })
  t.after(async () => {
    await other.close()
    await drop()
  })
  const results = await Promise.all([migrateDatabase(database), migrateDatabase(other)])
  const applied = results.flatMap((result) => result.applied)
  assert.deepEqual(applied.toSorted(), migrationNames().toSorted())
  assert.deepEqual(await migrateDatabase(database), { applied: [] })
})

test('a database of a newer version is refused and left alone', async (t) => {
  const { database, drop } = await makeTestDatabase()
  t.after(drop)
  await database.pool.query(
    `insert into holdfast_migrations (name, timestamp) values ('9999-later', now())`,
  )
  await assert.rejects(migrateDatabase(database), {
    failure: { code: 'database-newer', migration: '9999-later' },
  })
})
