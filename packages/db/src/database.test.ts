import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  createDatabaseIfMissing,
  openDatabase,
  pingDatabase,
  withDatabaseName,
} from './database.ts'
import { makeTestDatabase, type TestDatabase } from './testing/test-database.ts'

let testDatabase: TestDatabase

before(async () => {
  testDatabase = await makeTestDatabase()
})
after(() => testDatabase.drop())

test('bigint arrives as a number, and never as a wrong one', async () => {
  const { pool } = testDatabase.database
  const answer = await pool.query(`select 9007199254740991::bigint as largest`)
  assert.equal(answer.rows[0].largest, Number.MAX_SAFE_INTEGER)
  await assert.rejects(pool.query(`select 9007199254740992::bigint as larger`), {
    failure: { code: 'integer-too-large', value: '9007199254740992' },
  })
})

test('a lost connection is reported and replaced', async (t) => {
  const { promise: reported, resolve } = Promise.withResolvers<Error>()
  const database = openDatabase({
    url: testDatabase.url,
    applicationName: 'holdfast lost',
    onConnectionLost: resolve,
  })
  t.after(() => database.close())
  await database.pool.query('select 1')
  await testDatabase.database.pool.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1',
    ['holdfast lost'],
  )
  assert.match((await reported).message, /terminat/)
  const answer = await database.pool.query('select 1 as one')
  assert.equal(answer.rows[0].one, 1)
})

test('a server that is not there is named', async () => {
  await assert.rejects(pingDatabase('postgresql://holdfast@localhost/x?host=/nowhere'), {
    failure: { code: 'database-unreachable', reason: 'connect ENOENT /nowhere/.s.PGSQL.5432' },
  })
})

test('a Unix socket that is gone reads like a refused connection, its code stays', async (t) => {
  const url = 'postgresql://holdfast@localhost/x?host=/nowhere'
  const database = openDatabase({ url, applicationName: 'nowhere' })
  t.after(() => database.pool.end())
  await assert.rejects(database.pool.query('select 1'), {
    message: 'could not connect to server: connect ENOENT /nowhere/.s.PGSQL.5432',
    code: 'ENOENT',
    syscall: 'connect',
  })
})

test('a missing database is made once', async (t) => {
  const url = withDatabaseName(testDatabase.url, 'holdfast "odd" name')
  t.after(() => testDatabase.database.pool.query('drop database "holdfast ""odd"" name"'))
  await assert.rejects(pingDatabase(url), { name: 'DatabaseError' })
  await createDatabaseIfMissing(url)
  await createDatabaseIfMissing(url)
  await pingDatabase(url)
})
