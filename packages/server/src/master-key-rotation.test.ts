import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import {
  type Database,
  findInstallation,
  openRepositorySecrets,
  registerRepository,
  type Sealing,
} from '@holdfast/db'
import { makeTestDatabase } from '@holdfast/db/testing'
import { unlockSecrets } from './master-key.ts'
import { rotateKeysOf } from './master-key-rotation.ts'

const SECRETS = 5

interface Fixture {
  readonly database: Database
  readonly file: string
  readonly ids: readonly string[]
  readonly first: string
  unlock(): ReturnType<typeof unlockSecrets>
  rotate(database?: Database): ReturnType<typeof rotateKeysOf>
  keys(): Promise<string[]>
}

test('everything opens with the new key, and the old one is gone', async (t) => {
  const fixture = await makeFixture(t)
  const before = await fixture.keys()
  const { fingerprint, sealedAnew, isContinued } = await fixture.rotate()
  assert.equal(sealedAnew, SECRETS)
  assert.equal(isContinued, false)
  assert.notEqual(fingerprint, fixture.first)
  const after = await fixture.keys()
  assert.equal(after.length, 1)
  assert.notDeepEqual(after, before)
  await assertAllOpen(fixture)

  await writeFile(fixture.file, `${before[0]}\n`)
  await assert.rejects(fixture.unlock(), {
    failure: { code: 'master-key-other', expected: fingerprint, found: fixture.first },
  })
})

test('interrupted before any statement, the service starts and the next call goes on', async (t) => {
  const fixture = await makeFixture(t)
  let calls = 0
  for (let survived = 0; ; survived += 1) {
    assert.ok(survived < 100, 'it never ends')
    try {
      await fixture.rotate(failingAfter(fixture.database, survived))
      break
    } catch (error) {
      assert.match(String(error), /the process ends here/)
      calls += 1
      await assertAllOpen(fixture)
    }
  }
  assert.ok(calls > SECRETS, `${calls} interruptions`)
  assert.equal((await fixture.keys()).length, 1)
  const { masterKeyFingerprint } = (await findInstallation(fixture.database)) ?? {}
  assert.equal(masterKeyFingerprint, await assertAllOpen(fixture))
})

test('in the middle, neither the old key alone nor the new one alone will do', async (t) => {
  const fixture = await makeFixture(t)
  await assert.rejects(fixture.rotate(failingAfter(fixture.database, 7)), /ends here/)
  const keys = await fixture.keys()
  assert.equal(keys.length, 2)
  for (const key of keys) {
    await writeFile(fixture.file, key)
    await assert.rejects(fixture.unlock(), (error: Error & { failure: { code: string } }) => {
      assert.equal(error.failure.code, 'master-key-other')
      return true
    })
    await assert.rejects(fixture.rotate(), { name: 'DatabaseError' })
  }
  await writeFile(fixture.file, keys.join('\n'))
  assert.equal((await fixture.rotate()).isContinued, true)
  await assertAllOpen(fixture)
})

async function makeFixture(t: TestContext): Promise<Fixture> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-key-'))
  const { database, drop } = await makeTestDatabase()
  t.after(async () => {
    await drop()
    await rm(directory, { recursive: true })
  })
  const file = join(directory, 'master.key')
  const installationID = randomUUID()
  const unlock = () => unlockSecrets(database, { file, installationID })
  const { sealing } = await unlock()
  return {
    database,
    file,
    ids: await sealPasswords(database, sealing),
    first: sealing.keyID,
    unlock,
    async rotate(used = database) {
      const expected = (await findInstallation(database))?.masterKeyFingerprint ?? ''
      return rotateKeysOf(used, { file, expected })
    },
    keys: async () => (await readFile(file, 'utf8')).trim().split('\n'),
  }
}

/** As the service sees it: it starts, and opens every secret. Answers the present key's id. */
async function assertAllOpen({ database, ids, unlock }: Fixture): Promise<string> {
  const { sealing } = await unlock()
  for (const id of ids) {
    assert.equal((await openRepositorySecrets(database, sealing, id))?.password, `of ${id}`)
  }
  return sealing.keyID
}

/** The database of a process that dies after some statements. */
function failingAfter(database: Database, statements: number): Database {
  let left = statements
  const queries = database.queries.withPlugin({
    transformQuery({ node }) {
      if (left === 0) throw new Error('the process ends here')
      left -= 1
      return node
    },
    transformResult: async ({ result }) => result,
  })
  return { ...database, queries }
}

async function sealPasswords(database: Database, sealing: Sealing): Promise<string[]> {
  const ids: string[] = []
  const accountID = randomUUID()
  await database.pool.query(`insert into accounts (id, name) values ($1, 'a')`, [accountID])
  for (let count = 0; count < SECRETS; count += 1) {
    const [bucketID, id] = [randomUUID(), randomUUID()]
    await database.pool.query(
      `insert into buckets (id, account_id, name, identifier, provider, bucket_parameters)
        values ($1, $2, 'b', gen_random_uuid(), 'local', '{}')`,
      [bucketID, accountID],
    )
    const home = { kind: 'bucket', bucketID } as const
    const repository = { id, accountID, home, prefix: 'p', password: `of ${id}` }
    await registerRepository(database, sealing, repository)
    ids.push(id)
  }
  return ids
}
