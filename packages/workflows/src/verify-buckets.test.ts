// What becomes of a bucket's state. Movers are scripted here: that they find what there is to find
// is tested where they are.
import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { after, before, beforeEach, test } from 'node:test'
import {
  BUCKETS,
  createSealing,
  findResource,
  insertAccount,
  insertBucket,
  insertCredential,
  MASTER_KEY_BYTES,
  requestVerificationOf,
  updateBucket,
} from '@holdfast/db'
import { makeTestDatabase, type TestDatabase } from '@holdfast/db/testing'
import type { BucketFindingCode, MoverEvent, MoverJob } from '@holdfast/domain'
import type { Platform } from '@holdfast/platforms'
import type { Runtime } from './runtime.ts'
import { verifyDueBuckets } from './verify-buckets.ts'

const SECONDS = 1000
const MINUTES = 60 * SECONDS
const sealing = createSealing(randomBytes(MASTER_KEY_BYTES))
const accountID = randomUUID()
const credentialID = randomUUID()

let testDatabase: TestDatabase
let now = new Date('2026-05-04T10:00:00Z')
/** Jobs that were started, oldest first. */
let jobs: MoverJob[] = []
/** What the next mover does. */
let answer: () => MoverEvent | Promise<MoverEvent>
let closing: AbortController

before(async () => {
  testDatabase = await makeTestDatabase()
  const { database } = testDatabase
  await insertAccount(database, { id: accountID, name: 'a', now })
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  await insertCredential(database, sealing, {
    id: credentialID,
    accountID,
    name: 'keys',
    isValid: true,
    keyStore: { accessKey: base64('AK'), accessSecret: base64('top-secret') },
    version: '1.1',
    labels: [],
    createdBy: accountID,
    now,
  })
  await addCluster()
})
after(() => testDatabase.drop())

beforeEach(async () => {
  jobs = []
  closing = new AbortController()
  await testDatabase.database.pool.query('update buckets set deleted_at = now()')
})

test('a new bucket is tried at once, and again every quarter of an hour', async () => {
  const id = await newBucket()
  answer = () => found()
  await round()
  const [job] = jobs
  assert.ok(job?.kind === 'verify')
  assert.equal(job.provider, 'generic-s3')
  assert.deepEqual(job.store, {
    kind: 's3',
    endpoint: 'https://s3.example.org',
    region: 'us-east-1',
    bucket: 'backups',
    prefix: '',
    addressing: 'path',
    accessKeyID: 'AK',
    secretAccessKey: 'top-secret',
    mayReachPrivateNetworks: false,
  })
  assert.deepEqual(await stateOf(id), ['available'])
  assert.deepEqual(await eventsOf(id), [])
  await round(14 * MINUTES)
  assert.equal(jobs.length, 1)
  await round(1 * MINUTES)
  assert.equal(jobs.length, 2)
})

test('away, still away, back: told once when it goes and once when it is back', async () => {
  const id = await newBucket()
  answer = () => found()
  await round()
  answer = () => found('unreachable')
  await round(15 * MINUTES)
  assert.deepEqual(await stateOf(id), ['removed', 'unreachable'])
  answer = () => found('unreachable', 'clock-skew')
  await round(1 * MINUTES)
  answer = () => found('credentials-refused')
  await round(1 * MINUTES)
  assert.deepEqual(await stateOf(id), ['failed', 'credentials-refused'])
  assert.deepEqual(await eventsOf(id), ['critical'])
  answer = () => found()
  await round(5 * MINUTES)
  assert.deepEqual(await stateOf(id), ['available'])
  assert.deepEqual(await eventsOf(id), ['critical', 'cleared'])
})

test('every fault of a new bucket is said, and its maker warned', async () => {
  const id = await newBucket()
  answer = () => found('not-writable', 'not-deletable')
  await round()
  assert.deepEqual(await stateOf(id), ['failed', 'not-writable', 'not-deletable'])
  assert.deepEqual(await eventsOf(id), ['warning'])
})

test('a bucket that is not found was never there, or is gone', async () => {
  const id = await newBucket()
  answer = () => found('bucket-not-found')
  await round()
  assert.deepEqual(await stateOf(id), ['failed', 'bucket-not-found'])
  answer = () => found()
  await round(5 * MINUTES)
  answer = () => found('bucket-not-found')
  await round(15 * MINUTES)
  assert.deepEqual(await stateOf(id), ['removed', 'bucket-not-found'])
})

test('a mover that fails says nothing of a bucket that was known, and unknown of a new one', async () => {
  const id = await newBucket()
  answer = () => ({ event: 'failed', failure: { code: 'mover-died', exitCode: 9, signal: null } })
  await round()
  assert.deepEqual(await stateOf(id), ['unknown', 'not-verified'])
  answer = () => found()
  await round(1 * MINUTES)
  assert.deepEqual(await stateOf(id), ['available'])
  answer = () => Promise.reject(new Error('no process can be started'))
  await round(15 * MINUTES)
  assert.deepEqual(await stateOf(id), ['available'])
  assert.equal(jobs.length, 3)
  answer = () => found()
  await round(1 * MINUTES)
  assert.equal(jobs.length, 4)
})

test('what is found of a bucket that was changed meanwhile is not written', async () => {
  const id = await newBucket()
  answer = async () => {
    await changePlace(id, 'elsewhere')
    return found('not-writable')
  }
  await round()
  // The change made it due: it was tried again in the same round, there.
  assert.equal(jobs.length >= 2, true)
  answer = () => found()
  await round()
  assert.deepEqual(await stateOf(id), ['available'])
  assert.deepEqual(await eventsOf(id), [])
})

test('a credential that is gone, not valid or incomplete fails without a mover', async () => {
  const missing = await newBucket({ credentialID: randomUUID() })
  await round()
  assert.deepEqual(await stateOf(missing), ['failed', 'credential-gone'])
  const id = await newBucket()
  await setCredential('is_valid = false')
  await round()
  assert.deepEqual(await stateOf(id), ['failed', 'credential-not-valid'])
  await setCredential(`is_valid = true, valid_until = '2026-05-01T00:00:00Z'`)
  await round(5 * MINUTES)
  assert.deepEqual(await stateOf(id), ['failed', 'credential-not-valid'])
  await setCredential('valid_until = null')
  assert.equal(jobs.length, 0)
  answer = () => found()
  await requestVerificationOf(testDatabase.database, { credentialID, now })
  await round()
  assert.deepEqual(await stateOf(id), ['available'])
})

test('one that a dead process was trying is tried again when its lease has ended', async () => {
  const id = await newBucket()
  answer = () => new Promise(() => undefined)
  void round()
  for (let turn = 0; jobs.length === 0; turn += 1) {
    assert.ok(turn < 100_000, 'no mover was started')
    await new Promise(setImmediate)
  }
  answer = () => found()
  await round(60 * SECONDS)
  assert.deepEqual(await stateOf(id), ['pending'])
  await round(60 * SECONDS)
  assert.deepEqual(await stateOf(id), ['available'])
})

test('a service that stops leaves what it was trying to the next one', async () => {
  const id = await newBucket()
  answer = () => {
    closing.abort()
    return { event: 'failed', failure: { code: 'stopped' } }
  }
  await round()
  assert.deepEqual(await stateOf(id), ['pending'])
  closing = new AbortController()
  answer = () => found()
  await round()
  assert.deepEqual(await stateOf(id), ['available'])
})

function found(...codes: BucketFindingCode[]): MoverEvent {
  const findings = codes.map((code) => ({ code, detail: `It is ${code}.` }))
  return { event: 'result', result: { findings } }
}

function round(laterMs = 0): Promise<void> {
  now = new Date(now.getTime() + laterMs)
  return verifyDueBuckets(runtime())
}

function runtime(): Runtime {
  const platform: Pick<Platform, 'startMover' | 'stopMover'> = {
    async startMover(id, job) {
      jobs.push(job)
      const next = answer
      return {
        ref: { id, pid: 1, startTime: '' },
        async *events() {
          yield await next()
        },
        stderrTail: () => '',
      }
    },
    stopMover: async () => undefined,
  }
  const log = () => undefined
  const parts: Partial<Runtime> = {
    database: testDatabase.database,
    sealing,
    mayReachPrivateNetworks: false,
    now: () => now,
    closing: closing.signal,
    running: new Set(),
    randomUUID,
    log: { debug: log, info: log, warn: log, error: log },
    platformOf: () => platform as Platform,
  }
  return parts as Runtime
}

async function addCluster(): Promise<void> {
  const { pool } = testDatabase.database
  const cloudID = randomUUID()
  await pool.query(
    `insert into clouds (id, account_id, name, cloud_type) values ($1, $2, 'c', 'private')`,
    [cloudID, accountID],
  )
  await pool.query(
    `insert into clusters (id, account_id, cloud_id, name, cluster_type, cluster_version)
      values ($1, $2, $3, 'h', 'host', '6.1')`,
    [randomUUID(), accountID, cloudID],
  )
}

async function newBucket(members: { readonly credentialID?: string } = {}): Promise<string> {
  const id = randomUUID()
  await insertBucket(testDatabase.database, {
    id,
    accountID,
    name: 'store',
    provider: 'generic-s3',
    bucketParameters: { s3: { serverURL: 's3.example.org', bucketName: 'backups' } },
    credentialID,
    version: '1.2',
    labels: [],
    createdBy: accountID,
    now,
    ...members,
  })
  return id
}

function changePlace(id: string, bucketName: string): Promise<void> {
  const place = {
    provider: 'generic-s3',
    bucketParameters: { s3: { serverURL: 's3.example.org', bucketName } },
    credentialID,
  }
  const change = { version: '1.2', place, isPending: true, modifiedBy: accountID, now }
  answer = () => found()
  return updateBucket(testDatabase.database, { id, change })
}

async function setCredential(change: string): Promise<void> {
  await testDatabase.database.pool.query(`update credentials set ${change} where id = $1`, [
    credentialID,
  ])
}

/** The state, and the codes of its details. */
async function stateOf(id: string): Promise<string[]> {
  const scope = { accountID, parents: {} }
  const bucket = await findResource(testDatabase.database, BUCKETS, { scope, id })
  assert.ok(bucket)
  return [bucket.state, ...bucket.stateDetails.map(({ type }) => type.split(':').at(-1) ?? '')]
}

async function eventsOf(id: string): Promise<string[]> {
  const { rows } = await testDatabase.database.pool.query<{ severity: string }>(
    'select severity from events where resource_id = $1 order by sequence',
    [id],
  )
  return rows.map(({ severity }) => severity)
}
