import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { listSealingKeyIDs, SEALED_COLUMNS, sealAllAnew } from './sealed-columns.ts'
import { createSealing, MASTER_KEY_BYTES } from './sealing.ts'
import { makeTestDatabase, type TestDatabase } from './testing/test-database.ts'

let testDatabase: TestDatabase

before(async () => {
  testDatabase = await makeTestDatabase()
})
after(() => testDatabase.drop())

test('the list has every sealed column of the schema', async () => {
  // What is sealed is called so; other bytes are hashes.
  const { rows } = await testDatabase.database.pool.query<{ table: string; column: string }>(
    `select table_name as table, column_name as column from information_schema.columns
      where table_schema = 'public' and data_type = 'bytea' and column_name not like '%\\_hash'`,
  )
  const inOrder = (columns: readonly { table: string; column: string }[]) =>
    columns.map(({ table, column }) => `${table}.${column}`).toSorted()
  assert.deepEqual(inOrder(rows), inOrder(SEALED_COLUMNS))
  for (const { column } of rows) assert.match(column, /^sealed_/)
})

test('everything is sealed anew, and an interrupted run goes on with what is left', async () => {
  const { database } = testDatabase
  const [first, second] = [randomBytes(MASTER_KEY_BYTES), randomBytes(MASTER_KEY_BYTES)]
  const old = createSealing(first)
  const both = createSealing(second, [first])
  const values = await fillEveryColumn(old)
  assert.deepEqual(await listSealingKeyIDs(database), [old.keyID])

  let left = 3
  const interrupted = {
    ...both,
    seal(plain: string, context: string): Buffer {
      if (left === 0) throw new Error('the process ends here')
      left -= 1
      return both.seal(plain, context)
    },
  }
  await assert.rejects(sealAllAnew(database, interrupted), /ends here/)
  assert.deepEqual(await listSealingKeyIDs(database), [old.keyID, both.keyID].toSorted())
  assert.equal(await sealAllAnew(database, both), values.length - 3)
  assert.deepEqual(await listSealingKeyIDs(database), [both.keyID])
  assert.equal(await sealAllAnew(database, both), 0)

  const newest = createSealing(second)
  for (const { table, column, id, plain } of values) {
    const { rows } = await database.pool.query(`select ${column} from ${table} where id = $1`, [id])
    assert.equal(newest.unseal(rows[0][column], `${table}.${column}:${id}`), plain)
  }
})

/** More rows than one batch takes. */
async function fillEveryColumn(sealing: ReturnType<typeof createSealing>) {
  const { pool } = testDatabase.database
  const accountID = randomUUID()
  await pool.query(`insert into accounts (id, name) values ($1, 'a')`, [accountID])
  const values: { table: string; column: string; id: string; plain: string }[] = []
  const addValue = async (table: string, column: string, id: string) => {
    const plain = `${column} of ${id}`
    const sealed = sealing.seal(plain, `${table}.${column}:${id}`)
    await pool.query(`update ${table} set ${column} = $2 where id = $1`, [id, sealed])
    values.push({ table, column, id, plain })
  }
  for (let count = 0; count < 102; count += 1) {
    const id = randomUUID()
    await pool.query(`insert into credentials (id, account_id, name) values ($1, $2, 'c')`, [
      id,
      accountID,
    ])
    await addValue('credentials', 'sealed_key_store', id)
  }
  const [bucketID, repositoryID, webhookID] = [randomUUID(), randomUUID(), randomUUID()]
  await pool.query(
    `insert into buckets (id, account_id, name, identifier, provider, bucket_parameters)
      values ($1, $2, 'b', 'b', 'local', '{}')`,
    [bucketID, accountID],
  )
  await pool.query(
    `insert into repositories (id, account_id, bucket_id, prefix) values ($1, $2, $3, 'p')`,
    [repositoryID, accountID, bucketID],
  )
  await pool.query(
    `insert into webhooks (id, account_id, name, url) values ($1, $2, 'w', 'https://w.example')`,
    [webhookID, accountID],
  )
  await addValue('repositories', 'sealed_secrets', repositoryID)
  await addValue('repositories', 'sealed_polynomial', repositoryID)
  await addValue('webhooks', 'sealed_secret', webhookID)
  const columns = new Set(values.map(({ table, column }) => `${table}.${column}`))
  assert.equal(columns.size, SEALED_COLUMNS.length, 'a column has no value here')
  return values
}
