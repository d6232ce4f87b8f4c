// Tries what a repository needs of a bucket, one thing after the other, and removes what it made.
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Clock } from '../clock.ts'
import type { RandomBytes } from '../crypto/random.ts'
import { connectToS3, type S3Call, type S3Connection, type S3Options } from './s3-connection.ts'
import { getObject } from './s3-download.ts'
import { rootOf } from './s3-object-keys.ts'
import { mayPass, type S3Trouble, type S3TroubleFound, troubleOf } from './s3-trouble.ts'
import { putObject } from './s3-upload.ts'

export interface TryS3BucketOptions {
  readonly s3: S3Options
  readonly clock: Clock
  readonly randomBytes: RandomBytes
  readonly signal: AbortSignal | undefined
}

export type S3TrialStep = 'connect' | 'list' | 'write' | 'read' | 'delete'

export interface S3TrialTrouble {
  readonly step: S3TrialStep
  readonly trouble: S3Trouble
  /** For people, without the keys. */
  readonly reason: string
}

export interface S3Trial {
  /** What the server calls itself; undefined when it does not, or was not reached. */
  readonly server: string | undefined
  /** How far its clock is ahead of ours; negative when it is behind. */
  readonly skewSeconds: number | undefined
  readonly troubles: readonly S3TrialTrouble[]
}

/** Steps after the first that fails are left out, since their failures would tell nothing more. */
export async function tryS3Bucket(options: TryS3BucketOptions): Promise<S3Trial> {
  const connection = connectToS3(options.s3)
  const greeting = await tried(options, () => greet(connection, options))
  if ('trouble' in greeting) {
    const troubles = [{ step: 'connect', ...greeting } as const]
    return { server: undefined, skewSeconds: undefined, troubles }
  }
  const troubles = await tryObjects(connection, options)
  return { ...greeting, troubles }
}

const ATTEMPTS_MAX = 3
const FIRST_DELAY_MS = 1_000

/** What passes by itself must not make a bucket unusable. Fails only when aborted. */
async function tried<Result extends object>(
  { s3, clock, signal }: TryS3BucketOptions,
  work: () => Promise<Result>,
): Promise<Result | S3TroubleFound> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work()
    } catch (error) {
      signal?.throwIfAborted()
      const found = troubleOf(error, s3)
      if (attempt === ATTEMPTS_MAX || !mayPass(found.trouble)) return found
      await clock.sleep(FIRST_DELAY_MS * attempt, { signal, keepsAlive: true })
    }
  }
}

interface Greeting {
  readonly server: string | undefined
  readonly skewSeconds: number | undefined
}

/** Any answer will do: this asks for nothing and shows no keys. */
async function greet(
  connection: S3Connection,
  { clock, signal }: TryS3BucketOptions,
): Promise<Greeting> {
  const { headers, answeredAt } = await connection.attempt(async ({ abortSignal }) => {
    const { endpoint, agents } = connection.options
    const isTLS = endpoint.startsWith('https:')
    const { promise, resolve, reject } =
      Promise.withResolvers<Readonly<NodeJS.Dict<string | string[]>>>()
    const options = { method: 'GET', signal: abortSignal }
    const request = isTLS
      ? httpsRequest(endpoint, { ...options, agent: agents.https })
      : httpRequest(endpoint, { ...options, agent: agents.http })
    request.once('response', (response) => {
      response.destroy()
      resolve(response.headers)
    })
    request.on('error', reject)
    request.end()
    return { headers: await promise, answeredAt: clock.now() }
  }, signal)
  return {
    server: textOf(headers.server),
    skewSeconds: skewOf(textOf(headers.date), answeredAt),
  }
}

function textOf(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : header?.[0]
}

function skewOf(date: string | undefined, answeredAt: Temporal.Instant): number | undefined {
  const serverMs = date === undefined ? Number.NaN : Date.parse(date)
  if (Number.isNaN(serverMs)) return undefined
  return Math.round((serverMs - answeredAt.epochMilliseconds) / 1_000)
}

async function tryObjects(
  connection: S3Connection,
  options: TryS3BucketOptions,
): Promise<S3TrialTrouble[]> {
  const { randomBytes, signal } = options
  const content = Buffer.from(randomBytes(32))
  const key = `${trialRoot(connection.options)}${content.toString('hex', 0, 16)}`
  const listed = await tried(options, () => removeOldTrials(connection, options))
  if ('trouble' in listed) return [{ step: 'list', ...listed }]
  const written = await tried(options, async () => {
    await putObject(connection, { key, content: [content] }, signal)
    return {}
  })
  if ('trouble' in written) return [{ step: 'write', ...written }]
  const troubles: S3TrialTrouble[] = []
  const read = await tried(options, () => getObject(connection, { key, range: undefined }, signal))
  if ('trouble' in read) troubles.push({ step: 'read', ...read })
  else if (!content.equals(read)) {
    const reason = 'what was written came back different'
    troubles.push({ step: 'read', trouble: 'unexpected-answer', reason })
  }
  const removed = await tried(options, () => removeForGood(connection, key, signal))
  if ('trouble' in removed) troubles.push({ step: 'delete', ...removed })
  return troubles
}

function trialRoot({ prefix }: S3Options): string {
  return `${rootOf(prefix)}holdfast-trial-`
}

/** A trial takes minutes at most: older objects of trials are of processes that died. */
const OLD_TRIAL_MS = 60 * 60_000

async function removeOldTrials(
  connection: S3Connection,
  { clock, signal }: TryS3BucketOptions,
): Promise<object> {
  const { bucket } = connection.options
  const page = await connection.attempt(
    ({ client, sdk, abortSignal }) =>
      client.send(
        new sdk.ListObjectsV2Command({ Bucket: bucket, Prefix: trialRoot(connection.options) }),
        { abortSignal },
      ),
    signal,
  )
  const before = clock.now().epochMilliseconds - OLD_TRIAL_MS
  for (const { Key, LastModified } of page.Contents ?? []) {
    if (Key === undefined || LastModified === undefined || LastModified.getTime() > before) continue
    await connection.attempt((call) => removeKey(call, bucket, Key), signal)
  }
  return {}
}

async function removeForGood(
  connection: S3Connection,
  key: string,
  signal: AbortSignal | undefined,
): Promise<object> {
  const { bucket } = connection.options
  await connection.attempt((call) => removeKey(call, bucket, key), signal)
  try {
    await connection.attempt(
      ({ client, sdk, abortSignal }) =>
        client.send(new sdk.HeadObjectCommand({ Bucket: bucket, Key: key }), { abortSignal }),
      signal,
    )
  } catch (error) {
    if (troubleOf(error, connection.options).trouble === 'object-not-found') return {}
    throw error
  }
  throw new Error('the object is still there after its deletion was answered with success')
}

async function removeKey(
  { client, sdk, abortSignal }: S3Call,
  Bucket: string,
  Key: string,
): Promise<void> {
  await client.send(new sdk.DeleteObjectCommand({ Bucket, Key }), { abortSignal })
}
