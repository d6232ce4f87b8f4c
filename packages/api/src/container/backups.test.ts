// Backups of containers: what is shown of them in either dialect, and how they are restored and
// deleted.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, afterEach, before, test } from 'node:test'
import { derivedHexID, HOST_INSTANCE_IDENTITY, hexIDOf, writeTaskLog } from '@holdfast/db'
import {
  addTenant,
  addUser,
  assertAnswersConform,
  makeTestApi,
  type TestAnswer,
  type TestApi,
} from '../testing/test-api.ts'
import {
  assertContainerError,
  completedStream,
  configureBackups,
} from '../testing/test-containers.ts'
import {
  completedBackup,
  manageApp,
  postBackup,
  setApp,
  setBackup,
  tasksOf,
} from '../testing/test-resources.ts'

const ZERO = '0001-01-01T00:00:00Z'

let api: TestApi
before(async () => {
  api = await makeTestApi()
})
after(() => api.close())
afterEach(assertAnswersConform)

test('a backup of volumes has every member of the documents', async () => {
  const appID = await manageApp(api, 'volumes')
  const repositoryID = await addRepository()
  const backupID = await completedBackup(api, appID)
  await setBackup(api, backupID, {
    total_bytes: 1234,
    repository_id: repositoryID,
    description_snapshot_id: 'd'.repeat(64),
    modified_at: new Date('2026-05-04T11:00:00Z'),
  })
  const id = derivedHexID(backupID, HOST_INSTANCE_IDENTITY)
  const { status, body } = await get(`${pathOf(appID)}/${id}`)
  assert.equal(status, 200)
  const expected = {
    id,
    hub_id: hexIDOf(api.tenant.accountID),
    container_id: hexIDOf(appID),
    instance_id: derivedHexID(appID, HOST_INSTANCE_IDENTITY),
    target: {
      integration_id: hexIDOf(api.tenant.bucketID),
      path: `accounts/x/snapshots/${'d'.repeat(64)}`,
      file_id: 'd'.repeat(64),
      size: 1234,
    },
    state: { current: 'live', changed: '2026-05-04T11:00:00.000Z' },
    events: {
      created: '2026-05-04T10:20:30.456Z',
      updated: '2026-05-04T11:00:00.000Z',
      deleted: ZERO,
    },
  }
  assert.deepEqual(body, { data: expected })
  assert.deepEqual((await get(pathOf(appID))).body, { data: [expected] })
})

test('a backup that has not begun to write has an empty path and no size', async () => {
  const appID = await manageApp(api, 'early')
  await postBackup(api, appID)
  const { body } = await get(pathOf(appID))
  assert.deepEqual(body.data[0].target, {
    integration_id: hexIDOf(api.tenant.bucketID),
    path: '',
    file_id: '',
    size: 0,
  })
  assert.equal(body.data[0].state.current, 'saving')
})

test('backups are sorted and given in pages; past the end there is nothing', async () => {
  const appID = await manageApp(api, 'paged')
  const sizes = [300, 100, 200]
  for (const [at, total_bytes] of sizes.entries()) {
    const id = await completedBackup(api, appID)
    await setBackup(api, id, { total_bytes, created_at: new Date(Date.UTC(2026, 0, 1 + at)) })
  }
  const failed = await completedBackup(api, appID)
  await setBackup(api, failed, { state: 'failed', created_at: new Date(Date.UTC(2026, 0, 9)) })
  const list = async (query: string): Promise<readonly number[]> => {
    const { status, body } = await get(`${pathOf(appID)}?${query}`)
    assert.equal(status, 200, query)
    return body.data.map(({ target }: { readonly target: { size: number } }) => target.size)
  }
  assert.deepEqual(await list(''), [300, 100, 200, 0])
  assert.deepEqual(await list('sort=target.size'), [0, 100, 200, 300])
  assert.deepEqual(await list('sort=-state.current&sort=-target.size'), [300, 200, 100, 0])
  assert.deepEqual(await list('sort=-events.created,id'), [0, 200, 100, 300])
  assert.deepEqual(await list('sort=target.size&page[size]=3&page[number]=2'), [300])
  assert.deepEqual(await list('page[number]=2'), [])
  assert.deepEqual(await list('page%5Bsize%5D=1&page%5Bnumber%5D=4'), [0])
  assertContainerError(await get(`${pathOf(appID)}?sort=name`), '422.invalid-argument')
  assertContainerError(await get(`${pathOf(appID)}?filter[state]=live`), '422.invalid-argument')
})

test('the integrations in which backups lie are included, each once, with its definition', async () => {
  const appID = await manageApp(api, 'included')
  const path = pathOf(appID)
  assert.deepEqual((await get(`${path}?include=integrations`)).body.includes, { integrations: {} })
  const backupID = await completedBackup(api, appID)
  await completedBackup(api, appID)
  const id = hexIDOf(api.tenant.bucketID)
  const integration = await get(`hubs/current/integrations/${id}?meta=definition`)
  assert.ok(integration.body.data.meta.definition.extends.includes('backups'))
  const expected = { integrations: { [id]: integration.body.data } }
  const list = await get(`${path}?include=integrations`)
  assert.equal(list.body.data.length, 2)
  assert.deepEqual(list.body.includes, expected)
  const one = derivedHexID(backupID, HOST_INSTANCE_IDENTITY)
  assert.deepEqual((await get(`${path}/${one}?include=integrations`)).body.includes, expected)
  assert.equal((await get(path)).body.includes, undefined)
  assertContainerError(await get(`${path}?include=creators`), '422.invalid-argument')
})

test('what is not there is not found, by its kind', async () => {
  const appID = await manageApp(api, 'missing')
  const otherAppID = await manageApp(api, 'missing-other')
  const backupID = await completedBackup(api, appID)
  const id = derivedHexID(backupID, HOST_INSTANCE_IDENTITY)
  const unknown = hexIDOf(randomUUID())
  for (const rest of ['', '/logs']) {
    const container = `containers/${unknown}/backups/${id}${rest}`
    assertContainerError(await get(container), '404.container')
    for (const path of [
      `${pathOf(appID)}/${unknown}`,
      `${pathOf(otherAppID)}/${id}`,
      `${pathOf(appID)}/${backupID}`,
      // The digits of the backup's own id name nothing where each instance has its backup.
      `${pathOf(appID)}/${hexIDOf(backupID)}`,
    ]) {
      assertContainerError(await get(`${path}${rest}`), '404.container.backup')
    }
  }
  const other = await addTenant(api.database)
  const stranger = { token: other.token, hub: hexIDOf(other.accountID) }
  const foreign = await api.callContainer('GET', `${pathOf(appID)}/${id}`, stranger)
  assertContainerError(foreign, '404.container')
  const deletion = await api.callContainer('DELETE', `${pathOf(otherAppID)}/${id}`)
  assertContainerError(deletion, '404.container.backup')
  await api.call('DELETE', `k8s/v2/apps/${appID}`)
  assertContainerError(await get(`${pathOf(appID)}/${id}`), '404.container')
})

test('a restore begins a job that can be read at once, and its log', async () => {
  const appID = await manageApp(api, 'restored')
  const backupID = await completedBackup(api, appID)
  const id = derivedHexID(backupID, HOST_INSTANCE_IDENTITY)
  await setBackup(api, backupID, { total_bytes: 10 })
  const answer = await restore(appID, id)
  assert.equal(answer.status, 202, answer.text)
  const { action, job } = answer.body.data
  assert.equal(action, 'restore')
  assert.equal(job.accepted, true)
  assert.equal(job.tasks[0].header, 'container.backup.restore')
  assert.deepEqual(job.tasks[0].input, { container_id: hexIDOf(appID), backup_id: id })
  const read = await get(`jobs/${job.id}`)
  assert.equal(read.body.data.state.current, 'queued')

  const [task] = (await tasksOf(api, appID)).filter(({ kind }) => kind === 'restore')
  assert.equal(hexIDOf(task?.id ?? ''), job.id)
  assert.ok(api.startedTasks.includes(task?.id ?? ''))
  assert.equal(inputOf(task).isInUseAllowed, false)
  const app = await api.call('GET', `k8s/v2/apps/${appID}`)
  assert.equal(app.body.state, 'restoring')

  await writeTaskLog(api.database, { taskID: task?.id ?? '', level: 'info', message: 'a line' })
  const logs = await get(`${pathOf(appID)}/${id}/logs`)
  assert.deepEqual(
    logs.body.data.map(({ type }: { readonly type: string }) => type),
    ['backup', 'restore'],
  )
  const { events, ...log } = logs.body.data[1]
  assert.deepEqual(log, {
    id: job.id,
    container_id: hexIDOf(appID),
    instance_id: derivedHexID(appID, HOST_INSTANCE_IDENTITY),
    backup_id: id,
    hub_id: hexIDOf(api.tenant.accountID),
    type: 'restore',
    log: 'a line',
    error: null,
  })
  assert.equal(events.deleted, ZERO)
  assertContainerError(await restore(appID, id), '403.invalid-state')
})

test('what a command wrote is restored by the command that is configured now', async () => {
  const appID = await manageApp(api, 'streamed')
  const backupID = await completedStream(api, appID)
  const id = hexIDOf(backupID)
  const commands = { backup: { command: 'dump' }, restore: { command: 'newer', timeout: '5m' } }
  await configureBackups(api, hexIDOf(appID), commands)
  const allowed = await restore(appID, id, { 'Holdfast-In-Use': 'Allow' })
  assert.equal(allowed.status, 202, allowed.text)
  const [task] = (await tasksOf(api, appID)).filter(({ kind }) => kind === 'stream-restore')
  const { command, timeoutMs, configuredBy, source } = inputOf(task)
  assert.deepEqual(
    { command, timeoutMs, configuredBy, source },
    {
      command: 'newer',
      timeoutMs: 300_000,
      configuredBy: api.tenant.userID,
      source: { kind: 'backup', id: backupID },
    },
  )
  await setApp(api, appID, { state: 'ready' })
  await configureBackups(api, hexIDOf(appID), { backup: { command: 'dump' }, restore: null })
  const none = await restore(appID, id)
  assert.equal(none.status, 403, none.text)
  assert.match(none.body.error.detail, /restore/)
})

test('volumes that are in use are restored when the header says so', async () => {
  const appID = await manageApp(api, 'in-use')
  const id = derivedHexID(await completedBackup(api, appID), HOST_INSTANCE_IDENTITY)
  assert.equal((await restore(appID, id, { 'holdfast-in-use': 'allow' })).status, 202)
  const [task] = (await tasksOf(api, appID)).filter(({ kind }) => kind === 'restore')
  assert.equal(inputOf(task).isInUseAllowed, true)
})

test('a restore names an instance of the container', async () => {
  const appID = await manageApp(api, 'instances')
  const otherAppID = await manageApp(api, 'instances-other')
  const id = derivedHexID(await completedBackup(api, appID), HOST_INSTANCE_IDENTITY)
  const post = (body: unknown) =>
    api.callContainer('POST', `${pathOf(appID)}/${id}/tasks`, { body })
  for (const [body, code, source] of [
    [{ action: 'restore', contents: {} }, '422.missing-argument', '/contents/instance_id'],
    [{ action: 'restore' }, '422.missing-argument', '/contents'],
    [{ contents: { instance_id: 'x' } }, '422.missing-argument', '/action'],
    [
      { action: 'restore', contents: { instance_id: 7 } },
      '422.invalid-argument',
      '/contents/instance_id',
    ],
    [{ action: 'verify', contents: { instance_id: 'x' } }, '422.invalid-argument', '/action'],
  ] as const) {
    const answer = await post(body)
    assertContainerError(answer, code)
    assert.equal(answer.body.error.source, source)
  }
  for (const instance_id of [
    derivedHexID(otherAppID, HOST_INSTANCE_IDENTITY),
    hexIDOf(randomUUID()),
    'x',
  ]) {
    assertContainerError(
      await post({ action: 'restore', contents: { instance_id } }),
      '404.instance',
    )
  }
  assert.equal((await tasksOf(api, appID)).length, 0)
})

test('only a live backup of a container that is at rest is restored', async () => {
  const appID = await manageApp(api, 'states')
  const backupID = await completedBackup(api, appID)
  const id = derivedHexID(backupID, HOST_INSTANCE_IDENTITY)
  for (const state of ['pending', 'running', 'failed']) {
    await setBackup(api, backupID, { state })
    const answer = await restore(appID, id)
    assertContainerError(answer, '403.invalid-state')
    assert.ok(answer.body.error.detail.includes(id))
  }
  await setBackup(api, backupID, { state: 'completed' })
  await postBackup(api, appID)
  assertContainerError(await restore(appID, id), '403.invalid-state')
})

test('a deletion is a job; the backup is deleting until its data is gone', async () => {
  const appID = await manageApp(api, 'deleted')
  const backupID = await completedBackup(api, appID)
  const id = derivedHexID(backupID, HOST_INSTANCE_IDENTITY)
  const answer = await api.callContainer('DELETE', `${pathOf(appID)}/${id}`)
  assert.equal(answer.status, 202, answer.text)
  const { action, job } = answer.body.data
  assert.equal(action, 'delete')
  assert.equal(job.tasks[0].header, 'container.backup.delete')
  assert.equal((await get(`jobs/${job.id}`)).status, 200)
  const { body } = await get(`${pathOf(appID)}/${id}`)
  assert.equal(body.data.state.current, 'deleting')
  assert.equal(body.data.events.deleted, ZERO)
  for (const refused of [
    await api.callContainer('DELETE', `${pathOf(appID)}/${id}`),
    await restore(appID, id),
  ]) {
    assertContainerError(refused, '403.invalid-state')
    assert.ok(refused.body.error.detail.includes(id))
  }
  assert.equal((await tasksOf(api, backupID)).filter(isDeletion).length, 1)
})

test('of several deletions at once one is begun, and the others are told so', async () => {
  const appID = await manageApp(api, 'raced')
  const backupID = await completedBackup(api, appID)
  const id = derivedHexID(backupID, HOST_INSTANCE_IDENTITY)
  const remove = () => api.callContainer('DELETE', `${pathOf(appID)}/${id}`)
  const answers = await Promise.all([remove(), remove(), remove()])
  const refused = answers.filter(({ status }) => status !== 202)
  assert.equal(refused.length, 2)
  for (const answer of refused) {
    assertContainerError(answer, '403.invalid-state')
    assert.ok(answer.body.error.detail.includes(id))
  }
  assert.equal((await tasksOf(api, backupID)).filter(isDeletion).length, 1)
})

test('what cannot be deleted now stays as it is', async () => {
  const appID = await manageApp(api, 'kept')
  const { body } = await postBackup(api, appID)
  const id = derivedHexID(body.id, HOST_INSTANCE_IDENTITY)
  assertContainerError(
    await api.callContainer('DELETE', `${pathOf(appID)}/${id}`),
    '403.invalid-state',
  )
  await setBackup(api, body.id, { state: 'completed' })
  assert.equal((await restore(appID, id)).status, 202)
  assertContainerError(
    await api.callContainer('DELETE', `${pathOf(appID)}/${id}`),
    '403.invalid-state',
  )
  assert.equal((await get(`${pathOf(appID)}/${id}`)).body.data.state.current, 'live')
})

test('a backup made in either dialect is listed, restored and deleted in the other', async () => {
  const appID = await manageApp(api, 'both')
  const volumes = await completedBackup(api, appID)
  const stream = await completedStream(api, appID)
  await setBackup(api, stream, { created_at: new Date('2026-05-04T10:30:00Z') })
  const ids = [derivedHexID(volumes, HOST_INSTANCE_IDENTITY), hexIDOf(stream)]
  const list = await get(pathOf(appID))
  assert.deepEqual(
    list.body.data.map(({ id }: { readonly id: string }) => id),
    ids,
  )
  const others = await api.call('GET', `k8s/v1/apps/${appID}/appBackups`)
  assert.deepEqual(
    others.body.items.map(({ id, state }: Shown) => [id, state]),
    [
      [volumes, 'completed'],
      [stream, 'completed'],
    ],
  )

  const put = (backupID: string) =>
    api.call('PUT', `k8s/v2/apps/${appID}`, {
      body: { type: 'application/astra-app', version: '2.2', backupID },
      headers: { ForceUpdate: 'true' },
    })
  for (const backupID of [volumes, stream]) {
    assert.equal((await put(backupID)).status, 204)
    const id = backupID === stream ? hexIDOf(stream) : (ids[0] ?? '')
    const logs = await get(`${pathOf(appID)}/${id}/logs`)
    assert.equal(logs.body.data.at(-1).type, 'restore')
    const jobs = await get(`jobs?filter[state]=queued&sort=-events.queued`)
    assert.ok(jobs.body.data.some(({ id }: Shown) => id === logs.body.data.at(-1).id))
    await endTasks(appID)
    assert.equal((await restore(appID, id)).status, 202)
    await endTasks(appID)
  }

  assert.equal((await api.callContainer('DELETE', `${pathOf(appID)}/${ids[0]}`)).status, 202)
  const gone = await api.call('GET', `k8s/v1/apps/${appID}/appBackups/${volumes}`)
  assert.equal(gone.status, 404)
  const deletion = await api.call('DELETE', `k8s/v1/apps/${appID}/appBackups/${stream}`)
  assert.equal(deletion.status, 204)
  const shown = await get(`${pathOf(appID)}/${ids[1]}`)
  assert.equal(shown.body.data.state.current, 'deleting')
})

test('what is done in this dialect leaves the same events as in the other', async () => {
  const appID = await manageApp(api, 'audited')
  const id = derivedHexID(await completedBackup(api, appID), HOST_INSTANCE_IDENTITY)
  await api.callContainer('DELETE', `${pathOf(appID)}/${id}`)
  const event = await api.database.queries
    .selectFrom('events')
    .select(['resource_method', 'resource_type', 'user_id'])
    .where('app_id', '=', appID)
    .orderBy('sequence', 'desc')
    .executeTakeFirst()
  assert.equal(event?.resource_method, 'delete')
  assert.match(event.resource_type, /appBackup$/)
  assert.equal(event.user_id, api.tenant.userID)
})

test('each deed needs its capability', async () => {
  const appID = await manageApp(api, 'rights')
  const id = derivedHexID(await completedBackup(api, appID), HOST_INSTANCE_IDENTITY)
  const { token } = await addUser(api.database, api.tenant.accountID, 'viewer')
  for (const path of [pathOf(appID), `${pathOf(appID)}/${id}`, `${pathOf(appID)}/${id}/logs`]) {
    assert.equal((await api.callContainer('GET', path, { token })).status, 200)
  }
  for (const answer of [
    await api.callContainer('DELETE', `${pathOf(appID)}/${id}`, { token }),
    await restore(appID, id, {}, token),
  ]) {
    assertContainerError(answer, '403.permissions')
    assert.deepEqual(answer.body.error.extra, { capability: 'containers-backups-manage' })
  }
  const nobody = await addUser(api.database, api.tenant.accountID, undefined)
  const unseen = await api.callContainer('GET', pathOf(appID), { token: nobody.token })
  assertContainerError(unseen, '403.permissions')
  assert.deepEqual(unseen.body.error.extra, { capability: 'containers-backups-view' })
})

interface Shown {
  readonly id: string
  readonly state: string
}

function pathOf(appID: string): string {
  return `containers/${hexIDOf(appID)}/backups`
}

function get(path: string): Promise<TestAnswer> {
  return api.callContainer('GET', path)
}

function restore(
  appID: string,
  id: string,
  headers: Readonly<Record<string, string>> = {},
  token: string = api.tenant.token,
): Promise<TestAnswer> {
  const instance_id = derivedHexID(appID, HOST_INSTANCE_IDENTITY)
  const body = { action: 'restore', contents: { instance_id } }
  return api.callContainer('POST', `${pathOf(appID)}/${id}/tasks`, { body, headers, token })
}

function inputOf(task: { readonly input: object } | undefined): Readonly<Record<string, unknown>> {
  assert.ok(task)
  return { ...task.input }
}

function isDeletion({ kind }: { readonly kind: string }): boolean {
  return kind === 'delete-backup'
}

/** As the workflows would, as far as the API sees it. */
async function endTasks(appID: string): Promise<void> {
  const { queries } = api.database
  await queries
    .updateTable('tasks')
    .set({ state: 'completed' })
    .where('app_id', '=', appID)
    .execute()
  await setApp(api, appID, { state: 'ready' })
}

async function addRepository(): Promise<string> {
  const id = randomUUID()
  const { accountID, bucketID } = api.tenant
  const row = { id, account_id: accountID, bucket_id: bucketID, prefix: 'accounts/x/' }
  await api.database.queries.insertInto('repositories').values(row).execute()
  return id
}
