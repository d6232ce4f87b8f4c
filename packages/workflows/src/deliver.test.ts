// Notifications reach a real HTTP server and a real SMTP server: signed, once, whatever dies.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHmac, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import {
  createSealing,
  DELIVERIES,
  type Delivery,
  type EventSeverity,
  insertAccount,
  insertCredential,
  insertRoleBinding,
  insertUser,
  insertWebhook,
  listResources,
  recordEvent,
  takeDeliveries,
} from '@holdfast/db'
import { makeTestDatabase, type TestDatabase } from '@holdfast/db/testing'
import { SMTPServer } from 'smtp-server'
import { type DeliveryRuntime, deliverDue, HELD_MS, PAUSES_MS } from './deliver.ts'

const SECRET_BYTES = Buffer.alloc(32, 9)
const SECRET = `whsec_${SECRET_BYTES.toString('base64')}`
const START = new Date('2026-04-01T10:00:00Z')
const DAY_MS = 86_400_000

interface Received {
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

let testDatabase: TestDatabase
const sealing = createSealing(Buffer.alloc(32, 1))
const clock = { now: START }
let server: Server
let received: Received[]
/** Answers the next requests; a test may change it. */
let answer: (received: Received) => { status: number; location?: string } | 'hang'

before(async () => {
  testDatabase = await makeTestDatabase()
  server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text
    })
    request.on('end', () => {
      const message = { headers: request.headers, body }
      received.push(message)
      const answered = answer(message)
      if (answered === 'hang') return
      response.writeHead(answered.status, answered.location ? { location: answered.location } : {})
      response.end('x'.repeat(100_000))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})

beforeEach(() => {
  clock.now = START
  received = []
  answer = () => ({ status: 204 })
})

after(async () => {
  server.closeAllConnections()
  server.close()
  await testDatabase.drop()
})

test('a webhook gets the event, signed over its id, time and body', async () => {
  const account = await makeAccount()
  await addWebhook(account)
  await tell(account)
  assert.equal(await deliverDue(makeRuntime()), 1)
  const [message, ...others] = received
  assert.ok(message)
  assert.deepEqual(others, [])
  const { headers, body } = message
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`
  const expected = createHmac('sha256', SECRET_BYTES).update(signed).digest('base64')
  assert.equal(headers['webhook-signature'], `v1,${expected}`)
  assert.equal(headers['webhook-timestamp'], String(START.getTime() / 1000))
  const [delivery] = await deliveriesOf(account)
  assert.equal(headers['webhook-id'], delivery?.id)
  assert.equal(delivery?.state, 'delivered')
  const sent = JSON.parse(body)
  assert.equal(sent.type, 'holdfast.backup.failed')
  assert.equal(sent.data.severity, 'critical')
  assert.equal(sent.data.resourceID, account)
  assert.equal(sent.data.correctiveAction, 'Make room in the bucket.')
})

test('several services send each once, and nothing again after it arrived', async () => {
  const account = await makeAccount()
  await addWebhook(account)
  for (let at = 0; at < 20; at += 1) await tell(account)
  await Promise.all([0, 1, 2].map(() => deliverDue(makeRuntime())))
  assert.equal(received.length, 20)
  assert.equal(new Set(received.map(({ headers }) => headers['webhook-id'])).size, 20)
  clock.now = new Date(START.getTime() + 30 * DAY_MS)
  assert.equal(await deliverDue(makeRuntime()), 0)
})

test('what a service had in its hands when it died is sent with the same id', async () => {
  const account = await makeAccount()
  await addWebhook(account)
  await tell(account)
  const request = { now: START, heldMs: HELD_MS, limit: 10, limitOfReceiver: 10 }
  const [taken] = await takeDeliveries(testDatabase.database, request)
  assert.equal(await deliverDue(makeRuntime()), 0, 'it may still be sending')
  clock.now = new Date(START.getTime() + HELD_MS)
  assert.equal(await deliverDue(makeRuntime()), 1)
  assert.deepEqual(
    received.map(({ headers }) => headers['webhook-id']),
    [taken?.id],
  )
})

test('tries become rarer and end; then it says so', async () => {
  const account = await makeAccount()
  await addWebhook(account)
  await tell(account)
  answer = () => ({ status: 500 })
  for (const pauseMs of PAUSES_MS) {
    assert.equal(await deliverDue(makeRuntime()), 1)
    assert.equal(await deliverDue(makeRuntime()), 0)
    const [delivery] = await deliveriesOf(account)
    assert.equal(delivery?.nextAttemptAt?.getTime(), clock.now.getTime() + pauseMs)
    assert.equal(delivery?.lastError, 'It answered 500.')
    clock.now = new Date(clock.now.getTime() + pauseMs)
  }
  assert.deepEqual(
    PAUSES_MS,
    PAUSES_MS.toSorted((one, other) => one - other),
  )
  assert.equal(await deliverDue(makeRuntime()), 1)
  const [delivery] = await deliveriesOf(account)
  assert.equal(delivery?.state, 'failed')
  assert.equal(delivery?.attempts, PAUSES_MS.length + 1)
  clock.now = new Date(clock.now.getTime() + 30 * DAY_MS)
  assert.equal(await deliverDue(makeRuntime()), 0)
})

test('a try that succeeds after failures delivers, and what is gone for good is not tried again', async () => {
  const account = await makeAccount()
  await addWebhook(account)
  await tell(account)
  answer = () => ({ status: 503 })
  await deliverDue(makeRuntime())
  answer = () => ({ status: 200 })
  clock.now = new Date(START.getTime() + DAY_MS)
  await deliverDue(makeRuntime())
  const [delivered] = await deliveriesOf(account)
  assert.equal(delivered?.state, 'delivered')
  assert.equal(delivered?.lastError, undefined)
  await tell(account)
  answer = () => ({ status: 410 })
  await deliverDue(makeRuntime())
  assert.equal((await deliveriesOf(account)).at(-1)?.state, 'failed')
})

test('redirects are not followed', async () => {
  const account = await makeAccount()
  await addWebhook(account)
  await tell(account)
  answer = () => ({ status: 307, location: urlOf(server) })
  await deliverDue(makeRuntime())
  assert.equal(received.length, 1)
  const [delivery] = await deliveriesOf(account)
  assert.match(delivery?.lastError ?? '', /answered 307; redirects are not followed/)
})

test('an address that may not be connected to gets nothing', async () => {
  const account = await makeAccount()
  await addWebhook(account, { url: urlOf(server).replace('127.0.0.1', 'localhost') })
  await tell(account)
  await deliverDue(makeRuntime({ mayReachPrivateNetworks: false }))
  assert.equal(received.length, 0)
  const [delivery] = await deliveriesOf(account)
  assert.match(delivery?.lastError ?? '', /private network/)
})

test('a service that stops gives back what it has in its hands', async () => {
  const account = await makeAccount()
  await addWebhook(account)
  await tell(account)
  const closing = new AbortController()
  answer = () => {
    closing.abort()
    return 'hang'
  }
  await deliverDue(makeRuntime({ closing: closing.signal }))
  answer = () => ({ status: 200 })
  assert.equal(await deliverDue(makeRuntime()), 1)
  assert.equal((await deliveriesOf(account))[0]?.state, 'delivered')
})

test('a webhook that is switched off, or wants graver news, gets none', async () => {
  const account = await makeAccount()
  const id = await addWebhook(account)
  await addWebhook(account, { minimumSeverity: 'critical' })
  await tell(account, 'warning')
  const { queries } = testDatabase.database
  await queries.updateTable('webhooks').set({ is_enabled: false }).where('id', '=', id).execute()
  await tell(account, 'warning')
  await deliverDue(makeRuntime())
  assert.equal(received.length, 0)
  const [delivery, ...others] = await deliveriesOf(account)
  assert.deepEqual(others, [])
  assert.equal(delivery?.lastError, 'The webhook is switched off.')
})

test('owners and admins get a letter, over TLS when the relay offers it', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-mail-'))
  const trusted = getCACertificates('default')
  const { key, cert } = makeCertificate(directory)
  const relay = await startRelay({ key, cert })
  try {
    const account = await makeAccount()
    await setRelay(account, { port: relay.port, password: 'sesame' })
    await tell(account)
    await deliverDue(makeRuntime())
    const [untrusted] = await deliveriesOf(account)
    assert.match(untrusted?.lastError ?? '', /certificate/i)
    assert.equal(relay.letters.length, 0)

    setDefaultCACertificates([...trusted, cert])
    clock.now = new Date(START.getTime() + DAY_MS)
    await deliverDue(makeRuntime())
    const [letter, ...others] = relay.letters
    assert.ok(letter)
    assert.deepEqual(others, [], 'members and viewers get none')
    assert.equal(letter.isSecure, true)
    assert.equal(letter.user, 'holdfast')
    assert.deepEqual(letter.to, [`owner-${account}@example.org`])
    assert.match(letter.text, /^Subject: \[Holdfast\] critical: Application backup failed\r$/m)
    assert.match(letter.text, /the bucket is full/)
    assert.match(letter.text, /Make room in the bucket/)
    const [delivery] = await deliveriesOf(account)
    assert.match(letter.text, new RegExp(`^Message-ID: <${delivery?.id}@`, 'm'))
    assert.equal(delivery?.state, 'delivered')
    clock.now = new Date(START.getTime() + 9 * DAY_MS)
    assert.equal(await deliverDue(makeRuntime()), 0)
  } finally {
    setDefaultCACertificates(trusted)
    await relay.close()
    rmSync(directory, { recursive: true })
  }
})

test('a relay that refuses the password, is away or does not know the reader is told apart', async () => {
  const relay = await startRelay()
  const account = await makeAccount()
  const tried = async () => {
    const eventID = await tell(account)
    await deliverDue(makeRuntime())
    return (await deliveriesOf(account)).find((delivery) => delivery.eventID === eventID)
  }
  try {
    await setRelay(account, { port: relay.port, password: 'wrong' })
    assert.match((await tried())?.lastError ?? '', /Invalid login/)
    assert.ok(!JSON.stringify(await deliveriesOf(account)).includes('wrong'))
    await setRelay(account, { port: relay.port, password: 'sesame' })
    relay.refused.add(`owner-${account}@example.org`)
    assert.equal((await tried())?.state, 'failed')
  } finally {
    await relay.close()
  }
  const away = await tried()
  assert.equal(away?.state, 'pending')
  assert.match(away?.lastError ?? '', /ECONNREFUSED/)
})

function makeRuntime(change: Partial<DeliveryRuntime> = {}): DeliveryRuntime {
  const silent = () => undefined
  return {
    database: testDatabase.database,
    sealing,
    now: () => clock.now,
    closing: new AbortController().signal,
    log: { debug: silent, info: silent, warn: silent, error: silent },
    mayReachPrivateNetworks: true,
    ...change,
  }
}

/** An account with an owner and a member; answers its id. */
async function makeAccount(): Promise<string> {
  const { database } = testDatabase
  const accountID = randomUUID()
  await insertAccount(database, { id: accountID, name: 'Test', now: START })
  for (const role of ['owner', 'member'] as const) {
    const userID = randomUUID()
    const email = `${role}-${accountID}@example.org`
    const user = { id: userID, accountID, email, firstName: 'Olga', lastName: 'Owner', now: START }
    await insertUser(database, user)
    await insertRoleBinding(database, { id: randomUUID(), accountID, userID, role, now: START })
  }
  return accountID
}

async function addWebhook(
  accountID: string,
  { url = urlOf(server), minimumSeverity = 'informational' as 'informational' | 'critical' } = {},
): Promise<string> {
  const id = randomUUID()
  await insertWebhook(testDatabase.database, sealing, {
    id,
    accountID,
    name: id,
    version: '1.0',
    url,
    secret: SECRET,
    isEnabled: true,
    minimumSeverity,
    labels: [],
    createdBy: accountID,
    now: START,
  })
  return id
}

/** Answers the event's id. */
async function tell(accountID: string, severity: EventSeverity = 'critical'): Promise<string> {
  const id = randomUUID()
  await recordEvent(testDatabase.database, {
    id,
    accountID,
    name: 'holdfast.backup.failed',
    summary: 'Application backup failed',
    description: 'The backup "nightly" failed: the bucket is full.',
    correctiveAction: 'Make room in the bucket.',
    source: 'holdfast',
    severity,
    class: 'system',
    eventTime: clock.now,
    correlationID: randomUUID(),
    resourceID: accountID,
    resourceName: 'appBackup',
    isNotification: true,
  })
  return id
}

async function deliveriesOf(accountID: string): Promise<readonly Delivery[]> {
  const scope = { accountID, parents: {} }
  const query = { scope, where: [], limit: 100 }
  return (await listResources(testDatabase.database, DELIVERIES, query)).resources
}

function urlOf(listening: Server): string {
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}/hook`
}

async function setRelay(
  accountID: string,
  { port, password }: { readonly port: number; readonly password: string },
): Promise<void> {
  const { database } = testDatabase
  const credential = randomUUID()
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  await insertCredential(database, sealing, {
    id: credential,
    accountID,
    name: credential,
    keyType: 'generic',
    isValid: true,
    keyStore: { user: base64('holdfast'), password: base64(password) },
    version: '1.1',
    labels: [],
    createdBy: accountID,
    now: START,
  })
  const config = { isEnabled: 'true', relayServer: '127.0.0.1', port, credential }
  const current_config = JSON.stringify({ ...config, sender: 'holdfast@example.org' })
  await database.queries
    .insertInto('settings')
    .values({ id: randomUUID(), account_id: accountID, name: 'astra.account.smtp', current_config })
    .onConflict((conflict) =>
      conflict.columns(['account_id', 'name']).doUpdateSet({ current_config }),
    )
    .execute()
}

interface Letter {
  readonly isSecure: boolean
  readonly user: unknown
  readonly to: readonly string[]
  readonly text: string
}

/** Offers STARTTLS when given a certificate. Knows the user `holdfast` with the password `sesame`. */
async function startRelay(tls?: { readonly key: string; readonly cert: string }) {
  const letters: Letter[] = []
  const refused = new Set<string>()
  const relay = new SMTPServer({
    ...(tls ?? { disabledCommands: ['STARTTLS'], allowInsecureAuth: true }),
    logger: false,
    onAuth({ username, password }, _session, done) {
      if (username === 'holdfast' && password === 'sesame') return done(null, { user: username })
      return done(new Error('Who is that?'))
    },
    onRcptTo({ address }, _session, done) {
      if (!refused.has(address)) return done()
      return done(Object.assign(new Error('No such reader'), { responseCode: 550 }))
    },
    onData(stream, session, done) {
      let text = ''
      stream.on('data', (chunk: Buffer) => {
        text += chunk.toString()
      })
      stream.on('end', () => {
        letters.push({
          isSecure: session.secure,
          user: session.user,
          to: session.envelope.rcptTo.map(({ address }) => address),
          text,
        })
        done()
      })
    },
  })
  relay.on('error', () => undefined)
  relay.listen(0, '127.0.0.1')
  await once(relay.server, 'listening')
  const { port } = relay.server.address() as AddressInfo
  const close = () => new Promise<void>((resolve) => relay.close(() => resolve()))
  return { letters, refused, port, close }
}

function makeCertificate(directory: string): { readonly key: string; readonly cert: string } {
  const [keyFile, certFile] = [join(directory, 'key.pem'), join(directory, 'cert.pem')]
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
      ...['-keyout', keyFile, '-out', certFile, '-days', '30', '-subj', '/CN=relay'],
      ...['-addext', 'subjectAltName=IP:127.0.0.1'],
    ],
    { stdio: 'ignore' },
  )
  return { key: readFileSync(keyFile, 'utf8'), cert: readFileSync(certFile, 'utf8') }
}
