// What holds for every route of the dialect, checked for every route. That the table is complete and
// exact is the first test.
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import { hexIDOf } from '@holdfast/db'
import {
  CONTAINER_ROUTES,
  type ContainerIDs,
  type ContainerRow,
  filled,
  MISSING_CODE,
  makeContainerIDs,
  parametersOf,
} from '../testing/container-routes.ts'
import {
  addTenant,
  addUser,
  assertAnswersConform,
  type ContainerCallOptions,
  makeTestApi,
  type TestAnswer,
  type TestApi,
  type TestTenant,
} from '../testing/test-api.ts'
import { assertContainerError } from '../testing/test-containers.ts'
import { completedBackup, manageApp } from '../testing/test-resources.ts'
import { ROUTES } from './routes.ts'

const NOTHING = '0'.repeat(24)

interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly security?: readonly object[]
  readonly parameters?: readonly { readonly name: string; readonly in: string }[]
  readonly requestBody?: { readonly content: Record<string, object> }
  readonly responses: Record<string, { readonly content?: Record<string, { schema: object }> }>
}

let api: TestApi
let ids: ContainerIDs
let stranger: TestTenant
let weak: string
let paths: Record<string, Record<string, Operation>>
before(async () => {
  api = await makeTestApi()
  paths = (await api.call('GET', '/openapi.json', { token: null })).body.paths
  const appID = await manageApp(api, 'shop')
  await completedBackup(api, appID)
  ids = await makeContainerIDs(api, { containerId: hexIDOf(appID) })
  stranger = await addTenant(api.database)
  weak = (await addUser(api.database, api.tenant.accountID, undefined)).token
})
after(() => api.close())
afterEach(assertAnswersConform)

test('the table has exactly the routes that are served, and the document describes them', () => {
  const table = CONTAINER_ROUTES.map(([method, path, capability, status, hub]) =>
    [method, path, capability, status, hub === 'optional'].join(' '),
  )
  const served = ROUTES.map(({ method, path, capability, success, isHubHeaderOptional = false }) =>
    [method, path.replace(/:(\w+)/g, '{$1}'), capability, success.status, isHubHeaderOptional].join(
      ' ',
    ),
  )
  assert.deepEqual(served.toSorted(), table.toSorted())
  const documented = Object.entries(paths)
    .filter(([path]) => path.startsWith('/v1/'))
    .flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    )
  const expected = CONTAINER_ROUTES.map(([method, path]) => `${method} ${path}`)
  assert.deepEqual(documented.toSorted(), expected.toSorted())
})

for (const row of CONTAINER_ROUTES) {
  const [method, path, capability, status, hub] = row
  const names = parametersOf(path)

  describe(`${method} ${path}`, () => {
    test('is described', () => {
      const operation = paths[path]?.[method.toLowerCase()]
      assert.ok(operation?.summary)
      assert.match(operation.operationId, /^[a-z][A-Za-z]+$/)
      const described = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path')
      assert.deepEqual(
        described.map(({ name }) => name),
        names,
      )
      assert.ok(operation.responses[String(status)]?.content?.['application/json'])
      assert.ok(operation.responses.default)
      const isPublic = capability === 'public'
      const needed = hub === 'optional' ? [{ token: [] }] : [{ token: [], hub: [] }]
      assert.deepEqual(operation.security, isPublic ? [] : needed)
      const hasBody = method === 'POST' || method === 'PATCH'
      assert.equal(operation.requestBody !== undefined, hasBody)
      const headers = (operation.parameters ?? []).filter((parameter) => parameter.in === 'header')
      assert.deepEqual(
        headers.map(({ name }) => name),
        operation.operationId === 'createBackupTask' ? ['Holdfast-In-Use'] : [],
      )
    })

    test('refuses what is not documented, by its name', async () => {
      for (const name of ['colour', 'include', 'page[colour]', 'filter[colour]']) {
        const answer = await send(row, { query: `?${encodeURIComponent(name)}=red` })
        assertContainerError(answer, '422.invalid-argument')
        assert.ok(answer.body.error.detail.includes(name), answer.text)
      }
    })

    for (const name of names) {
      test(`finds nothing under another ${name}`, async () => {
        for (const id of [NOTHING, 'x', 'A'.repeat(24), `${ids[name]}0`, '%00']) {
          const answer = await send(row, { ids: { ...ids, [name]: id }, body: bodyOf(row) })
          assertContainerError(answer, MISSING_CODE[name] ?? '')
        }
      })
    }

    if (capability !== 'public') {
      test('needs a token, the hub, and the capability', async () => {
        for (const token of [null, 'unknown']) {
          const answer = await send(row, { token })
          assert.equal(answer.status, 401)
          assert.equal(typeof answer.body.error, 'string')
        }
        const theirs = { hub: hexIDOf(stranger.accountID) }
        assertContainerError(await send(row, theirs), '403.wrong-hub')
        const absent = await send(row, { hub: null, query: '?colour=red' })
        const expected = hub === 'optional' ? '422.invalid-argument' : '422.missing-argument'
        assertContainerError(absent, expected)
        if (capability === 'any') return
        const answer = await send(row, { token: weak, body: bodyOf(row) })
        assertContainerError(answer, '403.permissions')
        assert.deepEqual(answer.body.error.extra, { capability })
      })
    }

    if (names.length > 0) {
      test('does not exist for another hub', async () => {
        const own = { token: stranger.token, hub: hexIDOf(stranger.accountID) }
        const answer = await send(row, { ...own, body: bodyOf(row) })
        assertContainerError(answer, MISSING_CODE[names[0] ?? ''] ?? '')
      })
    }

    test('answers OPTIONS with its methods, and others with 404.uri', async () => {
      const options = await api.callContainer('OPTIONS', filled(path, ids), { token: null })
      assert.equal(options.status, 204)
      assert.ok(String(options.headers.allow).split(', ').includes(method))
      const other = await api.callContainer('PUT', filled(path, ids))
      assertContainerError(other, '404.uri')
      assert.equal(other.headers.allow, options.headers.allow)
    })

    if (method === 'GET') {
      test('answers, with a bare question mark and a slash at its end, and to HEAD', async () => {
        const answer = await send(row)
        assert.equal(answer.status, 200, answer.text)
        assert.ok('data' in answer.body)
        for (const end of ['?', '/', '/?']) {
          assert.equal((await send(row, { query: end })).text, answer.text)
        }
        const head = await api.callContainer('HEAD', filled(path, ids))
        assert.deepEqual([head.status, head.text], [200, ''])
      })
    }

    if (method === 'POST' || method === 'PATCH') {
      test('reads JSON that says so, and points to what is wrong with it', async () => {
        const headers = { 'content-type': 'text/plain' }
        assertContainerError(await send(row, { body: {}, headers }), '415.invalid-content-type')
        for (const body of [undefined, '', '{']) {
          assertContainerError(await send(row, { body }), '400.invalid-syntax')
        }
        for (const body of [[], 7, 'null']) {
          const answer = await send(row, { body })
          assertContainerError(answer, '422.invalid-argument')
          assert.equal(answer.body.error.source, '')
        }
        const unknown = await send(row, { body: { colour: 'red' } })
        assert.match(unknown.body.error.code, /^422\.(missing|invalid)-argument$/)
        assert.match(unknown.body.error.source, /^\/\w+$/)
      })
    }
  })
}

test('lists that are given in pages have an end', async () => {
  const lists = ROUTES.filter(({ query }) => query?.isPaged === true)
  assert.ok(lists.length >= 6)
  for (const { path, query } of lists) {
    const url = filled(path.replace(/:(\w+)/g, '{$1}'), ids)
    const all = (await api.callContainer('GET', url)).body.data
    assert.ok(all.length > 0, url)
    // What scripts sort anything by, where it is shown.
    for (const key of ['id', 'events.created', 'events.updated', 'state.current', 'target.size']) {
      const shown = key.split('.').reduce((value, member) => value?.[member], all[0])
      assert.ok(shown === undefined || query?.sort?.includes(key), `${url}: ${key}`)
    }
    for (const key of query?.sort ?? []) {
      const idsOf = async (sort: string) => {
        const answer = await api.callContainer('GET', `${url}?sort=${sort}`)
        assert.equal(answer.status, 200, answer.text)
        return answer.body.data.map(({ id }: { readonly id: string }) => id)
      }
      const ascending = await idsOf(`${key},id`)
      assert.equal(ascending.length, all.length)
      assert.deepEqual(new Set(await idsOf(`-${key}`)), new Set(ascending))
      if (key === 'id') assert.deepEqual(await idsOf('-id'), ascending.toReversed())
    }
    const first = await api.callContainer('GET', `${url}?sort=id&page[size]=1&page[number]=1`)
    assert.equal(first.body.data.length, 1)
    const past = `page%5Bsize%5D=1&page%5Bnumber%5D=${all.length + 1}`
    const end = await api.callContainer('GET', `${url}?${past}`)
    assert.deepEqual(end.body.data, [], url)
    const large = await api.callContainer('GET', `${url}?page[size]=100000`)
    assertContainerError(large, '422.max-exceeded')
  }
})

test('every documented value of every parameter is taken', async () => {
  for (const { method, path, query } of ROUTES) {
    if (method !== 'GET' || query === undefined) continue
    const url = filled(path.replace(/:(\w+)/g, '{$1}'), ids)
    const { include = [], meta = [], filter = [] } = query
    const parameters = [
      ...include.map((value) => `include=${value}`),
      ...meta.map((value) => `meta=${value}`),
      ...filter.filter((name) => !name.startsWith('range')).map((name) => `filter[${name}]=x,y`),
      ...filter
        .filter((name) => name.startsWith('range'))
        .map((name) => `filter[${name}]=2026-01-02T03:04:05Z`),
      ...filter.map((name) => `filter[${name}]=`),
      `include=${include.join(',')}`,
    ]
    for (const parameter of parameters) {
      const answer = await api.callContainer('GET', `${url}?${parameter}`)
      assert.equal(answer.status, 200, `${url} ${parameter}: ${answer.text}`)
    }
  }
})

const TYPE_OF: Readonly<Record<string, string>> = {
  containerId: 'app',
  backupId: 'appBackup',
  integrationId: 'bucket',
  roleId: 'role',
  apikeyId: 'apiKey',
}

test('every refused write is in the audit trail, with what it was about', async () => {
  const { token, userID } = await addUser(api.database, api.tenant.accountID, undefined)
  const writes = CONTAINER_ROUTES.filter(([method]) => method !== 'GET')
  for (const row of writes) assert.equal((await send(row, { token })).status, 403)
  const filter = encodeURIComponent(`userID eq '${userID}'`)
  const { items } = (await api.call('GET', `core/v1/events?filter=${filter}`)).body
  const told = (items as AuditEvent[]).map((event) =>
    [event.name, event.resourceType, event.resourceURI, event.resourceMethod ?? 'patch'].join(' '),
  )
  const expected = writes.map(([method, path]) => {
    const type = `application/astra-${TYPE_OF[parametersOf(path).at(-1) ?? ''] ?? 'account'}`
    return ['holdfast.audit.denied', type, filled(path, ids), method.toLowerCase()].join(' ')
  })
  assert.deepEqual(told.toSorted(), expected.toSorted())
  for (const { resourceID, resourceType, resourceURI } of items as AuditEvent[]) {
    if (resourceType === 'application/astra-appBackup') continue
    if (resourceType === 'application/astra-account') continue
    assert.ok(resourceURI.includes(hexIDOf(resourceID)), resourceURI)
  }
})

interface AuditEvent {
  readonly name: string
  readonly resourceID: string
  readonly resourceType: string
  readonly resourceURI: string
  readonly resourceMethod?: string
}

interface SendOptions extends ContainerCallOptions {
  readonly query?: string
  readonly ids?: ContainerIDs
}

function send([method, path]: ContainerRow, options: SendOptions = {}): Promise<TestAnswer> {
  const { query = '', ids: named = ids, ...rest } = options
  return api.callContainer(method, filled(path, named) + query, rest)
}

/** Conforms to the schema; what it asks for is never carried out here. */
function bodyOf([method, path]: ContainerRow): object | undefined {
  if (method === 'PATCH') return { name: 'Another name' }
  if (method !== 'POST') return undefined
  if (path.endsWith('/roles')) return { identifier: 'x', rank: 1 }
  if (path.endsWith('/api-keys')) return { name: 'x', role_id: NOTHING }
  if (path.endsWith('/integrations')) {
    return { name: 'Another', identifier: 'another', vendor: 'aws-s3' }
  }
  if (path.includes('/integrations/')) return { action: 'verify' }
  if (path.includes('/backups/')) {
    return { action: 'restore', contents: { instance_id: ids.instanceId } }
  }
  return { action: 'start' }
}
