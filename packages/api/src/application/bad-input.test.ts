// Bad input and trouble, as far as HTTP sees it: each has its problem, and the log knows it.
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import { openDatabase } from '@holdfast/db'
import { addUser, assertAnswersConform, makeTestApi, type TestApi } from '../testing/test-api.ts'
import {
  assertProblem,
  completedBackup,
  completedSnapshot,
  manageApp,
  missingID,
  postBackup,
  postSnapshot,
  putApp,
  setApp,
  setBackup,
} from '../testing/test-resources.ts'

let api: TestApi
let appID: string
before(async () => {
  api = await makeTestApi()
  appID = await manageApp(api, 'shop')
})
after(() => api.close())
afterEach(assertAnswersConform)

const FORCE = { ForceUpdate: 'true' }

describe('tokens', () => {
  const path = 'k8s/v2/apps'

  test('3: no Authorization, another scheme, an empty token', async () => {
    assertProblem(await api.call('GET', path, { token: null }), 401, 3)
    for (const authorization of ['Basic dXNlcjpwYXNz', 'Bearer', 'Bearer ', 'token']) {
      const answer = await api.call('GET', path, { token: null, headers: { authorization } })
      assertProblem(answer, 401, 3)
      assert.equal(answer.headers['www-authenticate'], 'Bearer')
    }
  })

  test('4: an unknown, malformed or revoked token', async () => {
    assertProblem(await api.call('GET', path, { token: 'unknown' }), 401, 4)
    assertProblem(await api.call('GET', path, { token: 'two words' }), 401, 4)
    const user = await addUser(api.database, api.tenant.accountID, 'owner')
    assert.equal((await api.call('GET', path, { token: user.token })).status, 200)
    await api.database.queries
      .updateTable('tokens')
      .set({ revoked_at: new Date() })
      .where('user_id', '=', user.userID)
      .execute()
    assertProblem(await api.call('GET', path, { token: user.token }), 401, 4)
  })

  test('they come before everything else', async () => {
    const body = '{"not json'
    assertProblem(await api.call('GET', '/accounts/none/of/this', { token: null }), 401, 3)
    assertProblem(await api.call('PATCH', path, { token: null, body }), 401, 3)
    assertProblem(await api.call('POST', `${path}?x=1`, { token: 'unknown', body }), 401, 4)
    assertProblem(
      await api.call('GET', `/accounts/${missingID()}/${path}`, { token: null }),
      401,
      3,
    )
  })

  test('the scheme is read in any case', async () => {
    const headers = { authorization: `bearer ${api.tenant.token}` }
    assert.equal((await api.call('GET', path, { token: null, headers })).status, 200)
  })

  test('a path written in another way needs them just as well', async () => {
    const odd = `/%61ccounts/${api.tenant.accountID}/${path}`
    assertProblem(await api.call('GET', odd, { token: null }), 401, 3)
  })

  test('14: a disabled user, and a user of a disabled account', async () => {
    const user = await addUser(api.database, api.tenant.accountID, 'owner')
    const { queries } = api.database
    const set = (is_enabled: boolean) =>
      queries.updateTable('users').set({ is_enabled }).where('id', '=', user.userID).execute()
    await set(false)
    assertProblem(await api.call('GET', path, { token: user.token }), 403, 14)
    await set(true)
    assert.equal((await api.call('GET', path, { token: user.token })).status, 200)
    const account = queries.updateTable('accounts').where('id', '=', api.tenant.accountID)
    await account.set({ is_enabled: false }).execute()
    assertProblem(await api.call('GET', path, { token: user.token }), 403, 14)
    await account.set({ is_enabled: true }).execute()
  })
})

describe('queries', () => {
  const bad = [
    'include=',
    'include=id,,name',
    'include=id;name',
    'include=id&include=name',
    'limit=0',
    'limit=-1',
    'limit=1.5',
    'limit=',
    'limit=1&limit=2',
    'skip=0',
    'skip=x',
    'count=false',
    'count=TRUE',
    'orderBy=name%20asc',
    'orderBy=name,id',
    'orderBy=metadata',
    'orderBy=stateUnready',
    'orderBy=colour',
    'filter=name',
    'filter=name%20eq%20x',
    "filter=name%20like%20'x'",
    "filter=name%20eq%20''",
    "filter=colour%20eq%20'red'",
    "filter=name.first%20eq%20'x'",
    "filter=name%20eq%20'x'%20or%20name%20eq%20'y'",
    "filter=name%20eq%20'x',",
    "filter=percentDone%20gt%20'much'",
    "filter=backupCreationTimestamp%20gt%20'yesterday'",
    'continue=',
    'continue=abc',
    'continue=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  ]
  for (const query of bad) {
    test(`5: ${query}`, async () => {
      const answer = await api.call('GET', `topology/v1/appBackups?${query}`)
      assertProblem(answer, 400, 5)
      assert.equal(answer.body.detail, 'The supplied query parameters are invalid.')
      assert.ok(query.startsWith(answer.body.invalidParams[0].name))
    })
  }

  test('6: an unknown parameter of a list, any parameter elsewhere', async () => {
    assertProblem(await api.call('GET', 'k8s/v2/apps?Limit=1'), 400, 6)
    assertProblem(await api.call('GET', 'k8s/v2/apps?offset=1&limit=0'), 400, 6)
    const backupID = await completedBackup(api, appID)
    const item = `topology/v1/appBackups/${backupID}`
    for (const method of ['GET', 'DELETE']) {
      const answer = await api.call(method, `${item}?include=id`)
      assertProblem(answer, 400, 6)
      assert.equal(answer.body.invalidParams[0].name, 'include')
    }
    const body = { type: 'application/astra-app', version: '2.2', name: 'x' }
    assertProblem(await api.call('PUT', `k8s/v2/apps/${appID}?x=1`, { body }), 400, 6)
    assertProblem(await api.call('POST', 'k8s/v2/apps?x=1', { body }), 400, 6)
    assert.equal((await api.call('GET', item)).status, 200)
  })
})

describe('bodies', () => {
  const path = () => `k8s/v1/apps/${appID}/appBackups`

  for (const body of ['', '{', '{"type"}', 'type=x', '\u0000', '{"a":1}{"b":2}']) {
    test(`7: ${JSON.stringify(body)}`, async () => {
      assertProblem(await api.call('POST', path(), { body }), 400, 7)
    })
  }

  test('7: bytes that are not UTF-8', async () => {
    const answer = await api.app.inject({
      method: 'POST',
      url: `${api.tenant.path}/${path()}`,
      headers: { authorization: `Bearer ${api.tenant.token}`, 'content-type': 'application/json' },
      payload: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
    })
    assert.equal(answer.statusCode, 400)
    assert.equal(answer.json().type, 'https://astra.netapp.io/problems/7')
  })

  const violations: readonly (readonly [unknown, string])[] = [
    [[], 'body'],
    ['"text"', 'body'],
    [null, 'body'],
    [{ version: '1.2' }, 'type'],
    [{ type: 'application/astra-appBackup' }, 'version'],
    [{ type: 'application/astra-appSnap', version: '1.2' }, 'type'],
    [{ type: 'application/astra-appBackup', version: 1.2 }, 'version'],
    [{ type: 'application/astra-appBackup', version: '9.9' }, 'version'],
    [{ type: 'application/astra-appBackup', version: '1.2', state: 'completed' }, 'state'],
    [{ type: 'application/astra-appBackup', version: '1.2', name: '' }, 'name'],
    [{ type: 'application/astra-appBackup', version: '1.2', name: 'a'.repeat(64) }, 'name'],
    [{ type: 'application/astra-appBackup', version: '1.2', name: '-a' }, 'name'],
    [{ type: 'application/astra-appBackup', version: '1.2', name: 'a\n' }, 'name'],
    [{ type: 'application/astra-appBackup', version: '1.2', name: 7 }, 'name'],
    [{ type: 'application/astra-appBackup', version: '1.2', name: null }, 'name'],
    [{ type: 'application/astra-appBackup', version: '1.2', bucketID: '1' }, 'bucketID'],
    [
      {
        type: 'application/astra-appBackup',
        version: '1.2',
        metadata: { labels: [{ name: 'a' }] },
      },
      'metadata.labels[0].value',
    ],
    [
      '{"type":"application/astra-appBackup","version":"1.2","__proto__":{"name":"x"}}',
      '__proto__',
    ],
  ]
  for (const [body, member] of violations) {
    test(`8: ${member} of ${JSON.stringify(body)?.slice(0, 90)}`, async () => {
      const answer = await api.call('POST', path(), {
        body: typeof body === 'string' ? body : JSON.stringify(body),
      })
      assertProblem(answer, 400, 8)
      const names = answer.body.invalidFields.map((field: { name: string }) => field.name)
      assert.ok(names.includes(member), `${names} should name ${member}`)
    })
  }

  test('8 names every fault at once', async () => {
    const answer = await api.call('POST', path(), { body: { name: 'A', bucketID: 1, x: 1 } })
    const names = answer.body.invalidFields.map((field: { name: string }) => field.name)
    assert.deepEqual(names.toSorted(), ['bucketID', 'name', 'type', 'version', 'x'])
  })

  test('8: of a body made of faults alone only so many are told, whoever sends it', async () => {
    const faults = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`x${at}`, at]))
    for (const [sent, told] of [
      [9_000, 100],
      [20_000, 1],
    ] as const) {
      const body = faults(sent)
      for (const answer of [
        await api.call('POST', path(), { body }),
        await api.call('POST', '/holdfast/v1/session', { body, token: null }),
      ]) {
        assertProblem(answer, 400, 8)
        assert.equal(answer.body.invalidFields.length, told)
      }
    }
  })

  test('8: a body nested deeper than the stack is high', async () => {
    const depth = 200_000
    for (const body of [
      '['.repeat(depth) + ']'.repeat(depth),
      `{"links":${'['.repeat(depth)}${']'.repeat(depth)}}`,
    ]) {
      assertProblem(await api.call('POST', path(), { body }), 400, 8)
      assertProblem(await api.call('PUT', `k8s/v2/apps/${appID}`, { body }), 400, 8)
    }
  })

  test('8: texts that cannot be stored', async () => {
    const head = { type: 'application/astra-appBackup', version: '1.2' }
    for (const value of ['a\u0000b', '\ud800', 'x\udc00']) {
      for (const label of [
        { name: 'a', value },
        { name: value, value: 'a' },
      ]) {
        const metadata = { labels: [{ name: 'fine', value: '🙂 é' }, label] }
        const answer = await api.call('POST', path(), { body: { ...head, metadata } })
        assertProblem(answer, 400, 8)
        assert.match(answer.body.invalidFields[0].name, /^metadata\.labels\[1\]\.(name|value)$/)
      }
      const answer = await api.call('POST', path(), { body: { ...head, [value]: 1 } })
      assertProblem(answer, 400, 8)
    }
    const labels = [{ name: 'mood', value: '🙂 é ﷽' }]
    const fine = await api.call('POST', path(), { body: { ...head, metadata: { labels } } })
    assert.deepEqual(fine.body.metadata.labels, labels)
  })

  test('85: a body that is too large, however it is announced', async () => {
    const body = JSON.stringify({ name: 'a'.repeat(1_200_000) })
    assertProblem(await api.call('POST', path(), { body }), 413, 85)
  })

  test('a body is read as JSON whatever its Content-Type says', async () => {
    for (const type of [
      'application/astra-appBackup+json',
      'application/x-www-form-urlencoded',
      'application/managedCluster+json',
      'text/plain',
      'nonsense',
      ';;;',
    ]) {
      const body = JSON.stringify({ type: 'application/astra-appBackup', version: '1.2' })
      const answer = await api.call('POST', path(), { body, headers: { 'content-type': type } })
      assert.equal(answer.status, 201, `${type}: ${answer.text}`)
    }
  })

  test('bodies of GET and DELETE are ignored, even malformed ones', async () => {
    const id = await completedBackup(api, appID)
    const headers = { 'content-type': 'application/astra-schedule+json' }
    for (const body of ['{}', '{"type":"application/astra-schedule"}', '{"broken']) {
      assert.equal((await api.call('GET', path(), { body, headers })).status, 200)
    }
    const answer = await api.call('DELETE', `${path()}/${id}`, { body: '{"broken', headers })
    assert.equal(answer.status, 204)
  })
})

describe('methods and paths', () => {
  test('69: a method that the path does not have', async () => {
    for (const [method, path] of [
      ['PATCH', 'k8s/v2/apps'],
      ['DELETE', 'k8s/v2/apps'],
      ['PUT', `k8s/v1/apps/${appID}/appBackups/${missingID()}`],
      ['POST', 'topology/v1/appBackups'],
      ['POST', 'core/v1/tasks'],
      ['DELETE', `topology/v1/namespaces/${missingID()}`],
    ] as const) {
      const answer = await api.call(method, path, { body: '{"broken' })
      assertProblem(answer, 405, 69)
      assert.match(String(answer.headers.allow), /GET/)
    }
  })

  test('OPTIONS names the methods, HEAD answers as GET without a body', async () => {
    const options = await api.call('OPTIONS', 'k8s/v2/apps')
    assert.equal(options.status, 204)
    assert.equal(options.headers.allow, 'GET, HEAD, POST, OPTIONS')
    const head = await api.call('HEAD', `k8s/v2/apps/${appID}`)
    const get = await api.call('GET', `k8s/v2/apps/${appID}`)
    assert.equal(head.status, 200)
    assert.equal(head.text, '')
    assert.equal(head.headers.etag, get.headers.etag)
    assert.equal((await api.call('HEAD', 'k8s/v2/apps', { token: null })).status, 401)
  })

  test('2: paths that nothing answers', async () => {
    assertProblem(await api.call('GET', 'k8s/v1/nothing'), 404, 2)
    assertProblem(await api.call('GET', 'k8s/v1/apps'), 404, 2)
    assertProblem(await api.call('GET', '/nothing', { token: null }), 404, 2)
    assertProblem(await api.call('GET', '/accounts/%ZZ'), 404, 2)
  })

  test('a trailing slash is no other path', async () => {
    assert.equal((await api.call('GET', 'k8s/v2/apps/')).status, 200)
    assertProblem(await api.call('PATCH', 'k8s/v2/apps/'), 405, 69)
  })
})

describe('copies', () => {
  test('108 and 127: buckets', async () => {
    const unknown = await postBackup(api, appID, { bucketID: missingID() })
    assertProblem(unknown, 400, 108)
    assert.equal(unknown.body.invalidFields[0].name, 'bucketID')
    assertProblem(await postSnapshot(api, appID, { bucketID: missingID() }), 400, 108)
    const bucket = api.database.queries.updateTable('buckets').where('id', '=', api.tenant.bucketID)
    await bucket.set({ state: 'failed' }).execute()
    assertProblem(await postBackup(api, appID), 400, 127)
    assertProblem(await postSnapshot(api, appID), 400, 127)
    assertProblem(await postBackup(api, appID, { bucketID: api.tenant.bucketID }), 400, 127)
    await bucket.set({ state: 'available' }).execute()
    const cloud = api.database.queries.updateTable('clouds').where('id', '=', api.tenant.cloudID)
    await cloud.set({ default_bucket_id: null }).execute()
    assert.equal((await postBackup(api, appID)).body.bucketID, api.tenant.bucketID)
    assertProblem(await postSnapshot(api, appID), 400, 127)
    await cloud.set({ default_bucket_id: api.tenant.bucketID }).execute()
  })

  test('46: a snapshot that is unknown or of another app', async () => {
    const other = await manageApp(api, 'other')
    const foreign = await completedSnapshot(api, other)
    for (const snapshotID of [missingID(), foreign]) {
      const answer = await postBackup(api, appID, { snapshotID })
      assertProblem(answer, 400, 46)
      assert.equal(answer.body.invalidFields[0].name, 'snapshotID')
    }
  })

  test('111: a snapshot that is not completed', async () => {
    const { body } = await postSnapshot(api, appID)
    assertProblem(await postBackup(api, appID, { snapshotID: body.id }), 409, 111)
    await api.database.queries
      .updateTable('application_snapshots')
      .set({ state: 'completed' })
      .where('id', '=', body.id)
      .execute()
    const made = await postBackup(api, appID, { snapshotID: body.id })
    assert.equal(made.body.snapshotID, body.id)
    assertProblem(await api.call('DELETE', `k8s/v1/apps/${appID}/appSnaps/${body.id}`), 409, 144)
    await setBackup(api, made.body.id, { state: 'failed' })
    const deleted = await api.call('DELETE', `k8s/v1/apps/${appID}/appSnaps/${body.id}`)
    assert.equal(deleted.status, 204)
  })

  test('142: what an app is being restored from stays', async () => {
    const restored = await manageApp(api, 'restored')
    const backupID = await completedBackup(api, restored)
    const snapshotID = await completedSnapshot(api, restored)
    assert.equal((await putApp(api, restored, { backupID }, FORCE)).status, 204)
    assertProblem(await api.call('DELETE', `topology/v1/appBackups/${backupID}`), 409, 142)
    // Whoever sees the app ready need not wait for what its task clears away.
    await setApp(api, restored, { state: 'ready' })
    assert.equal((await api.call('DELETE', `topology/v1/appBackups/${backupID}`)).status, 204)
    const snapshot = `k8s/v1/apps/${restored}/appSnaps/${snapshotID}`
    assert.equal((await api.call('DELETE', snapshot)).status, 204)
  })
})

describe('restores', () => {
  test('79: without ForceUpdate', async () => {
    const backupID = await completedBackup(api, appID)
    assertProblem(await putApp(api, appID, { backupID }), 403, 79)
    assertProblem(await putApp(api, appID, { backupID }, { ForceUpdate: 'false' }), 403, 79)
    assert.equal((await api.call('GET', `k8s/v2/apps/${appID}`)).body.state, 'ready')
  })

  test('74, 46 and 76: copies that are unknown, unfinished or of another app', async () => {
    const third = await manageApp(api, 'third')
    const backupID = await completedBackup(api, third)
    const snapshotID = await completedSnapshot(api, third)
    assertProblem(await putApp(api, appID, { backupID }, FORCE), 403, 76)
    assertProblem(await putApp(api, appID, { snapshotID }, FORCE), 403, 76)
    assertProblem(await putApp(api, appID, { backupID: missingID() }, FORCE), 400, 74)
    assertProblem(await putApp(api, appID, { snapshotID: missingID() }, FORCE), 400, 46)
    const { body } = await postBackup(api, third)
    assertProblem(await putApp(api, third, { backupID: body.id }, FORCE), 400, 74)
  })

  test('147, 155 and 9: filters', async () => {
    const filtered = await manageApp(api, 'filtered')
    const backupID = await completedBackup(api, filtered)
    const include = (...GVKN: object[]) => ({
      restoreFilter: { resourceSelectionCriteria: 'include', GVKN },
    })
    const restore = (members: object) => putApp(api, filtered, { backupID, ...members }, FORCE)
    assertProblem(await restore(include({})), 400, 147)
    assertProblem(await restore(include()), 400, 147)
    assertProblem(await restore(include({ labelSelectors: ['a in b'] })), 400, 147)
    assertProblem(await restore(include({ kind: 'Secret' })), 400, 9)
    assertProblem(await putApp(api, filtered, include({ kind: 'Volume' })), 400, 9)
    const live = { sourceAppID: filtered, clusterID: api.tenant.clusterID, name: 'twin' }
    const body = { type: 'application/astra-app', version: '2.2', ...live }
    const clone = { ...body, ...include({ kind: 'Volume' }) }
    assertProblem(await api.call('POST', 'k8s/v2/apps', { body: clone }), 409, 155)
  })

  test('Holdfast-In-Use: allow reaches the workflow', async () => {
    const used = await manageApp(api, 'used')
    const backupID = await completedBackup(api, used)
    const headers = { ...FORCE, 'Holdfast-In-Use': 'allow' }
    assert.equal((await putApp(api, used, { backupID }, headers)).status, 204)
    const task = await api.database.queries
      .selectFrom('tasks')
      .select('input')
      .where('resource_id', '=', used)
      .executeTakeFirstOrThrow()
    assert.equal((task.input as { isInUseAllowed: boolean }).isInUseAllowed, true)
  })
})

describe('trouble inside', () => {
  test('an unexpected failure has the name of its operation, and the log holds the cause', async () => {
    const broken = await manageApp(api, 'broken')
    const { body } = await postBackup(api, broken)
    const { queries } = api.database
    await queries.schema.alterTable('backups').renameColumn('hidden_at', 'moved').execute()
    try {
      const path = `k8s/v1/apps/${broken}/appBackups`
      const answers = [
        await api.call('GET', path),
        await api.call('GET', `${path}/${body.id}`),
        await api.call('DELETE', `${path}/${body.id}`),
      ]
      assertProblem(answers[0]!, 500, 96)
      assertProblem(answers[1]!, 500, 95)
      // Finding the backup is what fails, and it belongs to deleting it.
      assertProblem(answers[2]!, 500, 97)
      const { correlationID } = answers[0]!.body
      const line = api.log.find((entry) => entry.correlationID === correlationID && entry.err)
      assert.match(JSON.stringify(line), /hidden_at/)
      assert.ok(!answers[0]!.text.includes('hidden_at'))
    } finally {
      await queries.schema.alterTable('backups').renameColumn('moved', 'hidden_at').execute()
    }
  })

  test('every problem carries the id under which the log has the request', async () => {
    const { body } = await api.call('GET', `k8s/v2/apps/${missingID()}`)
    const lines = api.log.filter((entry) => entry.correlationID === body.correlationID)
    assert.ok(lines.some((line) => line.problem === 2 && line.failure === 'not-found'))
    assert.ok(lines.some((line) => line.msg === 'request answered' && line.status === 404))
  })

  test('tokens are in no line of the log', () => {
    assert.ok(!JSON.stringify(api.log).includes(api.tenant.token))
  })

  test('10: an app that changed state under a restore is restored once', async () => {
    const raced = await manageApp(api, 'raced')
    const backupID = await completedBackup(api, raced)
    const answers = await Promise.all([1, 2, 3].map(() => putApp(api, raced, { backupID }, FORCE)))
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [204, 409, 409])
    await setApp(api, raced, { state: 'ready' })
  })
})

test('41: while the database does not answer', async () => {
  // Port 9 is the discard service, which nobody runs: connections are refused at once.
  const away = openDatabase({ url: 'postgresql://127.0.0.1:9/none', applicationName: 'test' })
  const app = await api.buildOn(away)
  try {
    const headers = { authorization: `Bearer ${api.tenant.token}` }
    const answer = await app.inject({ url: '/accounts', headers })
    assert.equal(answer.statusCode, 503)
    assert.equal(answer.json().type, 'https://astra.netapp.io/problems/41')
    assert.equal(answer.headers['retry-after'], '2')
    assert.equal((await app.inject('/healthz')).statusCode, 200)
  } finally {
    await app.close()
    await away.close()
  }
})
