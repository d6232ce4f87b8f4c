// The whole HTTP application over a real database, for tests. Workflows are recorded, not run, and
// clusters are seen as the test says; every answer is checked against its documented schema.
import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import {
  createSealing,
  type Database,
  hexIDOf,
  insertAccount,
  insertRoleBinding,
  insertToken,
  insertUser,
  MASTER_KEY_BYTES,
  type MachineDescription,
  type Role,
  type Sealing,
} from '@holdfast/db'
import { makeTestDatabase } from '@holdfast/db/testing'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import pino from 'pino'
import { type AppDependencies, buildApp } from '../app.ts'
import { hashToken } from '../operations/caller.ts'
import type { SeenInventory } from '../operations/cluster-inventories.ts'

export interface TestApi {
  readonly app: FastifyInstance
  readonly database: Database
  readonly sealing: Sealing
  /** The account that `call` acts in unless told otherwise, as its owner. */
  readonly tenant: TestTenant
  /** Ids of tasks that were started, oldest first. */
  readonly startedTasks: string[]
  /** What every cluster looks like now; a test may change it, or make looking fail. */
  readonly host: { seen: SeenInventory; failure?: Error }
  /** Lines of the log, parsed. */
  readonly log: Record<string, unknown>[]
  readonly clock: { now: Date }
  readonly readiness: { isReady: boolean; reasons: string[] }
  /** Another one over another database, with everything else the same. */
  buildOn(
    database: Database,
    options?: Pick<AppDependencies, 'publicUrl' | 'trustedProxies' | 'containerAuthErrors'>,
  ): Promise<FastifyInstance>
  call(method: string, path: string, options?: CallOptions): Promise<TestAnswer>
  /** As the owner, in the container dialect: `containers` is `/v1/containers`. */
  callContainer(method: string, path: string, options?: ContainerCallOptions): Promise<TestAnswer>
  close(): Promise<void>
}

export interface TestTenant {
  readonly accountID: string
  readonly userID: string
  readonly token: string
  readonly cloudID: string
  readonly clusterID: string
  readonly bucketID: string
  /** `/accounts/<id>` */
  readonly path: string
}

export interface CallOptions {
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** `null` sends none. */
  readonly token?: string | null
}

export interface ContainerCallOptions extends CallOptions {
  /** `X-Hub-Id`: the tenant's hub unless told otherwise; `null` sends none. */
  readonly hub?: string | null
}

export interface TestAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every kind.
  readonly body: any
  readonly text: string
}

export const TEST_METRICS_TOKEN = 'metrics token of the tests'.replaceAll(' ', '-')

export async function makeTestApi(): Promise<TestApi> {
  const testDatabase = await makeTestDatabase()
  const { database } = testDatabase
  const startedTasks: string[] = []
  const log: Record<string, unknown>[] = []
  const clock = { now: new Date('2026-05-04T10:20:30.456Z') }
  const readiness: TestApi['readiness'] = { isReady: true, reasons: [] }
  const host: TestApi['host'] = { seen: hostWith('shop') }
  const tenant = await addTenant(database)
  const sealing = createSealing(randomBytes(MASTER_KEY_BYTES))
  const dependencies: Omit<AppDependencies, 'database'> = {
    sealing,
    workflows: {
      startTask: async (id) => {
        startedTasks.push(id)
      },
    },
    discover: async () => {
      if (host.failure !== undefined) throw host.failure
      return host.seen
    },
    refuseLocalBucket: async (path) => (path === '/refused' ? 'is refused' : undefined),
    readiness: async () => readiness,
    now: () => clock.now,
    newID: randomUUID,
    logger: pino({ level: 'debug' }, { write: (line) => log.push(JSON.parse(line)) }),
    version: '0.0.0-test',
    metricsToken: TEST_METRICS_TOKEN,
    countMovers: () => ({ working: 2, waiting: 1 }),
  }
  const app = await buildApp({ ...dependencies, database })
  checkAnswers(app)
  await app.ready()
  return {
    app,
    database,
    sealing,
    tenant,
    startedTasks,
    host,
    log,
    clock,
    readiness,
    buildOn: (other, options) => buildApp({ ...dependencies, ...options, database: other }),
    call: (method, path, options) => call(app, tenant, { method, path, ...options }),
    callContainer: (method, path, options) =>
      callContainer(app, tenant, { method, path, ...options }),
    async close() {
      await app.close()
      await testDatabase.drop()
    },
  }
}

/** A host on which these namespaces hold one volume `data` each. */
export function hostWith(...names: readonly string[]): SeenInventory {
  return {
    namespaces: names.map((name) => ({ name, uid: `uid-${name}` })),
    volumes: names.map((namespace) => ({
      namespace,
      key: 'data',
      strategies: ['reflink', 'copy'],
      holes: [],
    })),
    resources: names.map((name) => ({
      assetID: uuidFrom(name),
      kind: 'Directory',
      group: 'holdfast',
      version: 'v1',
      name,
      namespace: name,
      createdAt: '2026-01-02T03:04:05Z',
    })),
    refused: [],
  }
}

function uuidFrom(text: string): string {
  const hex = Buffer.from(text).toString('hex').padEnd(12, '0').slice(0, 12)
  return `00000000-0000-4000-8000-${hex}`
}

/** An account with an owner, a cloud, a host cluster and a bucket, which is the cloud's default. */
export async function addTenant(database: Database): Promise<TestTenant> {
  const now = new Date('2026-05-01T00:00:00Z')
  const [accountID, cloudID, clusterID, bucketID] = [1, 2, 3, 4].map(() => randomUUID()) as [
    string,
    string,
    string,
    string,
  ]
  await insertAccount(database, { id: accountID, name: 'Test', now })
  const { userID, token } = await addUser(database, accountID, 'owner')
  const { queries } = database
  await queries
    .insertInto('buckets')
    .values({
      id: bucketID,
      account_id: accountID,
      name: 'local',
      identifier: 'local',
      provider: 'local',
      bucket_parameters: JSON.stringify({ local: { path: '/srv/bucket' } }),
    })
    .execute()
  await queries
    .insertInto('clouds')
    .values({
      id: cloudID,
      account_id: accountID,
      name: 'local',
      cloud_type: 'private',
      default_bucket_id: bucketID,
    })
    .execute()
  await queries
    .insertInto('clusters')
    .values({
      id: clusterID,
      account_id: accountID,
      cloud_id: cloudID,
      name: 'host',
      cluster_type: 'host',
      cluster_version: '6.1',
      managed_at: now,
      home: 'test',
      host_root: '/srv/apps',
      machine: JSON.stringify(TEST_MACHINE),
    })
    .execute()
  await queries
    .insertInto('storage_classes')
    .values({
      id: randomUUID(),
      account_id: accountID,
      cluster_id: clusterID,
      name: 'directory',
      provisioner: 'holdfast.local',
      is_default: true,
    })
    .execute()
  return { accountID, userID, token, cloudID, clusterID, bucketID, path: `/accounts/${accountID}` }
}

const TEST_MACHINE: MachineDescription = {
  name: 'machine',
  internalIP: '192.0.2.1',
  externalIP: '192.0.2.1',
  zone: 'local',
  region: 'local',
  instanceType: 'x64',
  kernelVersion: '6.1.0',
  osImage: 'Debian GNU/Linux 12',
  numCpus: '2',
  memory: '2048000Ki',
}

/** `role` undefined: a user without any role binding. */
export async function addUser(database: Database, accountID: string, role: Role | undefined) {
  const now = new Date('2026-05-01T00:00:00Z')
  const userID = randomUUID()
  const token = randomBytes(32).toString('base64url')
  const email = `${userID}@example.org`
  await insertUser(database, { id: userID, accountID, email, firstName: '', lastName: '', now })
  if (role !== undefined) {
    await insertRoleBinding(database, { id: randomUUID(), accountID, userID, role, now })
  }
  const secretHash = hashToken(token)
  await insertToken(database, {
    id: randomUUID(),
    accountID,
    userID,
    name: 'test',
    secretHash,
    now,
  })
  return { userID, token }
}

async function call(
  app: FastifyInstance,
  tenant: TestTenant,
  {
    method,
    path,
    body,
    headers = {},
    token = tenant.token,
  }: CallOptions & {
    readonly method: string
    readonly path: string
  },
): Promise<TestAnswer> {
  const answer = await app.inject({
    method: method as 'GET',
    url: path.startsWith('/') ? path : `${tenant.path}/${path}`,
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined
      ? {}
      : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const isJson = /json/.test(String(answer.headers['content-type'])) && answer.payload !== ''
  return {
    status: answer.statusCode,
    headers: answer.headers as TestAnswer['headers'],
    body: isJson ? JSON.parse(answer.payload) : undefined,
    text: answer.payload,
  }
}

function callContainer(
  app: FastifyInstance,
  tenant: TestTenant,
  {
    path,
    hub = hexIDOf(tenant.accountID),
    headers,
    ...options
  }: ContainerCallOptions & { readonly method: string; readonly path: string },
): Promise<TestAnswer> {
  return call(app, tenant, {
    ...options,
    path: path.startsWith('/') ? path : `/v1/${path}`,
    headers: { ...(hub === null ? {} : { 'x-hub-id': hub }), ...headers },
  })
}

/** Every answer of a described operation must be one that its description names. */
function checkAnswers(app: FastifyInstance): void {
  app.addHook('onSend', async (request, reply, payload) => {
    const { description } = request.routeOptions.config
    if (description === undefined || request.method === 'HEAD') return payload
    const text = await textOf(payload)
    checkAnswer(request, reply, text)
    return payload instanceof Buffer || typeof payload === 'string' ? payload : Buffer.from(text)
  })
}

async function textOf(payload: unknown): Promise<string> {
  if (payload === undefined || payload === null) return ''
  if (typeof payload === 'string') return payload
  if (payload instanceof Uint8Array) return Buffer.from(payload).toString()
  let text = ''
  for await (const chunk of payload as AsyncIterable<Uint8Array>) text += Buffer.from(chunk)
  return text
}

const violations: string[] = []

/** Fails when an answer did not conform; to be called after each test. */
export function assertAnswersConform(): void {
  assert.deepEqual(violations.splice(0), [])
}

function checkAnswer(request: FastifyRequest, reply: FastifyReply, text: string): void {
  const { description } = request.routeOptions.config
  const where = `${request.method} ${request.routeOptions.url} ${reply.statusCode}`
  const response = description?.response[String(reply.statusCode)] ?? description?.response.default
  if (response === undefined) {
    violations.push(`${where} is not described: ${text}`)
    return
  }
  if (response.content === undefined) {
    if (text !== '') violations.push(`${where} has a body: ${text}`)
    return
  }
  const contentType = String(reply.getHeader('content-type'))
  const mediaType = contentType.replace('; charset=utf-8', '')
  const schema = (response.content[contentType] ?? response.content[mediaType])?.schema
  if (schema === undefined) {
    violations.push(`${where} is of the type ${mediaType}, which is not described`)
    return
  }
  if (!/json/.test(mediaType)) return
  const validate = request.compileValidationSchema(schema as { [key: string]: unknown })
  if (!validate(JSON.parse(text))) {
    violations.push(`${where} does not conform: ${JSON.stringify(validate.errors)}: ${text}`)
  }
}
