// The steps and the log of a task.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { endTaskStep, startTaskStep, writeTaskLog } from '@holdfast/db'
import { assertAnswersConform, makeTestApi, type TestApi } from '../testing/test-api.ts'
import {
  assertProblem,
  manageApp,
  missingID,
  postBackup,
  tasksOf,
} from '../testing/test-resources.ts'

let api: TestApi
const taskIDs: string[] = []
before(async () => {
  api = await makeTestApi()
  const appID = await manageApp(api, 'shop')
  for (let at = 0; at < 2; at += 1) {
    const { body } = await postBackup(api, appID)
    taskIDs.push((await tasksOf(api, body.id))[0]?.id ?? assert.fail('no task'))
  }
  await fill(taskIDs[0] ?? '')
})
after(() => api.close())
afterEach(assertAnswersConform)

async function fill(taskID: string): Promise<void> {
  const { database } = api
  // The second one is executed again after an interruption, and fails then.
  for (const [position, attempt, name] of [
    [0, 1, 'begin-backup'],
    [1, 1, 'discover'],
    [1, 2, 'discover'],
  ] as const) {
    await startTaskStep(database, { taskID, position, attempt, name })
  }
  await endTaskStep(database, { taskID, position: 0, attempt: 1 }, null)
  const failure = { code: 'cluster-unreachable', cluster: 'host' }
  await endTaskStep(database, { taskID, position: 1, attempt: 2 }, failure)
  await writeTaskLog(database, { taskID, level: 'info', message: 'It begins.' })
  await writeTaskLog(database, { taskID, level: 'error', step: 'discover', message: 'It is gone.' })
}

const read = async (what: string, query = '') => {
  const answer = await api.call('GET', `holdfast/v1/tasks/${taskIDs[0]}/${what}${query}`)
  assert.equal(answer.status, 200, answer.text)
  return answer.body.items
}

test('steps say what passed, in order, how often it was begun and why it failed', async () => {
  const steps = await read('steps', '?orderBy=orderHint')
  assert.partialDeepStrictEqual(steps, [
    { name: 'begin-backup', orderHint: 0, state: 'completed', attempt: 1 },
    {
      name: 'discover',
      orderHint: 1,
      state: 'failed',
      attempt: 2,
      failure: { code: 'cluster-unreachable', cluster: 'host' },
    },
  ])
  assert.equal(steps.length, 2)
  assert.match(steps[0].endTime, /Z$/)
  const found = await read('steps', `?filter=${encodeURIComponent("failure.code in 'unreach'")}`)
  assert.equal(found.length, 1)
})

test('the log is read in the order in which it was written', async () => {
  const lines = await read('log')
  assert.deepEqual(
    lines.map(({ level, message }: Record<string, string>) => [level, message]),
    [
      ['info', 'It begins.'],
      ['error', 'It is gone.'],
    ],
  )
  const errors = await read('log', "?filter=level%20eq%20'error'&include=step,message")
  assert.deepEqual(errors, [['discover', 'It is gone.']])
})

test('each task has its own, and one that does not exist has none', async () => {
  for (const what of ['steps', 'log']) {
    const other = await api.call('GET', `holdfast/v1/tasks/${taskIDs[1]}/${what}`)
    assert.deepEqual(other.body.items, [])
    assertProblem(await api.call('GET', `holdfast/v1/tasks/${missingID()}/${what}`), 404, 1)
  }
})
