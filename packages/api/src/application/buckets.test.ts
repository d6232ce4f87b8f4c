// Buckets: what can be one, what follows a change, and what keeps one from being deleted.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, afterEach, before, describe, test } from 'node:test'
import { findRepositoryAt, registerRepository } from '@holdfast/db'
import {
  addTenant,
  addUser,
  assertAnswersConform,
  makeTestApi,
  type TestAnswer,
  type TestApi,
} from '../testing/test-api.ts'
import {
  assertProblem,
  completedBackup,
  completedSnapshot,
  manageApp,
  missingID,
  postBackup,
} from '../testing/test-resources.ts'

const PATH = 'topology/v1/buckets'
const NIL = '00000000-0000-0000-0000-000000000000'

let api: TestApi
let credentialID: string
before(async () => {
  api = await makeTestApi()
  credentialID = await postCredential({ accessKey: 'AK', accessSecret: 'secret' })
})
after(() => api.close())
afterEach(assertAnswersConform)

describe('new ones', () => {
  test('a bucket of a server is pending, named as it is there, and due at once', async () => {
    const bucketName = nextName()
    const answer = await post({ bucketParameters: s3(bucketName) })
    assert.equal(answer.status, 201, answer.text)
    const { name, state, stateDetails, provider, bucketParameters } = answer.body
    assert.deepEqual(
      { name, state, stateDetails, provider, bucketParameters },
      {
        name: bucketName,
        state: 'pending',
        stateDetails: [],
        provider: 'generic-s3',
        bucketParameters: s3(bucketName),
      },
    )
    assert.equal(answer.body.credentialID, credentialID)
    assert.deepEqual((await bucketRow(answer.body.id)).verify_after, api.clock.now)
  })

  test('every S3 provider, with a name and labels of its own', async () => {
    for (const [provider, serverURL] of [
      ['aws', 's3.eu-west-1.amazonaws.com'],
      ['aws', ''],
      ['generic-s3', 'http://10.1.1.1:9000'],
      ['ontap-s3', 'https://ontap.example.org'],
      ['storagegrid-s3', 'grid.example.org:8082'],
    ] as const) {
      const metadata = { labels: [{ name: 'a', value: 'b' }] }
      const bucketParameters = { s3: { serverURL, bucketName: nextName() } }
      const name = `${provider} ${serverURL}`
      const answer = await post({ provider, bucketParameters, name, metadata, version: '1.0' })
      assert.equal(answer.status, 201, answer.text)
      assert.deepEqual(answer.body.bucketParameters, bucketParameters)
      assert.deepEqual([answer.body.name, answer.body.version], [name, '1.0'])
      assert.deepEqual(answer.body.metadata.labels, metadata.labels)
    }
  })

  test('9: providers of a later version are refused by name', async () => {
    for (const [provider, bucketParameters] of [
      ['azure', { azure: { storageAccount: 'a', bucketName: 'b' } }],
      ['gcp', { gcp: { bucketName: 'b' } }],
    ] as const) {
      const answer = await post({ provider, bucketParameters })
      assertProblem(answer, 400, 9)
      assert.equal(answer.body.invalidFields[0].name, 'provider')
      assert.match(answer.body.invalidFields[0].reason, new RegExp(provider))
    }
  })

  test('9: parameters that do not fit, and servers that are more than a server', async () => {
    const server = (serverURL: string) => ({ s3: { serverURL, bucketName: nextName() } })
    for (const [bucketParameters, member] of [
      [{}, 'bucketParameters.s3'],
      [{ local: { path: '/srv/x' } }, 'bucketParameters.s3'],
      [{ ...server('https://s.example.org'), gcp: { bucketName: 'b' } }, 'bucketParameters.gcp'],
      [server(''), 'bucketParameters.s3.serverURL'],
      [server('https://s.example.org/bucket'), 'bucketParameters.s3.serverURL'],
      [server('https://s.example.org?x'), 'bucketParameters.s3.serverURL'],
      [server('https://user:pass@s.example.org'), 'bucketParameters.s3.serverURL'],
      [server('ftp://s.example.org'), 'bucketParameters.s3.serverURL'],
      [server('http://169.254.169.254'), 'bucketParameters.s3.serverURL'],
      [server('http://[fe80::1]'), 'bucketParameters.s3.serverURL'],
      [server('http://0xa9fea9fe'), 'bucketParameters.s3.serverURL'],
      [{ s3: { serverURL: 's.example.org', bucketName: '' } }, 'bucketParameters.s3.bucketName'],
      [{ s3: { serverURL: 's.example.org', bucketName: 'a/b' } }, 'bucketParameters.s3.bucketName'],
    ] as const) {
      const answer = await post({ bucketParameters })
      assertProblem(answer, 400, 9)
      const names = answer.body.invalidFields.map(({ name }: { name: string }) => name)
      assert.ok(names.includes(member), `${JSON.stringify(bucketParameters)}: ${answer.text}`)
    }
  })

  test('9: credentials that do not exist or hold something else', async () => {
    const stranger = await addTenant(api.database)
    const theirs = await postCredential({ accessKey: 'a', accessSecret: 'b' }, {}, stranger)
    const wrong = [
      missingID(),
      NIL,
      theirs,
      await postCredential({ apikey: 'x' }, { keyType: 'apikey' }),
      await postCredential({ accessKey: 'only' }, { keyType: 'generic' }),
      await postCredential({ accessKey: 'a', accessSecret: 'b' }, { valid: 'false' }),
    ]
    for (const id of wrong) {
      const answer = await post({ credentialID: id })
      assertProblem(answer, 400, 9)
      assert.equal(answer.body.invalidFields[0].name, 'credentialID', answer.text)
    }
    const generic = await postCredential(
      { accessKey: 'a', accessSecret: 'b' },
      { keyType: 'generic' },
    )
    assert.equal((await post({ credentialID: generic })).status, 201)
  })

  test('82: a provider that the name of the server denies', async () => {
    for (const [provider, serverURL] of [
      ['aws', 'https://s3.example.org'],
      ['ontap-s3', 'https://s3.eu-west-1.amazonaws.com'],
      ['storagegrid-s3', 's3.amazonaws.com'],
    ] as const) {
      const bucketParameters = { s3: { serverURL, bucketName: nextName() } }
      assertProblem(await post({ provider, bucketParameters }), 400, 82)
    }
  })

  test('57: the same place however it is written, or the same name on the same server', async () => {
    const bucketName = nextName()
    const first = await post({ bucketParameters: s3(bucketName), name: 'taken' })
    assert.equal(first.status, 201)
    for (const serverURL of ['s3.example.org', 'HTTPS://S3.EXAMPLE.ORG:443/']) {
      const bucketParameters = { s3: { serverURL, bucketName } }
      assertProblem(await post({ bucketParameters, name: 'other' }), 409, 57)
    }
    assertProblem(await post({ bucketParameters: s3(nextName()), name: 'taken' }), 409, 57)
    const elsewhere = { s3: { serverURL: 'other.example.org', bucketName } }
    assert.equal((await post({ bucketParameters: elsewhere, name: 'taken' })).status, 201)
  })

  test('11: admins and owners make them, owners alone in directories', async () => {
    const { accountID } = api.tenant
    for (const [role, ofServer, ofDirectory] of [
      ['viewer', 403, 403],
      ['member', 403, 403],
      ['admin', 201, 403],
      ['owner', 201, 201],
    ] as const) {
      const { token } = await addUser(api.database, accountID, role)
      const onServer = await post({ bucketParameters: s3(nextName()) }, token)
      assert.equal(onServer.status, ofServer, `${role}: ${onServer.text}`)
      const inDirectory = await postLocal(`/srv/${role}`, {}, token)
      assert.equal(inDirectory.status, ofDirectory, `${role}: ${inDirectory.text}`)
      if (ofServer === 403) assertProblem(onServer, 403, 11)
      if (ofDirectory === 403) assertProblem(inDirectory, 403, 11)
      assert.equal((await api.call('GET', PATH, { token })).status, 200)
    }
  })

  test('a directory: absolute, without a credential, where it is allowed', async () => {
    const { body } = await postLocal('/srv//backups/./disk/')
    assert.deepEqual(body.bucketParameters, { local: { path: '/srv/backups/disk' } })
    assert.deepEqual([body.name, body.credentialID], ['disk', NIL])
    assertProblem(await postLocal('/srv/backups/disk', { name: 'again' }), 409, 57)
    for (const path of ['', 'relative', '/srv/../etc', '/refused']) {
      const answer = await postLocal(path)
      assertProblem(answer, 400, 9)
      assert.equal(answer.body.invalidFields[0].name, 'bucketParameters.local.path')
    }
    assertProblem(await postLocal('/srv/y', { credentialID }), 400, 9)
  })
})

describe('changes', () => {
  test('another place or credential makes it pending; another name does not', async () => {
    const id = await available()
    assert.equal((await put(id, { name: 'renamed' })).status, 204)
    assert.deepEqual(await nameAndState(id), ['renamed', 'available'])
    assert.deepEqual((await bucketRow(id)).verify_after, api.clock.now)

    const other = await postCredential({ accessKey: 'a', accessSecret: 'b' })
    assert.equal((await put(id, { credentialID: other })).status, 204)
    assert.deepEqual(await nameAndState(id), ['renamed', 'pending'])

    await setState(id, 'available')
    const serverURL = 'https://moved.example.org'
    assert.equal((await put(id, { bucketParameters: { s3: { serverURL } } })).status, 204)
    const { body } = await api.call('GET', `${PATH}/${id}`)
    assert.equal(body.state, 'pending')
    assert.equal(body.bucketParameters.s3.serverURL, serverURL)
    assert.match(body.bucketParameters.s3.bucketName, /^bucket-/)
  })

  test('a PUT of what was read changes nothing, and asks for another look', async () => {
    const id = await available()
    const { body } = await api.call('GET', `${PATH}/${id}`)
    assert.equal((await api.call('PUT', `${PATH}/${id}`, { body })).status, 204)
    assert.equal((await bucketRow(id)).place_revision, 1)
    assert.deepEqual(await nameAndState(id), [body.name, 'available'])
    await setState(id, 'failed')
    assert.equal((await put(id, {})).status, 204)
    assert.deepEqual(await nameAndState(id), [body.name, 'pending'])
  })

  test('what is refused for a new one is refused for a change', async () => {
    const id = await available()
    const taken = (await post({ bucketParameters: s3(nextName()) })).body
    assertProblem(await put(id, { bucketParameters: taken.bucketParameters }), 409, 57)
    assertProblem(await put(id, { bucketParameters: { s3: { bucketName: '' } } }), 400, 9)
    assertProblem(await put(id, { bucketParameters: { local: { path: '/x' } } }), 400, 9)
    assertProblem(await put(id, { credentialID: missingID() }), 400, 9)
    assertProblem(await put(id, { provider: 'aws' }), 400, 82)
    assertProblem(await put(id, { provider: 'gcp' }), 400, 9)
    assertProblem(await put(id, { provider: 'local' }), 409, 10)
    assertProblem(await put(id, { retentionTime: 7 }), 400, 8)
    assertProblem(await put(id, { name: 'x' }, { 'if-match': '"0"' }), 412, 38)
    assert.deepEqual((await nameAndState(id))[1], 'available')
  })

  test('a credential that changes or goes has its buckets tried at once', async () => {
    const own = await postCredential({ accessKey: 'a', accessSecret: 'b' })
    const { body } = await post({ bucketParameters: s3(nextName()), credentialID: own })
    const later = new Date('2030-01-01T00:00:00Z')
    const wait = async () => {
      await setBucket(body.id, { verify_after: later })
    }
    await wait()
    const members = { accessKey: 'c', accessSecret: 'd' }
    assert.equal((await putCredential(own, members)).status, 204)
    assert.deepEqual((await bucketRow(body.id)).verify_after, api.clock.now)
    await wait()
    assert.equal((await api.call('DELETE', `core/v1/credentials/${own}`)).status, 204)
    assert.deepEqual((await bucketRow(body.id)).verify_after, api.clock.now)
  })
})

describe('deletion', () => {
  test('83: used by a backup, a snapshot, a schedule, or by what is in the trash', async () => {
    const appID = await manageApp(api, 'used')
    const id = await available()
    const { body: backup } = await postBackup(api, appID, { bucketID: id })
    assert.equal(backup.bucketID, id)
    assertProblem(await remove(id), 409, 83)
    const { queries } = api.database
    const ofBackup = queries.updateTable('backups').where('id', '=', backup.id)
    await ofBackup.set({ hidden_at: api.clock.now }).execute()
    assertProblem(await remove(id), 409, 83)
    await ofBackup.set({ deleted_at: api.clock.now }).execute()

    const snapshotID = await completedSnapshot(api, appID)
    const ofSnapshot = queries.updateTable('application_snapshots').where('id', '=', snapshotID)
    await ofSnapshot.set({ bucket_id: id }).execute()
    assertProblem(await remove(id), 409, 83)
    await ofSnapshot.set({ deleted_at: api.clock.now }).execute()

    const scheduleID = randomUUID()
    await queries
      .insertInto('schedules')
      .values({
        id: scheduleID,
        account_id: api.tenant.accountID,
        app_id: appID,
        name: 's',
        granularity: 'daily',
        snapshot_retention: '1',
        backup_retention: '1',
        bucket_id: id,
      })
      .execute()
    assertProblem(await remove(id), 409, 83)
    await queries.deleteFrom('schedules').where('id', '=', scheduleID).execute()

    assert.equal((await remove(id)).status, 204)
    assertProblem(await api.call('GET', `${PATH}/${id}`), 404, 2)
    assertProblem(await remove(id), 404, 1)
    assertProblem(await put(id, { name: 'x' }), 404, 1)
    assertProblem(await postBackup(api, appID, { bucketID: id }), 400, 108)
    const { body } = await api.call('GET', `${PATH}?include=id`)
    assert.ok(!body.items.flat().includes(id))
  })

  test('84 and 175: the default bucket of a cloud, and of a cluster', async () => {
    assertProblem(await remove(api.tenant.bucketID), 409, 84)
    const id = await available()
    const { queries } = api.database
    const cluster = queries.updateTable('clusters').where('id', '=', api.tenant.clusterID)
    await cluster.set({ default_bucket_id: id }).execute()
    assertProblem(await remove(id), 409, 175)
    await cluster.set({ default_bucket_id: null }).execute()
    assert.equal((await remove(id)).status, 204)
  })

  test('a copy that is accepted while its bucket is deleted keeps the bucket', async () => {
    const appID = await manageApp(api, 'racing')
    for (let round = 0; round < 10; round += 1) {
      const id = await available()
      const [removed, backup] = await Promise.all([
        remove(id),
        postBackup(api, appID, { bucketID: id }),
      ])
      const isConsistent = removed.status === 204 ? backup.status === 400 : backup.status === 201
      assert.ok(isConsistent, `${removed.text} ${backup.text}`)
    }
  })

  test('made again at the same place, it has the repository that is there', async () => {
    const bucketParameters = s3(nextName())
    const first = (await post({ bucketParameters })).body.id
    const { accountID } = api.tenant
    const repositoryID = randomUUID()
    await registerRepository(api.database, api.sealing, {
      id: repositoryID,
      accountID,
      home: { kind: 'bucket', bucketID: first },
      prefix: `accounts/${accountID}/`,
      password: 'of the repository',
    })
    assert.equal((await remove(first)).status, 204)
    assertProblem(await api.call('GET', `holdfast/v1/buckets/${first}/repository`), 404, 2)
    const second = (await post({ bucketParameters })).body.id
    const home = { kind: 'bucket', bucketID: second } as const
    assert.equal((await findRepositoryAt(api.database, accountID, home))?.id, repositoryID)
    const { body } = await api.call('GET', `holdfast/v1/buckets/${second}/repository`)
    const { bucketName } = bucketParameters.s3
    assert.deepEqual(body, {
      url: `s3:https://s3.example.org/${bucketName}/accounts/${accountID}`,
      password: 'of the repository',
    })
  })
})

test('127: buckets that are not available are not chosen; 108: one that is not there', async () => {
  const appID = await manageApp(api, 'choosing')
  const { body } = await post({ bucketParameters: s3(nextName()) })
  assertProblem(await postBackup(api, appID, { bucketID: body.id }), 400, 127)
  assertProblem(await postBackup(api, appID, { bucketID: missingID() }), 400, 108)
  await completedBackup(api, appID)
})

let names = 0

function nextName(): string {
  names += 1
  return `bucket-${names}`
}

function s3(bucketName: string) {
  return { s3: { serverURL: 'https://s3.example.org', bucketName } }
}

function post(members: object, token = api.tenant.token): Promise<TestAnswer> {
  const body = {
    type: 'application/astra-bucket',
    version: '1.2',
    credentialID,
    provider: 'generic-s3',
    bucketParameters: s3(nextName()),
    ...members,
  }
  return api.call('POST', PATH, { body, token })
}

function postLocal(path: string, members: object = {}, token = api.tenant.token) {
  const bucketParameters = { local: { path } }
  return post({ provider: 'local', credentialID: NIL, bucketParameters, ...members }, token)
}

function put(id: string, members: object, headers: Readonly<Record<string, string>> = {}) {
  const body = { type: 'application/astra-bucket', version: '1.2', ...members }
  return api.call('PUT', `${PATH}/${id}`, { body, headers })
}

function remove(id: string): Promise<TestAnswer> {
  return api.call('DELETE', `${PATH}/${id}`)
}

/** As after its first verification. */
async function available(): Promise<string> {
  const { body } = await post({ bucketParameters: s3(nextName()) })
  await setState(body.id, 'available')
  return body.id
}

function setState(id: string, state: string): Promise<void> {
  return setBucket(id, { state, verify_after: new Date('2030-01-01T00:00:00Z') })
}

async function setBucket(id: string, change: object): Promise<void> {
  await api.database.queries.updateTable('buckets').set(change).where('id', '=', id).execute()
}

function bucketRow(id: string) {
  return api.database.queries
    .selectFrom('buckets')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
}

async function nameAndState(id: string): Promise<[string, string]> {
  const { body } = await api.call('GET', `${PATH}/${id}`)
  return [body.name, body.state]
}

function credentialBody(members: Readonly<Record<string, string>>, more: object) {
  const entries = Object.entries(members)
  const values = entries.map(([name, value]) => [name, Buffer.from(value).toString('base64')])
  const keyStore = Object.fromEntries(values)
  const common = { type: 'application/astra-credential', version: '1.1', name: 'of a bucket' }
  return { ...common, keyType: 's3', keyStore, ...more }
}

async function postCredential(
  members: Readonly<Record<string, string>>,
  more: object = {},
  { path, token } = api.tenant,
): Promise<string> {
  const body = credentialBody(members, more)
  const answer = await api.call('POST', `${path}/core/v1/credentials`, { body, token })
  assert.equal(answer.status, 201, answer.text)
  return answer.body.id
}

function putCredential(id: string, members: Readonly<Record<string, string>>) {
  return api.call('PUT', `core/v1/credentials/${id}`, { body: credentialBody(members, {}) })
}
