// Bodies that break the description of a resource, for every resource that can be made: each fault
// is named, and nothing has changed after all of them.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { JsonSchema, ServedPaths } from '../testing/reference-differences.ts'
import { makeTestApi, type TestApi } from '../testing/test-api.ts'
import {
  assertProblem,
  hookBody,
  manageApp,
  missingID,
  postHookSource,
  WEBHOOK_SECRET,
} from '../testing/test-resources.ts'

type Body = Readonly<Record<string, unknown>>

interface Resource {
  readonly name: string
  /** Below the account; `{app_id}` and the like are those of the service. */
  readonly path: string
  /** What is accepted. */
  readonly body: () => Body
  /** What the same body gets once more, and a body that refers to nothing. */
  readonly again?: readonly [number, number]
  readonly unknown?: readonly [Body, number, number]
  /** Members that no PUT changes. */
  readonly fixed?: Body
}

let api: TestApi
let served: ServedPaths
let ids: Readonly<Record<string, string>>
before(async () => {
  api = await makeTestApi()
  served = (await api.call('GET', '/openapi.json', { token: null })).body.paths
  const { accountID, userID, cloudID, clusterID, bucketID } = api.tenant
  const appID = await manageApp(api, 'shop')
  await manageApp(api, 'blog')
  const hookSourceID = (await postHookSource(api)).body.id
  const { credentialID } = await makeCredential()
  ids = { appID, hookSourceID, credentialID, accountID, userID, cloudID, clusterID, bucketID }
})
after(() => api.close())

const RESOURCES: readonly Resource[] = [
  {
    name: 'schedule',
    path: 'k8s/v1/apps/{app_id}/schedules',
    body: () => ({
      type: 'application/astra-schedule',
      version: '1.3',
      name: 'nightly',
      granularity: 'daily',
      hour: '3',
      snapshotRetention: '2',
      backupRetention: '1',
    }),
    again: [409, 132],
    unknown: [{ name: 'other', hour: '4', bucketID: missingID() }, 400, 108],
  },
  {
    name: 'executionHook',
    path: 'core/v1/executionHooks',
    body: () => ({
      ...hookBody({ name: 'hook', appID: ids.appID, hookSourceID: ids.hookSourceID }),
    }),
    again: [409, 10],
    unknown: [{ name: 'other', hookSourceID: missingID() }, 400, 9],
  },
  {
    name: 'hookSource',
    path: 'core/v1/hookSources',
    body: () => ({
      type: 'application/astra-hookSource',
      version: '1.0',
      name: 'script',
      sourceType: 'script',
      source: 'IyEvYmluL3NoCg==',
    }),
    again: [409, 10],
  },
  {
    name: 'user',
    path: 'core/v1/users',
    body: () => ({ type: 'application/astra-user', version: '1.2', email: 'some@example.org' }),
    again: [409, 10],
    fixed: { authProvider: 'ldap' },
  },
  {
    name: 'token',
    path: 'core/v1/users/{user_id}/tokens',
    body: () => ({ type: 'application/astra-token', version: '1.0', name: 'script' }),
    fixed: { userID: missingID() },
  },
  {
    name: 'roleBinding',
    path: 'core/v1/roleBindings',
    body: () => ({
      type: 'application/astra-roleBinding',
      version: '1.1',
      accountID: ids.accountID,
      userID: ids.userID,
      role: 'viewer',
    }),
    unknown: [{ userID: missingID() }, 400, 9],
    fixed: { userID: '11111111-1111-4111-8111-111111111111' },
  },
  {
    name: 'credential',
    path: 'core/v1/credentials',
    body: () => ({
      type: 'application/astra-credential',
      version: '1.1',
      name: 'keys',
      keyType: 's3',
      keyStore: { accessKey: 'YWJjZGVmZ2g=', accessSecret: 'YWJjZGVmZ2g=' },
    }),
  },
  {
    name: 'bucket',
    path: 'topology/v1/buckets',
    body: () => ({
      type: 'application/astra-bucket',
      version: '1.2',
      provider: 'generic-s3',
      credentialID: ids.credentialID,
      bucketParameters: { s3: { serverURL: 'https://s3.example.org', bucketName: 'backups' } },
    }),
    again: [409, 57],
    unknown: [{ credentialID: missingID() }, 400, 9],
  },
  {
    name: 'cloud',
    path: 'topology/v1/clouds',
    body: () => ({
      type: 'application/astra-cloud',
      version: '1.1',
      name: 'second',
      cloudType: 'private',
    }),
    again: [409, 140],
    unknown: [{ name: 'other', defaultBucketID: missingID() }, 400, 108],
    fixed: { cloudType: 'gcp' },
  },
  {
    name: 'webhook',
    path: 'holdfast/v1/webhooks',
    body: () => ({
      type: 'application/holdfast-webhook',
      version: '1.0',
      name: 'chat',
      url: 'https://chat.example.org/hook',
      secret: WEBHOOK_SECRET,
    }),
    again: [409, 10],
  },
]

for (const resource of RESOURCES) {
  describe(resource.name, () => {
    let path: string
    let schema: JsonSchema
    let changeSchema: JsonSchema
    let present: unknown
    let itemPath: string
    before(async () => {
      const template = `/accounts/{account_id}/${resource.path}`
      const item = Object.keys(served).find((one) => isItemOf(one, template)) ?? ''
      schema = bodyOf(served[template]?.post)
      changeSchema = bodyOf(served[item]?.put)
      path = resource.path
        .replace('{app_id}', String(ids.appID))
        .replace('{user_id}', String(ids.userID))
      const answer = await api.call('POST', path, { body: resource.body() })
      assert.equal(answer.status, 201, answer.text)
      itemPath = `${path}/${answer.body.id}`
      present = (await api.call('GET', path)).body.items
    })

    test('8: every fault of a new one is named', async () => {
      const faults = faultsOf(schema, resource.body())
      assert.ok(faults.length > 5)
      for (const { body, member } of faults) await assertNamed('POST', path, { body, member })
    })

    test('8: every fault of a change is named', async () => {
      const { type, version } = resource.body()
      const given = changeSchema.required ?? []
      const least = Object.entries(resource.body()).filter(([name]) => given.includes(name))
      const faults = faultsOf(changeSchema, { ...Object.fromEntries(least), type, version })
      for (const { body, member } of faults) await assertNamed('PUT', itemPath, { body, member })
    })

    test('7: what is no JSON', async () => {
      for (const body of ['', '{', '{"type":}', JSON.stringify(resource.body()).slice(0, -1)]) {
        assertProblem(await api.call('POST', path, { body }), 400, 7)
        assertProblem(await api.call('PUT', itemPath, { body }), 400, 7)
      }
    })

    test('10: another id, and what stays as it was made', async () => {
      const { id: _, ...sent } = (await api.call('GET', itemPath)).body
      const keyStore = resource.body().keyStore
      const whole = { ...sent, ...(keyStore === undefined ? {} : { keyStore }) }
      for (const [member, value] of Object.entries({ id: missingID(), ...resource.fixed })) {
        const answer = await api.call('PUT', itemPath, { body: { ...whole, [member]: value } })
        assertProblem(answer, 409, 10)
        assert.ok(namesOf(answer.body).includes(member), answer.text)
      }
    })

    test('the same once more, and what refers to nothing', async () => {
      const { again, unknown } = resource
      if (again !== undefined) {
        assertProblem(await api.call('POST', path, { body: resource.body() }), ...again)
      }
      if (unknown !== undefined) {
        const [members, ...problem] = unknown
        const body = { ...resource.body(), ...members }
        assertProblem(await api.call('POST', path, { body }), ...problem)
      }
    })

    test('nothing has changed', async () => {
      assert.deepEqual((await api.call('GET', path)).body.items, present)
    })
  })
}

interface Fault {
  readonly member: string
  readonly body: Body
}

/** Each member with a value of another kind, one too long and none at all; one that is not known. */
function faultsOf(schema: JsonSchema, body: Body): Fault[] {
  const members = Object.entries(schema.properties ?? {})
  const absent = (schema.required ?? []).map((member) => {
    const { [member]: _, ...rest } = body
    return { member, body: rest }
  })
  const wrong = members.flatMap(([member, of]) =>
    wrongValues(of).map((value) => ({ member, body: { ...body, [member]: value } })),
  )
  return [...absent, ...wrong, { member: 'colour', body: { ...body, colour: 'blue' } }]
}

function wrongValues(schema: JsonSchema): unknown[] {
  const { type, maxLength, pattern, enum: values } = schema
  if (values !== undefined) return ['none of these', 7, {}]
  if (schema.anyOf !== undefined) return [{ member: 1 }, 7.5]
  if (type === 'array') return ['text', [[]]]
  if (type === 'object') return ['text', []]
  if (type !== 'string') return []
  const long = typeof maxLength === 'number' ? ['a'.repeat(maxLength + 1)] : []
  return [7, true, [], {}, ...long, ...(pattern === undefined ? [] : ['\n'])]
}

async function assertNamed(method: string, path: string, { body, member }: Fault): Promise<void> {
  const answer = await api.call(method, path, { body })
  const what = `${method} ${JSON.stringify(body).slice(0, 300)}\n${answer.text}`
  assert.equal(answer.status, 400, what)
  assertProblem(answer, 400, 8)
  const names = namesOf(answer.body)
  assert.ok(
    names.some((name) => name === member || name.startsWith(`${member}[`)),
    `${member}: ${what}`,
  )
}

function namesOf(problem: { readonly invalidFields?: readonly { name: string }[] }): string[] {
  return (problem.invalidFields ?? []).map(({ name }) => name)
}

function isItemOf(path: string, collection: string): boolean {
  return (
    path.startsWith(`${collection}/{`) &&
    path.split('/').length === collection.split('/').length + 1
  )
}

function bodyOf(operation: ServedPaths[string][string] | undefined): JsonSchema {
  const schema = operation?.requestBody?.content['application/json']?.schema
  assert.ok(schema !== undefined)
  return schema
}

async function makeCredential(): Promise<{ readonly credentialID: string }> {
  const keyStore = { accessKey: 'YWJjZGVmZ2g=', accessSecret: 'YWJjZGVmZ2g=' }
  const type = 'application/astra-credential'
  const body = { type, version: '1.1', name: 'for a bucket', keyType: 's3', keyStore }
  const answer = await api.call('POST', 'core/v1/credentials', { body })
  assert.equal(answer.status, 201, answer.text)
  return { credentialID: answer.body.id }
}
