// Events as users list and read them; notifications and the marks of unread ones are views of
// them. Their statements are in `events.ts`.
import { type SqlBool, sql } from 'kysely'
import type { EventSeverity } from './events.ts'
import type { ResourceSource, Viewer } from './list-resources.ts'
import { belongsToHeldApp } from './namespace-reach.ts'
import {
  type CommonRow,
  commonFields,
  instant,
  json,
  number,
  type ResourceCommon,
  text,
  toCommon,
} from './resource-fields.ts'
import type { Queries } from './transaction.ts'

export interface EventRecord extends ResourceCommon {
  readonly sequence: number
  readonly name: string
  readonly summary: string
  readonly description: string
  readonly source: string
  readonly severity: EventSeverity
  readonly class: string
  readonly eventTime: Date
  readonly correlationID: string
  readonly resourceID: string
  readonly resourceType: string
  readonly resourceURI?: string
  readonly additionalResourceIDs: readonly string[]
  readonly correctiveAction?: string
  readonly destinations: readonly string[]
  readonly visibility?: readonly string[]
  readonly method?: string
  readonly methodResult?: string
  readonly userID?: string
  readonly remoteAddress?: string
  /** Seconds after the event's time; absent: it is kept. */
  readonly ttlSeconds?: number
}

interface EventRow extends CommonRow {
  readonly sequence: number
  readonly name: string
  readonly summary: string
  readonly description: string
  readonly source: string
  readonly severity: EventSeverity
  readonly class: string
  readonly event_time: Date
  readonly correlation_id: string
  readonly resource_id: string
  readonly resource_type: string
  readonly resource_uri: string | null
  readonly additional_resource_ids: readonly string[]
  readonly corrective_action: string | null
  readonly destinations: readonly string[]
  readonly visibility: readonly string[] | null
  readonly resource_method: string | null
  readonly resource_method_result: string | null
  readonly user_id: string | null
  readonly remote_address: string | null
  readonly ttl_seconds: number | null
}

const TTL_SECONDS = sql`round(extract(epoch from events.expires_at - events.event_time))::bigint`

/** As users see `data`: an object with what is there. */
const DATA = sql`jsonb_strip_nulls(jsonb_build_object(
  'ttl', ${TTL_SECONDS}, 'remoteAddress', events.remote_address))`

export const EVENTS: ResourceSource<EventRecord> = {
  from: sql`events`,
  columns: sql`events.*, ${TTL_SECONDS} as ttl_seconds`,
  isVisible: sql`true`,
  limitedTo: ({ reach }) => ({ rows: belongsToHeldApp(reach, sql`events.app_id`) }),
  isVisibleTo,
  id: sql`events.id`,
  accountID: sql`events.account_id`,
  createdAt: sql`events.created_at`,
  parents: {},
  fields: {
    ...commonFields('events'),
    sequence: number(sql`events.sequence`),
    name: text(sql`events.name`),
    summary: text(sql`events.summary`),
    description: text(sql`events.description`),
    source: text(sql`events.source`),
    severity: text(sql`events.severity`),
    class: text(sql`events.class`),
    eventTime: instant(sql`events.event_time`),
    correlationID: text(sql`events.correlation_id`),
    resourceID: text(sql`events.resource_id`),
    resourceType: text(sql`events.resource_type`),
    resourceURI: text(sql`events.resource_uri`),
    additionalResourceIDs: json(sql`events.additional_resource_ids`),
    correctiveAction: text(sql`events.corrective_action`),
    destinations: json(sql`events.destinations`),
    visibility: json(sql`events.visibility`),
    method: text(sql`events.resource_method`),
    methodResult: text(sql`events.resource_method_result`),
    userID: text(sql`events.user_id`),
    accountID: text(sql`events.account_id`),
    data: json(DATA),
  },
  toResource: toEvent,
}

export const NOTIFICATIONS: ResourceSource<EventRecord> = {
  ...EVENTS,
  // As the index of notifications has it.
  isVisible: sql`events.destinations ? 'notification'`,
  columns: sql`events.*, ${TTL_SECONDS} as ttl_seconds, '1.3' as version`,
  fields: { ...EVENTS.fields, version: text(sql`'1.3'`) },
}

export interface UnreadNotification extends ResourceCommon {
  readonly userID: string
  readonly notificationID: string
  readonly sequence: number
  readonly severity: EventSeverity
}

interface UnreadNotificationRow extends CommonRow {
  readonly user_id: string
  readonly event_id: string
  readonly sequence: number
  readonly severity: EventSeverity
}

/** Of each user their own; owners and admins see those of all. */
export const UNREAD_NOTIFICATIONS: ResourceSource<UnreadNotification> = {
  from: sql`unread_notifications join events on events.id = unread_notifications.event_id`,
  columns: sql`unread_notifications.*, events.sequence, events.severity`,
  isVisible: sql`true`,
  limitedTo: ({ reach, userID }) => ({
    rows: sql`(unread_notifications.user_id = ${userID}
      and ${belongsToHeldApp(reach, sql`events.app_id`)})`,
  }),
  isVisibleTo: (viewer) => sql`(unread_notifications.user_id = ${viewer.userID}
    or ${seesAll(viewer)})`,
  id: sql`unread_notifications.id`,
  accountID: sql`unread_notifications.account_id`,
  createdAt: sql`unread_notifications.created_at`,
  parents: { userID: sql`unread_notifications.user_id` },
  fields: {
    ...commonFields('unread_notifications'),
    notificationID: text(sql`unread_notifications.event_id`),
    sequence: number(sql`events.sequence`),
    severity: text(sql`events.severity`),
  },
  toResource: (row: UnreadNotificationRow) => ({
    ...toCommon(row),
    userID: row.user_id,
    notificationID: row.event_id,
    sequence: row.sequence,
    severity: row.severity,
  }),
}

/** Users as far as their unread notifications are listed below them: oneself, or all. */
export const NOTIFIED_USERS: ResourceSource<ResourceCommon> = {
  from: sql`users`,
  columns: sql`users.*`,
  isVisible: sql`true`,
  limitedTo: ({ userID }) => ({ rows: sql`users.id = ${userID}` }),
  isVisibleTo: (viewer) => sql`(users.id = ${viewer.userID} or ${seesAll(viewer)})`,
  id: sql`users.id`,
  accountID: sql`users.account_id`,
  createdAt: sql`users.created_at`,
  parents: { userID: sql`users.id` },
  fields: commonFields('users'),
  toResource: (row: CommonRow) => toCommon(row),
}

/** The user has read it. Repeating it is harmless. */
export async function markNotificationRead(
  { queries }: Queries,
  { accountID, id }: { readonly accountID: string; readonly id: string },
): Promise<void> {
  await queries
    .deleteFrom('unread_notifications')
    .where('id', '=', id)
    .where('account_id', '=', accountID)
    .execute()
}

function seesAll({ role }: Viewer) {
  return sql.lit(role === 'owner' || role === 'admin')
}

function isVisibleTo({ role }: Viewer) {
  return sql<SqlBool>`(events.visibility is null or events.visibility ? ${role ?? ''})`
}

function toEvent(row: EventRow): EventRecord {
  return {
    ...toCommon(row),
    sequence: row.sequence,
    name: row.name,
    summary: row.summary,
    description: row.description,
    source: row.source,
    severity: row.severity,
    class: row.class,
    eventTime: row.event_time,
    correlationID: row.correlation_id,
    resourceID: row.resource_id,
    resourceType: row.resource_type,
    ...(row.resource_uri === null ? {} : { resourceURI: row.resource_uri }),
    additionalResourceIDs: row.additional_resource_ids,
    ...(row.corrective_action === null ? {} : { correctiveAction: row.corrective_action }),
    destinations: row.destinations,
    ...(row.visibility === null ? {} : { visibility: row.visibility }),
    ...(row.resource_method === null ? {} : { method: row.resource_method }),
    ...(row.resource_method_result === null ? {} : { methodResult: row.resource_method_result }),
    ...(row.user_id === null ? {} : { userID: row.user_id }),
    ...(row.remote_address === null ? {} : { remoteAddress: row.remote_address }),
    ...(row.ttl_seconds === null ? {} : { ttlSeconds: row.ttl_seconds }),
  }
}
