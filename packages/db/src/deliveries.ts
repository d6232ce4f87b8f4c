// Deliveries: notifications on their way to receivers outside, a row each, written with the event.
//
// pending → delivered, or, after the last try, failed. A worker takes a pending one by putting its
// next attempt behind the longest time that sending may last, sends, and then writes down what
// became of it. A worker that dies in between leaves it pending, and it is sent again: a receiver
// knows the second one by the delivery's id.
import { sql } from 'kysely'
import type { EventRecord } from './event-resource.ts'
import { EVENTS } from './event-resource.ts'
import { findResource, type ResourceSource } from './list-resources.ts'
import {
  commonFields,
  instant,
  number,
  type ResourceCommon,
  text,
  toCommon,
} from './resource-fields.ts'
import type { Sealing } from './sealing.ts'
import type { Queries } from './transaction.ts'
import { secretContext } from './webhooks.ts'

export const DELIVERY_CHANNELS = ['webhook', 'email'] as const
export type DeliveryChannel = (typeof DELIVERY_CHANNELS)[number]

export const DELIVERY_STATES = ['pending', 'delivered', 'failed'] as const
export type DeliveryState = (typeof DELIVERY_STATES)[number]

export interface Delivery extends ResourceCommon {
  readonly eventID: string
  readonly channel: DeliveryChannel
  readonly webhookID?: string
  readonly userID?: string
  readonly state: DeliveryState
  readonly attempts: number
  /** While it is pending. */
  readonly nextAttemptAt?: Date
  readonly lastError?: string
  readonly deliveredAt?: Date
}

interface DeliveryRow {
  readonly id: string
  readonly account_id: string
  readonly event_id: string
  readonly channel: DeliveryChannel
  readonly webhook_id: string | null
  readonly user_id: string | null
  readonly state: DeliveryState
  readonly attempts: number
  readonly next_attempt_at: Date
  readonly last_error: string | null
  readonly delivered_at: Date | null
  readonly created_at: Date
  readonly version: string
  readonly labels: []
  readonly modified_at: Date
  readonly created_by: string
  readonly modified_by: null
}

/** The table lacks what users cannot change. */
const DELIVERIES_TABLE = sql`(
  select deliveries.*, '1.0' as version, '[]'::jsonb as labels,
    coalesce(delivered_at, created_at) as modified_at,
    '00000000-0000-0000-0000-000000000000'::uuid as created_by, null::uuid as modified_by
  from deliveries) as deliveries`

export const DELIVERIES: ResourceSource<Delivery> = {
  from: DELIVERIES_TABLE,
  columns: sql`deliveries.*`,
  isVisible: sql`true`,
  id: sql`deliveries.id`,
  accountID: sql`deliveries.account_id`,
  createdAt: sql`deliveries.created_at`,
  parents: {},
  fields: {
    ...commonFields('deliveries'),
    eventID: text(sql`deliveries.event_id`),
    channel: text(sql`deliveries.channel`),
    webhookID: text(sql`deliveries.webhook_id`),
    userID: text(sql`deliveries.user_id`),
    state: text(sql`deliveries.state`),
    attempts: number(sql`deliveries.attempts`),
    nextAttemptAt: instant(
      sql`case when deliveries.state = 'pending' then deliveries.next_attempt_at end`,
    ),
    lastError: text(sql`deliveries.last_error`),
    deliveredAt: instant(sql`deliveries.delivered_at`),
  },
  toResource: toDelivery,
}

function toDelivery(row: DeliveryRow): Delivery {
  return {
    ...toCommon(row),
    eventID: row.event_id,
    channel: row.channel,
    ...(row.webhook_id === null ? {} : { webhookID: row.webhook_id }),
    ...(row.user_id === null ? {} : { userID: row.user_id }),
    state: row.state,
    attempts: row.attempts,
    ...(row.state === 'pending' ? { nextAttemptAt: row.next_attempt_at } : {}),
    ...(row.last_error === null ? {} : { lastError: row.last_error }),
    ...(row.delivered_at === null ? {} : { deliveredAt: row.delivered_at }),
  }
}

/** What a worker has taken. */
export interface TakenDelivery {
  readonly id: string
  readonly accountID: string
  readonly eventID: string
  readonly channel: DeliveryChannel
  readonly webhookID: string | null
  readonly userID: string | null
  /** This one included. */
  readonly attempt: number
  readonly createdAt: Date
}

interface TakenRow {
  readonly id: string
  readonly account_id: string
  readonly event_id: string
  readonly channel: DeliveryChannel
  readonly webhook_id: string | null
  readonly user_id: string | null
  readonly attempts: number
  readonly created_at: Date
}

export interface TakeDeliveries {
  readonly now: Date
  /** Nobody else takes them for this long. */
  readonly heldMs: number
  readonly limit: number
  /** Of one receiver: a slow one must not keep the others waiting. */
  readonly limitOfReceiver: number
}

/** Those that are due, the longest waiting first; no two workers get the same. */
export async function takeDeliveries(
  { queries }: Queries,
  { now, heldMs, limit, limitOfReceiver }: TakeDeliveries,
): Promise<TakenDelivery[]> {
  const { rows } = await sql<TakenRow>`
    with due as (
      select id from (
        select id, next_attempt_at, row_number() over (
          partition by coalesce(webhook_id, user_id) order by next_attempt_at, id) as place
        from deliveries where state = 'pending' and next_attempt_at <= ${now}
      ) as waiting
      where place <= ${limitOfReceiver}
      order by next_attempt_at, id limit ${limit}
    ), held as (
      select id from deliveries where id in (select id from due)
        and state = 'pending' and next_attempt_at <= ${now}
      for update skip locked
    )
    update deliveries set attempts = attempts + 1,
      next_attempt_at = ${new Date(now.getTime() + heldMs)}
    where id in (select id from held)
    returning id, account_id, event_id, channel, webhook_id, user_id, attempts, created_at
  `.execute(queries)
  return rows.map((row) => ({
    id: row.id,
    accountID: row.account_id,
    eventID: row.event_id,
    channel: row.channel,
    webhookID: row.webhook_id,
    userID: row.user_id,
    attempt: row.attempts,
    createdAt: row.created_at,
  }))
}

/** It has arrived; whatever another worker thinks of it. */
export async function recordDelivered(
  { queries }: Queries,
  { id, now }: { readonly id: string; readonly now: Date },
): Promise<void> {
  await queries
    .updateTable('deliveries')
    .set({ state: 'delivered', delivered_at: now, last_error: null })
    .where('id', '=', id)
    .where('state', '<>', 'delivered')
    .execute()
}

/** One try failed. `nextAttemptAt` absent: there is no further one. */
export async function recordDeliveryFailure(
  { queries }: Queries,
  failure: {
    readonly id: string
    readonly attempt: number
    readonly reason: string
    readonly nextAttemptAt?: Date
  },
): Promise<void> {
  await queries
    .updateTable('deliveries')
    .set({
      last_error: failure.reason,
      ...(failure.nextAttemptAt === undefined
        ? { state: 'failed' }
        : { next_attempt_at: failure.nextAttemptAt }),
    })
    .where('id', '=', failure.id)
    .where('state', '=', 'pending')
    // A worker that was too slow has nothing to say about the try of the one after it.
    .where('attempts', '=', failure.attempt)
    .execute()
}

/** The event of a delivery. */
export function findEvent(
  queries: Queries,
  { accountID, eventID }: { readonly accountID: string; readonly eventID: string },
): Promise<EventRecord | undefined> {
  return findResource(queries, EVENTS, { scope: { accountID, parents: {} }, id: eventID })
}

export interface WebhookTarget {
  readonly url: string
  readonly secret: string | undefined
  readonly isEnabled: boolean
}

export async function findWebhookTarget(
  { queries }: Queries,
  sealing: Sealing,
  webhookID: string,
): Promise<WebhookTarget | undefined> {
  const row = await queries
    .selectFrom('webhooks')
    .select(['url', 'sealed_secret', 'is_enabled'])
    .where('id', '=', webhookID)
    .executeTakeFirst()
  if (row === undefined) return undefined
  return {
    url: row.url,
    secret:
      row.sealed_secret === null
        ? undefined
        : sealing.unseal(row.sealed_secret, secretContext(webhookID)),
    isEnabled: row.is_enabled,
  }
}

export interface MailReader {
  readonly email: string
  readonly name: string
}

/** Undefined: the user is gone or switched off. */
export async function findMailReader(
  { queries }: Queries,
  userID: string,
): Promise<MailReader | undefined> {
  const row = await queries
    .selectFrom('users')
    .select(['email', 'first_name', 'last_name'])
    .where('id', '=', userID)
    .where('is_enabled', '=', true)
    .where('state', '=', 'active')
    .executeTakeFirst()
  return row && { email: row.email, name: `${row.first_name} ${row.last_name}`.trim() }
}

/** Of an event that is no notification, to one webhook: its owner tries it out. */
export async function insertTestDelivery(
  { queries }: Queries,
  delivery: {
    readonly id: string
    readonly accountID: string
    readonly eventID: string
    readonly webhookID: string
    readonly now: Date
  },
): Promise<void> {
  await queries
    .insertInto('deliveries')
    .values({
      id: delivery.id,
      account_id: delivery.accountID,
      event_id: delivery.eventID,
      channel: 'webhook',
      webhook_id: delivery.webhookID,
      next_attempt_at: delivery.now,
      created_at: delivery.now,
    })
    .execute()
}
