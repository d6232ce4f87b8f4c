import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { isExecutorAlive, takeExecutorLock } from './executor-lock.ts'
import { makeTestDatabase, type TestDatabase } from './testing/test-database.ts'

let testDatabase: TestDatabase

before(async () => {
  testDatabase = await makeTestDatabase()
})
after(() => testDatabase.drop())

function lockOptions(executorID: string, onLost: () => void = () => assert.fail('lost')) {
  return { url: testDatabase.url, executorID, onLost }
}

test('one process per executor id, and others see that it lives', async () => {
  const lock = await takeExecutorLock(lockOptions('one'))
  assert.equal(await isExecutorAlive(testDatabase.database, 'one'), true)
  assert.equal(await isExecutorAlive(testDatabase.database, 'two'), false)
  await assert.rejects(takeExecutorLock(lockOptions('one')), {
    failure: { code: 'executor-lock-taken', executorID: 'one' },
  })
  const other = await takeExecutorLock(lockOptions('two'))
  await other.release()
  await lock.release()
  assert.equal(await isExecutorAlive(testDatabase.database, 'one'), false)
})

test('a broken connection takes the lock again', async () => {
  const lock = await takeExecutorLock(lockOptions('broken'))
  const before = await endConnectionsOf('broken')
  assert.equal(before.length, 1)
  await until(async () => {
    const now = await connectionsOf('broken')
    return now.length === 1 && now[0] !== before[0]
  })
  await until(() => isExecutorAlive(testDatabase.database, 'broken'))
  await lock.release()
})

test('the holder learns when another process was faster', async () => {
  const { promise: lost, resolve } = Promise.withResolvers<void>()
  const lock = await takeExecutorLock(lockOptions('raced', resolve))
  // The thief waits for the lock, so that it gets it in the moment in which it is freed.
  const thief = await testDatabase.database.pool.connect()
  const key = await thief.query<{ classid: number; objid: number }>(
    `select classid::bigint, objid::bigint from pg_locks where locktype = 'advisory' and pid =
      (select pid from pg_stat_activity where application_name = 'holdfast executor raced')`,
  )
  const { classid, objid } = key.rows[0]!
  const stolen = thief.query('select pg_advisory_lock($1, $2)', [classid, objid])
  await until(async () => {
    const waiting = await testDatabase.database.pool.query(
      `select 1 from pg_locks where locktype = 'advisory' and not granted and classid = $1`,
      [classid],
    )
    return waiting.rowCount === 1
  })
  await endConnectionsOf('raced')
  await stolen
  await lost
  await lock.release()
  thief.release(true)
})

async function connectionsOf(executorID: string): Promise<number[]> {
  const answer = await testDatabase.database.pool.query<{ pid: number }>(
    'select pid from pg_stat_activity where application_name = $1',
    [`holdfast executor ${executorID}`],
  )
  return answer.rows.map((row) => row.pid)
}

async function endConnectionsOf(executorID: string): Promise<number[]> {
  const pids = await connectionsOf(executorID)
  await testDatabase.database.pool.query(
    'select pg_terminate_backend(pid) from unnest($1::int[]) pid',
    [pids],
  )
  return pids
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await delay(10)
}
