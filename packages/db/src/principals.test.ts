import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { findPrincipal, insertAccount, insertToken, insertUser } from './principals.ts'
import { makeTestDatabase } from './testing/index.ts'

const NOW = new Date('2026-01-02T03:04:05Z')

test('the use of a token is noted to the minute', async (t) => {
  const { database, drop } = await makeTestDatabase()
  t.after(drop)
  const [accountID, userID, tokenID] = [randomUUID(), randomUUID(), randomUUID()]
  const secretHash = Buffer.from('hash')
  const user = { id: userID, accountID, email: 'ann@example.org', firstName: '', lastName: '' }
  await insertAccount(database, { id: accountID, name: 'tests', now: NOW })
  await insertUser(database, { ...user, now: NOW })
  const token = { id: tokenID, accountID, userID, name: 'token', secretHash, now: NOW }
  await insertToken(database, token)
  const lastUse = async () => {
    const { rows } = await database.pool.query('select last_used_at::text as at from tokens')
    return rows[0].at as string | null
  }
  assert.equal(await lastUse(), null)
  assert.equal((await findPrincipal(database, secretHash))?.userID, userID)
  const first = await lastUse()
  assert.notEqual(first, null)
  await findPrincipal(database, secretHash)
  assert.equal(await lastUse(), first)

  await database.pool.query(`update tokens set last_used_at = now() - interval '61 seconds'`)
  const before = await lastUse()
  await findPrincipal(database, secretHash)
  assert.notEqual(await lastUse(), before)

  await database.pool.query('update tokens set revoked_at = now(), last_used_at = null')
  assert.equal(await findPrincipal(database, secretHash), undefined)
  assert.equal(await lastUse(), null)
})
