// Hook sources, execution hooks and their overrides, as clients use them.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, afterEach, before, describe, test } from 'node:test'
import { addUser, assertAnswersConform, makeTestApi, type TestApi } from '../testing/test-api.ts'
import {
  assertProblem,
  hookBody,
  manageApp,
  missingID,
  postHook,
  postHookSource,
} from '../testing/test-resources.ts'

let api: TestApi
let appID: string
let hookSourceID: string

before(async () => {
  api = await makeTestApi()
  appID = await manageApp(api, 'hooked')
  hookSourceID = (await postHookSource(api, { name: 'shared' })).body.id
})
after(() => api.close())
afterEach(assertAnswersConform)

function put(path: string, type: string, version: string, members: object, headers = {}) {
  const body = { type: `application/astra-${type}`, version, ...members }
  return api.call('PUT', path, { body, headers })
}

function putSource(id: string, members: object) {
  return put(`core/v1/hookSources/${id}`, 'hookSource', '1.0', members)
}

function putHook(id: string, members: object, headers = {}) {
  return put(`core/v1/executionHooks/${id}`, 'executionHook', '1.3', members, headers)
}

describe('hook sources', () => {
  test('the checksum is that of the text as it was sent', async () => {
    const source = Buffer.from('#!/bin/sh\necho üben\n').toString('base64')
    const made = await postHookSource(api, { source, description: '' })
    assert.equal(made.status, 201, made.text)
    assert.partialDeepStrictEqual(made.body, {
      source,
      sourceMD5Checksum: createHash('md5').update(source).digest('hex'),
      private: 'false',
      preloaded: 'false',
      sourceType: 'script',
      description: '',
    })
    const changed = Buffer.from('exit 1').toString('base64')
    const changes = { source: changed, sourceMD5Checksum: '0'.repeat(32), preloaded: 'false' }
    assert.equal((await putSource(made.body.id, changes)).status, 204)
    const read = await api.call('GET', `core/v1/hookSources/${made.body.id}`)
    const expected = createHash('md5').update(changed).digest('hex')
    assert.equal(read.body.sourceMD5Checksum, expected)
    const path = `core/v1/hookSources?filter=sourceMD5Checksum%20eq%20'${expected}'&include=id`
    assert.deepEqual((await api.call('GET', path)).body.items, [[made.body.id]])
  })

  test('8 and 9: what is no script', async () => {
    for (const source of ['no base64!', 'YQ', 'A'.repeat(131_076)]) {
      assertProblem(await postHookSource(api, { source }), 400, 8)
    }
    for (const bytes of ['a\r\nb', 'a\0b', Buffer.from([0xff, 0xfe])]) {
      const source = Buffer.from(bytes).toString('base64')
      const answer = await postHookSource(api, { source })
      assertProblem(answer, 400, 9)
      assert.equal(answer.body.invalidFields[0].name, 'source')
    }
    const whole = await postHookSource(api, { source: 'QUFB'.repeat(131_072 / 4) })
    assert.equal(whole.status, 201)
  })

  test('10: a name that is taken', async () => {
    assertProblem(await postHookSource(api, { name: 'shared' }), 409, 10)
    const other = await postHookSource(api)
    assertProblem(await putSource(other.body.id, { name: 'shared' }), 409, 10)
  })

  test('a private script is not shown, and never again', async () => {
    const { id } = (await postHookSource(api)).body
    assert.equal((await putSource(id, { private: 'true' })).status, 204)
    const read = await api.call('GET', `core/v1/hookSources/${id}`)
    assert.equal(read.body.private, 'true')
    assert.ok(!('source' in read.body))
    const listed = await api.call('GET', `core/v1/hookSources?filter=id%20eq%20'${id}'`)
    assert.ok(!('source' in listed.body.items[0]))
    assertProblem(await putSource(id, { private: 'false' }), 409, 10)
    assert.equal((await putSource(id, { private: 'false', source: 'dHJ1ZQ==' })).status, 204)
    const shown = await api.call('GET', `core/v1/hookSources/${id}`)
    assert.equal(shown.body.source, 'dHJ1ZQ==')
  })

  test('71: one that came with the product; 72: one that a hook runs', async () => {
    const { id } = (await postHookSource(api)).body
    const hook = await postHook(api, { appID, hookSourceID: id })
    assertProblem(await api.call('DELETE', `core/v1/hookSources/${id}`), 403, 72)
    assert.equal((await api.call('DELETE', `core/v1/executionHooks/${hook.body.id}`)).status, 204)
    const table = api.database.queries.updateTable('hook_sources').where('id', '=', id)
    await table.set({ is_preloaded: true }).execute()
    assertProblem(await putSource(id, { name: 'mine' }), 403, 71)
    assertProblem(await api.call('DELETE', `core/v1/hookSources/${id}`), 403, 71)
    await table.set({ is_preloaded: false }).execute()
    assert.equal((await api.call('DELETE', `core/v1/hookSources/${id}`)).status, 204)
  })
})

describe('execution hooks', () => {
  test('the same hook stands at both paths; what it matches is in the item alone', async () => {
    const matchingCriteria = [
      { type: 'podName', value: 'ook' },
      { type: 'namespaceName', value: '^hooked$' },
    ]
    const members = { matchingCriteria, arguments: ['a b', ''], description: 'x' }
    const made = await postHook(api, { appID, hookSourceID, ...members })
    assert.equal(made.status, 201, made.text)
    assert.partialDeepStrictEqual(made.body, { ...members, appID, enabled: 'true' })
    const { id } = made.body
    const item = await api.call('GET', `k8s/v1/apps/${appID}/executionHooks/${id}`)
    assert.deepEqual(item.body.matchingContainers, [
      {
        podName: 'hooked',
        podLabels: [],
        containerImage: '',
        containerName: 'hooked',
        namespaceName: 'hooked',
      },
    ])
    assert.deepEqual((await api.call('GET', `core/v1/executionHooks/${id}`)).body, item.body)
    const list = await api.call('GET', `core/v1/executionHooks?filter=appID%20eq%20'${appID}'`)
    const listed = list.body.items.find((hook: { id: string }) => hook.id === id)
    assert.deepEqual(listed, made.body)

    const etag = String(item.headers.etag)
    const none = [{ type: 'containerImage', value: '.' }]
    const change = { matchingCriteria: none, matchingContainers: [], matchingImages: [] }
    assert.equal((await putHook(id, change, { 'if-match': etag })).status, 204)
    assertProblem(await putHook(id, change, { 'if-match': etag }), 412, 38)
    const changed = await api.call('GET', `core/v1/executionHooks/${id}`)
    assert.deepEqual(changed.body.matchingContainers, [])

    const otherID = await manageApp(api, 'unhooked')
    assertProblem(await api.call('GET', `k8s/v1/apps/${otherID}/executionHooks/${id}`), 404, 2)
    assertProblem(await api.call('DELETE', `k8s/v1/apps/${otherID}/executionHooks/${id}`), 404, 1)
  })

  test('null means none, and both are lists in every answer', async () => {
    const made = await postHook(api, {
      appID,
      hookSourceID,
      ...{ arguments: null, matchingCriteria: null },
    })
    assert.partialDeepStrictEqual(made.body, { arguments: [], matchingCriteria: [] })
    assert.equal((await putHook(made.body.id, { arguments: ['x'] })).status, 204)
    assert.equal((await putHook(made.body.id, { enabled: 'false' })).status, 204)
    const kept = await api.call('GET', `core/v1/executionHooks/${made.body.id}`)
    assert.partialDeepStrictEqual(kept.body, { arguments: ['x'], enabled: 'false' })
    assert.equal((await putHook(made.body.id, { arguments: null })).status, 204)
    const emptied = await api.call('GET', `core/v1/executionHooks/${made.body.id}`)
    assert.deepEqual(emptied.body.arguments, [])
  })

  test('9: what does not make sense is named', async () => {
    const faults: readonly (readonly [object, string])[] = [
      [{ matchingCriteria: [{ type: 'podName', value: '(' }] }, 'matchingCriteria[0].value'],
      [{ action: 'restore', stage: 'pre' }, 'stage'],
      [{ action: 'failover', stage: 'pre' }, 'stage'],
      [{ hookSourceID: missingID() }, 'hookSourceID'],
    ]
    for (const [members, name] of faults) {
      const answer = await postHook(api, { appID, hookSourceID, ...members })
      assertProblem(answer, 400, 9)
      assert.equal(answer.body.invalidFields[0].name, name)
    }
    const flat = (members: object) =>
      api.call('POST', 'core/v1/executionHooks', {
        body: hookBody({ name: 'flat', hookSourceID, ...members }),
      })
    for (const members of [{}, { appID: missingID() }]) {
      const answer = await flat(members)
      assertProblem(answer, 400, 9)
      assert.equal(answer.body.invalidFields[0].name, 'appID')
    }
    const made = await flat({ appID, action: 'failover', stage: 'post' })
    assert.equal(made.status, 201)
    assertProblem(await putHook(made.body.id, { stage: 'pre' }), 400, 9)
    assertProblem(await putHook(made.body.id, { appID: missingID() }), 409, 10)
    assertProblem(
      await postHook(api, { appID, hookSourceID, ...{ arguments: Array(17).fill('') } }),
      400,
      8,
    )
  })

  test('73: hooks that come with the product', async () => {
    const own = { appID, hookSourceID }
    assertProblem(await postHook(api, { ...own, ...{ hookType: 'netapp' } }), 403, 73)
    const { id } = (await postHook(api, own)).body
    assertProblem(await putHook(id, { hookType: 'netapp' }), 403, 73)
    const { queries } = api.database
    await queries
      .updateTable('execution_hooks')
      .set({ hook_type: 'netapp' })
      .where('id', '=', id)
      .execute()
    assertProblem(await putHook(id, { enabled: 'false' }), 403, 73)
    assertProblem(await api.call('DELETE', `core/v1/executionHooks/${id}`), 403, 73)
  })

  test('hooks go out of sight with their app', async () => {
    const goneID = await manageApp(api, 'going')
    const { id } = (await postHook(api, { appID: goneID, hookSourceID })).body
    assert.equal((await api.call('DELETE', `k8s/v2/apps/${goneID}`)).status, 204)
    assertProblem(await api.call('GET', `core/v1/executionHooks/${id}`), 404, 2)
    assertProblem(await putHook(id, { enabled: 'false' }), 404, 1)
  })

  test('9: more hooks than an app may have', async () => {
    const crowdedID = await manageApp(api, 'crowded')
    const hook = { appID: crowdedID, hookSourceID }
    for (let count = 0; count < 64; count += 1) {
      assert.equal((await postHook(api, hook)).status, 201)
    }
    const answer = await postHook(api, hook)
    assertProblem(answer, 400, 9)
    assert.match(answer.body.invalidFields[0].reason, /64 hooks/)
  })

  test('a viewer reads them and changes none', async () => {
    const { token } = await addUser(api.database, api.tenant.accountID, 'viewer')
    for (const collection of ['core/v1/hookSources', 'core/v1/executionHooks']) {
      assert.equal((await api.call('GET', collection, { token })).status, 200)
      const { id } = (await api.call('GET', collection)).body.items[0]
      assertProblem(await api.call('DELETE', `${collection}/${id}`, { token }), 403, 11)
    }
  })
})

test('overrides: there is nothing that could be overridden', async () => {
  const path = `k8s/v1/apps/${appID}/executionHookOverrides`
  const { id } = (await postHook(api, { appID, hookSourceID })).body
  const override = { type: 'application/astra-executionHookOverride', version: '1.0' }
  const body = { ...override, executionHookID: id, enabled: 'false' }
  const answer = await api.call('POST', path, { body })
  assertProblem(answer, 400, 9)
  assert.equal(answer.body.invalidFields[0].name, 'executionHookID')
  assert.deepEqual((await api.call('GET', path)).body.items, [])
})

test('168: switched off, nothing of hooks can be read or changed', async () => {
  const hook = await postHook(api, { appID, hookSourceID })
  const settings = await api.call('GET', `core/v1/settings?filter=name%20eq%20'holdfast.hooks'`)
  const setting = `core/v1/settings/${settings.body.items[0].id}`
  const turn = (isEnabled: string) =>
    put(setting, 'setting', '1.1', { desiredConfig: { isEnabled } })
  assert.equal((await turn('false')).status, 204)
  const places = [
    [`k8s/v1/apps/${appID}/executionHooks`, hook.body.id],
    ['core/v1/executionHooks', hook.body.id],
    ['core/v1/hookSources', hookSourceID],
  ]
  for (const [collection, id] of places) {
    assertProblem(await api.call('GET', collection ?? ''), 403, 168)
    assertProblem(await api.call('GET', `${collection}/${id}`), 403, 168)
    assertProblem(await api.call('DELETE', `${collection}/${id}`), 403, 168)
  }
  assertProblem(await postHookSource(api), 403, 168)
  assertProblem(await putSource(hookSourceID, { name: 'x' }), 403, 168)
  assertProblem(await postHook(api, { appID, hookSourceID }), 403, 168)
  assertProblem(await putHook(hook.body.id, { enabled: 'false' }), 403, 168)
  assert.equal((await turn('true')).status, 204)
  assert.equal((await api.call('GET', 'core/v1/hookSources')).status, 200)
})
