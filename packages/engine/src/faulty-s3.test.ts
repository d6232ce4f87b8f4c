// A repository on an S3 server that is busy, loses answers and cuts connections all the time.
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { withRetry } from './backend/retry.ts'
import { s3Backend } from './backend/s3.ts'
import { systemClock } from './clock.ts'
import { check } from './commands/check.ts'
import { secureRandomBytes } from './crypto/random.ts'
import { describeTree, noise } from './testing/awkward-tree.ts'
import { backUp, restoreInto, snapshotOf } from './testing/backup-run.ts'
import { PROXY_FAULTS, startFaultyS3Proxy } from './testing/faulty-s3-proxy.ts'
import { S3_SERVER_MISSING, type S3Server, startS3Server } from './testing/s3-server.ts'
import { makeThrowawayDirectory, makeThrowawayRepository } from './testing/throwaway-repository.ts'

const skip = S3_SERVER_MISSING
let server: S3Server
before(async () => {
  if (skip === false) server = await startS3Server()
})
after(() => server?.stop())

const FAULTS = [
  'busy',
  undefined,
  undefined,
  'lost-answer',
  undefined,
  undefined,
  'cut-answer',
  undefined,
  undefined,
  undefined,
] as const

test('three of ten requests fail, and nothing is lost or damaged', { skip }, async () => {
  await using directory = await makeThrowawayDirectory()
  await using proxy = await startFaultyS3Proxy(server.endpoint, (n) => FAULTS[n % FAULTS.length])
  const source = join(directory.path, 'source')
  mkdirSync(source)
  for (let n = 0; n < 3; n += 1) writeFileSync(join(source, `file-${n}`), noise(n, 3_000_000))
  const options = { ...server.optionsFor(await server.makeBucket(), 'p'), endpoint: proxy.endpoint }
  let retries = 0
  const backend = withRetry(s3Backend(options), {
    clock: systemClock,
    randomBytes: secureRandomBytes,
    attemptsMax: 30,
    firstDelayMs: 1e-6,
    onRetry: () => {
      retries += 1
    },
  })
  await using made = await makeThrowawayRepository({ backend })
  const snapshotId = snapshotOf(await backUp(made.repository, source))
  const repository = await made.reopen()
  const out = join(directory.path, 'out')
  await restoreInto(repository, snapshotId, out)
  assert.deepEqual(describeTree(Buffer.from(out)), describeTree(Buffer.from(source)))
  const onProgress = () => undefined
  const findings = await check({ repository, readData: true, onProgress, signal: undefined })
  assert.deepEqual(findings, [])
  for (const fault of PROXY_FAULTS) assert.ok(proxy.fired[fault] > 0, fault)
  assert.ok(retries > 10)
})
