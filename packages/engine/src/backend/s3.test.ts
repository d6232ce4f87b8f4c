// The S3 backend against a real S3 server.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { secureRandomBytes } from '../crypto/random.ts'
import { failureOf } from '../engine-failure.ts'
import { sha256Hex } from '../format/sha256.ts'
import { describeBackend } from '../testing/backend-conformance.ts'
import { S3_SERVER_MISSING, type S3Server, startS3Server } from '../testing/s3-server.ts'
import { s3Backend } from './s3.ts'

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
