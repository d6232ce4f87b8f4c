import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type Database, openRepositorySecrets, registerRepository } from '@holdfast/db'
import { makeTestDatabase } from '@holdfast/db/testing'
import { unlockSecrets } from './master-key.ts'

interface Fixture {
  readonly database: Database
  readonly file: string
  unlock(): ReturnType<typeof unlockSecrets>
}

async function makeFixture(t: TestContext): Promise<Fixture> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-key-'))
  const { database, drop } = await makeTestDatabase()
  t.after(async () => {
    await drop()
    await rm(directory, { recursive: true })
  })
  const file = join(directory, 'keys/master.key')
  const installationID = randomUUID()
  return { database, file, unlock: () => unlockSecrets(database, { file, installationID }) }
}

test('the key is made once, readable to its owner alone', async (t) => {
  const { file, unlock } = await makeFixture(t)
  const first = await unlock()
  assert.equal((await stat(file)).mode & 0o777, 0o600)
  const second = await unlock()
  assert.equal(second.sealing.keyID, first.sealing.keyID)
  assert.deepEqual(second.installation, first.installation)
  assert.equal(first.installation.masterKeyFingerprint, first.sealing.keyID)
})

test('while nothing is sealed, a lost key is replaced', async (t) => {
  const { file, unlock } = await makeFixture(t)
  const first = await unlock()
  await rm(file)
  const second = await unlock()
  assert.notEqual(second.sealing.keyID, first.sealing.keyID)
  assert.equal((await unlock()).installation.masterKeyFingerprint, second.sealing.keyID)
})

test('once something is sealed, a missing or another key is refused, and the right one opens', async (t) => {
  const { database, file, unlock } = await makeFixture(t)
  const { sealing } = await unlock()
  const repositoryID = await sealPassword(database, sealing)
  const expected = sealing.keyID
  await rename(file, `${file}.away`)
  await assert.rejects(unlock(), { failure: { code: 'master-key-missing', expected } })
  await assert.rejects(stat(file), { code: 'ENOENT' }, 'no key is made')

  await writeFile(file, Buffer.alloc(32, 7).toString('base64'))
  await assert.rejects(unlock(), (error: Error & { failure: { code: string } }) => {
    assert.equal(error.failure.code, 'master-key-other')
    assert.match(error.message, /recovery kit/)
    return true
  })

  await rename(`${file}.away`, file)
  const again = await unlock()
  const secrets = await openRepositorySecrets(database, again.sealing, repositoryID)
  assert.equal(secrets?.password, 'a password')
})

test('a file that holds no key is refused and left alone', async (t) => {
  const { file, unlock } = await makeFixture(t)
  await unlock()
  const key = await readFile(file, 'utf8')
  for (const wrong of ['', 'short', `${key.trim()}AAAA`, `!${key.slice(1)}`]) {
    await writeFile(file, wrong)
    await assert.rejects(unlock(), { name: 'ServerError' }, wrong)
    assert.equal(await readFile(file, 'utf8'), wrong)
  }
})

async function sealPassword(
  database: Database,
  sealing: Parameters<typeof registerRepository>[1],
): Promise<string> {
  const [accountID, bucketID, id] = [randomUUID(), randomUUID(), randomUUID()]
  await database.pool.query(`insert into accounts (id, name) values ($1, 'a')`, [accountID])
  await database.pool.query(
    `insert into buckets (id, account_id, name, identifier, provider, bucket_parameters)
      values ($1, $2, 'b', 'b', 'local', '{}')`,
    [bucketID, accountID],
  )
  const home = { kind: 'bucket', bucketID } as const
  const repository = { id, accountID, home, prefix: 'p', password: 'a password' }
  await registerRepository(database, sealing, repository)
  return id
}
