// The few calls of the application dialect that the demo and the end-to-end tests make.
import { setTimeout as delay } from 'node:timers/promises'

/** `$HOLDFAST_HOME/owner.json` */
export interface OwnerFile {
  readonly url: string
  readonly accountID: string
  readonly hubID: string
  readonly userID: string
  readonly token: string
}

export interface CallOptions {
  /** Sent as JSON; a string is sent as it is. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface Answer<Body = unknown> {
  readonly status: number
  readonly headers: Headers
  readonly body: Body
}

export interface AppBody {
  readonly id: string
  readonly name: string
  readonly state: string
  readonly stateDetails?: readonly { readonly title: string; readonly detail: string }[]
}

export interface CopyBody {
  readonly id: string
  readonly name: string
  readonly state: string
  readonly stateUnready: readonly string[]
  readonly snapshotID?: string
  readonly bucketID?: string
  readonly totalBytes?: number
  readonly bytesDone?: number
  readonly percentDone?: number
}

export interface TaskBody {
  readonly id: string
  readonly name: string
  readonly state: string
  readonly [member: string]: unknown
}

export interface Listed<Item> {
  readonly items: readonly Item[]
  readonly metadata: { readonly count?: number }
}

export interface RepositoryBody {
  readonly url: string
  readonly password: string
}

export interface WaitOptions<Body> {
  readonly timeoutMs?: number
  readonly pollMs?: number
  readonly onBody?: (body: Body) => void
}

export interface ServiceClient {
  /** `path` is below the account, for instance `/k8s/v2/apps`. Any status is an answer. */
  call<Body = unknown>(method: string, path: string, options?: CallOptions): Promise<Answer<Body>>
  /** As `call`; fails with the problem unless the status is 2xx. */
  get<Body>(path: string): Promise<Body>
  firstCluster(): Promise<string>
  firstBucket(): Promise<string>
  /** Manages a namespace as an app and waits until it is `ready`. */
  manageApp(name: string, namespaces: readonly string[]): Promise<AppBody>
  startSnapshot(appID: string, body?: object): Promise<CopyBody>
  startBackup(appID: string, body?: object): Promise<CopyBody>
  /** Answers 204: progress is in the app and its tasks. */
  startRestore(
    appID: string,
    source: { readonly backupID: string } | { readonly snapshotID: string },
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer>
  /** Polls until `completed` or `failed`; another end than `completed` fails with the reasons. */
  whenCompleted(path: string, options?: WaitOptions<CopyBody>): Promise<CopyBody>
  /** Polls until the copy has one of `states`. */
  whenCopyIs(
    path: string,
    states: readonly string[],
    options?: WaitOptions<CopyBody>,
  ): Promise<CopyBody>
  /** Polls until the app is `ready`; `failed` fails with the reasons. */
  whenReady(appID: string, options?: WaitOptions<AppBody>): Promise<AppBody>
  whenAppIs(
    appID: string,
    states: readonly string[],
    options?: WaitOptions<AppBody>,
  ): Promise<AppBody>
  repositoryOf(bucketID: string): Promise<RepositoryBody>
  tasks(): Promise<readonly TaskBody[]>
}

export function serviceClient(owner: OwnerFile): ServiceClient {
  const base = `${owner.url}/accounts/${owner.accountID}`

  const client: ServiceClient = {
    async call<Body>(method: string, path: string, options: CallOptions = {}) {
      const answer = await fetch(`${base}${path}`, requestOf(owner.token, method, options))
      return { status: answer.status, headers: answer.headers, body: await bodyOf<Body>(answer) }
    },
    async get<Body>(path: string) {
      return successOf(await client.call<Body>('GET', path), `GET ${path}`)
    },
    async firstCluster() {
      const { items } = await client.get<Listed<{ id: string }>>('/topology/v1/clusters')
      return firstOf(items, 'cluster').id
    },
    async firstBucket() {
      const { items } = await client.get<Listed<{ id: string }>>('/topology/v1/buckets')
      return firstOf(items, 'bucket').id
    },
    async manageApp(name, namespaces) {
      const answer = await client.call<AppBody>('POST', '/k8s/v2/apps', {
        body: {
          type: 'application/astra-app',
          version: '2.2',
          name,
          clusterID: await client.firstCluster(),
          namespaceScopedResources: namespaces.map((namespace) => ({ namespace })),
        },
      })
      return await client.whenReady(successOf(answer, 'POST /k8s/v2/apps').id)
    },
    async startSnapshot(appID, body = {}) {
      const path = `/k8s/v1/apps/${appID}/appSnaps`
      const whole = { type: 'application/astra-appSnap', version: '1.3', ...body }
      return successOf(await client.call<CopyBody>('POST', path, { body: whole }), `POST ${path}`)
    },
    async startBackup(appID, body = {}) {
      const path = `/k8s/v1/apps/${appID}/appBackups`
      const whole = { type: 'application/astra-appBackup', version: '1.2', ...body }
      return successOf(await client.call<CopyBody>('POST', path, { body: whole }), `POST ${path}`)
    },
    startRestore(appID, source, headers = { ForceUpdate: 'true' }) {
      const body = { type: 'application/astra-app', version: '2.2', ...source }
      return client.call('PUT', `/k8s/v2/apps/${appID}`, { body, headers })
    },
    async whenCompleted(path, options) {
      const copy = await client.whenCopyIs(path, ['completed', 'failed'], options)
      if (copy.state === 'completed') return copy
      throw new Error(`${path} failed: ${copy.stateUnready.join('; ')}`)
    },
    whenCopyIs: (path, states, options) =>
      whenState(() => client.get<CopyBody>(path), states, options),
    async whenReady(appID, options) {
      const app = await client.whenAppIs(appID, ['ready', 'failed'], options)
      if (app.state === 'ready') return app
      throw new Error(`app ${app.name} failed: ${JSON.stringify(app.stateDetails)}`)
    },
    whenAppIs: (appID, states, options) =>
      whenState(() => client.get<AppBody>(`/k8s/v2/apps/${appID}`), states, options),
    repositoryOf: (bucketID) =>
      client.get<RepositoryBody>(`/holdfast/v1/buckets/${bucketID}/repository`),
    async tasks() {
      return (await client.get<Listed<TaskBody>>('/core/v1/tasks')).items
    },
  }
  return client
}

const POLL_MS = 100
const TIMEOUT_MS = 120_000
/** A service that does not answer at all fails the call, not the whole run. */
const CALL_TIMEOUT_MS = 30_000

function requestOf(token: string, method: string, { body, headers }: CallOptions): RequestInit {
  const content = typeof body === 'string' ? body : JSON.stringify(body)
  return {
    method,
    headers: {
      Authorization: `Bearer ${token}`,
      // A caller that was busy between two calls would find a kept connection closed.
      Connection: 'close',
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: content }),
    signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
  }
}

async function bodyOf<Body>(answer: Response): Promise<Body> {
  const text = await answer.text()
  return (text === '' ? undefined : JSON.parse(text)) as Body
}

function successOf<Body>(answer: Answer<Body>, call: string): Body {
  if (answer.status >= 200 && answer.status < 300) return answer.body
  throw new Error(`${call} answered ${answer.status}: ${JSON.stringify(answer.body)}`)
}

function firstOf<Item>(items: readonly Item[], what: string): Item {
  const [first] = items
  if (first === undefined) throw new Error(`the service lists no ${what}`)
  return first
}

async function whenState<Body extends { readonly state: string }>(
  get: () => Promise<Body>,
  states: readonly string[],
  { timeoutMs = TIMEOUT_MS, pollMs = POLL_MS, onBody }: WaitOptions<Body> = {},
): Promise<Body> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const body = await get()
    onBody?.(body)
    if (states.includes(body.state)) return body
    if (performance.now() > deadline) {
      const wanted = states.join(' or ')
      throw new Error(`not ${wanted} after ${timeoutMs} ms: ${JSON.stringify(body)}`)
    }
    await delay(pollMs)
  }
}
