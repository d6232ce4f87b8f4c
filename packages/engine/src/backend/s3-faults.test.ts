// What the S3 backend makes of servers, networks and proxies that misbehave.
import assert from 'node:assert/strict'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { after, before, test } from 'node:test'
import { type EngineFailure, isEngineError } from '../engine-failure.ts'
import { sha256Hex } from '../format/sha256.ts'
import { fakeClock } from '../testing/fake-clock.ts'
import {
  type ScriptedAnswer,
  type ScriptedS3Server,
  s3Error,
  startScriptedS3Server,
} from '../testing/scripted-s3-server.ts'
import { withRetry } from './retry.ts'
import { s3Backend } from './s3.ts'
import type { S3Options } from './s3-connection.ts'
import { troubleOf } from './s3-trouble.ts'

const CONTENT = Buffer.from('some content')
const PACK = { kind: 'data', name: sha256Hex(CONTENT) } as const
const SECRETS = { secretAccessKey: 'VerySecretKey', sessionToken: 'VerySecretToken' } as const
const agents = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent() }

let server: ScriptedS3Server
before(async () => {
  server = await startScriptedS3Server()
})
after(async () => {
  agents.http.destroy()
  await server[Symbol.asyncDispose]()
})

function backendWith(options: Partial<S3Options> = {}) {
  return s3Backend({
    endpoint: server.endpoint,
    region: 'us-east-1',
    bucket: 'bucket',
    prefix: '',
    addressing: 'path',
    accessKeyID: 'AccessKey',
    ...SECRETS,
    agents,
    ...options,
  })
}

async function failureWith(
  answers: readonly ScriptedAnswer[],
  work: () => Promise<unknown>,
): Promise<EngineFailure> {
  server.script(answers)
  try {
    await work()
  } catch (error) {
    if (!isEngineError(error)) throw error
    assert.doesNotMatch(`${error} ${error.stack} ${error.cause}`, /VerySecret/)
    assert.doesNotMatch(JSON.stringify(error.failure), /VerySecret/)
    assert.equal(server.requests.length, answers.length, 'nothing below the wrapper retries')
    return error.failure
  }
  throw new Error('it did not fail')
}

const reasonOf = (failure: EngineFailure): string => ('reason' in failure ? failure.reason : '')

for (const [name, answer] of [
  ['SlowDown', s3Error(503, 'SlowDown')],
  ['InternalError', s3Error(500, 'InternalError')],
  ['500 without a body', (response) => response.writeHead(500).end()],
  ['502 of a proxy', (response) => response.writeHead(502).end('<html><br>Bad Gateway</html>')],
  ['429', (response) => response.writeHead(429).end()],
  ['RequestTimeout', s3Error(400, 'RequestTimeout')],
  ['a body that arrived damaged', s3Error(400, 'XAmzContentSHA256Mismatch')],
  ['a connection that is cut', (response) => response.destroy()],
] satisfies [string, ScriptedAnswer][]) {
  test(`${name} may pass by itself`, async () => {
    const backend = backendWith()
    for (const work of [
      () => backend.save(PACK, [CONTENT], undefined),
      () => backend.load(PACK, undefined, undefined),
      () => Array.fromAsync(backend.list('data', undefined)),
    ]) {
      const failure = await failureWith([answer], work)
      assert.equal(failure.code, 'backend-unavailable', JSON.stringify(failure))
    }
  })
}

for (const [name, answer, advice] of [
  ['AccessDenied', s3Error(403, 'AccessDenied'), /allow the access key/],
  ['SignatureDoesNotMatch', s3Error(403, 'SignatureDoesNotMatch'), /check the access key/],
  ['ExpiredToken', s3Error(400, 'ExpiredToken', 'VerySecretToken is old'), /session token/],
  ['PermanentRedirect', s3Error(301, 'PermanentRedirect'), /region/],
  ['a full server', s3Error(507, 'InsufficientStorage'), /make room/],
  ['NotImplemented', s3Error(501, 'NotImplemented'), /NotImplemented: said the test/],
] satisfies [string, ScriptedAnswer, RegExp][]) {
  test(`${name} does not pass, and says what to do`, async () => {
    const backend = backendWith()
    const save = () => backend.save(PACK, [CONTENT], undefined)
    const failure = await failureWith([answer], save)
    assert.equal(failure.code, 'backend-failed')
    assert.match(reasonOf(failure), advice)
  })
}

test('what is no S3 server is a failure, not an empty repository', async () => {
  const page: ScriptedAnswer = (response) => response.end('<html><p>Welcome<br></html>')
  const list = () => Array.fromAsync(backendWith().list('snapshots', undefined))
  assert.equal((await failureWith([page], list)).code, 'backend-failed')
})

test('a listing that is cut off without saying where it goes on is a failure', async () => {
  const answer: ScriptedAnswer = (response) =>
    response.end('<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>')
  const list = () => Array.fromAsync(backendWith().list('snapshots', undefined))
  assert.match(reasonOf(await failureWith([answer], list)), /cut off/)
})

test('a listing goes over all of its pages', async () => {
  const names = ['1', '2', '3'].map((digit) => digit.repeat(64))
  const key = (name: string) => `<Contents><Key>index/${name}</Key><Size>7</Size></Contents>`
  const page = (keys: string, next: string): ScriptedAnswer => {
    const more = `<IsTruncated>${next !== ''}</IsTruncated><NextContinuationToken>${next}</NextContinuationToken>`
    return (response) => response.end(`<ListBucketResult>${keys}${more}</ListBucketResult>`)
  }
  const foreign = '<Contents><Key>index/README</Key><Size>1</Size></Contents>'
  server.script([
    page(key(names[0]!) + foreign, 'a b&amp;c'),
    page(key(names[1]!), 'd'),
    page(key(names[2]!), ''),
  ])
  const listed = await Array.fromAsync(backendWith().list('index', undefined))
  assert.deepEqual(
    listed,
    names.map((name) => ({ name, sizeBytes: 7 })),
  )
  assert.match(server.requests[1]?.line ?? '', /continuation-token=a%20b%26c/)
})

test('another range than asked for is not believed', async () => {
  const load = () => backendWith().load(PACK, { offset: 5, length: 7 }, undefined)
  for (const [status, headers, body] of [
    [200, { 'content-length': 12 }, 'some content'],
    [206, { 'content-length': 7, 'content-range': 'bytes 0-6/12' }, 'some co'],
    [206, { 'content-length': 8, 'content-range': 'bytes 5-12/13' }, 'contentX'],
  ] as const) {
    const failure = await failureWith(
      [(response) => response.writeHead(status, headers).end(body)],
      load,
    )
    assert.equal(failure.code, 'backend-unavailable', JSON.stringify(failure))
  }
})

test('an answer that breaks off is no object', async () => {
  const load = () => backendWith().load(PACK, undefined, undefined)
  const cut: ScriptedAnswer = (response) => {
    response.writeHead(200, { 'content-length': 12 })
    response.write('some', () => response.destroy())
  }
  assert.equal((await failureWith([cut], load)).code, 'backend-unavailable')
})

test('a server that says nothing, stops in mid-answer or drips is given up', async () => {
  const patient = { connectMs: 60_000, idleMs: 60_000, requestMs: 60_000 }
  const silent: ScriptedAnswer = () => undefined
  const stalls: ScriptedAnswer = (response) => {
    response.writeHead(200, { 'content-length': 12 }).write('some')
  }
  const drips: ScriptedAnswer = (response) => {
    response.writeHead(200, { 'content-length': 1_000_000 })
    const timer = setInterval(() => response.write('x'), 20)
    response.on('close', () => clearInterval(timer))
  }
  for (const [answer, timeouts] of [
    [silent, { ...patient, idleMs: 300 }],
    [stalls, { ...patient, idleMs: 300 }],
    [silent, { ...patient, requestMs: 300 }],
    [drips, { ...patient, requestMs: 300 }],
  ] as const) {
    const load = () => backendWith({ timeouts }).load(PACK, undefined, undefined)
    assert.equal((await failureWith([answer], load)).code, 'backend-unavailable')
  }
})

test('an abort ends a call at once with its own reason', async () => {
  const backend = backendWith()
  for (const work of [
    (signal: AbortSignal) => backend.load(PACK, undefined, signal),
    (signal: AbortSignal) => backend.save(PACK, [Buffer.alloc(1_000_000)], signal),
    (signal: AbortSignal) => backend.stat(PACK, signal),
  ]) {
    const stop = new AbortController()
    const reason = new Error('enough')
    server.script([() => stop.abort(reason)])
    await assert.rejects(work(stop.signal), (error) => error === reason)
  }
  const stop = new AbortController()
  server.script([
    (response) => {
      response.writeHead(200, { 'content-length': 12 })
      response.write('some', () => stop.abort(new Error('enough')))
    },
  ])
  await assert.rejects(backend.load(PACK, undefined, stop.signal), /^Error: enough$/)
})

test('a clock that is wrong is made up for with the time that the server tells', async () => {
  const clock = fakeClock()
  const options = { clock, attemptsMax: 2, firstDelayMs: 10, onRetry: () => undefined }
  const backend = withRetry(backendWith(), options)
  const serverTime = new Date(Date.now() + 3 * 60 * 60_000)
  const skewed: ScriptedAnswer = (response, request) => {
    response.setHeader('date', serverTime.toUTCString())
    s3Error(403, 'RequestTimeTooSkewed')(response, request)
  }
  server.script([skewed, (response) => response.end()])
  const saved = backend.save(PACK, [CONTENT], undefined)
  while (clock.sleeping === 0) await new Promise((resolve) => setImmediate(resolve))
  await clock.advance(10)
  await saved
  const [first, second] = server.requests.map(({ headers }) => signedHour(headers['x-amz-date']))
  assert.equal(second, signedHour(serverTime.toISOString().replace(/[-:]/g, '')))
  assert.notEqual(second, first)
})

function signedHour(date: string | string[] | undefined): string {
  return String(date).slice(0, 'YYYYMMDDTHH'.length)
}

test('a put is signed with its content, and carries nothing that servers misunderstand', async () => {
  server.script([(response) => response.end()])
  await backendWith({ prefix: 'a b/ü' }).save(
    PACK,
    [CONTENT.subarray(0, 4), CONTENT.subarray(4)],
    undefined,
  )
  const { line, headers } = server.requests[0]!
  assert.equal(
    line,
    `PUT /bucket/a%20b/%C3%BC/data/${PACK.name.slice(0, 2)}/${PACK.name}?x-id=PutObject`,
  )
  assert.equal(headers['x-amz-content-sha256'], PACK.name)
  assert.match(headers.authorization ?? '', /SignedHeaders=[^,]*x-amz-content-sha256/)
  assert.equal(headers['content-length'], String(CONTENT.length))
  assert.equal(headers['x-amz-security-token'], SECRETS.sessionToken)
  const strange = Object.keys(headers).filter((name) =>
    /checksum|^expect$|trailer|encoding/.test(name),
  )
  assert.deepEqual(strange, [])
})

test('a server that is not there may come back', async () => {
  const gone = await startScriptedS3Server()
  await gone[Symbol.asyncDispose]()
  const backend = backendWith({ endpoint: gone.endpoint })
  const failure = await failureWith([], () => backend.load(PACK, undefined, undefined))
  assert.equal(failure.code, 'backend-unavailable')
  assert.match(reasonOf(failure), /ECONNREFUSED/)
})

test('of what OpenSSL says the words are told', () => {
  const said =
    'write EPROTO 40E3:error:0A00010B:SSL routines:tls_record:wrong version number:../deps/x.c:78:\n'
  const error = Object.assign(new Error(said), { code: 'EPROTO' })
  assert.deepEqual(troubleOf(error, {} as S3Options), {
    trouble: 'not-tls',
    reason:
      'EPROTO: wrong version number; use http:// in the URL of the server, or the port where it speaks TLS',
  })
})

test('an address that the agents refuse is not tried again', async () => {
  const error = Object.assign(new Error('metadata addresses are never reached'), {
    name: 'RefusedAddressError',
  })
  const refusing = new HttpAgent()
  refusing.createConnection = () => {
    throw error
  }
  const backend = backendWith({ agents: { ...agents, http: refusing } })
  const failure = await failureWith([], () => backend.load(PACK, undefined, undefined))
  assert.equal(failure.code, 'backend-failed')
  assert.match(reasonOf(failure), /never reached; name another server/)
})
