// Where the documents of the dialect are silent: what is decided, each by its number.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { derivedHexID, endTask, HOST_INSTANCE_IDENTITY, hexIDOf, inTransaction } from '@holdfast/db'
import { type Capability, DEFAULT_ROLES } from '@holdfast/domain'
import {
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
  putApp,
  setApp,
  setBackup,
  tasksOf,
} from '../testing/test-resources.ts'

let api: TestApi
before(async () => {
  api = await makeTestApi()
})
after(() => api.close())
afterEach(assertAnswersConform)

test('decision 1: a container is an app; its one instance outlives what it is made of', async () => {
  const appID = await manageApp(api, 'one')
  const container = hexIDOf(appID)
  const instancesOf = async () => {
    const { body } = await api.callContainer('GET', `containers/${container}/instances`)
    return body.data.map(({ id }: { readonly id: string }) => id)
  }
  const present = await instancesOf()
  assert.deepEqual(present, [derivedHexID(appID, HOST_INSTANCE_IDENTITY)])
  assert.equal(HOST_INSTANCE_IDENTITY, 'host/app/0')
  await completedBackup(api, appID)
  // The namespace is made anew, the app gets another name, and goes and comes back.
  const namespaces = api.host.seen.namespaces.map((one) => ({ ...one, uid: `${one.uid}-again` }))
  api.host.seen = { ...api.host.seen, namespaces }
  const again = { name: 'one-again', namespaceScopedResources: [{ namespace: 'one' }] }
  assert.equal((await putApp(api, appID, again)).status, 204)
  await api.call('DELETE', `k8s/v2/apps/${appID}`)
  const back = await api.call('POST', `holdfast/v1/trash/${appID}/restore`)
  assert.equal(back.status, 204, back.text)
  assert.deepEqual(await instancesOf(), present)
  const { body } = await api.callContainer('GET', `containers/${container}/backups`)
  assert.equal(body.data.length, 1)
  assert.deepEqual([body.data[0].instance_id], present)
})

test('decision 2: a backup of volumes is one of each instance, a stream is restored by its command', async () => {
  const appID = await manageApp(api, 'two')
  const container = hexIDOf(appID)
  const stream = await completedStream(api, appID)
  // Also where a command is configured: what the other dialect asks for copies volumes.
  const { body } = await postBackup(api, appID)
  const [task] = await tasksOf(api, body.id)
  assert.equal(task?.kind, 'backup')
  await setBackup(api, body.id, { state: 'completed' })
  const list = await api.callContainer('GET', `containers/${container}/backups`)
  const instances = list.body.data.map((shown: { instance_id: string }) => shown.instance_id)
  const [instance] = instances
  assert.deepEqual(instances, [instance, instance])

  const put = await putApp(api, appID, { backupID: stream }, { ForceUpdate: 'true' })
  assert.equal(put.status, 204, put.text)
  const [restore] = await tasksOf(api, appID).then((tasks) => tasks.filter(isRestore))
  assert.equal(restore?.kind, 'stream-restore')
  assert.equal((restore.input as { readonly command?: string }).command, 'load')
  // Nothing in this dialect makes a backup.
  const post = await api.callContainer('POST', `containers/${container}/backups`, { body: {} })
  assertContainerError(post, '404.uri')
})

test('decision 3: ids are the first digits of UUIDs, or of those of an instance and its backup', async () => {
  const appID = await manageApp(api, 'three')
  const stream = await completedStream(api, appID)
  const volumes = await completedBackup(api, appID)
  const { body } = await api.callContainer('GET', `containers/${hexIDOf(appID)}/backups`)
  const expected = [hexIDOf(stream), derivedHexID(volumes, HOST_INSTANCE_IDENTITY)]
  const found = body.data.map(({ id }: { readonly id: string }) => id)
  assert.deepEqual(found.toSorted(), expected.toSorted())
  for (const { id, container_id, instance_id, hub_id, target } of body.data) {
    assert.equal(container_id, appID.replaceAll('-', '').slice(0, 24))
    assert.equal(hub_id, api.tenant.accountID.replaceAll('-', '').slice(0, 24))
    assert.equal(target.integration_id, api.tenant.bucketID.replaceAll('-', '').slice(0, 24))
    for (const one of [id, instance_id]) assert.match(one, /^[0-9a-f]{24}$/)
  }
  const [task] = await tasksOf(api, stream)
  const job = await api.callContainer(
    'GET',
    `jobs/${(task?.id ?? '').replaceAll('-', '').slice(0, 24)}`,
  )
  assert.equal(job.status, 200)
  // By RFC 9562, section 5.5, with another implementation's numbers.
  const known = derivedHexID('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'www.example.com')
  assert.equal(known, '2ed6657de927568b95e12665')
})

test('decision 4: a job is a task; its steps are there from the 202 on, and 100 % is never early', async () => {
  const { container, backup } = await makeBackup('four')
  const answer = await api.callContainer('DELETE', `containers/${container}/backups/${backup}`)
  assert.equal(answer.status, 202, answer.text)
  const { id, tasks } = answer.body.data.job
  const read = async () => (await api.callContainer('GET', `jobs/${id}`)).body.data
  const [{ steps }] = (await read()).tasks
  assert.deepEqual(steps, tasks[0].steps)
  assert.ok(steps.length > 1)
  const rows = await api.database.queries.selectFrom('tasks').select('id').execute()
  const taskID = rows.find((row) => hexIDOf(row.id) === id)?.id ?? ''
  const isDone = ({ tasks: [task] }: { tasks: { steps: { completed: string }[] }[] }) =>
    task?.steps.every(({ completed }) => completed !== '0001-01-01T00:00:00Z')
  // Whoever reads while it ends sees neither the last step nor the state, or both.
  await inTransaction(api.database, async (transaction) => {
    const end = { state: 'completed', failure: null, stateDetails: [] } as const
    await endTask(transaction, { taskID, attempt: 0 }, end)
    const present = await read()
    assert.deepEqual([present.state.current, isDone(present)], ['queued', false])
  })
  const ended = await read()
  assert.deepEqual([ended.state.current, isDone(ended)], ['completed', true])
})

test('decision 5: a run that failed ends deleted with its reason, and stays until it is deleted', async () => {
  const appID = await manageApp(api, 'five')
  const stream = await completedStream(api, appID)
  const path = `containers/${hexIDOf(appID)}/backups/${hexIDOf(stream)}`
  const reason = 'The command ended with exit code 1: no such database.'
  const modified_at = new Date('2026-05-04T11:30:00Z')
  await setBackup(api, stream, {
    state: 'failed',
    state_unready: JSON.stringify([reason]),
    modified_at,
  })
  const [task] = await tasksOf(api, stream)
  await api.database.queries
    .updateTable('tasks')
    .set({
      state: 'failed',
      state_details: JSON.stringify([{ type: 't', title: 't', detail: reason }]),
    })
    .where('id', '=', task?.id ?? '')
    .execute()
  const { body } = await api.callContainer('GET', path)
  assert.deepEqual(body.data.state, {
    current: 'deleted',
    changed: '2026-05-04T11:30:00.000Z',
    error: { message: reason, time: '2026-05-04T11:30:00.000Z' },
  })
  assert.equal(body.data.events.deleted, '2026-05-04T11:30:00.000Z')
  const logs = await api.callContainer('GET', `${path}/logs`)
  assert.deepEqual(logs.body.data[0].error, { message: reason })
  const list = await api.callContainer('GET', `containers/${hexIDOf(appID)}/backups`)
  assert.equal(list.body.data.length, 1)
  const deletion = await api.callContainer('DELETE', path)
  assert.equal(deletion.status, 202)
  assert.equal((await api.callContainer('GET', path)).body.data.state.current, 'deleting')
})

test('decision 6: once its deletion has completed, a backup is not found', async () => {
  const { container, backup } = await makeBackup('six')
  const path = `containers/${container}/backups/${backup}`
  const deletion = await api.callContainer('DELETE', path)
  assert.equal((await api.callContainer('GET', path)).status, 200)
  const { queries } = api.database
  const { resource_id } = await queries
    .selectFrom('tasks')
    .select('resource_id')
    .where('kind', '=', 'delete-backup')
    .orderBy('created_at', 'desc')
    .executeTakeFirstOrThrow()
  await queries
    .updateTable('tasks')
    .set({ state: 'completed', ended_at: new Date() })
    .where('kind', '=', 'delete-backup')
    .where('resource_id', '=', resource_id)
    .execute()
  assertContainerError(await api.callContainer('GET', path), '404.container.backup')
  assertContainerError(await api.callContainer('GET', `${path}/logs`), '404.container.backup')
  assertContainerError(await api.callContainer('DELETE', path), '404.container.backup')
  const list = await api.callContainer('GET', `containers/${container}/backups`)
  assert.deepEqual(list.body.data, [])
  const job = await api.callContainer('GET', `jobs/${deletion.body.data.job.id}`)
  assert.equal(job.body.data.state.current, 'completed')
})

test('decision 8: reconfigure takes what GET gave; nothing but the backups can be changed', async () => {
  const container = hexIDOf(await manageApp(api, 'eight'))
  const path = `containers/${container}`
  const backups = { backup: { command: 'dump' }, restore: null, retention: '7d' }
  assert.equal((await configureBackups(api, container, backups)).status, 202)
  const { config } = (await api.callContainer('GET', path)).body.data
  assert.deepEqual(config.integrations.backups, backups)
  const reconfigure = (contents: object) =>
    api.callContainer('POST', `${path}/tasks`, { body: { action: 'reconfigure', contents } })
  for (const same of [
    config,
    { ...config, scale: null, runtime: {}, network: { ...config.network, ports: [] } },
    { ...config, integrations: { ...config.integrations, webhooks: null, files: [] } },
    // Of clients that are older than some of its members, or know more of them.
    { ...config, network: { public: 'disable', hostname: config.network.hostname } },
    { ...config, runtime: { privileged: false, environment_vars: {} } },
  ]) {
    const answer = await reconfigure(same)
    assert.equal(answer.status, 202, answer.text)
    assert.deepEqual((await api.callContainer('GET', path)).body.data.config, config)
  }
  for (const [changed, source] of [
    [{ ...config, network: { ...config.network, public: 'enable' } }, '/contents/network/public'],
    [{ ...config, network: { ...config.network, ports: ['80:80'] } }, '/contents/network/ports'],
    [
      { ...config, network: { ...config.network, egress_via_gateway: true } },
      '/contents/network/egress_via_gateway',
    ],
    [{ ...config, network: { public: 'disable' } }, '/contents/network/hostname'],
    [{ ...config, deploy: { instances: 2 } }, '/contents/deploy/instances'],
    [{ ...config, deploy: {} }, '/contents/deploy/instances'],
    [{ ...config, resources: { cpu: { tokens: 1 } } }, '/contents/resources'],
    [
      { ...config, integrations: { ...config.integrations, 'a/b': [1] } },
      '/contents/integrations/a~1b',
    ],
  ] as const) {
    const answer = await reconfigure(changed)
    assertContainerError(answer, '422.not-compatible')
    assert.equal(answer.body.error.source, source)
  }
  const incomplete = await reconfigure({ deploy: config.deploy })
  assertContainerError(incomplete, '422.missing-argument')
  assert.equal(incomplete.body.error.source, '/contents/network')
  assert.deepEqual((await api.callContainer('GET', path)).body.data.config, config)
})

test('decision 7: capabilities decide, each for itself: who may restore may not follow the job', async () => {
  const { container, backup, instance } = await makeBackup('seven')
  const tasks = `containers/${container}/backups/${backup}/tasks`
  const body = { action: 'restore', contents: { instance_id: instance } }
  const [restorer, follower, reader] = [
    await makeKey('restorer', ['containers-backups-manage']),
    await makeKey('follower', ['apionly-jobs-view']),
    await makeKey('reader', ['containers-backups-view']),
  ]
  for (const token of [follower, reader]) {
    assertLacks(
      await api.callContainer('POST', tasks, { token, body }),
      'containers-backups-manage',
    )
  }
  const answer = await api.callContainer('POST', tasks, { token: restorer, body })
  assert.equal(answer.status, 202, answer.text)
  const job = `jobs/${answer.body.data.job.id}`
  for (const token of [restorer, reader]) {
    assertLacks(await api.callContainer('GET', job, { token }), 'apionly-jobs-view')
    assertLacks(await api.callContainer('GET', 'jobs', { token }), 'apionly-jobs-view')
    assertLacks(await api.callContainer('GET', 'jobs/latest', { token }), 'apionly-jobs-view')
  }
  const followed = await api.callContainer('GET', job, { token: follower })
  assert.equal(followed.status, 200)
  assert.equal(followed.body.data.creator.type, 'api-key')

  const list = `containers/${container}/backups`
  assert.equal((await api.callContainer('GET', list, { token: reader })).status, 200)
  for (const token of [restorer, follower]) {
    assertLacks(await api.callContainer('GET', list, { token }), 'containers-backups-view')
    assertLacks(await api.callContainer('GET', 'containers', { token }), 'containers-view')
  }
})

test('decision 7: the six default roles exist, custom ones can be made, users have theirs by name', async () => {
  const { body } = await api.callContainer('GET', 'hubs/current/roles')
  const found = body.data.map(({ identifier }: { identifier: string }) => identifier)
  for (const { identifier } of DEFAULT_ROLES) assert.ok(found.includes(identifier), identifier)

  // Owner, admin, member and viewer of the service are owner, admin, developer and analyst.
  const mayDo: Readonly<Record<string, readonly boolean[]>> = {
    owner: [true, true, true, true],
    admin: [true, true, true, true],
    member: [true, false, true, true],
    viewer: [true, false, true, false],
  }
  for (const [role, expected] of Object.entries(mayDo)) {
    const { token } = await addUser(api.database, api.tenant.accountID, role as 'owner')
    const found = await Promise.all(
      ['containers', 'hubs/current/api-keys', 'jobs'].map(
        async (path) => (await api.callContainer('GET', path, { token })).status === 200,
      ),
    )
    const nobody = `containers/${'0'.repeat(24)}/backups/${'0'.repeat(24)}`
    const deleted = await api.callContainer('DELETE', nobody, { token })
    assert.deepEqual([...found, deleted.status === 404], expected, role)
  }
})

test('decision 7: a role of a user that is changed here decides here alone, and at once', async () => {
  const { token } = await addUser(api.database, api.tenant.accountID, 'viewer')
  const { body } = await api.callContainer('GET', 'hubs/current/roles?filter[identifier]=analyst')
  const [{ id, capabilities }] = body.data
  const path = `hubs/current/roles/${id}`
  const set = (specific: readonly string[]) =>
    api.callContainer('PATCH', path, { body: { capabilities: { all: false, specific } } })
  await set([])
  assertLacks(await api.callContainer('GET', 'containers', { token }), 'containers-view')
  assert.equal((await api.call('GET', 'k8s/v2/apps', { token })).status, 200)
  await set(capabilities.specific)
  assert.equal((await api.callContainer('GET', 'containers', { token })).status, 200)
})

test('decision 9: integrations are of S3 servers and of directories, by the fields that are told', async () => {
  const path = 'hubs/current/integrations'
  const { body } = await api.callContainer('GET', `${path}/available`)
  const { 'object-storage': definitions, ...others } = body.data
  assert.deepEqual(
    definitions.map(({ vendor }: { readonly vendor: string }) => vendor),
    ['aws-s3', 'backblaze-b2', 'vultr', 'coreweave', 'holdfast-local'],
  )
  assert.deepEqual(Object.values(others), [null, null, null, null])
  // Nobody needs to know more than what is told.
  const samples: Readonly<Record<string, string>> = {
    key_id: '005abcdef0000000000000001',
    secret: 'hush',
    region: 'eu-west-1',
    bucket: 'decision-nine',
    prefix: 'site/backups',
    endpoint: 'https://s3.example.org',
    path: '/srv/decision-nine',
  }
  for (const { vendor, fields, extends: adds, supports_verification } of definitions) {
    assert.deepEqual([adds, supports_verification], [['backups'], true])
    const fill = (group: Readonly<Record<string, { required: boolean; regex: string | null }>>) =>
      Object.entries(group ?? {}).flatMap(([name, { required, regex }]) => {
        const value = samples[name] ?? ''
        assert.match(value, new RegExp(regex ?? '.'))
        return required ? [[name, value]] : []
      })
    const made = await api.callContainer('POST', path, {
      body: {
        name: `Of ${vendor}`,
        identifier: `of-${vendor}`,
        vendor,
        auth: Object.fromEntries(fill(fields.auth)),
        extra: Object.fromEntries(fill(fields.extra)),
      },
    })
    assert.equal(made.status, 201, made.text)
    const shown = await api.callContainer('GET', `${path}/${made.body.data.id}?meta=definition`)
    assert.equal(shown.body.data.vendor, vendor)
    assert.equal(shown.body.data.meta.definition.vendor, vendor)
    assert.ok(!shown.text.includes('hush'))
  }
  for (const vendor of ['azure', 'gcp', 'google-cloud-storage', 'backblaze']) {
    const refused = await api.callContainer('POST', path, {
      body: { name: 'Not of ours', identifier: 'not-ours', vendor },
    })
    assertContainerError(refused, '422.invalid-argument')
    assert.match(refused.body.error.detail, /aws-s3/)
  }
})

function isRestore({ kind }: { readonly kind: string }): boolean {
  return kind === 'restore' || kind === 'stream-restore'
}

async function makeBackup(namespace: string) {
  const appID = await manageApp(api, namespace)
  await setApp(api, appID, { state: 'ready' })
  await completedBackup(api, appID)
  const container = hexIDOf(appID)
  const { body } = await api.callContainer('GET', `containers/${container}/backups`)
  const [{ id: backup, instance_id: instance }] = body.data
  return { container, backup, instance }
}

/** Of a role with just these capabilities; answers the secret. */
async function makeKey(identifier: string, specific: readonly Capability[]): Promise<string> {
  const role = await api.callContainer('POST', 'hubs/current/roles', {
    body: { identifier, rank: 1, capabilities: { all: false, specific } },
  })
  const key = await api.callContainer('POST', 'hubs/current/api-keys', {
    body: { name: identifier, role_id: role.body.data.id },
  })
  assert.equal(key.status, 201, key.text)
  return key.body.data.secret
}

function assertLacks(answer: TestAnswer, capability: Capability): void {
  assert.equal(answer.status, 403, answer.text)
  assert.equal(answer.body.error.code, '403.permissions')
  assert.deepEqual(answer.body.error.extra, { capability })
}
