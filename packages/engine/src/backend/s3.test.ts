// The S3 backend against a real S3 server.
import assert from 'node:assert/strict'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { after, before, test } from 'node:test'
import { secureRandomBytes } from '../crypto/random.ts'
import { failureOf } from '../engine-failure.ts'
import { sha256Hex } from '../format/sha256.ts'
import { describeBackend } from '../testing/backend-conformance.ts'
import {
  S3_SERVER_MISSING,
  type S3Server,
  startS3Server,
  VERSITYGW_MISSING,
} from '../testing/s3-server.ts'
import { startScriptedS3Server } from '../testing/scripted-s3-server.ts'
import { makeTestCertificates, OPENSSL_MISSING } from '../testing/test-certificates.ts'
import { makeThrowawayDirectory } from '../testing/throwaway-repository.ts'
import { s3Backend } from './s3.ts'
import { connectToS3 } from './s3-connection.ts'
import { objectKey } from './s3-object-keys.ts'

const skip = S3_SERVER_MISSING

let server: S3Server
before(async () => {
  if (skip === false) server = await startS3Server()
})
after(() => server?.stop())

if (skip === false) {
  describeBackend('the S3 backend', () => freshBackend(''))
  describeBackend('the S3 backend below a prefix', () => freshBackend('some/where'))
} else {
  test('the S3 backend keeps the contract of backends', { skip }, () => undefined)
}

async function freshBackend(prefix: string) {
  const backend = s3Backend(server.optionsFor(await server.makeBucket(), prefix))
  await backend.create(undefined)
  return { backend, dispose: async () => undefined }
}

test('an object of many parts goes up in parts and comes back', { skip }, async () => {
  const bucket = await server.makeBucket()
  const backend = s3Backend(server.optionsFor(bucket, 'p'))
  const part = Buffer.from(secureRandomBytes(1_000_003))
  const content = Array.from({ length: 70 }, () => part)
  const handle = { kind: 'data', name: sha256Hex(part) } as const
  await backend.save(handle, content, undefined)
  const { sizeBytes } = await backend.stat(handle, undefined)
  assert.equal(sizeBytes, part.length * 70)
  const range = { offset: part.length * 40 + 10, length: part.length }
  const loaded = await backend.load(handle, range, undefined)
  assert.ok(loaded.equals(Buffer.concat([part.subarray(10), part.subarray(0, 10)])))
  assert.deepEqual(await server.keysIn(bucket), [
    `p/data/${handle.name.slice(0, 2)}/${handle.name}`,
  ])
  assert.deepEqual(await backend.listLeftovers(undefined), [])
})

test('an upload in parts that was given up is found and removed', { skip }, async () => {
  const options = server.optionsFor(await server.makeBucket(), 'p')
  const backend = s3Backend(options)
  const name = sha256Hex(Buffer.from('abandoned'))
  const { client, sdk } = await connectToS3(options).attempt(async (call) => call, undefined)
  for (const kind of ['data', 'locks'] as const) {
    const Key = objectKey('p', { kind, name })
    await client.send(new sdk.CreateMultipartUploadCommand({ Bucket: options.bucket, Key }))
  }
  const found = await backend.listLeftovers(undefined)
  assert.equal(found.length, 1, 'locks may be on their way')
  assert.match(found[0]!, new RegExp(`^p/data/../${name} `))
  assert.equal(await backend.removeLeftovers(undefined), 1)
  assert.deepEqual(await backend.listLeftovers(undefined), [])
})

test('an upload in parts that is aborted leaves no object', { skip }, async () => {
  const bucket = await server.makeBucket()
  const backend = s3Backend(server.optionsFor(bucket))
  const stop = new AbortController()
  const part = Buffer.alloc(40_000_000)
  const handle = { kind: 'data', name: sha256Hex(part) } as const
  function* parts() {
    yield part
    yield part
    yield part
  }
  const saved = backend.save(handle, [...parts()], stop.signal)
  setImmediate(() => stop.abort(new Error('enough')))
  await assert.rejects(saved, /^Error: enough$/)
  assert.deepEqual(await server.keysIn(bucket), [])
})

test('HTTPS needs an authority that is trusted', {
  skip: VERSITYGW_MISSING || OPENSSL_MISSING,
}, async () => {
  await using directory = await makeThrowawayDirectory()
  await using secure = await startS3Server({ tls: makeTestCertificates(directory.path) })
  const options = secure.optionsFor(await secure.makeBucket())
  const handle = { kind: 'config', name: '' } as const
  await s3Backend(options).save(handle, [Buffer.from('over TLS')], undefined)
  assert.equal(String(await s3Backend(options).load(handle, undefined, undefined)), 'over TLS')
  const distrusting = { http: new HttpAgent(), https: new HttpsAgent() }
  const refused = s3Backend({ ...options, agents: distrusting }).load(handle, undefined, undefined)
  await assert.rejects(refused, (error) => {
    const reason = failureOf(error, 'backend-failed')?.reason ?? String(error)
    assert.match(reason, /certificate.*; add the server's certificate authority/)
    return true
  })
  const plain = await startScriptedS3Server()
  const toPlain = { ...options, endpoint: plain.endpoint.replace('http:', 'https:') }
  await assert.rejects(s3Backend(toPlain).load(handle, undefined, undefined), (error) => {
    assert.match(failureOf(error, 'backend-failed')?.reason ?? String(error), /use http:/)
    return true
  })
  await plain[Symbol.asyncDispose]()
})

test('buckets as hosts', { skip: VERSITYGW_MISSING }, async () => {
  await using hosting = await startS3Server({ virtualDomain: 's3.test' })
  const bucket = await hosting.makeBucket()
  const looked = new Set<string>()
  const http = new HttpAgent({
    lookup(name, options, callback) {
      looked.add(name)
      const found = { address: '127.0.0.1', family: 4 }
      if (options.all === true) callback(null, [found])
      else callback(null, found.address, found.family)
    },
  })
  const { port } = new URL(hosting.endpoint)
  const backend = s3Backend({
    ...hosting.optionsFor(bucket, 'p'),
    endpoint: `http://s3.test:${port}`,
    addressing: 'virtual-host',
    agents: { http, https: new HttpsAgent() },
  })
  await backend.create(undefined)
  await backend.save({ kind: 'config', name: '' }, [Buffer.from('x')], undefined)
  assert.deepEqual(await hosting.keysIn(bucket), ['p/config'])
  assert.equal((await Array.fromAsync(backend.list('config', undefined))).length, 1)
  assert.deepEqual([...looked], [`${bucket}.s3.test`])
})

test('a bucket that is not there, and keys that are none, are named', { skip }, async () => {
  const missing = s3Backend(server.optionsFor('holdfast-test-no-such-bucket'))
  await assert.rejects(missing.create(undefined), (error) =>
    Boolean(failureOf(error, 'repository-not-found')),
  )
  const secretAccessKey = 'not-the-secret-of-this-server'
  const options = server.optionsFor(await server.makeBucket())
  for (const wrong of [{ secretAccessKey }, { accessKeyID: 'nobody', secretAccessKey }]) {
    await assert.rejects(s3Backend({ ...options, ...wrong }).create(undefined), (error) => {
      const failure = failureOf(error, 'backend-failed')
      assert.match(failure?.reason ?? '', /check the access key/)
      assert.doesNotMatch(JSON.stringify([error, String(error)]), /not-the-secret/)
      return true
    })
  }
})
