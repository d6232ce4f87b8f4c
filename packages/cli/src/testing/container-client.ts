// A client of the container dialect in the shape that its users' scripts have: openapi-fetch, a
// bearer and a hub. The vendor's published client has the same shape.
import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import createClient from 'openapi-fetch'

export interface ContainerClient {
  readonly GET: ContainerCall
  readonly POST: ContainerCall
  readonly PATCH: ContainerCall
  readonly DELETE: ContainerCall
}

/** Any status is an answer: `data` of a good one, `error` of another. */
export type ContainerCall = <Data>(
  path: string,
  options?: ContainerCallOptions,
) => Promise<ContainerAnswer<Data>>

export interface ContainerCallOptions {
  readonly params?: {
    readonly path?: Readonly<Record<string, string>>
    readonly query?: Readonly<Record<string, unknown>>
  }
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface ContainerAnswer<Data> {
  /** The root document. */
  readonly data?: {
    readonly data: Data
    readonly includes?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
    readonly meta?: unknown
  }
  readonly error?: {
    readonly error: ContainerFailure
    readonly data: null
  }
  readonly response: Response
}

export interface ContainerFailure {
  readonly status: number
  readonly code: string
  readonly title: string
  readonly detail?: string
  readonly source?: string
  readonly extra?: { readonly capability?: string }
}

export interface JobBody {
  readonly id: string
  readonly tasks: readonly {
    readonly header: string
    readonly state: { readonly current?: string }
    readonly steps: readonly { readonly started: string; readonly completed: string }[] | null
    readonly error: { readonly message: string } | null
  }[]
  readonly creator: { readonly id: string; readonly type: string }
  readonly state: { readonly current: string; readonly error: { readonly message: string } | null }
}

export const ZERO_TIME = '0001-01-01T00:00:00Z'

export function containerClient(access: {
  readonly url: string
  readonly hubID: string
  readonly apiKey: string
}): ContainerClient {
  const client = createClient({ baseUrl: access.url })
  client.use({
    onRequest({ request }) {
      request.headers.set('Authorization', `Bearer ${access.apiKey}`)
      request.headers.set('X-Hub-Id', access.hubID)
      // A kept connection would be dead after the service was killed.
      request.headers.set('Connection', 'close')
      return request
    },
  })
  // Its types are those of a generated description, which the tests do not have.
  return client as unknown as ContainerClient
}

/** What a good answer holds; fails with the error of another. */
export function good<Data>(answer: ContainerAnswer<Data>, status = 200): Data {
  assert.equal(answer.response.status, status, JSON.stringify(answer.error))
  assert.ok(answer.data, 'an answer without data')
  return answer.data.data
}

/** The error of an answer that must be one; every one of them has the form of the dialect. */
export function failure(answer: ContainerAnswer<unknown>): ContainerFailure {
  assert.ok(answer.error, `${answer.response.status} is no error: ${JSON.stringify(answer.data)}`)
  assert.equal(answer.error.data, null)
  assert.equal(answer.error.error.status, answer.response.status)
  assert.notEqual(answer.error.error.title, '')
  return answer.error.error
}

/** In percent, as clients count it: a step is done as soon as it has a time of completion. */
export function progressOf({ tasks }: JobBody): number {
  const steps = tasks.flatMap((task) => task.steps ?? [])
  assert.notEqual(steps.length, 0, 'a job without steps is 100 % at once')
  return (100 * steps.filter(({ completed }) => completed !== ZERO_TIME).length) / steps.length
}

const ENDED = ['completed', 'error', 'expired']
const POLL_MS = 50
const JOB_TIMEOUT_MS = 120_000

/** Polls until the job ends. Its progress must not go back, and be 100 % only when it is completed. */
export async function whenJobEnds(client: ContainerClient, id: string): Promise<JobBody> {
  const deadline = performance.now() + JOB_TIMEOUT_MS
  let last = 0
  for (;;) {
    const job = good(
      await client.GET<JobBody>('/v1/jobs/{jobId}', { params: { path: { jobId: id } } }),
    )
    const percent = progressOf(job)
    assert.ok(percent >= last, `${percent} % after ${last} %`)
    assert.equal(percent === 100, job.state.current === 'completed', JSON.stringify(job))
    if (ENDED.includes(job.state.current)) return job
    assert.ok(performance.now() < deadline, `the job did not end: ${JSON.stringify(job)}`)
    last = percent
    await delay(POLL_MS)
  }
}

/** As `whenJobEnds`; another end than `completed` fails with its reason. */
export async function whenJobCompletes(client: ContainerClient, id: string): Promise<JobBody> {
  const job = await whenJobEnds(client, id)
  assert.equal(job.state.current, 'completed', job.state.error?.message ?? '')
  return job
}
