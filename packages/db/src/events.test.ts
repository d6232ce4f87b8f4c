// Events and what is written with them: marks of the unread, deliveries, expiry, conditions.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { recordDelivered, recordDeliveryFailure, takeDeliveries } from './deliveries.ts'
import { clearCondition, raiseCondition } from './event-conditions.ts'
import { removeExpiredEvents } from './event-expiry.ts'
import { EVENTS, NOTIFICATIONS, UNREAD_NOTIFICATIONS } from './event-resource.ts'
import { type EventSeverity, type NewEvent, recordEvent } from './events.ts'
import { countResources, listResources } from './list-resources.ts'
import { insertAccount, insertRoleBinding, insertUser, type Role } from './principals.ts'
import { createSealing } from './sealing.ts'
import { makeTestDatabase, type TestDatabase } from './testing/index.ts'
import { inTransaction } from './transaction.ts'
import { insertWebhook, type WebhookSeverity } from './webhooks.ts'

const sealing = createSealing(Buffer.alloc(32, 3))
const START = new Date('2026-03-01T00:00:00Z')
let testDatabase: TestDatabase
before(async () => {
  testDatabase = await makeTestDatabase()
})
after(() => testDatabase.drop())

test('an event is told once, with a mark for everybody who may see it', async () => {
  const { database } = testDatabase
  const { accountID, users } = await makeAccount()
  const disabled = await addUser(accountID, 'member')
  await database.queries
    .updateTable('users')
    .set({ is_enabled: false })
    .where('id', '=', disabled)
    .execute()
  const event = newEvent(accountID, { visibility: ['owner', 'admin'] })
  await recordEvent(database, event)
  await recordEvent(database, event)
  const everybody = newEvent(accountID)
  await recordEvent(database, everybody)
  await recordEvent(database, newEvent(accountID, { isNotification: false }))
  const marks = await database.queries
    .selectFrom('unread_notifications')
    .select(['user_id', 'event_id'])
    .where('account_id', '=', accountID)
    .execute()
  assert.deepEqual(
    marks.map(({ user_id, event_id }) => `${user_id} ${event_id}`).toSorted(),
    [
      `${users.owner} ${event.id}`,
      `${users.owner} ${everybody.id}`,
      `${users.viewer} ${everybody.id}`,
    ].toSorted(),
  )
  const seenBy = async (role: Role, userID: string) => {
    const scope = { accountID, parents: {}, viewer: { userID, role } }
    const query = { scope, where: [] }
    return [
      await countResources(database, EVENTS, query),
      await countResources(database, NOTIFICATIONS, query),
      await countResources(database, UNREAD_NOTIFICATIONS, query),
    ]
  }
  assert.deepEqual(await seenBy('owner', users.owner), [3, 2, 3])
  assert.deepEqual(await seenBy('viewer', users.viewer), [2, 1, 1])
})

test('sequences rise, and texts are cut to what the dialect allows', async () => {
  const { database } = testDatabase
  const { accountID } = await makeAccount()
  for (const at of [1, 2, 3]) {
    const summary = `${at} ${'😀'.repeat(100)}`
    await recordEvent(database, newEvent(accountID, { summary, description: 'x'.repeat(5000) }))
  }
  const orderBy = { field: 'sequence', isDescending: false }
  const query = { scope: { accountID, parents: {} }, where: [], limit: 9, orderBy }
  const { resources } = await listResources(database, EVENTS, query)
  assert.deepEqual(
    resources.map(({ summary }) => summary.slice(0, 2)),
    ['1 ', '2 ', '3 '],
  )
  assert.deepEqual(
    resources.map(({ summary, description }) => [[...summary].length, description.length]),
    [
      [79, 1023],
      [79, 1023],
      [79, 1023],
    ],
  )
})

test('deliveries go to webhooks of that severity, and by e-mail to who may act', async () => {
  const { database } = testDatabase
  const { accountID, users } = await makeAccount()
  const webhooks: Record<string, string> = {}
  for (const severity of ['informational', 'warning', 'critical'] as const) {
    webhooks[severity] = await addWebhook(accountID, severity)
  }
  const receivers = async (severity: EventSeverity, clearedSeverity?: EventSeverity) => {
    const cleared = clearedSeverity === undefined ? {} : { clearedSeverity }
    const event = newEvent(accountID, { severity, ...cleared })
    await recordEvent(database, event)
    const rows = await database.queries
      .selectFrom('deliveries')
      .select(['webhook_id', 'user_id'])
      .where('event_id', '=', event.id)
      .execute()
    const names = Object.entries({ ...webhooks, ...users })
    return rows
      .map(({ webhook_id, user_id }) => names.find(([, id]) => id === (webhook_id ?? user_id))?.[0])
      .toSorted()
  }
  assert.deepEqual(await receivers('informational'), ['informational'])
  await database.queries
    .insertInto('settings')
    .values({
      id: randomUUID(),
      account_id: accountID,
      name: 'astra.account.smtp',
      current_config: JSON.stringify({ isEnabled: 'true', relayServer: 'mail', port: 25 }),
    })
    .execute()
  assert.deepEqual(await receivers('warning'), ['informational', 'owner', 'warning'])
  const all = ['critical', 'informational', 'owner', 'warning']
  assert.deepEqual(await receivers('critical'), all)
  assert.deepEqual(await receivers('cleared', 'critical'), all)
  assert.deepEqual(await receivers('cleared', 'informational'), ['informational', 'owner'])
})

test('no two workers take the same delivery, and a slow receiver does not hold up the rest', async () => {
  const { database } = testDatabase
  const { accountID } = await makeAccount()
  const [slow, quick] = [
    await addWebhook(accountID, 'critical'),
    await addWebhook(accountID, 'warning'),
  ]
  for (let at = 0; at < 6; at += 1) {
    await recordEvent(database, newEvent(accountID, { severity: at < 5 ? 'critical' : 'warning' }))
  }
  const request = { now: START, heldMs: 60_000, limit: 100, limitOfReceiver: 2 }
  const taken = (await Promise.all([0, 1, 2, 3].map(() => takeDeliveries(database, request))))
    .flat()
    .filter((delivery) => delivery.accountID === accountID)
  assert.equal(new Set(taken.map(({ id }) => id)).size, taken.length)
  assert.ok(taken.some(({ webhookID }) => webhookID === quick))
  const [first, second] = taken.filter(({ webhookID }) => webhookID === slow)
  assert.ok(first !== undefined && second !== undefined)

  // The worker that took the second one dies: it is held no longer than it said.
  await recordDelivered(database, { id: first.id, now: START })
  const later = { ...request, now: new Date(START.getTime() + 60_001), limitOfReceiver: 100 }
  const again = await takeDeliveries(database, later)
  assert.ok(!again.some(({ id }) => id === first.id), 'delivered is delivered')
  const retaken = again.find(({ id }) => id === second.id)
  assert.equal(retaken?.attempt, second.attempt + 1)
  const failure = { id: second.id, reason: 'It answered 500.' }
  await recordDeliveryFailure(database, { ...failure, attempt: second.attempt })
  assert.equal(await stateOf(second.id), 'pending', 'the dead worker has nothing to say any more')
  await recordDeliveryFailure(database, { ...failure, attempt: retaken?.attempt ?? 0 })
  assert.equal(await stateOf(second.id), 'failed')
  await recordDelivered(database, { id: second.id, now: START })
  assert.equal(await stateOf(second.id), 'delivered', 'what arrived has arrived')
})

test('events go at the age that the setting says, also those told before it changed', async () => {
  const { database } = testDatabase
  const { accountID } = await makeAccount()
  await recordEvent(database, newEvent(accountID))
  const days = (count: number) => new Date(START.getTime() + count * 86_400_000)
  const scope = { accountID, parents: {} }
  const left = () => countResources(database, EVENTS, { scope, where: [] })
  await removeExpiredEvents(database, days(89.9))
  assert.equal(await left(), 1)
  const { resources } = await listResources(database, EVENTS, { scope, where: [], limit: 1 })
  assert.equal(resources[0]?.ttlSeconds, 90 * 86_400)
  await setRetention(accountID, 0)
  await removeExpiredEvents(database, days(10_000))
  assert.equal(await left(), 1)
  await setRetention(accountID, 7)
  assert.ok((await removeExpiredEvents(database, days(7))) >= 1)
  assert.equal(await left(), 0)
  const { queries } = database
  const marks = await queries
    .selectFrom('unread_notifications')
    .select('id')
    .where('account_id', '=', accountID)
    .execute()
  assert.deepEqual(marks, [])
})

test('a condition is told when it begins and when it ends, however often it is seen', async () => {
  const { database } = testDatabase
  const { accountID } = await makeAccount()
  const condition = { ...newEvent(accountID), name: 'holdfast.cluster.unreachable' }
  const raise = () => inTransaction(database, (each) => raiseCondition(each, condition))
  const end = { ...condition, description: 'It answers again.' }
  const clear = () => inTransaction(database, (each) => clearCondition(each, end))
  assert.equal(await clear(), false)
  assert.deepEqual((await Promise.all([raise(), raise(), raise()])).toSorted(), [
    false,
    false,
    true,
  ])
  assert.deepEqual((await Promise.all([clear(), clear()])).toSorted(), [false, true])
  assert.equal(await raise(), true)
  const query = { scope: { accountID, parents: {} }, where: [], limit: 9 }
  const events = (await listResources(database, EVENTS, query)).resources.toSorted(
    (one, other) => one.sequence - other.sequence,
  )
  assert.deepEqual(
    events.map(({ severity, summary, name }) => [severity, summary, name]),
    [
      ['warning', condition.summary, condition.name],
      ['cleared', condition.summary, condition.name],
      ['warning', condition.summary, condition.name],
    ],
  )
  const [begin, over, next] = events.map(({ correlationID }) => correlationID)
  assert.equal(begin, over)
  assert.notEqual(begin, next)
})

async function makeAccount() {
  const accountID = randomUUID()
  await insertAccount(testDatabase.database, { id: accountID, name: 'Test', now: START })
  return {
    accountID,
    users: {
      owner: await addUser(accountID, 'owner'),
      viewer: await addUser(accountID, 'viewer'),
    },
  }
}

async function addUser(accountID: string, role: Role): Promise<string> {
  const { database } = testDatabase
  const id = randomUUID()
  const email = `${id}@example.org`
  await insertUser(database, { id, accountID, email, firstName: '', lastName: '', now: START })
  await insertRoleBinding(database, { id: randomUUID(), accountID, userID: id, role, now: START })
  return id
}

async function addWebhook(accountID: string, minimumSeverity: WebhookSeverity): Promise<string> {
  const id = randomUUID()
  await insertWebhook(testDatabase.database, sealing, {
    id,
    accountID,
    name: minimumSeverity,
    version: '1.0',
    url: 'https://example.org/',
    secret: 'whsec_c2VjcmV0',
    isEnabled: true,
    minimumSeverity,
    labels: [],
    createdBy: accountID,
    now: START,
  })
  return id
}

function newEvent(accountID: string, members: Partial<NewEvent> = {}): NewEvent {
  return {
    id: randomUUID(),
    accountID,
    name: 'holdfast.backup.failed',
    summary: 'Application backup failed',
    description: 'The backup failed.',
    source: 'holdfast',
    severity: 'warning',
    class: 'system',
    eventTime: START,
    correlationID: randomUUID(),
    resourceID: accountID,
    resourceName: 'appBackup',
    isNotification: true,
    ...members,
  }
}

async function stateOf(deliveryID: string): Promise<string | undefined> {
  const row = await testDatabase.database.queries
    .selectFrom('deliveries')
    .select('state')
    .where('id', '=', deliveryID)
    .executeTakeFirst()
  return row?.state
}

async function setRetention(accountID: string, retentionDays: number): Promise<void> {
  const { queries } = testDatabase.database
  const current_config = JSON.stringify({ retentionDays })
  await queries
    .insertInto('settings')
    .values({ id: randomUUID(), account_id: accountID, name: 'holdfast.events', current_config })
    .onConflict((conflict) =>
      conflict.columns(['account_id', 'name']).doUpdateSet({ current_config }),
    )
    .execute()
}
