// Integrations: buckets with their credentials, as seen, made, changed and removed in both dialects.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import {
  decodeKeyStore,
  endTask,
  hexIDOf,
  openCredential,
  removeUnneededCredentials,
} from '@holdfast/db'
import {
  assertAnswersConform,
  type ContainerCallOptions,
  makeTestApi,
  type TestAnswer,
  type TestApi,
} from '../testing/test-api.ts'
import { assertContainerError } from '../testing/test-containers.ts'
import { completedBackup, manageApp, setBackup, tasksOf } from '../testing/test-resources.ts'

const PATH = 'hubs/current/integrations'
const BUCKETS = 'topology/v1/buckets'
const CREDENTIALS = 'core/v1/credentials'
const SECRET = 'a-secret-that-nobody-sees'

let api: TestApi
before(async () => {
  api = await makeTestApi()
})
after(() => api.close())
afterEach(() => {
  assertAnswersConform()
  assert.ok(!JSON.stringify(api.log).includes(SECRET))
})

test('made here, it is a bucket with its credential there, at once', async () => {
  const answer = await post({ name: 'Off-site copies', identifier: 'offsite' })
  assert.equal(answer.status, 201, answer.text)
  const { data } = answer.body
  assert.partialDeepStrictEqual(data, {
    name: 'Off-site copies',
    vendor: 'aws-s3',
    identifier: 'offsite',
    auth: null,
    extra: { bucket: data.extra.bucket, endpoint: 'https://s3.example.org' },
    creator: { id: hexIDOf(api.tenant.userID), type: 'account' },
    hub_id: hexIDOf(api.tenant.accountID),
    state: { current: 'verifying' },
  })
  assert.equal(data.meta, undefined)
  assert.equal(data.state.error, undefined)
  assert.equal(data.events.deleted, '0001-01-01T00:00:00Z')

  const bucket = await bucketOf(data.id)
  assert.partialDeepStrictEqual(bucket, {
    name: 'Off-site copies',
    provider: 'generic-s3',
    state: 'pending',
    bucketParameters: {
      s3: { serverURL: 'https://s3.example.org', bucketName: data.extra.bucket },
    },
  })
  const credential = await api.call('GET', `${CREDENTIALS}/${bucket.credentialID}`)
  assert.partialDeepStrictEqual(credential.body, { name: 'Off-site copies', keyType: 's3' })
  assert.deepEqual(await keysOf(bucket.credentialID), {
    accessKey: 'AKIA',
    accessSecret: SECRET,
    region: 'garage',
  })
  for (const seen of [answer, credential, await api.callContainer('GET', `${PATH}/${data.id}`)]) {
    assert.ok(!seen.text.includes(SECRET) && !seen.text.includes('AKIA'))
  }
})

test('made there, it is an integration here, with the identifier of its name', async () => {
  const credentialID = await postCredential()
  const names = ['First Copies!', 'First copies']
  const found = await Promise.all(
    names.map(async (name, index) => {
      const bucket = await api.call('POST', BUCKETS, {
        body: {
          type: 'application/astra-bucket',
          version: '1.2',
          name,
          credentialID,
          provider: 'generic-s3',
          bucketParameters: {
            s3: { serverURL: 's3.eu-central-003.backblazeb2.com', bucketName: `there-${index}` },
          },
        },
      })
      assert.equal(bucket.status, 201, bucket.text)
      const integration = await api.callContainer('GET', `${PATH}/${hexIDOf(bucket.body.id)}`)
      return integration.body.data
    }),
  )
  for (const { vendor, auth, extra } of found) {
    assert.equal(vendor, 'backblaze-b2')
    assert.deepEqual(auth, { region: 'eu-central-003' })
    assert.equal(extra.endpoint, 's3.eu-central-003.backblazeb2.com')
  }
  const identifiers = found.map(({ identifier }) => identifier)
  assert.equal(new Set(identifiers).size, 2)
  assert.ok(identifiers.every((identifier) => identifier.startsWith('first-copies')))
})

test('what the other dialect changes and deletes is changed and gone here', async () => {
  const { id } = (await post({ name: 'Changed there' })).body.data
  const { id: bucketID } = await bucketOf(id)
  const body = { type: 'application/astra-bucket', version: '1.2', name: 'Renamed there' }
  assert.equal((await api.call('PUT', `${BUCKETS}/${bucketID}`, { body })).status, 204)
  assert.equal((await get(id)).name, 'Renamed there')
  assert.equal((await api.call('DELETE', `${BUCKETS}/${bucketID}`)).status, 204)
  const gone = await api.callContainer('GET', `${PATH}/${id}`)
  assertContainerError(gone, '404.hub.integration')
})

test('a change keeps what it does not name, keys first of all', async () => {
  // Longer than the name of a credential may be.
  const { id, extra } = (await post({ name: `To be changed ${'🙂'.repeat(200)}` })).body.data
  const { credentialID } = await bucketOf(id)
  const credential = (await api.call('GET', `${CREDENTIALS}/${credentialID}`)).body
  assert.equal(credential.name, `To be changed ${'🙂'.repeat(113)}`)
  await setState(id, 'available')
  assert.equal((await get(id)).state.current, 'live')

  // What was read is sent back: nothing of it is another place, so it stays live.
  const read = await get(id)
  const same = await patch(id, { name: read.name, auth: read.auth, extra: read.extra })
  assert.equal(same.body.data.state.current, 'live')

  const renamed = await patch(id, { name: 'Another name', identifier: 'another' })
  assert.equal(renamed.status, 200, renamed.text)
  assert.partialDeepStrictEqual(renamed.body.data, {
    name: 'Another name',
    identifier: 'another',
    state: { current: 'live' },
  })

  const keyed = await patch(id, { auth: { key_id: 'OTHER', secret: null, api_key: null } })
  assert.equal(keyed.body.data.state.current, 'verifying')
  assert.equal((await bucketOf(id)).credentialID, credentialID)
  const kept = { accessKey: 'OTHER', accessSecret: SECRET, region: 'garage' }
  assert.deepEqual(await keysOf(credentialID), kept)

  const moved = await patch(id, {
    auth: { region: 'eu-west-1' },
    extra: { endpoint: null },
  })
  assert.equal(moved.status, 200, moved.text)
  assert.deepEqual(moved.body.data.auth, { region: 'eu-west-1' })
  assert.deepEqual(moved.body.data.extra, { bucket: extra.bucket })
  assert.partialDeepStrictEqual(await bucketOf(id), {
    credentialID,
    provider: 'aws',
    bucketParameters: { s3: { serverURL: 'https://s3.eu-west-1.amazonaws.com' } },
  })
  assert.deepEqual(await keysOf(credentialID), { accessKey: 'OTHER', accessSecret: SECRET })
})

test('another endpoint brings the region that it tells', async () => {
  const values = { auth: KEYS, extra: { bucket: nextName(), endpoint: BACKBLAZE_WEST } }
  const { id } = (await post({ vendor: 'backblaze-b2', ...values })).body.data
  const { credentialID } = await bucketOf(id)
  assert.equal((await keysOf(credentialID)).region, 'us-west-004')
  const moved = await patch(id, { extra: { endpoint: BACKBLAZE_EAST } })
  assert.deepEqual(moved.body.data.auth, { region: 'us-east-005' })
  assert.equal((await keysOf(credentialID)).region, 'us-east-005')
  assert.equal(moved.body.data.vendor, 'backblaze-b2')
})

test('one bucket holds several, each below its prefix', async () => {
  const bucket = nextName()
  const below = (prefix: string | undefined) =>
    post({ extra: { bucket, endpoint: 'https://s3.example.org', ...(prefix && { prefix }) } })
  const answers = await Promise.all([below('site/a'), below('/site/b/'), below(undefined)])
  const [first, ...others] = answers.map(({ body }) => body.data)
  assert.equal(first.extra.prefix, 'site/a')
  assert.deepEqual(
    others.map(({ extra }) => extra.prefix),
    ['site/b', undefined],
  )
  assertContainerError(await below('site/a/'), '409.duplicate-found')
  const { id, extra } = first
  // A repository that is there would stay where it is.
  const moved = await patch(id, { extra: { prefix: 'site/c' } })
  assertContainerError(moved, '422.not-compatible')
  assert.equal(moved.body.error.source, '/extra/prefix')
  const same = await patch(id, { extra, auth: { secret: 'another' } })
  assert.deepEqual(same.body.data.extra, extra)
  // In the other dialect each is a bucket of its own, and stays so.
  const { id: bucketID } = await bucketOf(id)
  const body = { type: 'application/astra-bucket', version: '1.2', name: 'Below a prefix' }
  const put = await api.call('PUT', `${BUCKETS}/${bucketID}`, { body })
  assert.equal(put.status, 204, put.text)
  assert.deepEqual((await get(id)).extra, extra)
})

test('keys that others have as well are left to them', async () => {
  const credentialID = await postCredential()
  const made = await postBucket(credentialID)
  const changed = await patch(hexIDOf(made), { auth: { secret: 'new-secret' } })
  assert.equal(changed.status, 200, changed.text)
  const { credentialID: own } = await bucketOf(hexIDOf(made))
  assert.notEqual(own, credentialID)
  assert.equal((await keysOf(credentialID)).accessSecret, SECRET)
  assert.deepEqual(await keysOf(own), { accessKey: 'AKIA', accessSecret: 'new-secret' })
  // Its own from now on, so that the next change makes no third one.
  await patch(hexIDOf(made), { auth: { secret: 'newer-secret' } })
  assert.equal((await bucketOf(hexIDOf(made))).credentialID, own)
  assert.equal((await keysOf(own)).accessSecret, 'newer-secret')
})

test('deleted, it is gone in both with the credential that was made with it', async () => {
  const { id } = (await post({ name: 'To be deleted' })).body.data
  const { id: bucketID, credentialID } = await bucketOf(id)
  const answer = await api.callContainer('DELETE', `${PATH}/${id}`)
  assert.equal(answer.status, 202, answer.text)
  assert.equal(answer.body.data.action, 'delete')
  const job = await api.callContainer('GET', `jobs/${answer.body.data.job.id}`)
  assert.equal(job.body.data.state.current, 'completed')
  assert.equal(job.body.data.tasks[0].header, 'hub.integration.delete')
  assert.deepEqual(job.body.data.tasks[0].input, { integration_id: id })
  assert.ok(
    job.body.data.tasks[0].steps.every(
      ({ completed }: { completed: string }) => completed !== '0001-01-01T00:00:00Z',
    ),
  )
  assertContainerError(await api.callContainer('GET', `${PATH}/${id}`), '404.hub.integration')
  assertContainerError(await api.callContainer('DELETE', `${PATH}/${id}`), '404.hub.integration')
  assert.equal((await api.call('GET', `${BUCKETS}/${bucketID}`)).status, 404)
  assert.equal((await api.call('GET', `${CREDENTIALS}/${credentialID}`)).status, 404)

  const shared = await postCredential()
  const other = await postBucket(shared)
  assert.equal((await api.callContainer('DELETE', `${PATH}/${hexIDOf(other)}`)).status, 202)
  assert.equal((await api.call('GET', `${CREDENTIALS}/${shared}`)).status, 200)
})

test('a credential that removes what is left stays until that is gone', async () => {
  const appID = await manageApp(api, 'leaving')
  const { id } = (await post({ name: 'To be left' })).body.data
  await setState(id, 'available')
  const { id: bucketID, credentialID } = await bucketOf(id)
  const backupID = await completedBackup(api, appID)
  await setBackup(api, backupID, { bucket_id: bucketID })
  const path = `k8s/v1/apps/${appID}/appBackups/${backupID}`
  assert.equal((await api.call('DELETE', path)).status, 204)
  assert.equal((await api.callContainer('DELETE', `${PATH}/${id}`)).status, 202)
  const isThere = async () =>
    (await api.call('GET', `${CREDENTIALS}/${credentialID}`)).status === 200
  await removeUnneededCredentials(api.database)
  assert.equal(await isThere(), true)
  const tasks = await tasksOf(api, backupID)
  const deletion = tasks.find(({ kind }) => kind === 'delete-backup')
  const end = { state: 'completed', failure: null, stateDetails: [] } as const
  await endTask(api.database, { taskID: deletion?.id ?? '', attempt: 0 }, end)
  const others = (await api.call('GET', CREDENTIALS)).body.items.length
  await removeUnneededCredentials(api.database)
  assert.equal(await isThere(), false)
  assert.equal((await api.call('GET', CREDENTIALS)).body.items.length, others - 1)
})

test('one that is used or a default is not deleted, and no job tells otherwise', async () => {
  const local = hexIDOf(api.tenant.bucketID)
  const refused = await api.callContainer('DELETE', `${PATH}/${local}`)
  assertContainerError(refused, '403.invalid-state')
  assert.match(refused.body.error.detail, /default bucket/)
  const appID = await manageApp(api, 'used')
  const { id } = (await post({ name: 'Used by a backup' })).body.data
  await setState(id, 'available')
  const { id: bucketID } = await bucketOf(id)
  await setBackup(api, await completedBackup(api, appID), { bucket_id: bucketID })
  const inUse = await api.callContainer('DELETE', `${PATH}/${id}`)
  assertContainerError(inUse, '403.invalid-state')
  assert.match(inUse.body.error.detail, /backups 1/)
  const jobs = await api.callContainer('GET', 'jobs?filter[search]=used-by-a-backup')
  assert.deepEqual(jobs.body.data, [])
})

test('what is wrong with a new one is named by its field', async () => {
  const extra = { bucket: nextName(), endpoint: 'https://s3.example.org' }
  const auth = { ...KEYS, region: 'garage' }
  const cases: readonly (readonly [object, string, string | undefined])[] = [
    [{ name: 'four' }, '422.invalid-argument', '/name'],
    [{ identifier: 'ab' }, '422.invalid-argument', '/identifier'],
    [{ identifier: 'two\nlines' }, '422.invalid-argument', '/identifier'],
    [{ name: 'name \u009b2K' }, '422.invalid-argument', '/name'],
    [{ identifier: 'a'.repeat(24) }, '422.invalid-argument', '/identifier'],
    [{ vendor: 'ftp' }, '422.invalid-argument', '/vendor'],
    [{ vendor: undefined }, '422.missing-argument', '/vendor'],
    [{ auth: { ...KEYS } }, '422.missing-argument', '/auth/region'],
    [{ auth: null }, '422.missing-argument', undefined],
    [{ auth: { ...auth, namespace: 'x' } }, '422.invalid-argument', '/auth/namespace'],
    [{ auth: { ...auth, secret: 'two words' } }, '422.invalid-argument', '/auth/secret'],
    [{ extra: { ...extra, bucket: 'a..b' } }, '422.invalid-argument', '/extra/bucket'],
    [{ extra: { ...extra, prefix: 'a//b' } }, '422.invalid-argument', '/extra/prefix'],
    [{ extra: { ...extra, endpoint: 'http://h/x' } }, '422.invalid-argument', '/extra/endpoint'],
    [
      { extra: { ...extra, endpoint: 'http://169.254.169.254' } },
      '422.invalid-argument',
      '/extra/endpoint',
    ],
    [
      { vendor: 'holdfast-local', auth: {}, extra: { path: '/refused' } },
      '422.invalid-argument',
      '/extra/path',
    ],
  ]
  for (const [change, code, source] of cases) {
    const answer = await post({ auth, extra, ...change })
    assertContainerError(answer, code)
    assert.equal(answer.body.error.source, source, answer.text)
    assert.ok(!answer.text.includes(SECRET))
  }
  const first = await post({ identifier: 'only-once', auth, extra })
  assert.equal(first.status, 201, first.text)
  const again = await post({ identifier: 'only-once' })
  assertContainerError(again, '409.duplicate-found')
  assert.equal(again.body.error.source, '/identifier')
  assertContainerError(await post({ auth, extra }), '409.duplicate-found')
  const { id } = (await post({})).body.data
  assertContainerError(await patch(id, { identifier: 'only-once' }), '409.duplicate-found')
  const blank = await patch(id, { extra: { bucket: null } })
  assertContainerError(blank, '422.missing-argument')
  assert.equal(blank.body.error.source, '/extra/bucket')
})

test('a directory is for owners, here as well', async () => {
  const name = nextName()
  const answer = await post({
    vendor: 'holdfast-local',
    auth: undefined,
    extra: { path: `/srv/${name}` },
  })
  assert.equal(answer.status, 201, answer.text)
  const { id, auth, extra } = answer.body.data
  assert.deepEqual([auth, extra], [null, { path: `/srv/${name}` }])
  assert.partialDeepStrictEqual(await bucketOf(id), {
    provider: 'local',
    credentialID: '00000000-0000-0000-0000-000000000000',
  })
  const elsewhere = await patch(id, { extra: { path: '/refused' } })
  assertContainerError(elsewhere, '422.invalid-argument')
  assert.equal(elsewhere.body.error.source, '/extra/path')
})

test('a state that is not live says why', async () => {
  const { id } = (await post({})).body.data
  const reason = 'The server refuses the keys. Correct the credential.'
  for (const [state, current] of [
    ['failed', 'new'],
    ['removed', 'new'],
    ['unknown', 'new'],
  ] as const) {
    await setState(id, state, [{ type: 'x', title: 'x', detail: reason }])
    const { state: shown } = await get(id)
    assert.equal(shown.current, current)
    assert.equal(shown.error.message, reason)
  }
})

test('verified on request: a task that its job follows', async () => {
  const { id } = (await post({})).body.data
  await setState(id, 'failed', [{ type: 'x', title: 'x', detail: 'It was wrong.' }])
  const body = { action: 'verify' }
  const answer = await api.callContainer('POST', `${PATH}/${id}/tasks`, { body })
  assert.equal(answer.status, 202, answer.text)
  assert.equal(answer.body.data.action, 'verify')
  const job = await api.callContainer('GET', `jobs/${answer.body.data.job.id}`)
  assert.equal(job.body.data.state.current, 'queued')
  assert.equal(job.body.data.tasks[0].header, 'hub.integration.verify')
  const { state } = await get(id)
  assert.deepEqual([state.current, state.error], ['verifying', undefined])
  const started = api.startedTasks.map(hexIDOf)
  assert.ok(started.includes(answer.body.data.job.id))
  const path = `${PATH}/${'0'.repeat(24)}/tasks`
  assertContainerError(await api.callContainer('POST', path, { body }), '404.hub.integration')
  const other = { body: { action: 'pause' } }
  const refused = await api.callContainer('POST', `${PATH}/${id}/tasks`, other)
  assertContainerError(refused, '422.invalid-argument')
})

test('lists are sorted, filtered and cut into pages', async () => {
  const names = ['Listed alpha', 'Listed beta', 'Listed gamma']
  for (const name of names) await post({ name })
  const list = async (query: string) => {
    const { status, body, text } = await api.callContainer('GET', `${PATH}?${query}`)
    assert.equal(status, 200, text)
    return body.data.map(({ name }: { name: string }) => name)
  }
  assert.deepEqual(await list('filter[search]=listed&sort=-name'), names.toReversed())
  const page = 'filter[search]=LISTED&sort=name&page[size]=2&page[number]='
  assert.deepEqual(await list(`${page}1`), names.slice(0, 2))
  assert.deepEqual(await list(`${page}2`), names.slice(2))
  assert.deepEqual(await list(`${page}3`), [])
  assert.deepEqual(await list('filter[search]=listed&filter[state]=live'), [])
  assert.equal((await list('filter[search]=listed&filter[state]=verifying,live')).length, 3)
  assert.deepEqual(await list('filter[state]=active'), [])
  // As they are shown, whatever they are called in the other dialect.
  const { data } = (await api.callContainer('GET', `${PATH}?filter[search]=listed&sort=name`)).body
  for (const [at, state] of ['removed', 'pending', 'available'].entries()) {
    await setState(data[at].id, state)
    const modified_at = new Date(Date.UTC(2026, 6, 1, 0, 0, 0, 9 - at))
    const { id } = await bucketOf(data[at].id)
    const { queries } = api.database
    await queries.updateTable('buckets').set({ modified_at }).where('id', '=', id).execute()
  }
  const byState = await list('filter[search]=listed&sort=state.current')
  assert.deepEqual(byState, [names[2], names[0], names[1]])
  assert.deepEqual(await list('filter[search]=listed&filter[state]=new'), [names[0]])
  assert.deepEqual(await list('filter[search]=listed&sort=events.updated'), names.toReversed())
  assert.deepEqual(await list('filter[category]=billing'), [])
  assert.equal((await list('filter[category]=object-storage&filter[search]=listed')).length, 3)
  const defined = await api.callContainer('GET', `${PATH}?meta=definition&filter[search]=alpha`)
  const { definition } = defined.body.data[0].meta
  assert.deepEqual(definition.extends, ['backups'])
  assert.equal(definition.fields.auth.secret.required, true)
})

test('available is no id, and needs no header of a hub', async () => {
  const answer = await api.callContainer('GET', `${PATH}/available`, { hub: null })
  assert.equal(answer.status, 200, answer.text)
  assert.equal(answer.body.data.billing, null)
  assert.ok(answer.body.data['object-storage'].length >= 3)
  assert.equal((await api.callContainer('GET', PATH, { hub: null })).status, 200)
})

const KEYS = { key_id: 'AKIA', secret: SECRET }
const BACKBLAZE_WEST = 'https://s3.us-west-004.backblazeb2.com'
const BACKBLAZE_EAST = 'https://s3.us-east-005.backblazeb2.com'

function post(change: object, options: ContainerCallOptions = {}): Promise<TestAnswer> {
  const name = nextName()
  return api.callContainer('POST', PATH, {
    ...options,
    body: {
      name: `Copies ${name}`,
      identifier: name,
      vendor: 'aws-s3',
      auth: { ...KEYS, region: 'garage' },
      extra: { bucket: name, endpoint: 'https://s3.example.org' },
      ...change,
    },
  })
}

function patch(id: string, body: object): Promise<TestAnswer> {
  return api.callContainer('PATCH', `${PATH}/${id}`, { body })
}

async function get(id: string) {
  const answer = await api.callContainer('GET', `${PATH}/${id}`)
  assert.equal(answer.status, 200, answer.text)
  return answer.body.data
}

/** As the other dialect shows it. */
async function bucketOf(id: string) {
  const { body } = await api.call('GET', BUCKETS)
  return body.items.find((bucket: { readonly id: string }) => hexIDOf(bucket.id) === id)
}

async function postCredential(): Promise<string> {
  const entries = { accessKey: 'AKIA', accessSecret: SECRET }
  const keyStore = Object.fromEntries(
    Object.entries(entries).map(([name, text]) => [name, Buffer.from(text).toString('base64')]),
  )
  const answer = await api.call('POST', CREDENTIALS, {
    body: {
      type: 'application/astra-credential',
      version: '1.1',
      name: nextName(),
      keyType: 's3',
      keyStore,
    },
  })
  assert.equal(answer.status, 201, answer.text)
  return answer.body.id
}

async function postBucket(credentialID: string): Promise<string> {
  const answer = await api.call('POST', BUCKETS, {
    body: {
      type: 'application/astra-bucket',
      version: '1.2',
      credentialID,
      provider: 'generic-s3',
      bucketParameters: { s3: { serverURL: 'https://s3.example.org', bucketName: nextName() } },
    },
  })
  assert.equal(answer.status, 201, answer.text)
  return answer.body.id
}

async function keysOf(id: string): Promise<Readonly<Record<string, string>>> {
  const { accountID } = api.tenant
  const credential = await openCredential(api.database, api.sealing, { accountID, id })
  return decodeKeyStore(credential?.keyStore ?? {})
}

async function setState(id: string, state: string, details: readonly object[] = []): Promise<void> {
  const { id: bucketID } = await bucketOf(id)
  await api.database.queries
    .updateTable('buckets')
    .set({ state, state_details: JSON.stringify(details) })
    .where('id', '=', bucketID)
    .execute()
}

let names = 0
function nextName(): string {
  names += 1
  return `copies-${names}`
}
