import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import {
  findInstallation,
  registerInstallation,
  replaceMasterKeyFingerprint,
} from './installation.ts'
import { listSealingKeyIDs } from './sealed-columns.ts'
import { makeTestDatabase, type TestDatabase } from './testing/test-database.ts'

const C = 'cccccccccccccccc'
const D = 'dddddddddddddddd'

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

  const opensWith = (...keyIDs: string[]) => ({ keyID: keyIDs[0] ?? '', keyIDs })
  assert.deepEqual(await listSealingKeyIDs(database), [])
  assert.equal(await replaceMasterKeyFingerprint(database, opensWith(C)), true)
  assert.equal((await findInstallation(database))?.masterKeyFingerprint, C)

  await insertSealedRepository()
  assert.deepEqual(await listSealingKeyIDs(database), [C])
  assert.equal(await replaceMasterKeyFingerprint(database, opensWith(D)), false)
  assert.equal((await findInstallation(database))?.masterKeyFingerprint, C)
  assert.equal(await replaceMasterKeyFingerprint(database, opensWith(D, C)), true)
  assert.equal((await findInstallation(database))?.masterKeyFingerprint, D)
})

async function insertSealedRepository(): Promise<void> {
  const { pool } = testDatabase.database
  const [account, bucket] = [randomUUID(), randomUUID()]
  await pool.query(`insert into accounts (id, name) values ($1, 'a')`, [account])
  await pool.query(
    `insert into buckets (id, account_id, name, identifier, provider, bucket_parameters)
      values ($1, $2, 'b', 'b', 'local', '{}')`,
    [bucket, account],
  )
  await pool.query(
    `insert into repositories (id, account_id, bucket_id, prefix, sealed_secrets)
      values ($1, $2, $3, 'p', decode('01' || $4::text || '0000', 'hex'))`,
    [randomUUID(), account, bucket, C],
  )
}
