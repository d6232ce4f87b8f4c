import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import {
  countSealedValues,
  findInstallation,
  registerInstallation,
  replaceMasterKeyFingerprint,
} from './installation.ts'
import { makeTestDatabase, type TestDatabase } from './testing/test-database.ts'

let testDatabase: TestDatabase

before(async () => {
  testDatabase = await makeTestDatabase()
})
after(() => testDatabase.drop())

test('the first installation stays, and its key only while something is sealed', async () => {
  const { database } = testDatabase
  assert.equal(await findInstallation(database), undefined)
  const first = { id: randomUUID(), masterKeyFingerprint: 'aaaa' }
  assert.deepEqual(await registerInstallation(database, first), first)
  const second = { id: randomUUID(), masterKeyFingerprint: 'bbbb' }
  assert.deepEqual(await registerInstallation(database, second), first)

  assert.equal(await countSealedValues(database), 0)
  assert.equal(await replaceMasterKeyFingerprint(database, 'cccc'), true)
  assert.equal((await findInstallation(database))?.masterKeyFingerprint, 'cccc')

  await insertSealedRepository()
  assert.equal(await countSealedValues(database), 1)
  assert.equal(await replaceMasterKeyFingerprint(database, 'dddd'), false)
  assert.equal((await findInstallation(database))?.masterKeyFingerprint, 'cccc')
})

async function insertSealedRepository(): Promise<void> {
  const { pool } = testDatabase.database
  const [account, bucket] = [randomUUID(), randomUUID()]
  await pool.query(`insert into accounts (id, name) values ($1, 'a')`, [account])
  await pool.query(
    `insert into buckets (id, account_id, name, provider, bucket_parameters)
      values ($1, $2, 'b', 'local', '{}')`,
    [bucket, account],
  )
  await pool.query(
    `insert into repositories (id, account_id, bucket_id, prefix, sealed_secrets)
      values ($1, $2, $3, 'p', '\\x00')`,
    [randomUUID(), account, bucket],
  )
}
