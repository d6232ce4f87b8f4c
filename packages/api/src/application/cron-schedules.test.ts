// What the commands of a container mean in this dialect: the schedule that their cron string is shown
// as, and the backups that they make and restore.
import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { hexIDOf } from '@holdfast/db'
import {
  addTenant,
  addUser,
  assertAnswersConform,
  makeTestApi,
  type TestApi,
} from '../testing/test-api.ts'
import {
  assertProblem,
  completedSnapshot,
  manageApp,
  missingID,
  putApp,
  setBackup,
  tasksOf,
} from '../testing/test-resources.ts'

const COMMANDS = {
  backup: { command: 'pg_dump shop', timeout: '1h30m' },
  restore: { command: 'psql', timeout: '90s' },
}
const NIGHTLY = {
  ...COMMANDS,
  backup: { ...COMMANDS.backup, cron_string: '15 3 * * mon-fri' },
  retention: '30d',
}
const START = new Date('2031-05-30T12:00:00Z') // a Friday

let api: TestApi
let appID: string
let path: string
before(async () => {
  api = await makeTestApi()
  appID = await manageApp(api, 'shop')
  path = `k8s/v1/apps/${appID}/schedules`
})
after(() => api.close())
beforeEach(() => {
  api.clock.now = START
})
afterEach(async () => {
  assertAnswersConform()
  await configure(null)
  for (const table of ['schedules', 'backups'] as const) {
    await api.database.queries.deleteFrom(table).execute()
  }
})

describe('decision 10: a cron string is a custom schedule', () => {
  test('it is shown with its cron string and its duration as labels', async () => {
    await configure(NIGHTLY)
    const { id, metadata, ...shown } = await onlySchedule()
    assert.deepEqual(shown, {
      type: 'application/astra-schedule',
      version: '1.3',
      name: 'container-backups',
      enabled: 'true',
      granularity: 'custom',
      minute: '0',
      snapshotRetention: '0',
      backupRetention: '2147483647',
      replicate: 'false',
    })
    assert.deepEqual(metadata.labels, [
      { name: 'holdfast.io/cron', value: '15 3 * * mon-fri' },
      { name: 'holdfast.io/retention', value: '30d' },
    ])
    assert.equal(await dueTime(id), '2031-06-02T03:15:00Z')
    const filter = encodeURIComponent("metadata.labels[*].value eq '30d'")
    const found = await api.call('GET', `${path}?include=id&filter=${filter}`)
    assert.equal(found.status, 200, found.text)
    assert.deepEqual(found.body.items, [[id]])
    await configure({ ...NIGHTLY, retention: null })
    const { labels } = (await onlySchedule()).metadata
    assert.deepEqual(labels, [{ name: 'holdfast.io/cron', value: '15 3 * * mon-fri' }])
  })

  test('sent back as it is shown it stays as it is; name, labels, bucket and switch may change', async () => {
    await configure(NIGHTLY)
    const shown = await onlySchedule()
    await put(shown)
    const { bucketID } = api.tenant
    assert.deepEqual(withoutTimes(await onlySchedule()), withoutTimes(shown))
    assert.deepEqual(await configured(), NIGHTLY)

    const own = { name: 'team', value: 'db' }
    const labels = [own, ...shown.metadata.labels]
    await put({ ...shown, name: 'dumps', bucketID, metadata: { labels } })
    const changed = await onlySchedule()
    assert.deepEqual([changed.name, changed.bucketID], ['dumps', bucketID])
    assert.deepEqual(changed.metadata.labels, labels)
    assert.deepEqual(await configured(), { ...NIGHTLY, integration_id: hexIDOf(bucketID) })
    const short = { ...shown, enabled: 'false', metadata: { labels: [] } }
    await put(short)
    const off = await onlySchedule()
    assert.deepEqual([off.enabled, off.metadata.labels], ['false', shown.metadata.labels])
    assert.equal(await dueTime(shown.id), undefined)
    assert.deepEqual((await configured()).backup, NIGHTLY.backup)
    await put({ ...shown, metadata: { labels: [] }, minute: null, recurrenceRule: '*' })
    assert.equal(await dueTime(shown.id), '2031-06-02T03:15:00Z')

    const other = { labels: [{ name: 'holdfast.io/cron', value: '* * * * *' }] }
    const refused = await api.call('PUT', `${path}/${shown.id}`, {
      body: { ...shown, metadata: other },
    })
    assertProblem(refused, 400, 9)
    assert.equal(refused.body.invalidFields[0].name, 'metadata.labels')
  })

  test('another rule takes its place, and needs what a rule of this dialect needs', async () => {
    await configure(NIGHTLY)
    const shown = await onlySchedule()
    const changes = [{ backupRetention: '7' }, { snapshotRetention: '1' }, { minute: '5' }]
    for (const change of [...changes, { granularity: 'weekly' }]) {
      const body = { ...shown, ...change }
      assertProblem(await api.call('PUT', `${path}/${shown.id}`, { body }), 400, 9)
    }
    assert.deepEqual(await configured(), NIGHTLY)
    const rule = { granularity: 'daily', hour: '4', backupRetention: '7', snapshotRetention: '1' }
    await put({ ...shown, ...rule })
    const replaced = await onlySchedule()
    assert.partialDeepStrictEqual(replaced, { ...rule, minute: '0', name: 'container-backups' })
    assert.deepEqual(replaced.metadata.labels, [])
    assert.equal(await dueTime(shown.id), '2031-05-31T04:00:00Z')
    const { cron_string: _, ...backup } = NIGHTLY.backup
    assert.deepEqual(await configured(), { ...NIGHTLY, backup })

    // It is not the container's any more, which may have one beside it.
    await configure(await configured())
    assert.equal((await onlySchedule()).granularity, 'daily')
    await configure(NIGHTLY)
    const names = (await schedules()).map(({ name }) => name)
    assert.deepEqual(names.toSorted(), ['container-backups', 'container-backups-2'])
    await configure(null)
    assert.equal((await onlySchedule()).id, shown.id)
  })

  test('what it made protects the app, until its rule is another', async () => {
    const state = async () => (await api.call('GET', `k8s/v2/apps/${appID}`)).body.protectionState
    await configure(NIGHTLY)
    const shown = await onlySchedule()
    assert.equal(await state(), 'partial')
    const { body } = await api.call('POST', `holdfast/v1/containers/${appID}/backups`)
    await setBackup(api, body.id, { state: 'completed', schedule_id: shown.id })
    assert.equal(await state(), 'protected')
    await put({ ...shown, granularity: 'daily', hour: '4' })
    assert.equal(await state(), 'partial')
  })

  test('who deletes it leaves the container without a cron string', async () => {
    await configure(NIGHTLY)
    const { id } = await onlySchedule()
    assert.equal((await api.call('DELETE', `${path}/${id}`)).status, 204)
    const { cron_string: _, ...backup } = NIGHTLY.backup
    assert.deepEqual(await configured(), { ...NIGHTLY, backup })
  })

  test('what is configured once more loses no due time; another cron string is aimed anew', async () => {
    await configure(NIGHTLY)
    const { id } = await onlySchedule()
    api.clock.now = new Date('2031-06-02T03:15:30Z')
    await configure({ ...NIGHTLY, retention: '31d', restore: null })
    assert.equal(await dueTime(id), '2031-06-02T03:15:00Z')
    await put({ ...(await onlySchedule()), enabled: 'false' })
    await configure(NIGHTLY)
    assert.equal((await onlySchedule()).enabled, 'false')
    const hourly = { ...NIGHTLY, backup: { ...NIGHTLY.backup, cron_string: '@hourly' } }
    await configure(hourly)
    assert.equal((await onlySchedule()).id, id)
    assert.equal(await dueTime(id), '2031-06-02T04:00:00Z')
    await configure({ ...hourly, backup: { ...hourly.backup, cron_string: null } })
    assert.deepEqual(await schedules(), [])
  })

  test('what is wrong is named, and changes nothing', async () => {
    const { accountID: otherID } = await addTenant(api.database)
    const { id: stranger } = await api.database.queries
      .selectFrom('buckets')
      .select('id')
      .where('account_id', '=', otherID)
      .executeTakeFirstOrThrow()
    await configure(NIGHTLY)
    const cases = [
      ['backup/cron_string', { ...NIGHTLY, backup: { command: 'x', cron_string: '0 0 0 * * *' } }],
      ['backup/cron_string', { ...NIGHTLY, backup: { command: 'x', cron_string: '0 0 31 2 *' } }],
      ['backup/command', { ...NIGHTLY, backup: { command: ' ' } }],
      ['backup/command', { ...NIGHTLY, backup: { command: '""' } }],
      ['backup/timeout', { ...NIGHTLY, backup: { command: 'x', timeout: '90' } }],
      ['restore/timeout', { ...NIGHTLY, restore: { command: 'x', timeout: '1.5h' } }],
      ['retention', { ...NIGHTLY, retention: '0s' }],
    ] as const
    for (const [member, backups] of cases) {
      const answer = await reconfigure(backups)
      assert.equal(answer.body.error.source, `/contents/integrations/backups/${member}`)
    }
    for (const integration_id of ['nowhere', '0'.repeat(24), hexIDOf(stranger)]) {
      const answer = await reconfigure({ ...NIGHTLY, integration_id })
      assert.equal(answer.body.error.code, '404.hub.integration')
    }
    assert.deepEqual(await configured(), NIGHTLY)
    assert.equal((await schedules()).length, 1)
  })

  test('a bucket that a configuration names is in use', async () => {
    const { bucketID } = api.tenant
    await api.database.queries.updateTable('clusters').set({ default_bucket_id: null }).execute()
    await api.database.queries.updateTable('clouds').set({ default_bucket_id: null }).execute()
    await configure({ ...COMMANDS, integration_id: hexIDOf(bucketID) })
    const answer = await api.call('DELETE', `topology/v1/buckets/${bucketID}`)
    assertProblem(answer, 409, 83)
    assert.match(answer.body.holdfast.reason, /1 container/)
  })
})

describe('decision 2: what a command writes is an appBackup', () => {
  const backups = (id: string) => `holdfast/v1/containers/${id}/backups`

  test('it is made when somebody asks for it, by the command that is configured then', async () => {
    assertProblem(await api.call('POST', backups(appID)), 409, 164)
    const { bucketID } = api.tenant
    await configure({ ...COMMANDS, integration_id: hexIDOf(bucketID) })
    const made = await api.call('POST', backups(hexIDOf(appID)))
    assert.equal(made.status, 201, made.text)
    const { id } = made.body
    assert.ok(made.headers.location?.endsWith(`/k8s/v1/apps/${appID}/appBackups/${id}`))
    assert.deepEqual([made.body.state, made.body.bucketID], ['pending', bucketID])
    const read = await api.call('GET', `k8s/v1/apps/${appID}/appBackups/${id}`)
    assert.deepEqual(read.body, made.body)
    const [task] = await tasksOf(api, id)
    assert.deepEqual([task?.kind, task?.user_id], ['stream-backup', api.tenant.userID])
    assert.deepEqual(task?.input, {
      command: 'pg_dump shop',
      timeoutMs: 5_400_000,
      configuredBy: api.tenant.userID,
    })
    assert.equal(api.startedTasks.at(-1), task?.id)
    const volumes = await api.call('GET', `holdfast/v1/appBackups/${id}/volumes`)
    assert.deepEqual(volumes.body.items, [])
    const body = { name: 'before-upgrade', metadata: { labels: [{ name: 'a', value: 'b' }] } }
    const named = await api.call('POST', backups(appID), { body })
    assert.deepEqual([named.status, named.body.name], [201, body.name], named.text)
    assert.deepEqual(named.body.metadata.labels, body.metadata.labels)
    assertProblem(await api.call('POST', backups(appID), { body }), 409, 143)
    const unknown = { bucketID: missingID() }
    assertProblem(await api.call('POST', backups(appID), { body: unknown }), 400, 108)
    for (const id of [missingID(), hexIDOf(missingID()), 'x', 'f'.repeat(24)]) {
      assertProblem(await api.call('POST', backups(id)), 404, 2)
    }
  })

  test('it is of who configured the command last', async () => {
    await configure(COMMANDS)
    const admin = await addUser(api.database, api.tenant.accountID, 'admin')
    const answer = await reconfigure(COMMANDS, { token: admin.token })
    assert.equal(answer.status, 202, answer.text)
    const { body } = await api.call('POST', backups(appID))
    const [task] = await tasksOf(api, body.id)
    assert.partialDeepStrictEqual(task?.input, { configuredBy: admin.userID })
  })

  test('restored in place it goes to the command that is configured then', async () => {
    await configure({ ...COMMANDS, restore: null })
    const { body } = await api.call('POST', backups(appID))
    const backupID = body.id
    const restore = (members: object = {}) =>
      putApp(api, appID, { backupID, ...members }, { ForceUpdate: 'true' })
    assertProblem(await restore(), 400, 74)
    await setBackup(api, backupID, { state: 'completed' })
    assertProblem(await restore(), 409, 164)
    await configure(COMMANDS)
    const filter = { resourceFilter: { resourceSelectionCriteria: 'include' } }
    const filtered = await restore({ restoreFilter: filter })
    assert.equal(filtered.status, 400, filtered.text)
    assertProblem(await putApp(api, appID, { backupID }), 403, 79)
    const restored = await restore()
    assert.equal(restored.status, 204, restored.text)
    const app = await api.call('GET', `k8s/v2/apps/${appID}`)
    assert.equal(app.body.state, 'restoring')
    const task = (await tasksOf(api, appID)).find(({ kind }) => kind === 'stream-restore')
    assert.deepEqual(task?.input, {
      command: 'psql',
      timeoutMs: 90_000,
      configuredBy: api.tenant.userID,
      source: { kind: 'backup', id: backupID },
      formerState: 'ready',
    })
    assertProblem(await api.call('DELETE', `k8s/v1/apps/${appID}/appBackups/${backupID}`), 409, 142)
    await api.database.queries.deleteFrom('tasks').where('kind', '=', 'stream-restore').execute()
    await api.database.queries.updateTable('apps').set({ state: 'ready' }).execute()
  })

  test('no app can be made of it; snapshots and volumes are restored as ever', async () => {
    await configure(COMMANDS)
    const { body } = await api.call('POST', backups(appID))
    await setBackup(api, body.id, { state: 'completed' })
    const clone = await api.call('POST', 'k8s/v2/apps', {
      body: {
        type: 'application/astra-app',
        version: '2.2',
        name: 'copy',
        clusterID: api.tenant.clusterID,
        backupID: body.id,
      },
    })
    assertProblem(clone, 409, 151)
    assert.match(clone.body.holdfast.remedy, /in place/)
    const snapshotID = await completedSnapshot(api, appID)
    const restored = await putApp(api, appID, { snapshotID }, { ForceUpdate: 'true' })
    assert.equal(restored.status, 204, restored.text)
    await api.database.queries.updateTable('apps').set({ state: 'ready' }).execute()
    await api.database.queries.deleteFrom('tasks').where('kind', '=', 'restore').execute()
  })
})

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every kind.
type Wire = any

async function reconfigure(backups: object | null, options: { token?: string } = {}) {
  const container = `containers/${hexIDOf(appID)}`
  const { config } = (await api.callContainer('GET', container)).body.data
  const contents = { ...config, integrations: { ...config.integrations, backups } }
  const body = { action: 'reconfigure', contents }
  return await api.callContainer('POST', `${container}/tasks`, { body, ...options })
}

async function configure(backups: object | null): Promise<void> {
  const answer = await reconfigure(backups)
  assert.equal(answer.status, 202, answer.text)
}

async function configured(): Promise<Wire> {
  const { body } = await api.callContainer('GET', `containers/${hexIDOf(appID)}`)
  return body.data.config.integrations.backups
}

async function schedules(): Promise<Wire[]> {
  return (await api.call('GET', path)).body.items
}

async function onlySchedule(): Promise<Wire> {
  const all = await schedules()
  assert.equal(all.length, 1)
  return all[0]
}

async function put(body: Wire): Promise<void> {
  const answer = await api.call('PUT', `${path}/${body.id}`, { body })
  assert.equal(answer.status, 204, answer.text)
}

async function dueTime(id: string): Promise<string | undefined> {
  return (await api.call('GET', `holdfast/v1/apps/${appID}/schedules/${id}`)).body.dueTime
}

function withoutTimes({ metadata, ...schedule }: Wire): Wire {
  return { ...schedule, labels: metadata.labels }
}
