// What a trial of a bucket finds.
import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { BucketFinding, BucketProvider, RepositoryStore } from '@holdfast/domain'
import {
  makeTestCertificates,
  OPENSSL_MISSING,
  S3_SERVER_MISSING,
  type S3Server,
  type ScriptedAnswer,
  s3Error,
  startS3Server,
  startScriptedS3Server,
  VERSITYGW_MISSING,
} from '@holdfast/engine/testing'
import { resultOfMover } from '../testing/mover-process.ts'
import { makeWorkplace } from '../testing/test-repository.ts'
import { s3StoreAt } from '../testing/test-s3-store.ts'

const skip = S3_SERVER_MISSING
const work = makeWorkplace('mover-verify')
let server: S3Server
before(async () => {
  if (skip === false) server = await startS3Server()
})
after(async () => {
  await server?.stop()
  work.remove()
})

async function findingsOf(
  store: RepositoryStore,
  provider: BucketProvider = 'generic-s3',
): Promise<readonly BucketFinding[]> {
  const { findings } = await resultOfMover({ kind: 'verify', store, provider })
  if (store.kind === 's3') assert.ok(!JSON.stringify(findings).includes(store.secretAccessKey))
  return findings
}

async function codesOf(...args: Parameters<typeof findingsOf>): Promise<string[]> {
  return (await findingsOf(...args)).map(({ code }) => code)
}

test('a bucket that can be used has no findings and stays empty', { skip }, async () => {
  const bucket = await server.makeBucket()
  assert.deepEqual(await findingsOf(s3StoreAt(server, bucket)), [])
  assert.deepEqual(await findingsOf(s3StoreAt(server, bucket, { prefix: '' })), [])
  assert.deepEqual(await server.keysIn(bucket), [])
})

test('each reason has its own code', { skip }, async () => {
  const bucket = await server.makeBucket()
  const at = (changes: Parameters<typeof s3StoreAt>[2]) => s3StoreAt(server, bucket, changes)
  assert.deepEqual(await codesOf(at({ secretAccessKey: 'wrong-secret' })), ['credentials-refused'])
  assert.deepEqual(await codesOf(at({ accessKeyID: 'nobody' })), ['credentials-refused'])
  assert.deepEqual(await codesOf(at({ bucket: 'no-such-bucket-here' })), ['bucket-not-found'])
  assert.deepEqual(await codesOf(at({ mayReachPrivateNetworks: false })), ['address-refused'])
  assert.deepEqual(await codesOf(at({ endpoint: 'http://169.254.169.254' })), ['address-refused'])
  const [notTLS] = await findingsOf(at({ endpoint: server.endpoint.replace('http:', 'https:') }))
  assert.equal(notTLS?.code, 'unexpected-answer')
  assert.match(notTLS.detail, /use http:/)
})

test('Amazon is not another server', { skip: VERSITYGW_MISSING }, async () => {
  const store = s3StoreAt(server, await server.makeBucket())
  for (const provider of ['aws', 'ontap-s3', 'storagegrid-s3'] as const) {
    assert.deepEqual(await codesOf(store, provider), ['wrong-provider'], provider)
  }
})

test('a server whose certificate nobody vouches for', {
  skip: VERSITYGW_MISSING || OPENSSL_MISSING,
}, async () => {
  const tls = makeTestCertificates(work.path)
  await using secure = await startS3Server({ tls })
  const bucket = await secure.makeBucket()
  const { certificateAuthority } = tls
  assert.deepEqual(await codesOf(s3StoreAt(secure, bucket)), ['certificate-not-trusted'])
  assert.deepEqual(await codesOf(s3StoreAt(secure, bucket, { certificateAuthority })), [])
})

const ok: ScriptedAnswer = (response) => response.end()
const emptyList: ScriptedAnswer = (response) => response.end('<ListBucketResult/>')
const denied = s3Error(403, 'AccessDenied')
const busy = s3Error(503, 'SlowDown')

for (const [name, answers, codes] of [
  ['nothing may be listed', [ok, denied], ['not-listable']],
  ['nothing may be written', [ok, emptyList, denied], ['not-writable']],
  [
    'nothing may be read or deleted',
    [ok, emptyList, ok, denied, denied],
    ['not-readable', 'not-deletable'],
  ],
  [
    'a deletion that deletes nothing',
    [ok, emptyList, ok, denied, ok, ok],
    ['not-readable', 'not-deletable'],
  ],
  ['a full server', [ok, emptyList, s3Error(507, 'XMinioStorageFull')], ['not-writable']],
  ['another region', [ok, s3Error(400, 'AuthorizationHeaderMalformed')], ['wrong-region']],
  ['no S3 server', [ok, s3Error(404, 'Nothing')], ['unexpected-answer']],
  ['a server that is busy for a moment', [ok, busy, denied], ['not-listable']],
] satisfies [string, ScriptedAnswer[], string[]][]) {
  test(`findings: ${name}`, async () => {
    await using scripted = await startScriptedS3Server()
    scripted.script(answers)
    const keys = { region: 'us-east-1', accessKeyID: 'AK', secretAccessKey: 'VerySecret' }
    const store = s3StoreAt({ endpoint: scripted.endpoint, ...keys }, 'bucket')
    assert.deepEqual(await codesOf(store), codes)
    assert.equal(scripted.requests.length, answers.length)
  })
}

test('clocks that differ are told with their difference, and providers by their name', async () => {
  await using scripted = await startScriptedS3Server()
  const late: ScriptedAnswer = (response) => {
    response.setHeader('date', new Date(Date.now() - 3_600_000).toUTCString())
    response.setHeader('server', 'StorageGRID/11.8.0')
    response.end()
  }
  const keys = { region: 'us-east-1', accessKeyID: 'AK', secretAccessKey: 'VerySecret' }
  const store = s3StoreAt({ endpoint: scripted.endpoint, ...keys }, 'bucket')
  scripted.script([late, denied])
  const [skew, ...rest] = await findingsOf(store, 'storagegrid-s3')
  assert.equal(skew?.code, 'clock-skew')
  assert.ok(Math.abs((skew.skewSeconds ?? 0) + 3_600) < 60, JSON.stringify(skew))
  assert.equal(rest.length, 1)
  scripted.script([late, denied])
  assert.deepEqual(await codesOf(store, 'ontap-s3'), [
    'wrong-provider',
    'clock-skew',
    'not-listable',
  ])
})

test('a server that is not there', async () => {
  const gone = await startScriptedS3Server()
  await gone[Symbol.asyncDispose]()
  const keys = { region: 'us-east-1', accessKeyID: 'AK', secretAccessKey: 'VerySecret' }
  const store = s3StoreAt({ endpoint: gone.endpoint, ...keys }, 'bucket')
  assert.deepEqual(await codesOf(store, 'aws'), ['unreachable'])
})

test('a directory', async () => {
  const path = join(work.path, 'bucket')
  const [missing] = await findingsOf({ kind: 'local', path }, 'local')
  assert.equal(missing?.code, 'bucket-not-found')
  assert.match(missing.detail, /ENOENT.*Make or mount/)
  mkdirSync(path)
  assert.deepEqual(await findingsOf({ kind: 'local', path }, 'local'), [])
  assert.deepEqual(readdirSync(path), [])
  writeFileSync(join(path, 'file'), '')
  assert.deepEqual(await codesOf({ kind: 'local', path: join(path, 'file') }), ['bucket-not-found'])
})
