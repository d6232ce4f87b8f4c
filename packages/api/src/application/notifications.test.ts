// Events, notifications and their marks, webhooks and deliveries, as users see them.
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import { addUser, assertAnswersConform, makeTestApi, type TestApi } from '../testing/test-api.ts'
import {
  assertProblem,
  manageApp,
  missingID,
  postWebhook,
  putApp,
  setApp,
  tellNotification,
  WEBHOOK_SECRET,
} from '../testing/test-resources.ts'

let api: TestApi
before(async () => {
  api = await makeTestApi()
})
after(() => api.close())
afterEach(assertAnswersConform)

const list = async (path: string, token?: string) => {
  const answer = await api.call('GET', path, token === undefined ? {} : { token })
  assert.equal(answer.status, 200, answer.text)
  return answer.body.items as Record<string, unknown>[]
}

const filtered = (path: string, filter: string, more = '') =>
  list(`${path}?filter=${encodeURIComponent(filter)}${more}`)

describe('events', () => {
  test('tell that an app is managed, removed, and ready again by the word of a user', async () => {
    const appID = await manageApp(api, 'told')
    await setApp(api, appID, { state: 'failed' })
    const name = 'holdfast.app.restore.failed'
    const failed = await tellNotification(api, { name, resourceID: appID, resourceName: 'app' })
    assert.equal((await putApp(api, appID, { name: 'told', state: 'ready' })).status, 204)
    assert.equal((await api.call('DELETE', `k8s/v2/apps/${appID}`)).status, 204)
    const told = await filtered(
      'core/v1/events',
      `resourceID eq '${appID}',name in 'holdfast.app.'`,
      '&orderBy=sequenceCount',
    )
    // Each request is told beside that, in the audit trail.
    const ofApp = told.filter(({ name }) => !String(name).startsWith('holdfast.audit.'))
    assert.deepEqual(
      ofApp.map(({ name, severity }) => [name, severity]),
      [
        ['holdfast.app.managed', 'informational'],
        [name, 'critical'],
        [name, 'cleared'],
        ['holdfast.app.removed', 'informational'],
      ],
    )
    const [, begin, end] = told
    assert.equal(begin?.id, failed)
    assert.equal(begin?.correlationID, end?.correlationID)
    assert.equal(begin?.summary, end?.summary)
    assert.equal(told[0]?.userID, api.tenant.userID)
  })

  test('tell that a cluster cannot be reached once, and that it can be again', async () => {
    const { seen } = api.host
    const look = () => api.call('GET', 'topology/v1/namespaces')
    const conditions = () =>
      filtered('core/v1/notifications', "name eq 'holdfast.cluster.unreachable'")
    await look()
    assert.equal((await conditions()).length, 0)
    api.host.failure = new Error('The host root is gone.')
    await look()
    await look()
    const [unreachable, ...others] = await conditions()
    assert.deepEqual(others, [])
    assert.match(
      String(unreachable?.description),
      /"host" cannot be reached: The host root is gone/,
    )
    delete api.host.failure
    api.host.seen = seen
    await look()
    await look()
    const severities = (await conditions()).map(({ severity }) => severity)
    assert.deepEqual(severities.toSorted(), ['cleared', 'critical'])
  })

  test('are shown to the roles that may see them alone', async () => {
    const id = await tellNotification(api, { visibility: ['owner', 'admin'] })
    const { token } = await addUser(api.database, api.tenant.accountID, 'viewer')
    for (const collection of ['events', 'notifications']) {
      assert.equal((await filtered(`core/v1/${collection}`, `id eq '${id}'`)).length, 1)
      const seen = await list(`core/v1/${collection}?filter=id%20eq%20'${id}'`, token)
      assert.deepEqual(seen, [])
      assertProblem(await api.call('GET', `core/v1/${collection}/${id}`, { token }), 404, 2)
    }
  })

  test('are found by members and say how long they are kept', async () => {
    const id = await tellNotification(api)
    const [found] = await filtered('core/v1/events', `id eq '${id}',data.ttl gt '7775999'`)
    assert.deepEqual(found?.data, { ttl: 90 * 86_400, remoteAddress: '192.0.2.7' })
    assert.deepEqual(found?.destinations, ['notification'])
    const notification = await api.call('GET', `core/v1/notifications/${id}`)
    assert.equal(notification.body.type, 'application/astra-notification')
    assert.equal(notification.body.version, '1.3')
    assert.equal(notification.body.correctiveAction, 'Make room in the bucket.')
  })
})

describe('unread notifications', () => {
  const unreadOf = (userID: string) => `core/v1/users/${userID}/unreadNotifications`

  test('are gone when they were read; the notification stays, and so do those of others', async () => {
    const viewer = await addUser(api.database, api.tenant.accountID, 'viewer')
    const id = await tellNotification(api)
    const filter = `?filter=notificationID%20eq%20'${id}'`
    const [mark] = await list(unreadOf(viewer.userID) + filter, viewer.token)
    assert.equal(mark?.severity, 'critical')
    const path = `${unreadOf(viewer.userID)}/${mark?.id}`
    assert.equal((await api.call('DELETE', path, { token: viewer.token })).status, 204)
    assertProblem(await api.call('DELETE', path, { token: viewer.token }), 404, 1)
    assert.deepEqual(await list(unreadOf(viewer.userID) + filter, viewer.token), [])
    assert.equal((await list(unreadOf(api.tenant.userID) + filter)).length, 1)
    assert.equal((await api.call('GET', `core/v1/notifications/${id}`)).status, 200)
  })

  test('of others do not exist, but for owners and admins', async () => {
    const member = await addUser(api.database, api.tenant.accountID, 'member')
    await tellNotification(api)
    const { token } = member
    assertProblem(await api.call('GET', unreadOf(api.tenant.userID), { token }), 404, 2)
    assert.ok((await list(unreadOf(member.userID))).length > 0)
    assertProblem(await api.call('GET', unreadOf(missingID())), 404, 2)
  })
})

describe('webhooks', () => {
  test('never show their secret, in answers, in the log or in the database', async () => {
    const made = await postWebhook(api, { name: 'secretive' })
    assert.equal(made.status, 201, made.text)
    const path = `holdfast/v1/webhooks/${made.body.id}`
    const read = await api.call('GET', path)
    const { rows } = await api.database.pool.query('select webhooks::text as text from webhooks')
    const everything = [made.text, read.text, JSON.stringify(api.log), JSON.stringify(rows)].join()
    assert.ok(!everything.includes(WEBHOOK_SECRET))
    assert.ok(!everything.includes(Buffer.from(WEBHOOK_SECRET).toString('hex')))
    assert.equal(read.body.isEnabled, 'true')
    assert.equal(read.body.minimumSeverity, 'informational')
    assert.equal((await api.call('DELETE', path)).status, 204)
    assertProblem(await api.call('GET', path), 404, 2)
  })

  test('are changed in what is sent alone, under the precondition that was sent', async () => {
    const { body } = await postWebhook(api, { name: 'changing', minimumSeverity: 'critical' })
    const path = `holdfast/v1/webhooks/${body.id}`
    const { etag } = (await api.call('GET', path)).headers
    const change = { type: body.type, version: '1.0', isEnabled: 'false' }
    const put = (headers: Record<string, string>) =>
      api.call('PUT', path, { body: change, headers })
    assert.equal((await put({ 'if-match': etag ?? '' })).status, 204)
    assertProblem(await put({ 'if-match': etag ?? '' }), 412, 38)
    const read = (await api.call('GET', path)).body
    assert.equal(read.isEnabled, 'false')
    assert.equal(read.minimumSeverity, 'critical')
    assert.equal(read.url, body.url)
  })

  test('10: a name that is taken', async () => {
    await postWebhook(api, { name: 'first' })
    const { body } = await postWebhook(api, { name: 'second' })
    assertProblem(await postWebhook(api, { name: 'first' }), 409, 10)
    const change = { type: body.type, version: '1.0', name: 'first' }
    assertProblem(
      await api.call('PUT', `holdfast/v1/webhooks/${body.id}`, { body: change }),
      409,
      10,
    )
  })

  test('8, 9: addresses and secrets that make no sense', async () => {
    for (const secret of ['short', 'whsec_', `whsec_${'!'.repeat(44)}`, WEBHOOK_SECRET.slice(6)]) {
      assertProblem(await postWebhook(api, { name: 'bad', secret }), 400, 8)
    }
    for (const url of [
      'ftp://example.org/',
      'no address',
      'https://user:password@example.org/',
      'http://169.254.169.254/latest/',
      'http://[fe80::1]/',
      'http://2852039166/',
    ]) {
      const answer = await postWebhook(api, { name: 'bad', url })
      assertProblem(answer, 400, 9)
      assert.equal(answer.body.invalidFields[0].name, 'url')
    }
  })

  test('are for owners and admins alone, since their addresses are secrets themselves', async () => {
    const { body } = await postWebhook(api, { name: 'guarded' })
    for (const [role, status] of [
      ['viewer', 403],
      ['member', 403],
      ['admin', 200],
    ] as const) {
      const { token } = await addUser(api.database, api.tenant.accountID, role)
      for (const path of ['webhooks', `webhooks/${body.id}`, 'deliveries']) {
        assert.equal((await api.call('GET', `holdfast/v1/${path}`, { token })).status, status)
      }
    }
  })

  test('are tried out by a delivery of their own, which nobody else gets', async () => {
    const { body } = await postWebhook(api, { name: 'tried' })
    await postWebhook(api, { name: 'bystander' })
    const test = await api.call('POST', `holdfast/v1/webhooks/${body.id}/test`)
    assert.equal(test.status, 202, test.text)
    assert.equal(test.body.state, 'pending')
    assert.equal(test.body.webhookID, body.id)
    const { eventID } = test.body
    const deliveries = await filtered('holdfast/v1/deliveries', `eventID eq '${eventID}'`)
    assert.deepEqual(
      deliveries.map(({ id }) => id),
      [test.body.id],
    )
    assertProblem(await api.call('POST', `holdfast/v1/webhooks/${missingID()}/test`), 404, 2)
  })
})
