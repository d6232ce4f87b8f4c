// Jobs: the view of tasks that clients poll, list and search.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, afterEach, before, test } from 'node:test'
import { endTask, hexIDOf, insertTask, startTaskStep } from '@holdfast/db'
import { newTask, newVerifyTask, STEP_NAMES, type StepName } from '@holdfast/workflows'
import {
  addTenant,
  addUser,
  assertAnswersConform,
  makeTestApi,
  type TestAnswer,
  type TestApi,
} from '../testing/test-api.ts'
import { assertContainerError } from '../testing/test-containers.ts'
import { completedBackup, manageApp, postBackup, tasksOf } from '../testing/test-resources.ts'

const ZERO = '0001-01-01T00:00:00Z'

interface Step {
  readonly started: string
  readonly completed: string
}

let api: TestApi
before(async () => {
  api = await makeTestApi()
})
after(() => api.close())
afterEach(assertAnswersConform)

test('a deletion from its 202 to its end, as a client counts it', async () => {
  const appID = await manageApp(api, 'counted')
  await completedBackup(api, appID)
  const container = hexIDOf(appID)
  const { body: list } = await api.callContainer('GET', `containers/${container}/backups`)
  const [{ id: backup }] = list.data
  const answer = await api.callContainer('DELETE', `containers/${container}/backups/${backup}`)
  assert.equal(answer.status, 202, answer.text)
  const { job: described, action } = answer.body.data
  assert.equal(action, 'delete')
  assert.deepEqual(
    [described.accepted, described.schedule, described.parallel],
    [true, ZERO, { tasks: false, sub_queue: null }],
  )
  const queued = await job(described.id)
  assert.partialDeepStrictEqual(queued, {
    id: described.id,
    hub_id: hexIDOf(api.tenant.accountID),
    queue: described.queue,
    schedule: ZERO,
    expires: ZERO,
    limit_duplicates: false,
    creator: { id: hexIDOf(api.tenant.userID), type: 'account' },
    state: { current: 'queued', error: null },
    events: { started: ZERO, completed: ZERO },
  })
  assert.partialDeepStrictEqual(queued.tasks[0], {
    header: 'container.backup.delete',
    input: { container_id: container, backup_id: backup },
    output: null,
    error: null,
    state: { current: 'pending' },
  })
  assert.deepEqual(queued.tasks[0].steps, described.tasks[0].steps)
  assert.equal(progressOf(queued), 0)

  const taskID = await taskOf(described.id)
  let before = 0
  for (const [position, name] of STEP_NAMES['delete-backup'].slice(0, -1).entries()) {
    await begin(taskID, position, name)
    const present = await job(described.id)
    assert.equal(present.state.current, 'running')
    assert.equal(present.tasks[0].state.current, 'running')
    const progress = progressOf(present)
    assert.ok(progress >= before && progress < 1, `${name}: ${before} → ${progress}`)
    before = progress
  }
  await endTask(api.database, { taskID, attempt: 0 }, COMPLETED)
  const ended = await job(described.id)
  assert.equal(progressOf(ended), 1)
  assert.equal(ended.state.current, 'completed')
  assert.notEqual(ended.events.completed, ZERO)
})

test('one that failed or was cancelled says why, and where', async () => {
  const appID = await manageApp(api, 'failing')
  const { body } = await postBackup(api, appID)
  const [task] = await tasksOf(api, body.id)
  const taskID = task?.id ?? ''
  await begin(taskID, 0, 'await-app')
  await begin(taskID, 1, 'ensure-repository')
  await begin(taskID, 2, 'undo-backup')
  await begin(taskID, 3, 'fail-backup')
  const reason = 'The bucket cannot be reached: no route; check it and try again.'
  await endTask(
    api.database,
    { taskID, attempt: 0 },
    {
      state: 'failed',
      failure: { code: 'repository-unreachable' },
      stateDetails: [{ type: 'x', title: 'x', detail: reason }],
    },
  )
  const failed = await job(hexIDOf(taskID))
  assert.deepEqual(failed.state.error, { message: reason })
  assert.deepEqual(failed.tasks[0].error, { message: reason })
  assert.deepEqual([failed.state.current, failed.tasks[0].state.current], ['error', 'error'])
  const reached = failed.tasks[0].steps.map(({ started, completed }: Step) => [
    started !== ZERO,
    completed !== ZERO,
  ])
  assert.deepEqual(reached, [
    [true, true],
    [true, true],
    [true, false],
    [false, false],
    [false, false],
  ])
})

test('what is a part of another task is no job of its own', async () => {
  const appID = await manageApp(api, 'parent')
  const { body } = await postBackup(api, appID)
  const [parent] = await tasksOf(api, body.id)
  const id = randomUUID()
  const { accountID } = api.tenant
  await insertTask(api.database, {
    ...newTask(id, { kind: 'snapshot', accountID, appID, snapshotID: randomUUID() }),
    ...(parent === undefined ? {} : { parentTaskID: parent.id }),
  })
  assertContainerError(await api.callContainer('GET', `jobs/${hexIDOf(id)}`), '404.job')
  const { body: latest } = await api.callContainer('GET', 'jobs/latest')
  assert.ok(!latest.data.some((one: { readonly id: string }) => one.id === hexIDOf(id)))
})

test('an API key that made one is its creator, by name where that is asked for', async () => {
  const roles = await api.callContainer('GET', 'hubs/current/roles')
  const { id: role_id } = roles.body.data.find(
    ({ identifier }: { readonly identifier: string }) => identifier === 'admin',
  )
  const body = { name: 'nightly', role_id }
  const key = (await api.callContainer('POST', 'hubs/current/api-keys', { body })).body.data
  const integration = await integrationOf('local')
  const path = `hubs/current/integrations/${integration}/tasks`
  const verify = { body: { action: 'verify' }, token: key.secret }
  const answer = await api.callContainer('POST', path, verify)
  assert.equal(answer.status, 202, answer.text)
  const { id } = answer.body.data.job
  assert.deepEqual((await job(id)).creator, { id: key.id, type: 'api-key' })
  const list = await api.callContainer(
    'GET',
    'jobs?include=creators&page[size]=1&sort=-events.queued',
  )
  assert.equal(list.body.data[0].id, id)
  assert.equal(list.body.includes.creators.api_keys[key.id].name, 'nightly')
})

test('lists: by state, text and time, in any order, in pages', async () => {
  const first = await oneQueuedAt('2026-03-01T00:00:00Z', 'alpha')
  const second = await oneQueuedAt('2026-03-02T00:00:00.250Z', 'beta')
  const third = await oneQueuedAt('2026-03-02T00:00:00.750Z', 'gamma')
  const march = 'filter[range-start]=2026-03-01T00:00:00Z&filter[range-end]=2026-03-31T00:00:00Z'
  assert.deepEqual(await list(march), [third, second, first])
  assert.deepEqual(await list(`${march}&sort=events.queued`), [first, second, third])
  assert.deepEqual(await list(`${march}&sort=caption`), [first, second, third])
  assert.deepEqual(await list(`${march}&sort=id`), [first, second, third].toSorted())
  assert.deepEqual(await list(`${march}&page[size]=2&page[number]=2`), [first])
  assert.deepEqual(await list(`${march}&page[size]=2&page[number]=3`), [])
  assert.deepEqual(await list(`${march}&filter[search]=BETA`), [second])
  assert.deepEqual(await list(`filter[search]=${third}`), [third])
  await endTask(api.database, { taskID: await taskOf(second), attempt: 0 }, COMPLETED)
  assert.deepEqual(await list(`${march}&filter[state]=completed`), [second])
  assert.deepEqual(await list(`${march}&filter[state]=queued,error`), [third, first])
  assert.deepEqual(await list(`${march}&filter[state]=expired`), [])
  const malformed = await api.callContainer('GET', 'jobs?filter[range-start]=soon')
  assertContainerError(malformed, '422.invalid-argument')
})

test('latest is no id; no id is of no job', async () => {
  const { status, body } = await api.callContainer('GET', 'jobs/latest')
  assert.equal(status, 200)
  assert.ok(body.data.length > 0 && body.data.length <= 20)
  const queued = body.data.map(({ events }: { events: { queued: string } }) => events.queued)
  assert.deepEqual(queued, queued.toSorted().toReversed())
  for (const id of ['none', '0'.repeat(24)]) {
    assertContainerError(await api.callContainer('GET', `jobs/${id}`), '404.job')
  }
})

test('of a job in another hub nothing is seen', async () => {
  const appID = await manageApp(api, 'own')
  const { body } = await postBackup(api, appID)
  const [task] = await tasksOf(api, body.id)
  const other = await addTenant(api.database)
  const options = { token: other.token, hub: hexIDOf(other.accountID) }
  const answer = await api.callContainer('GET', `jobs/${hexIDOf(task?.id ?? '')}`, options)
  assertContainerError(answer, '404.job')
  const all = await api.callContainer('GET', 'jobs', options)
  assert.deepEqual(all.body.data, [])
  const nobody = await addUser(api.database, api.tenant.accountID, undefined)
  const refused = await api.callContainer('GET', 'jobs', { token: nobody.token })
  assertContainerError(refused, '403.permissions')
  assert.equal(refused.body.error.extra.capability, 'apionly-jobs-view')
})

const COMPLETED = { state: 'completed', failure: null, stateDetails: [] } as const

async function job(id: string) {
  const answer = await api.callContainer('GET', `jobs/${id}`)
  assert.equal(answer.status, 200, answer.text)
  return answer.body.data
}

/** As clients do it: a step is done when its end is not the zero time. */
function progressOf(shown: { readonly tasks: readonly { readonly steps: readonly Step[] }[] }) {
  const steps = shown.tasks.flatMap((task) => task.steps)
  return steps.filter(({ completed }) => completed !== ZERO).length / steps.length
}

async function taskOf(hexID: string): Promise<string> {
  const rows = await api.database.queries.selectFrom('tasks').select('id').execute()
  return rows.find(({ id }) => hexIDOf(id) === hexID)?.id ?? ''
}

async function begin(taskID: string, position: number, name: StepName): Promise<void> {
  await api.database.queries
    .updateTable('tasks')
    .set({ state: 'running', started_at: new Date() })
    .where('id', '=', taskID)
    .execute()
  await startTaskStep(api.database, { taskID, attempt: 0, position, name })
}

async function oneQueuedAt(queuedAt: string, summary: string): Promise<string> {
  const id = randomUUID()
  const task = newVerifyTask(id, api.tenant)
  await insertTask(api.database, { ...task, summary })
  await api.database.queries
    .updateTable('tasks')
    .set({ created_at: new Date(queuedAt) })
    .where('id', '=', id)
    .execute()
  return hexIDOf(id)
}

async function list(query: string): Promise<string[]> {
  const answer: TestAnswer = await api.callContainer('GET', `jobs?${query}`)
  assert.equal(answer.status, 200, answer.text)
  return answer.body.data.map(({ id }: { readonly id: string }) => id)
}

async function integrationOf(identifier: string): Promise<string> {
  const { body } = await api.callContainer('GET', 'hubs/current/integrations')
  const integrations: readonly { id: string; identifier: string }[] = body.data
  return integrations.find((one) => one.identifier === identifier)?.id ?? ''
}
