import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { insertAccount, insertUser } from './principals.ts'
import {
  beginTaskCommand,
  endTaskCommand,
  findTaskCommand,
  forgetTaskCommand,
} from './task-commands.ts'
import { writeTaskProgress } from './task-progress.ts'
import {
  beginTaskExecution,
  endTask,
  findTask,
  findTaskSignal,
  insertTask,
  listTasksNotStarted,
  type NewTask,
  passCommit,
  requestTaskCancel,
} from './tasks.ts'
import { makeTestDatabase, type TestDatabase } from './testing/index.ts'

const NOW = new Date('2026-01-02T03:04:05Z')
const accountID = randomUUID()
const userID = randomUUID()

let world: TestDatabase

before(async () => {
  world = await makeTestDatabase()
  await insertAccount(world.database, { id: accountID, name: 'tests', now: NOW })
  await insertUser(world.database, {
    id: userID,
    accountID,
    email: 'ann@example.org',
    firstName: 'Ann',
    lastName: 'Example',
    now: NOW,
  })
})

after(() => world.drop())

test('a task is started by the sweep until an execution of it has begun', async () => {
  const { database } = world
  const taskID = await newTask()
  const isListed = async () => (await listTasksNotStarted(database, 100)).some(isTask(taskID))
  assert.equal(await isListed(), true)
  const task = await beginTaskExecution(database, taskID)
  assert.deepEqual([task?.attempt, task?.state], [1, 'running'])
  assert.equal(await isListed(), false)
})

test('a command begins once, and what is known of its end is kept', async () => {
  const { database } = world
  const taskID = await newTask()
  const first = await beginTaskExecution(database, taskID)
  const execution = { taskID, attempt: first?.attempt ?? 0 }
  assert.equal(await beginTaskCommand(database, execution), 'begun')
  assert.equal(await beginTaskCommand(database, execution), 'began-before')
  await forgetTaskCommand(database, execution)
  assert.deepEqual(await findTaskCommand(database, taskID), {
    hasBegun: false,
    hasEndedWell: false,
  })
  assert.equal(await beginTaskCommand(database, execution), 'begun')
  assert.equal(await requestTaskCancel(database, { accountID, taskID, userID }), 'cancelling')
  assert.equal(await endTaskCommand(database, execution), true)
  await forgetTaskCommand(database, execution)
  assert.deepEqual(await findTaskCommand(database, taskID), { hasBegun: true, hasEndedWell: true })
  assert.equal(await requestTaskCancel(database, { accountID, taskID, userID }), 'too-late')
})

test('neither an overtaken nor a cancelled execution begins a command', async () => {
  const { database } = world
  const taskID = await newTask()
  await beginTaskExecution(database, taskID)
  await beginTaskExecution(database, taskID)
  assert.equal(await beginTaskCommand(database, { taskID, attempt: 1 }), 'refused')
  assert.equal(await endTaskCommand(database, { taskID, attempt: 2 }), false)
  await requestTaskCancel(database, { accountID, taskID, userID })
  assert.equal(await beginTaskCommand(database, { taskID, attempt: 2 }), 'refused')
  assert.equal((await findTaskCommand(database, taskID)).hasBegun, false)
})

test('an overtaken execution learns it and changes nothing', async () => {
  const { database } = world
  const taskID = await newTask()
  await beginTaskExecution(database, taskID)
  await beginTaskExecution(database, taskID)
  const overtaken = { taskID, attempt: 1 }
  const progress = { bytesDone: 5, totalBytes: 10 }
  assert.equal(await findTaskSignal(database, overtaken), undefined)
  assert.equal(await writeTaskProgress(database, overtaken, progress), undefined)
  assert.equal(await passCommit(database, overtaken), false)
  assert.equal(await endTask(database, overtaken, COMPLETED), false)
  assert.equal((await findTask(database, taskID))?.state, 'running')
})

test('a cancel is read back by the task and its children, with the name of who asked', async () => {
  const { database } = world
  const taskID = await newTask()
  const childID = await newTask({ parentTaskID: taskID })
  for (const id of [taskID, childID]) await beginTaskExecution(database, id)
  assert.equal(await requestTaskCancel(database, { accountID, taskID, userID }), 'cancelling')
  assert.equal(await requestTaskCancel(database, { accountID, taskID }), 'cancelling')
  const expected = { isCancelRequested: true, cancelRequestedBy: 'Ann Example' }
  assert.deepEqual(await findTaskSignal(database, { taskID, attempt: 1 }), expected)
  assert.deepEqual(await findTaskSignal(database, { taskID: childID, attempt: 1 }), expected)
  assert.equal(await passCommit(database, { taskID, attempt: 1 }), false)
})

test('a cancel comes too late after the commit, and for a deletion', async () => {
  const { database } = world
  const taskID = await newTask()
  await beginTaskExecution(database, taskID)
  assert.equal(await passCommit(database, { taskID, attempt: 1 }), true)
  assert.equal(await requestTaskCancel(database, { accountID, taskID, userID }), 'too-late')
  const deletion = await newTask({ kind: 'delete-backup' })
  const late = { accountID, taskID: deletion, userID }
  assert.equal(await requestTaskCancel(database, late), 'too-late')
  const foreign = { accountID: randomUUID(), taskID, userID }
  assert.equal(await requestTaskCancel(database, foreign), 'not-found')
})

test('a final task stays as it ended', async () => {
  const { database } = world
  const taskID = await newTask()
  await beginTaskExecution(database, taskID)
  const execution = { taskID, attempt: 1 }
  assert.equal(await endTask(database, execution, COMPLETED), true)
  assert.equal(await endTask(database, execution, COMPLETED), true)
  const failed = { state: 'failed', failure: { code: 'x' }, stateDetails: [] } as const
  assert.equal(await endTask(database, execution, failed), false)
  assert.equal((await findTask(database, taskID))?.state, 'completed')
})

test('whatever progress is reported, percent never falls and only the end says 100', async () => {
  const { database } = world
  const count = fc.nat({ max: 1000 })
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(count, count), { maxLength: 8 }), async (reports) => {
      const taskID = await newTask()
      await beginTaskExecution(database, taskID)
      let before = 0
      for (const [bytesDone, totalBytes] of reports) {
        await writeTaskProgress(database, { taskID, attempt: 1 }, { bytesDone, totalBytes })
        const { percent_done, bytes_done, total_bytes } = await progressOf(taskID)
        assert.ok(percent_done >= before && percent_done <= 99)
        assert.ok(bytes_done <= total_bytes)
        before = percent_done
      }
      await endTask(database, { taskID, attempt: 1 }, COMPLETED)
      assert.equal((await progressOf(taskID)).percent_done, 100)
    }),
    { numRuns: 15 },
  )
})

const COMPLETED = { state: 'completed', failure: null, stateDetails: [] } as const

async function newTask(change: Partial<NewTask> = {}): Promise<string> {
  const id = randomUUID()
  await insertTask(world.database, {
    id,
    accountID,
    kind: 'backup',
    name: 'holdfast.backup',
    summary: 'Backup',
    description: 'A backup',
    userID,
    resourceKind: 'backup',
    resourceID: randomUUID(),
    input: {},
    ...change,
  })
  return id
}

async function progressOf(taskID: string) {
  return await world.database.queries
    .selectFrom('tasks')
    .select(['percent_done', 'bytes_done', 'total_bytes'])
    .where('id', '=', taskID)
    .$narrowType<{ total_bytes: number }>()
    .executeTakeFirstOrThrow()
}

function isTask(taskID: string): (task: { readonly id: string }) => boolean {
  return ({ id }) => id === taskID
}
