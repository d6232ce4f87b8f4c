// What holds for every route, checked for every route. The table is written by hand from the API's
// documents; that it is complete and exact is the first test.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, afterEach, before, describe, test } from 'node:test'
import {
  endTaskStep,
  insertScheduleRun,
  registerRepository,
  startTaskStep,
  writeTaskLog,
} from '@holdfast/db'
import {
  addTenant,
  addUser,
  assertAnswersConform,
  makeTestApi,
  type TestApi,
  type TestTenant,
} from '../testing/test-api.ts'
import {
  assertProblem,
  completedBackup,
  completedSnapshot,
  hookBody,
  manageApp,
  missingID,
  postHook,
  postHookSource,
  postWebhook,
  tasksOf,
  tellNotification,
  WEBHOOK_SECRET,
} from '../testing/test-resources.ts'

const APPS = 'k8s/v2/apps'
const APP = 'k8s/v1/apps/{app_id}'
const TOPOLOGY = 'topology/v1'
const MANAGED = `${TOPOLOGY}/managedClusters/{managedCluster_id}`
const CLOUD = `${TOPOLOGY}/clouds/{cloud_id}`
const MANAGED_APPS = 'topology/v2/managedClusters/{managedCluster_id}/apps'

/** Path of a collection, name of its item's parameter, and its methods beside GET. */
const COLLECTIONS: readonly (readonly [string, string, ...('POST' | 'PUT' | 'DELETE')[]])[] = [
  [APPS, 'app_id', 'POST', 'PUT', 'DELETE'],
  [MANAGED_APPS, 'app_id', 'POST', 'PUT', 'DELETE'],
  [`${APP}/appBackups`, 'appBackup_id', 'POST', 'DELETE'],
  [`${TOPOLOGY}/appBackups`, 'appBackup_id', 'DELETE'],
  [`${APP}/appSnaps`, 'appSnap_id', 'POST', 'DELETE'],
  [`${APP}/schedules`, 'schedule_id', 'POST', 'PUT', 'DELETE'],
  ['holdfast/v1/apps/{app_id}/schedules', 'schedule_id'],
  ['holdfast/v1/apps/{app_id}/schedules/{schedule_id}/runs', 'run_id'],
  [`${APP}/appAssets`, 'appAsset_id'],
  [`${MANAGED}/apps/{app_id}/appAssets`, 'appAsset_id'],
  [`${APP}/appBackups/{appBackup_id}/appAssets`, 'appAsset_id'],
  [`${TOPOLOGY}/appBackups/{appBackup_id}/appAssets`, 'appAsset_id'],
  [`${APP}/appSnaps/{appSnap_id}/appAssets`, 'appAsset_id'],
  [`${TOPOLOGY}/buckets`, 'bucket_id', 'POST', 'PUT', 'DELETE'],
  ['core/v1/credentials', 'credential_id', 'POST', 'PUT', 'DELETE'],
  ['core/v1/hookSources', 'hookSource_id', 'POST', 'PUT', 'DELETE'],
  ['core/v1/executionHooks', 'executionHook_id', 'POST', 'PUT', 'DELETE'],
  [`${APP}/executionHooks`, 'executionHook_id', 'POST', 'PUT', 'DELETE'],
  [`${TOPOLOGY}/clouds`, 'cloud_id', 'POST', 'PUT', 'DELETE'],
  [`${TOPOLOGY}/clusters`, 'cluster_id', 'PUT', 'DELETE'],
  [`${CLOUD}/clusters`, 'cluster_id', 'POST', 'PUT', 'DELETE'],
  [`${TOPOLOGY}/managedClusters`, 'managedCluster_id', 'POST', 'PUT', 'DELETE'],
  [`${TOPOLOGY}/clusters/{cluster_id}/clusterNodes`, 'clusterNode_id'],
  [`${MANAGED}/clusterNodes`, 'clusterNode_id'],
  [`${CLOUD}/clusters/{cluster_id}/clusterNodes`, 'clusterNode_id'],
  [`${MANAGED}/apiResources`, 'apiResource_id'],
  [`${TOPOLOGY}/namespaces`, 'namespace_id'],
  [`${TOPOLOGY}/clusters/{cluster_id}/namespaces`, 'namespace_id'],
  [`${MANAGED}/namespaces`, 'namespace_id'],
  [`${CLOUD}/clusters/{cluster_id}/namespaces`, 'namespace_id'],
  [`${TOPOLOGY}/clusters/{cluster_id}/storageClasses`, 'storageClass_id'],
  [`${MANAGED}/storageClasses`, 'storageClass_id'],
  [`${CLOUD}/clusters/{cluster_id}/storageClasses`, 'storageClass_id'],
  [`${TOPOLOGY}/volumes`, 'volume_id'],
  [`${MANAGED}/volumes`, 'volume_id'],
  [`${APP}/volumes`, 'volume_id'],
  ['core/v1/users', 'user_id', 'POST', 'PUT', 'DELETE'],
  ['core/v1/users/{user_id}/tokens', 'token_id', 'POST', 'PUT', 'DELETE'],
  ['core/v1/roleBindings', 'roleBinding_id', 'POST', 'PUT', 'DELETE'],
  ['core/v1/users/{user_id}/roleBindings', 'roleBinding_id', 'POST', 'PUT', 'DELETE'],
  ['core/v1/settings', 'setting_id', 'PUT'],
  ['core/v1/features', 'feature_id'],
  ['core/v1/tasks', 'task_id'],
  ['core/v1/events', 'event_id'],
  ['core/v1/notifications', 'notification_id'],
  ['core/v1/users/{user_id}/unreadNotifications', 'unreadNotification_id', 'DELETE'],
  ['holdfast/v1/namespaces', 'namespace_id', 'PUT'],
  ['holdfast/v1/webhooks', 'webhook_id', 'POST', 'PUT', 'DELETE'],
  ['holdfast/v1/deliveries', 'delivery_id'],
  ['holdfast/v1/trash', 'trashItem_id', 'DELETE'],
]

/** Collections of what does not exist here, as the others. */
const EMPTY_COLLECTIONS: typeof COLLECTIONS = [
  [`${APP}/executionHookOverrides`, 'executionHookOverride_id', 'POST', 'PUT', 'DELETE'],
  ['k8s/v1/appMirrors', 'appMirror_id', 'POST', 'PUT', 'DELETE'],
  [`${APP}/appMirrors`, 'appMirror_id', 'POST', 'PUT', 'DELETE'],
  [`${TOPOLOGY}/storageBackends`, 'storageBackend_id', 'POST', 'PUT', 'DELETE'],
  [`${TOPOLOGY}/clusters/{cluster_id}/storageDevices`, 'storageDevice_id'],
  [`${MANAGED}/storageDevices`, 'storageDevice_id'],
  [`${CLOUD}/clusters/{cluster_id}/storageDevices`, 'storageDevice_id'],
  ['core/v1/groups', 'group_id', 'POST', 'PUT', 'DELETE'],
  ['core/v1/users/{user_id}/groups', 'group_id', 'POST', 'PUT', 'DELETE'],
  ['core/v1/asups', 'asup_id'],
  ['core/v1/certificates', 'certificate_id'],
  ['core/v1/entitlements', 'entitlement_id'],
  ['core/v1/ldapGroups', 'ldapGroup_id'],
  ['core/v1/ldapUsers', 'ldapUser_id'],
  ['core/v1/licenses', 'license_id'],
  ['core/v1/packages', 'package_id'],
  ['core/v1/subscriptions', 'subscription_id'],
  ['core/v1/upgrades', 'upgrade_id'],
]

/** Beside the collections. */
const SINGLE_ROUTES: readonly (readonly [string, string])[] = [
  ['GET', '/accounts'],
  ['POST', '/accounts'],
  ['GET', '/accounts/{account_id}'],
  ['PUT', '/accounts/{account_id}'],
  ['DELETE', '/accounts/{account_id}'],
  ['GET', '/accounts/{account_id}/holdfast/v1/appBackups/{appBackup_id}/volumes'],
  ['GET', '/accounts/{account_id}/holdfast/v1/appSnaps/{appSnap_id}/volumes'],
  ['GET', '/accounts/{account_id}/holdfast/v1/buckets/{bucket_id}/repository'],
  ['POST', '/accounts/{account_id}/holdfast/v1/containers/{container_id}/backups'],
  ['POST', '/accounts/{account_id}/holdfast/v1/tasks/{task_id}/cancel'],
  ['GET', '/accounts/{account_id}/holdfast/v1/tasks/{task_id}/steps'],
  ['GET', '/accounts/{account_id}/holdfast/v1/tasks/{task_id}/log'],
  ['POST', '/accounts/{account_id}/holdfast/v1/webhooks/{webhook_id}/test'],
  ['POST', '/accounts/{account_id}/holdfast/v1/trash/{trashItem_id}/restore'],
  ['DELETE', '/accounts/{account_id}/holdfast/v1/trash'],
]

/** Below what never exists: groups come from a directory, storage systems are not looked for. */
const ROUTES_BELOW_NOTHING: readonly Route[] = [
  `${TOPOLOGY}/storageBackends/{storageBackend_id}/volumes`,
  `${TOPOLOGY}/storageBackends/{storageBackend_id}/volumes/{volume_id}`,
  'core/v1/groups/{group_id}/users/{user_id}/unreadNotifications',
  'core/v1/groups/{group_id}/users/{user_id}/unreadNotifications/{unreadNotification_id}',
  'DELETE core/v1/groups/{group_id}/users/{user_id}/unreadNotifications/{unreadNotification_id}',
  ...allBelowNothing('core/v1/groups/{group_id}/users', 'user_id'),
  ...allBelowNothing('core/v1/groups/{group_id}/users/{user_id}/tokens', 'token_id'),
  ...allBelowNothing('core/v1/groups/{group_id}/roleBindings', 'roleBinding_id'),
  ...allBelowNothing('core/v1/groups/{group_id}/users/{user_id}/roleBindings', 'roleBinding_id'),
  ...allBelowNothing('core/v1/users/{user_id}/groups/{group_id}/roleBindings', 'roleBinding_id'),
].map((line) => {
  const [path = '', method = 'GET'] = line.split(' ').toReversed()
  return { method, path: `/accounts/{account_id}/${path}` }
})

function allBelowNothing(path: string, parameter: string): string[] {
  const item = `${path}/{${parameter}}`
  return [path, item, `POST ${path}`, `PUT ${item}`, `DELETE ${item}`]
}

/** They answer no JSON; `metrics.test.ts` looks at them. */
const TEXT_ROUTES = [
  ['GET', '/accounts/{account_id}/metrics'],
  ['GET', '/metrics'],
] as const

const PUBLIC_ROUTES = [
  ['GET', '/healthz'],
  ['GET', '/readyz'],
  ['POST', '/holdfast/v1/session'],
  ['GET', '/holdfast/v1/session'],
  ['DELETE', '/holdfast/v1/session'],
] as const

/** Fields with a text that is the same for all, or made of other fields. */
const WITHOUT_EXPRESSION: readonly string[] = [
  'source', // of hook sources: a private one must not be guessed
  'version', // of volume copies, which have one only
  'protectionState',
  'restoreTargetSupported',
  'snapshotSupported',
  'isMultizonal',
  'available',
  'allowVolumeExpansion',
  'reclaimPolicy',
  'volumeBindingMode',
  'snapshotPossible',
  'orchestrator',
  'service',
  'resourceURI',
]

interface Route {
  readonly method: string
  readonly path: string
}

const ROUTES: readonly Route[] = [
  ...SINGLE_ROUTES.map(([method, path]) => ({ method, path })),
  ...routesOf(COLLECTIONS),
]

function routesOf(collections: typeof COLLECTIONS): Route[] {
  return collections.flatMap(([collection, parameter, ...methods]) => {
    const path = `/accounts/{account_id}/${collection}`
    const item = `${path}/{${parameter}}`
    return [
      { method: 'GET', path },
      { method: 'GET', path: item },
      ...methods.map((method) => ({ method, path: method === 'POST' ? path : item })),
    ]
  })
}

interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly parameters?: readonly { readonly name: string; readonly in: string }[]
  readonly requestBody?: { readonly content: Record<string, { readonly schema: BodySchema }> }
  readonly responses: Record<string, { readonly content?: Record<string, { schema: object }> }>
}

interface BodySchema {
  readonly properties: Record<string, { readonly type?: string; readonly enum?: unknown[] }>
  readonly additionalProperties: boolean
}

let api: TestApi
let paths: Record<string, Record<string, Operation>>
const ids: Record<string, string> = {}
let stranger: TestTenant

before(async () => {
  api = await makeTestApi()
  paths = (await api.call('GET', '/openapi.json')).body.paths
  await makeOneOfEach()
  stranger = await addTenant(api.database)
})
after(() => api.close())
afterEach(assertAnswersConform)

test('the document has exactly the routes of the table, beside those of the container dialect', () => {
  const documented = Object.entries(paths)
    .filter(([path]) => !path.startsWith('/v1/'))
    .flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    )
  const others = [...PUBLIC_ROUTES, ...TEXT_ROUTES]
  const expected = [
    ...ROUTES,
    ...routesOf(EMPTY_COLLECTIONS),
    ...ROUTES_BELOW_NOTHING,
    ...others.map(([method, path]) => ({ method, path })),
  ]
  assert.deepEqual(
    documented.toSorted(),
    expected.map(({ method, path }) => `${method} ${path}`).toSorted(),
  )
})

for (const route of ROUTES_BELOW_NOTHING) {
  test(`${route.method} ${route.path} finds nothing`, async () => {
    assertProblem(await send(route, { token: null }), 401, 3)
    const answer = await send(route, { body: validBodyOf(route) })
    assertProblem(answer, 404, ['PUT', 'DELETE'].includes(route.method) ? 1 : 2)
  })
}

for (const route of ROUTES) {
  describe(`${route.method} ${route.path}`, () => {
    test('needs a token', async () => {
      assertProblem(await send(route, { token: null }), 401, 3)
      assertProblem(await send(route, { token: 'unknown' }), 401, 4)
    })

    test('is described, with every problem that it always may answer', () => {
      const operation = operationOf(route)
      assert.ok(operation.summary)
      assert.match(operation.operationId, /^[a-z][A-Za-z]+$/)
      const success = { GET: '200', POST: '201', PUT: '204', DELETE: '204' }[route.method] ?? ''
      const statuses = Object.keys(operation.responses)
      const accepted = route.path.endsWith('/restore') ? '204' : '202'
      assert.ok(statuses.includes(isCancel(route) ? accepted : success))
      for (const status of ['400', '401', '403', '503']) assert.ok(statuses.includes(status))
      const named = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1])
      const described = operation.parameters ?? []
      assert.deepEqual(
        described.filter((parameter) => parameter.in === 'path').map(({ name }) => name),
        named,
      )
    })

    test('refuses query parameters that it does not have', async () => {
      const answer = await send(route, { query: '?colour=red', body: validBodyOf(route) })
      assertProblem(answer, 400, 6)
    })

    if (route.path !== '/accounts') {
      test('does not exist for another account', async () => {
        const isItem = route.method === 'PUT' || route.method === 'DELETE'
        const theirs = await send(route, { token: stranger.token, body: validBodyOf(route) })
        assertProblem(theirs, 404, isItem ? 1 : 2)
        // Their own account, but ids of ours below it.
        if (/\{(?!account_id)/.test(route.path)) {
          const mixed = await send(route, {
            token: stranger.token,
            accountID: stranger.accountID,
            body: validBodyOf(route),
          })
          const isTask = route.path.includes('/tasks/')
          const isSetting = route.path.includes('/settings/')
          assertProblem(mixed, 404, (isItem && !isSetting) || isTask ? 1 : 2)
        }
      })
    }

    test('answers OPTIONS with its methods and opens nothing to other origins', async () => {
      const headers = { origin: 'https://example.org', 'access-control-request-method': 'PUT' }
      const answer = await send({ ...route, method: 'OPTIONS' }, { headers })
      assert.equal(answer.status, 204)
      assert.ok(String(answer.headers.allow).split(', ').includes(route.method))
      const names = Object.keys(answer.headers)
      assert.deepEqual(
        names.filter((name) => name.startsWith('access-control')),
        [],
      )
    })

    test('answers another method with 405', async () => {
      const answer = await send({ ...route, method: 'PATCH' })
      assertProblem(answer, 405, 69)
      assert.ok(String(answer.headers.allow).split(', ').includes(route.method))
    })

    if (route.method === 'GET') {
      test('answers HEAD as GET, without the body; with a slash at its end; whatever body is sent', async () => {
        const answer = await send(route)
        const head = await send({ ...route, method: 'HEAD' })
        assert.deepEqual([head.status, head.text], [200, ''])
        assert.equal(head.headers['content-type'], answer.headers['content-type'])
        assert.equal(head.headers.etag, answer.headers.etag)
        const slashed = await send({ ...route, path: `${route.path}/` })
        assert.equal(slashed.status, 200, slashed.text)
        for (const body of ['{}', '{"type":"application/astra-other","version":"9"}', 'no json']) {
          const types = ['application/astra-app+json', 'application/x-www-form-urlencoded']
          for (const type of types) {
            const read = await send(route, { body, headers: { 'content-type': type } })
            assert.equal(read.status, 200, read.text)
          }
        }
      })

      test('answers in every media type that it names, and in JSON otherwise', async () => {
        const content = operationOf(route).responses['200']?.content ?? {}
        assert.ok('application/json' in content)
        for (const accept of Object.keys(content)) {
          const answer = await send(route, { headers: { accept } })
          assert.equal(answer.status, 200, answer.text)
          assert.equal(answer.headers['content-type'], accept)
        }
        for (const accept of ['*/*', 'text/html', 'application/astra-nothing+json', '']) {
          const answer = await send(route, { headers: { accept } })
          assert.equal(answer.headers['content-type'], 'application/json')
        }
      })
    }

    if (isListRoute(route)) {
      test('supports all seven list parameters', async () => {
        const query = `?include=id&orderBy=id%20desc&limit=1&count=true&filter=id%20gt%20'0'`
        const first = await send(route, { query })
        assert.equal(first.status, 200, first.text)
        assert.equal(first.body.items.length, 1)
        assert.equal(first.body.items[0].length, 1)
        assert.ok(first.body.metadata.count >= 1)
        const all = await send(route)
        const skipped = await send(route, { query: '?skip=1' })
        assert.equal(skipped.body.items.length, all.body.items.length - 1)
        const token = first.body.metadata.continue
        assert.equal(token !== undefined, first.body.metadata.count > 1)
        if (token === undefined) return
        const next = await send(route, { query: `${query}&continue=${encodeURIComponent(token)}` })
        assert.equal(next.status, 200, next.text)
        assert.ok(next.body.items[0][0] < first.body.items[0][0])
      })

      test('filters and orders by every scalar field that has an expression', async () => {
        const { items } = (await send(route)).body
        for (const [name, value] of Object.entries(items[0] as Record<string, unknown>)) {
          if (name === 'type' || typeof value !== 'string' || !/^[\w .:/-]+$/.test(value)) continue
          const filter = encodeURIComponent(`${name} eq '${value}'`)
          const answer = await send(route, { query: `?filter=${filter}&orderBy=${name}` })
          if (answer.status === 400) {
            assertProblem(answer, 400, 5)
            assert.ok(WITHOUT_EXPRESSION.includes(name), `${name} has no expression`)
            continue
          }
          const found = answer.body.items as Record<string, unknown>[]
          assert.ok(found.length > 0, `${name} eq ${value} finds what has it`)
          assert.ok(found.every((item) => item[name] === value))
        }
      })
    }

    // The account would be gone for the routes that follow.
    if (route.method === 'DELETE' && route.path !== '/accounts/{account_id}') {
      test('needs no body and minds none', async () => {
        const absent = { accountID: stranger.accountID, token: stranger.token }
        for (const body of [undefined, '', '{}', 'no json']) {
          const headers = { 'content-type': 'application/json' }
          const answer = await send(route, { ...absent, body, headers })
          // Reached as every DELETE is: what it names is not there, or there is nothing to do.
          assert.ok([204, 404].includes(answer.status), answer.text)
        }
      })
    }

    const bodyMethods = ['POST', 'PUT']
    if (bodyMethods.includes(route.method) && !isCancel(route)) {
      test('neither coerces, nor removes, nor fills in', async () => {
        const { properties, additionalProperties } = bodySchemaOf(route)
        assert.equal(additionalProperties, false)
        for (const [name, { type, enum: values }] of Object.entries(properties)) {
          if (type === undefined && values === undefined) continue
          const wrong = type === 'array' ? 'text' : type === 'object' ? [] : 7
          const answer = await send(route, { body: { ...validBodyOf(route), [name]: wrong } })
          assertProblem(answer, 400, 8)
          const named = answer.body.invalidFields.map((field: { name: string }) => field.name)
          assert.ok(named.includes(name), `${name} should be among ${named}`)
        }
        const unknown = await send(route, { body: { ...validBodyOf(route), colour: 'red' } })
        assertProblem(unknown, 400, 8)
        assert.deepEqual(unknown.body.invalidFields, [
          { name: 'colour', reason: 'is not known here' },
        ])
      })

      test('reads JSON of every declared type', async () => {
        const content = operationOf(route).requestBody?.content ?? {}
        assert.equal(Object.keys(content).length, 2)
        const types = [
          ...Object.keys(content),
          ...[
            'application/x-www-form-urlencoded',
            'application/managedCluster+json',
            'nonsense',
            '',
          ],
        ]
        for (const type of types) {
          const headers = { 'content-type': type }
          assertProblem(await send(route, { headers, body: { colour: 'red' } }), 400, 8)
        }
      })
    }
  })
}

for (const [collection, parameter, ...methods] of EMPTY_COLLECTIONS) {
  const path = `/accounts/{account_id}/${collection}`
  const item = { path: `${path}/{${parameter}}`, method: 'GET' }

  describe(`nothing is in ${path}`, () => {
    test('a viewer lists it empty, with every parameter, and finds no item', async () => {
      const { token } = await addUser(api.database, api.tenant.accountID, 'viewer')
      const plural = /\w+$/.exec(collection)?.[0]
      for (const query of ['', '?limit=1&count=true&skip=1&orderBy=id%20desc&include=id']) {
        const answer = await send({ method: 'GET', path }, { query, token })
        assert.equal(answer.status, 200, answer.text)
        assert.equal(answer.body.type, `application/astra-${plural}`)
        assert.deepEqual(answer.body.items, [])
        assert.equal(answer.body.metadata.count, query === '' ? undefined : 0)
      }
      assertProblem(await send(item, { token }), 404, 2)
      const elsewhere = await send({ method: 'GET', path }, { accountID: missingID(), token })
      assertProblem(elsewhere, 404, 2)
    })

    test('nothing can be added, changed or deleted', async () => {
      const type = `application/astra-${parameter.replace(/_id$/, '')}`
      const body = { type, version: '1.0' }
      const put = await send({ ...item, method: 'PUT' }, { body })
      const removed = await send({ ...item, method: 'DELETE' })
      const posted = await send({ method: 'POST', path }, { body })
      const isWritable = methods.length > 0
      assertProblem(put, isWritable ? 404 : 405, isWritable ? 1 : 69)
      assertProblem(removed, isWritable ? 404 : 405, isWritable ? 1 : 69)
      assertProblem(posted, isWritable ? 400 : 405, isWritable ? 8 : 69)
    })
  })
}

test('every reference of the document leads somewhere', async () => {
  const document = (await api.call('GET', '/openapi.json')).body
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)]
  assert.ok(references.length > 0)
  for (const [, reference] of references) {
    let at: unknown = document
    for (const segment of reference!.split('/')) at = (at as Record<string, unknown>)[segment]
    assert.ok(at, `${reference} is missing`)
  }
  const operations = Object.values(paths).flatMap((methods) => Object.values(methods))
  const names = operations.map(({ operationId }) => operationId)
  assert.equal(new Set(names).size, names.length)
})

interface SendOptions {
  readonly token?: string | null
  readonly accountID?: string
  readonly query?: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

function send(route: Route, options: SendOptions = {}) {
  const { accountID = api.tenant.accountID, query = '', ...rest } = options
  const filled = route.path.replace(/\{(\w+)\}/g, (_match, name: string) =>
    name === 'account_id' ? accountID : idOf(route, name),
  )
  return api.call(route.method, filled + query, rest)
}

const IDS_OF_NOTHING = EMPTY_COLLECTIONS.map(([, parameter]) => parameter)

function idOf({ path }: Route, name: string): string {
  const kinds = name === 'appAsset_id' ? /(appBackups|appSnaps)/.exec(path) : null
  return (
    ids[kinds?.[1] === undefined ? name : `${name} of ${kinds[1]}`] ??
    (IDS_OF_NOTHING.includes(name) ? missingID() : assert.fail(`no ${name}`))
  )
}

function operationOf({ method, path }: Route): Operation {
  return paths[path]?.[method.toLowerCase()] ?? assert.fail(`${method} ${path} is not described`)
}

function bodySchemaOf(route: Route): BodySchema {
  const content = operationOf(route).requestBody?.content['application/json']
  return content?.schema ?? assert.fail('no schema')
}

function isListRoute({ method, path }: Route): boolean {
  return method === 'GET' && !path.endsWith('}') && !path.endsWith('/repository')
}

function isCancel({ path }: Route): boolean {
  return /\/(cancel|test|restore)$/.test(path)
}

/** Conforms to the schema; what it asks for is never carried out here. */
function validBodyOf(route: Route): object | undefined {
  if (route.method === 'GET' || route.method === 'DELETE' || isCancel(route)) return undefined
  if (route.path.includes('/webhooks')) {
    const members = { name: 'x', url: 'https://example.org/', secret: WEBHOOK_SECRET }
    return { type: 'application/holdfast-webhook', version: '1.0', ...members }
  }
  if (route.path.includes('/buckets')) {
    return {
      type: 'application/astra-bucket',
      version: '1.2',
      ...(route.method === 'PUT' ? {} : { credentialID: missingID(), provider: 'generic-s3' }),
      bucketParameters: { s3: { serverURL: 's3.example.org', bucketName: 'backups' } },
    }
  }
  if (route.path.includes('/hookSources')) {
    const script = { name: 'x', sourceType: 'script', source: 'dHJ1ZQ==' }
    return { type: 'application/astra-hookSource', version: '1.0', ...script }
  }
  if (route.path.includes('/executionHooks')) {
    return hookBody({ name: 'x', hookSourceID: missingID() })
  }
  if (route.path.includes('/schedules')) return scheduleBody({ minute: '7' })
  if (route.path.includes('/credentials')) {
    const members = { name: 'x', keyStore: { apikey: 'c2VjcmV0' } }
    return { type: 'application/astra-credential', version: '1.1', ...members }
  }
  const person = personOf(route)
  if (person !== undefined) return person
  const place = /topology\/v1\/(?:.*\/)?(cloud|cluster|managedCluster)s(?:\/\{\w+\})?$/.exec(
    route.path,
  )
  if (place !== null) {
    const version = place[1] === 'cloud' ? '1.1' : '1.7'
    const made = { cloud: { name: 'x', cloudType: 'private' }, managedCluster: { id: missingID() } }
    const members = route.method === 'POST' ? made[place[1] as keyof typeof made] : {}
    return { type: `application/astra-${place[1]}`, version, ...members }
  }
  if (route.path.includes('/namespaces')) {
    return { type: 'application/astra-namespace', version: '1.2', kubernetesLabels: [] }
  }
  if (route.path.includes('/settings')) {
    return { type: 'application/astra-setting', version: '1.1' }
  }
  if (route.path.includes('/containers')) return { type: 'application/astra-appBackup' }
  const name = /(app|appBackup|appSnap)s(?:\/\{\w+\})?$/.exec(route.path)?.[1]
  return { type: `application/astra-${name}`, version: name === 'app' ? '2.2' : '1.2', name: 'x' }
}

function personOf({ path, method }: Route): object | undefined {
  const common = { version: '1.0' }
  if (/roleBindings/.test(path)) {
    const accountID = method === 'POST' ? { accountID: api.tenant.accountID } : {}
    return { ...common, ...accountID, type: 'application/astra-roleBinding', role: 'viewer' }
  }
  if (/tokens/.test(path)) return { ...common, type: 'application/astra-token', name: 'x' }
  if (/users(\/\{user_id\})?$/.test(path)) {
    return { ...common, type: 'application/astra-user', email: 'x@example.org' }
  }
  if (!/^\/accounts(\/\{account_id\})?$/.test(path)) return undefined
  return { ...common, type: 'application/astra-account', name: 'x' }
}

async function makeOneOfEach(): Promise<void> {
  const { tenant, database } = api
  const appID = await manageApp(api, 'table')
  await manageApp(api, 'table-two')
  const backupID = await completedBackup(api, appID)
  const snapshotID = await completedSnapshot(api, appID)
  await completedBackup(api, appID)
  await completedSnapshot(api, appID)
  const asset = {
    account_id: tenant.accountID,
    asset_type: 'Directory',
    gvk_group: 'holdfast',
    gvk_kind: 'Directory',
    gvk_version: 'v1',
    asset_name: 'table',
    asset_created_at: '2026-01-01T00:00:00Z',
  }
  const counts = {
    strategy: 'reflink',
    consistency: 'per-file',
    namespace: 'table',
    key: 'data',
    expected_entries: 3,
    expected_bytes: 5,
  }
  const { queries } = database
  const backupAssetID = randomUUID()
  const snapshotAssetID = randomUUID()
  await queries
    .insertInto('app_assets')
    .values([
      { ...asset, id: backupAssetID, asset_id: randomUUID(), backup_id: backupID },
      { ...asset, id: snapshotAssetID, asset_id: randomUUID(), snapshot_id: snapshotID },
    ])
    .execute()
  await queries
    .insertInto('backup_volumes')
    .values({ ...counts, id: randomUUID(), backup_id: backupID })
    .execute()
  await queries
    .insertInto('volume_snapshots')
    .values({ ...counts, id: randomUUID(), snapshot_id: snapshotID })
    .execute()
  const [task] = await tasksOf(api, backupID)
  await makeTaskRecords(task?.id ?? missingID())
  await postWebhook(api)
  const credential = await api.call('POST', 'core/v1/credentials', {
    body: {
      type: 'application/astra-credential',
      version: '1.1',
      name: 'key',
      keyStore: { apikey: 'c2VjcmV0' },
    },
  })
  await tellNotification(api)
  const { scheduleID, runID } = await makeSchedules(appID)
  const hookSource = await postHookSource(api)
  const hook = await postHook(api, { appID, hookSourceID: hookSource.body.id })
  const first = async (path: string) => (await api.call('GET', path)).body.items[0].id as string
  Object.assign(ids, {
    app_id: appID,
    container_id: appID,
    'appAsset_id of appBackups': backupAssetID,
    'appAsset_id of appSnaps': snapshotAssetID,
    appBackup_id: backupID,
    appSnap_id: snapshotID,
    bucket_id: tenant.bucketID,
    credential_id: credential.body.id,
    schedule_id: scheduleID,
    run_id: runID,
    hookSource_id: hookSource.body.id,
    executionHook_id: hook.body.id,
    cloud_id: tenant.cloudID,
    cluster_id: tenant.clusterID,
    managedCluster_id: tenant.clusterID,
    namespace_id: await first('topology/v1/namespaces'),
    storageClass_id: await first(`topology/v1/clusters/${tenant.clusterID}/storageClasses`),
    volume_id: await first(`k8s/v1/apps/${appID}/volumes`),
    task_id: task?.id ?? missingID(),
    appAsset_id: await first(`k8s/v1/apps/${appID}/appAssets`),
    user_id: tenant.userID,
    group_id: missingID(),
    token_id: await first(`core/v1/users/${tenant.userID}/tokens`),
    roleBinding_id: await first('core/v1/roleBindings'),
    clusterNode_id: await first(`topology/v1/clusters/${tenant.clusterID}/clusterNodes`),
    apiResource_id: await first(`topology/v1/managedClusters/${tenant.clusterID}/apiResources`),
    setting_id: await first('core/v1/settings'),
    feature_id: await first('core/v1/features'),
    event_id: await first('core/v1/events'),
    notification_id: await first('core/v1/notifications'),
    unreadNotification_id: await first(`core/v1/users/${tenant.userID}/unreadNotifications`),
    webhook_id: await first('holdfast/v1/webhooks'),
    delivery_id: await first('holdfast/v1/deliveries'),
    trashItem_id: await removedApp(),
  })
  await makeRepository()
}

function scheduleBody(members: object): object {
  const policy = { granularity: 'hourly', snapshotRetention: '1', backupRetention: '1' }
  return { type: 'application/astra-schedule', version: '1.3', name: 'x', ...policy, ...members }
}

async function makeSchedules(appID: string): Promise<{ scheduleID: string; runID: string }> {
  const path = `k8s/v1/apps/${appID}/schedules`
  const time = { granularity: 'monthly', hour: '3', dayOfMonth: '31' }
  const answers = [
    await api.call('POST', path, { body: scheduleBody({ name: 'hourly' }) }),
    await api.call('POST', path, { body: scheduleBody({ name: 'monthly', ...time }) }),
  ]
  const scheduleID: string = answers[0]?.body.id
  const runIDs = [randomUUID(), randomUUID()] as const
  for (const [hour, id] of runIDs.entries()) {
    const run = { id, scheduleID, dueAt: new Date(Date.UTC(2026, 0, 1, hour)), now: new Date() }
    await insertScheduleRun(api.database, { ...run, state: 'missed', reason: 'Nobody was there.' })
  }
  return { scheduleID, runID: runIDs[0] }
}

async function removedApp(): Promise<string> {
  const appID = await manageApp(api, 'removed')
  assert.equal((await api.call('DELETE', `k8s/v2/apps/${appID}`)).status, 204)
  return appID
}

async function makeTaskRecords(taskID: string): Promise<void> {
  const { database } = api
  const step = { taskID, position: 0, attempt: 1, name: 'discover' }
  await startTaskStep(database, step)
  await endTaskStep(database, step, { code: 'cluster-unreachable', cluster: 'host' })
  await writeTaskLog(database, { taskID, level: 'warning', step: 'discover', message: 'slow' })
}

async function makeRepository(): Promise<void> {
  const { tenant, database } = api
  await registerRepository(database, api.sealing, {
    id: randomUUID(),
    accountID: tenant.accountID,
    home: { kind: 'bucket', bucketID: tenant.bucketID },
    prefix: `accounts/${tenant.accountID}`,
    password: 'correct horse battery staple',
  })
}
