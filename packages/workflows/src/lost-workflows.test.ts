// What the service finds at its start: tasks whose workflow is gone, obligations that nobody
// settles, things on the platform that no row knows, and a task that was never started.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { insertObligation, listFailedDeletions, openDatabase } from '@holdfast/db'
import type { Platform } from '@holdfast/platforms'
import type { StepPassage } from './step-observer.ts'
import { startTestService } from './testing/test-service.ts'
import { makeWorld, type World } from './testing/world.ts'
import type { Workflows } from './workflow-types.ts'

const PATIENT = new AbortController().signal

let world: World
let workflows: Workflows | undefined
let platform: Platform
let onPassage: (passage: StepPassage) => Promise<void> = async () => undefined

before(async () => {
  world = await makeWorld()
})

after(async () => {
  await workflows?.close()
  await world.dispose()
})

test('a restore whose workflow is gone is failed and its staging removed', async () => {
  await start()
  await workflows?.close()

  const { taskID } = await world.restore({ kind: 'backup', id: randomUUID() })
  await world.rows(`update tasks set state = 'running', attempt = 1 where id = $1`, taskID)
  await insertObligation(world.database.database, {
    ...obligationOf(taskID),
    id: taskID,
    kind: 'staging',
    resource: `app:${world.appID}`,
    detail: {},
  })
  await prepareRestore(taskID)
  await insertObligation(world.database.database, {
    ...obligationOf(taskID),
    id: randomUUID(),
    kind: 'turn',
    resource: `app:${world.appID}`,
    detail: { mode: 'exclusive', isGranted: true },
  })
  assert.equal((await platform.listOwned()).length, 1)

  await start()
  await until(async () => (await platform.listOwned()).length === 0)
  // What is settled is deleted right afterwards.
  await until(async () => (await world.rows('select kind from obligations')).length === 0)
  const app = await world.row('select state, state_details from apps where id = $1', world.appID)
  assert.partialDeepStrictEqual(app, {
    state: 'failed',
    state_details: [{ detail: 'Its workflow ended without a result; try again.' }],
  })
  const task = await world.row('select state, failure from tasks where id = $1', taskID)
  assert.deepEqual(task, { state: 'failed', failure: { code: 'workflow-lost' } })
  assert.deepEqual(await world.rows('select kind from obligations'), [])
})

test('of a restore whose workflow is gone the command is ended, and its data is what it left', async () => {
  await workflows?.close()
  const { taskID } = await world.streamRestore(randomUUID(), 'true')
  await world.rows(
    `update tasks set state = 'running', attempt = 1, command_begun_at = now() where id = $1`,
    taskID,
  )
  const commandID = randomUUID()
  const command = spawn('sleep', ['1000'], {
    detached: true,
    stdio: 'ignore',
    env: { ...process.env, HOLDFAST_HOOK_RUN_ID: commandID },
  })
  const ended = once(command, 'exit')
  await once(command, 'spawn')
  await insertObligation(world.database.database, {
    ...obligationOf(taskID),
    id: randomUUID(),
    workflowID: `stream-restore:${taskID}`,
    kind: 'mover',
    resource: 'repository:gone',
    detail: { job: 'stream-restore', repositoryIDs: [], lockHostname: 'earlier', commandID },
  })
  await start()
  assert.deepEqual(await ended, [null, 'SIGTERM'])
  await until(async () => (await world.rows('select kind from obligations')).length === 0)
  const app = await world.row('select state, state_details from apps where id = $1', world.appID)
  assert.partialDeepStrictEqual(app, {
    state: 'failed',
    state_details: [
      { detail: 'Its workflow ended without a result; try again.' },
      { detail: 'The data is as the restore command left it.' },
      { detail: 'There is no snapshot of the app from before the restore.' },
    ],
  })
})

test('what no row knows is left alone and told; what is known to be over is removed', async () => {
  await workflows?.close()
  const stranger = randomUUID()
  await prepareRestore(stranger)
  const { taskID } = await world.restore({ kind: 'backup', id: randomUUID() })
  await world.rows(`update tasks set state = 'failed', attempt = 1 where id = $1`, taskID)
  await world.rows(`update apps set state = 'ready' where id = $1`, world.appID)
  await prepareRestore(taskID)
  assert.equal((await platform.listOwned()).length, 2)

  const told: unknown[] = []
  await start(undefined, undefined, (fields) => told.push(fields))
  await until(async () => told.length > 0 && (await platform.listOwned()).length === 1)
  assert.deepEqual(await platform.listOwned(), [{ kind: 'staging', id: stranger }])
  assert.deepEqual(told, [{ kind: 'staging', id: stranger }])
  await platform.rollbackRestore(stranger, PATIENT)
})

test('a task that was committed and never started is started by the sweep', async () => {
  const { resourceID } = await world.backup({ snapshotID: randomUUID() })
  await until(async () => {
    const row = await world.row('select state from backups where id = $1', resourceID)
    return row.state === 'failed'
  })
  const row = await world.row('select state_unready from backups where id = $1', resourceID)
  assert.match(String(row.state_unready), /does not exist any more; choose another one/)
})

test('a service that stops leaves its workflow, and the next one finishes it', async () => {
  let stopped: Promise<void> | undefined
  await workflows?.close()
  await start(async () => {
    stopped ??= workflows?.close()
    await new Promise((resolve) => setImmediate(resolve))
  })
  const { taskID } = await world.backup()
  await workflows?.startTask(taskID)
  await until(async () => stopped !== undefined)
  await stopped
  const halted = await world.row('select state, failure from tasks where id = $1', taskID)
  assert.deepEqual(halted, { state: 'running', failure: null })
  assert.deepEqual(await world.rows(`select kind from obligations where kind = 'mover'`), [])

  await start()
  await workflows?.whenIdle()
  const ended = await world.row('select state, failure from tasks where id = $1', taskID)
  assert.deepEqual(ended, { state: 'completed', failure: null })
})

test('a restore whose workflow breaks after the app was told ready is finished, never undone', async (t) => {
  await workflows?.close()
  await start()
  const copy = await world.backup()
  await workflows?.startTask(copy.taskID)
  await workflows?.whenIdle()
  const file = join(world.appPath, 'config', 'app.ini')
  const saved = readFileSync(file, 'utf8')
  writeFileSync(file, 'written after the backup')
  t.after(() => {
    onPassage = async () => undefined
  })
  onPassage = async ({ step, position }) => {
    const isLate = step === 'finish-restore' || step === 'end-restore'
    if (isLate && position === 'before') throw new Error('the step breaks')
  }
  const { taskID } = await world.restore({ kind: 'backup', id: copy.resourceID })
  await workflows?.startTask(taskID)
  await workflows?.whenIdle()
  assert.equal(readFileSync(file, 'utf8'), saved)
  assert.equal((await world.row('select state from tasks where id = $1', taskID)).state, 'running')

  await workflows?.close()
  await start()
  await until(async () => (await platform.listOwned()).length === 0)
  const task = await world.row('select state, failure from tasks where id = $1', taskID)
  assert.deepEqual(task, { state: 'failed', failure: { code: 'workflow-lost' } })
  const app = await world.row('select state from apps where id = $1', world.appID)
  assert.deepEqual(app, { state: 'ready' })
  assert.equal(readFileSync(file, 'utf8'), saved)
})

test('a deletion that failed begins again after a while, once', async (t) => {
  await workflows?.close()
  await start()
  const copy = await world.backup()
  await workflows?.startTask(copy.taskID)
  await workflows?.whenIdle()
  t.after(() => {
    onPassage = async () => undefined
  })
  onPassage = async ({ step, point }) => {
    if (step === 'forget-backup' && point === 'done') throw new Error('the bucket is away')
  }
  const first = await world.deleteBackup(copy.resourceID)
  await workflows?.startTask(first.taskID)
  await workflows?.whenIdle()
  onPassage = async () => undefined
  const statement = `select id, state, user_id from tasks
    where kind = 'delete-backup' and resource_id = $1 order by created_at`
  const tasks = () => world.rows(statement, copy.resourceID)
  const { state } = await world.row('select state from tasks where id = $1', first.taskID)
  assert.equal(state, 'failed')
  assert.deepEqual(await listFailedDeletions(world.database.database, 10), [])

  await world.rows(
    `update tasks set ended_at = ended_at - interval '16 minutes' where id = $1`,
    first.taskID,
  )
  assert.equal((await listFailedDeletions(world.database.database, 10)).length, 1)
  await workflows?.close()
  await start()
  await until(async () => (await tasks()).at(-1)?.state === 'completed')
  assert.partialDeepStrictEqual(await tasks(), [
    { id: first.taskID, state: 'failed' },
    { state: 'completed', user_id: null },
  ])
  assert.equal((await tasks()).length, 2)
  assert.deepEqual(await listFailedDeletions(world.database.database, 10), [])
})

test('a database that breaks all connections does not fail a backup', async (t) => {
  const watcher = openDatabase({ url: world.database.url, applicationName: 'watcher' })
  t.after(() => watcher.pool.end())
  let isBroken = false
  await workflows?.close()
  await start(async () => {
    if (isBroken) return
    isBroken = true
    await watcher.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and application_name <> 'watcher'`,
    )
  })
  const { taskID } = await world.backup()
  await workflows?.startTask(taskID)
  await until(async () => {
    const statement = 'select state, failure from tasks where id = $1'
    const [row] = (await watcher.pool.query(statement, [taskID])).rows
    assert.notEqual(row.state, 'failed', JSON.stringify(row.failure))
    return row.state === 'completed'
  })
  assert.ok(isBroken)
})

test('a living service takes up what a dead one of another id left', async () => {
  let stopped: Promise<void> | undefined
  await workflows?.close()
  await start(async () => {
    stopped ??= workflows?.close()
    await new Promise((resolve) => setImmediate(resolve))
  })
  const { taskID } = await world.backup()
  await workflows?.startTask(taskID)
  await until(async () => stopped !== undefined)
  await stopped

  await start(undefined, 'another-executor')
  await workflows?.whenIdle()
  const ended = await world.row('select state, failure from tasks where id = $1', taskID)
  assert.deepEqual(ended, { state: 'completed', failure: null })
})

/** `onMover` is called whenever a mover of a move has started. */
async function start(
  onMover?: () => Promise<void>,
  executorID?: string,
  onStranger?: (fields: unknown) => void,
): Promise<void> {
  const quiet = () => undefined
  workflows = await startTestService({
    ...world,
    log: {
      debug: quiet,
      info: quiet,
      error: quiet,
      warn: (message, fields) => message.includes('left alone') && onStranger?.(fields),
    },
    ...(executorID === undefined ? {} : { executorID }),
    database: world.database.database,
    observer: async (passage) => {
      const { step, point } = passage
      await onPassage(passage)
      if (step === 'move-volume' && point === 'mover-started') await onMover?.()
    },
    withPlatform(real) {
      platform = real
      return real
    },
  })
}

async function prepareRestore(id: string): Promise<void> {
  const volume = { namespace: 'shop', key: 'data', expectedBytes: 1, expectedEntries: 1 }
  await platform.prepareRestore(
    { id, volumes: [volume], namespaces: ['shop'], allowInUse: true },
    PATIENT,
  )
}

function obligationOf(taskID: string) {
  return {
    taskID,
    workflowID: `restore:${taskID}`,
    boot: 'earlier',
    clusterID: world.clusterID,
  }
}

/** The sweeps run by themselves; the test only waits, as long as the runner lets it. */
async function until(isReached: () => Promise<boolean>): Promise<void> {
  while (!(await isReached())) await new Promise((resolve) => setTimeout(resolve, 50))
}
