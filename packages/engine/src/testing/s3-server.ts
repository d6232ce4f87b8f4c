// A real S3 server for tests: versitygw over a temporary directory, or the one that the environment
// names (`HOLDFAST_TEST_S3_URL`, `HOLDFAST_TEST_S3_ACCESS_KEY`, `HOLDFAST_TEST_S3_SECRET_KEY`).
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectToS3, type S3Connection, type S3Options } from '../backend/s3-connection.ts'

export interface S3Server extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`, or `https://…`. */
  readonly endpoint: string
  readonly region: string
  readonly accessKeyID: string
  readonly secretAccessKey: string
  /** Where versitygw keeps `<bucket>/<key>` as files; undefined for a server of the environment. */
  readonly directory: string | undefined
  /** Makes a bucket and answers its name; `stop` removes it with all that is in it. */
  makeBucket(): Promise<string>
  /** Keys of all objects in a bucket, sorted. */
  keysIn(bucket: string): Promise<string[]>
  /** What `s3Backend` takes for a bucket of this server, by path. `stop` closes its agents. */
  optionsFor(bucket: string, prefix?: string): S3Options
  /** What stock restic takes after `-r`, and the environment that it needs. */
  resticPlace(
    bucket: string,
    prefix?: string,
  ): { readonly repository: string; readonly environment: Readonly<Record<string, string>> }
  stop(): Promise<void>
}

export interface StartS3ServerOptions {
  /** Serve HTTPS with these files (PEM), and trust `certificateAuthority` (PEM text). */
  readonly tls?: {
    readonly certificatePath: string
    readonly keyPath: string
    readonly certificateAuthority: string
  }
  /** Serve buckets as hosts below this domain, too. */
  readonly virtualDomain?: string
}

const GIVEN_URL = process.env.HOLDFAST_TEST_S3_URL
const VERSITYGW = GIVEN_URL === undefined ? findVersitygw() : undefined

/** For the `skip` option of a test: false, or what is missing. */
export const S3_SERVER_MISSING: string | false =
  GIVEN_URL !== undefined || VERSITYGW !== undefined
    ? false
    : 'NOT TESTED: no S3 server. Install versitygw (`go install ' +
      'github.com/versity/versitygw/cmd/versitygw@v1.8.0`), or set HOLDFAST_TEST_S3_URL, ' +
      'HOLDFAST_TEST_S3_ACCESS_KEY and HOLDFAST_TEST_S3_SECRET_KEY'

/** The same for tests that start the server their own way (TLS, virtual hosts, stopping it). */
export const VERSITYGW_MISSING: string | false =
  VERSITYGW !== undefined
    ? false
    : 'NOT TESTED: versitygw is missing, or HOLDFAST_TEST_S3_URL names another server'

/** One server a test file is enough; every test takes a bucket of its own. */
export async function startS3Server(options: StartS3ServerOptions = {}): Promise<S3Server> {
  if (GIVEN_URL !== undefined && options.tls === undefined && options.virtualDomain === undefined) {
    return serverOf(await given(GIVEN_URL))
  }
  if (VERSITYGW === undefined) throw new Error(String(S3_SERVER_MISSING || VERSITYGW_MISSING))
  return serverOf(await startVersitygw(VERSITYGW, options))
}

/** Go is asked last, since it takes its time. */
function findVersitygw(): string | undefined {
  const directories = (process.env.PATH ?? '').split(delimiter)
  return programIn([...directories, join(homedir(), 'go/bin')]) ?? programIn(goDirectories())
}

function programIn(directories: readonly string[]): string | undefined {
  return directories.map((path) => join(path, 'versitygw')).find((path) => existsSync(path))
}

function goDirectories(): string[] {
  try {
    return [join(execFileSync('go', ['env', 'GOPATH'], { encoding: 'utf8' }).trim(), 'bin')]
  } catch {
    return []
  }
}

interface Running {
  readonly endpoint: string
  readonly accessKeyID: string
  readonly secretAccessKey: string
  readonly certificateAuthority: string | undefined
  readonly directory: string | undefined
  readonly end: () => Promise<void>
}

async function given(endpoint: string): Promise<Running> {
  const accessKeyID = process.env.HOLDFAST_TEST_S3_ACCESS_KEY
  const secretAccessKey = process.env.HOLDFAST_TEST_S3_SECRET_KEY
  if (accessKeyID === undefined || secretAccessKey === undefined) {
    throw new Error('HOLDFAST_TEST_S3_URL needs HOLDFAST_TEST_S3_ACCESS_KEY and …_SECRET_KEY')
  }
  const rest = { certificateAuthority: undefined, directory: undefined }
  return { endpoint, accessKeyID, secretAccessKey, ...rest, end: async () => undefined }
}

const START_ATTEMPTS_MAX = 5
const START_MS_MAX = 30_000
const POLL_MS = 25

async function startVersitygw(
  program: string,
  { tls, virtualDomain }: StartS3ServerOptions,
): Promise<Running> {
  const place = await mkdtemp(join(tmpdir(), 'holdfast-s3-'))
  const directory = join(place, 'buckets')
  await mkdir(directory)
  const accessKeyID = randomBytes(8).toString('hex')
  const secretAccessKey = randomBytes(16).toString('hex')
  for (let attempt = 1; ; attempt += 1) {
    // Another process may take the port between the look and the use: then the next one is tried.
    const port = await freePort()
    const child = spawn(
      program,
      [
        ...['--quiet', '--keep-alive', '--port', `127.0.0.1:${port}`],
        ...(tls === undefined ? [] : ['--cert', tls.certificatePath, '--key', tls.keyPath]),
        ...(virtualDomain === undefined ? [] : ['--virtual-domain', virtualDomain]),
        ...['posix', directory],
      ],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { HOME: place, ROOT_ACCESS_KEY: accessKeyID, ROOT_SECRET_KEY: secretAccessKey },
        cwd: place,
      },
    )
    const end = async (): Promise<void> => {
      await endProcess(child)
      await rm(place, { recursive: true, force: true })
    }
    const running = {
      endpoint: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
      accessKeyID,
      secretAccessKey,
      certificateAuthority: tls?.certificateAuthority,
      directory,
      end,
    }
    const failed = await startFailure(child, running)
    if (failed === undefined) return running
    await endProcess(child)
    if (attempt < START_ATTEMPTS_MAX) continue
    await end()
    throw new Error(`versitygw does not start: ${failed}`)
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** Undefined once the server answers to our keys: then it is ours and not another on that port. */
async function startFailure(child: ChildProcess, running: Running): Promise<string | undefined> {
  let stderr = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString('utf8')).slice(-2_000)
  })
  const killAtExit = (): void => {
    child.kill('SIGKILL')
  }
  process.on('exit', killAtExit)
  let hasEnded = false
  child.once('exit', () => {
    hasEnded = true
    process.off('exit', killAtExit)
  })
  child.once('error', (error) => {
    hasEnded = true
    stderr += error.message
  })
  const agents = agentsFor(running)
  const connection = connectToS3(optionsOf(running, agents, ''))
  let lastError: unknown
  try {
    for (let waitedMs = 0; waitedMs < START_MS_MAX && !hasEnded; waitedMs += POLL_MS) {
      try {
        await connection.attempt(
          ({ client, sdk }) => client.send(new sdk.ListBucketsCommand({})),
          undefined,
        )
        return undefined
      } catch (error) {
        lastError = error
        await sleep(POLL_MS)
      }
    }
    return `${stderr} ${lastError}`
  } finally {
    destroyAgents(agents)
  }
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

const REGION = 'us-east-1'

function serverOf(running: Running): S3Server {
  const { endpoint, accessKeyID, secretAccessKey, directory } = running
  const agents = agentsFor(running)
  const optionsFor = (bucket: string, prefix = '') => ({
    ...optionsOf(running, agents, bucket),
    prefix,
  })
  const connection = connectToS3(optionsFor(''))
  const made: string[] = []
  async function stop(): Promise<void> {
    // A server of our own goes with its directory.
    for (const bucket of directory === undefined ? made : []) await removeBucket(connection, bucket)
    destroyAgents(agents)
    await running.end()
  }
  return {
    endpoint,
    region: REGION,
    accessKeyID,
    secretAccessKey,
    directory,
    keysIn: (bucket) => keysIn(connection, bucket),
    async makeBucket() {
      const bucket = `holdfast-test-${randomBytes(8).toString('hex')}`
      await connection.attempt(
        ({ client, sdk }) => client.send(new sdk.CreateBucketCommand({ Bucket: bucket })),
        undefined,
      )
      made.push(bucket)
      return bucket
    },
    optionsFor,
    resticPlace: (bucket, prefix = '') => ({
      repository: `s3:${endpoint}/${bucket}${prefix === '' ? '' : `/${prefix}`}`,
      environment: { AWS_ACCESS_KEY_ID: accessKeyID, AWS_SECRET_ACCESS_KEY: secretAccessKey },
    }),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

interface Agents {
  readonly http: HttpAgent
  readonly https: HttpsAgent
}

function agentsFor({ certificateAuthority }: Running): Agents {
  return {
    http: new HttpAgent({ keepAlive: true }),
    https: new HttpsAgent({
      keepAlive: true,
      ...(certificateAuthority === undefined ? {} : { ca: certificateAuthority }),
    }),
  }
}

function destroyAgents({ http, https }: Agents): void {
  http.destroy()
  https.destroy()
}

function optionsOf(
  { endpoint, accessKeyID, secretAccessKey }: Running,
  agents: Agents,
  bucket: string,
): S3Options {
  return {
    endpoint,
    region: REGION,
    bucket,
    prefix: '',
    addressing: 'path',
    accessKeyID,
    secretAccessKey,
    agents,
  }
}

function keysIn(connection: S3Connection, bucket: string): Promise<string[]> {
  return connection.attempt(async ({ client, sdk }) => {
    const keys: string[] = []
    for await (const page of sdk.paginateListObjectsV2({ client }, { Bucket: bucket })) {
      for (const { Key } of page.Contents ?? []) if (Key !== undefined) keys.push(Key)
    }
    return keys.sort()
  }, undefined)
}

async function removeBucket(connection: S3Connection, bucket: string): Promise<void> {
  const keys = await keysIn(connection, bucket)
  await connection.attempt(async ({ client, sdk }) => {
    for (const Key of keys) await client.send(new sdk.DeleteObjectCommand({ Bucket: bucket, Key }))
    await client.send(new sdk.DeleteBucketCommand({ Bucket: bucket }))
  }, undefined)
}
