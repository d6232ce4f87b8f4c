import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import {
  findTask,
  insertBackup,
  insertSchedule,
  insertTask,
  inTransaction,
  lockAppRow,
  markBackupDeleted,
} from '@holdfast/db'
import { applyRetention } from './apply-retention.ts'
import type { Execution } from './execution.ts'
import { newTask } from './new-task.ts'
import { systemNow } from './testing/clock.ts'
import { makeWorld, type World } from './testing/world.ts'

const HOUR_MS = 3_600_000

async function addSchedule(world: World): Promise<string> {
  const id = randomUUID()
  await insertSchedule(world.database.database, {
    id,
    accountID: world.accountID,
    appID: world.appID,
    version: '1.3',
    name: 'hourly',
    labels: [],
    isEnabled: true,
    times: { granularity: 'hourly', minute: 0 },
    snapshotRetention: '0',
    backupRetention: '1',
    bucketID: undefined,
    replicate: false,
    nextRunAt: undefined,
    createdBy: world.userID,
    now: systemNow(),
  })
  return id
}

async function addBackup(world: World, scheduleID: string, hoursAgo: number): Promise<string> {
  const id = randomUUID()
  await insertBackup(world.database.database, {
    id,
    accountID: world.accountID,
    appID: world.appID,
    bucketID: world.bucketID,
    scheduleID,
    name: `hourly-${hoursAgo}`,
    version: '1.2',
    labels: [],
    createdBy: world.userID,
    now: new Date(systemNow().getTime() - hoursAgo * HOUR_MS),
  })
  await world.rows(`update backups set state = 'completed' where id = $1`, id)
  return id
}

async function executionOf(world: World, scheduleID: string): Promise<Execution> {
  const { database } = world.database
  const id = randomUUID()
  await insertTask(
    database,
    newTask(id, {
      kind: 'schedule-run',
      accountID: world.accountID,
      appID: world.appID,
      scheduleID,
      runID: randomUUID(),
      scheduleName: 'hourly',
      snapshotRetention: '0',
      backupRetention: '1',
    }),
  )
  const task = await findTask(database, id)
  assert.ok(task)
  const unread = () => undefined
  const log = { debug: unread, info: unread, warn: unread, error: unread }
  const runtime = { database, now: systemNow, log } as unknown as Execution['runtime']
  return { runtime, workflow: 'schedule-run', workflowID: id, task, taskID: id, attempt: 1 }
}

async function kept(world: World): Promise<unknown[]> {
  const rows = await world.rows('select id from backups where deleted_at is null')
  return rows.map(({ id }) => id)
}

const WAITING = `select 1 from pg_stat_activity
  where datname = current_database() and wait_event_type = 'Lock'`

test('a copy stays when the one that was to outlive it is deleted at the same time', async () => {
  const world = await makeWorld()
  try {
    const { database } = world.database
    const scheduleID = await addSchedule(world)
    const newer = await addBackup(world, scheduleID, 1)
    const older = await addBackup(world, scheduleID, 2)
    const execution = await executionOf(world, scheduleID)
    const scope = {
      execution,
      step: 'apply-retention' as const,
      signal: new AbortController().signal,
      point: async () => undefined,
      report: () => undefined,
    }
    let retention = Promise.resolve()
    await inTransaction(database, async (transaction) => {
      await lockAppRow(transaction, world.appID)
      await markBackupDeleted(transaction, { backupID: newer, now: systemNow() })
      retention = applyRetention(scope)
      // It has judged what it saw, and waits for the app.
      while ((await world.rows(WAITING)).length === 0) {
        await delay(10)
      }
    })
    await retention
    assert.deepEqual(await kept(world), [older])

    // Alone it takes what the count leaves over.
    const newest = await addBackup(world, scheduleID, 0)
    await applyRetention(scope)
    assert.deepEqual(await kept(world), [newest])
  } finally {
    await world.dispose()
  }
})
