// Events: what happened in an account. An event is written in the transaction of what it tells, so
// that nothing happens untold and nothing is told that did not happen. With an event that someone
// should read, the marks of those who have not read it and its deliveries are written.
import { SETTING_DEFINITIONS } from '@holdfast/domain'
import { type RawBuilder, sql } from 'kysely'
import type { Role } from './principals.ts'
import type { Queries } from './transaction.ts'

export const EVENT_SEVERITIES = [
  'cleared',
  'indeterminate',
  'informational',
  'warning',
  'critical',
] as const
export type EventSeverity = (typeof EVENT_SEVERITIES)[number]

export interface NewEvent {
  readonly id: string
  readonly accountID: string
  /** Dotted lower-case letters, at least one dot: `holdfast.backup.failed`. */
  readonly name: string
  /** 3 to 79 characters; a longer one is cut. */
  readonly summary: string
  /** 3 to 1023 characters; a longer one is cut. */
  readonly description: string
  /** Lower-case letters and hyphens, at most 19: the part of the service that tells. */
  readonly source: string
  readonly severity: EventSeverity
  readonly class: 'system' | 'user' | 'security'
  readonly eventTime: Date
  /** The same for all events of one story: a task's id, a request's id. */
  readonly correlationID: string
  readonly resourceID: string
  /** `appBackup`, `schedule`: as in the media type of the resource. */
  readonly resourceName: string
  readonly resourceURI?: string
  readonly additionalResourceIDs?: readonly string[]
  /** What to do, 3 to 1023 characters; a longer one is cut. */
  readonly correctiveAction?: string
  /** True: it is a notification, which someone should read. */
  readonly isNotification?: boolean
  /** Who may see it; everybody of the account when absent. */
  readonly visibility?: readonly Role[]
  readonly appID?: string
  readonly userID?: string
  readonly remoteAddress?: string
  readonly method?: 'options' | 'post' | 'get' | 'put' | 'delete'
  /** HTTP status. */
  readonly methodResult?: string
  /** How grave what is cleared was: receivers of that hear of its end. */
  readonly clearedSeverity?: EventSeverity
}

const RETENTION = SETTING_DEFINITIONS['holdfast.events'].initial.retentionDays

const SUMMARY_LENGTH_MAX = 79
const TEXT_LENGTH_MAX = 1023

/** Joins the caller's transaction. Repeating it with the same id is harmless. */
export async function recordEvent({ queries }: Queries, event: NewEvent): Promise<void> {
  // One statement: an event without its marks and deliveries must not exist.
  await sql`
    with event as (
      insert into events (id, account_id, name, summary, description, source, severity, class,
        event_time, correlation_id, resource_id, resource_type, resource_uri,
        additional_resource_ids, corrective_action, destinations, visibility, resource_method,
        resource_method_result, user_id, remote_address, app_id, expires_at, created_at,
        modified_at, created_by)
      values (${event.id}, ${event.accountID}, ${event.name},
        ${cut(event.summary, SUMMARY_LENGTH_MAX)}, ${cut(event.description, TEXT_LENGTH_MAX)},
        ${event.source}, ${event.severity}, ${event.class}, ${event.eventTime},
        ${event.correlationID}, ${event.resourceID},
        ${`application/astra-${event.resourceName}`}, ${event.resourceURI ?? null},
        ${JSON.stringify(event.additionalResourceIDs ?? [])}::jsonb,
        ${event.correctiveAction === undefined ? null : cut(event.correctiveAction, TEXT_LENGTH_MAX)},
        ${JSON.stringify(event.isNotification === true ? ['notification'] : [])}::jsonb,
        ${event.visibility === undefined ? null : JSON.stringify(event.visibility)}::jsonb,
        ${event.method ?? null}, ${event.methodResult ?? null}, ${event.userID ?? null}::uuid,
        ${event.remoteAddress ?? null}, ${event.appID ?? null}::uuid,
        (select ${expiryOf(sql`days`, sql`${event.eventTime}::timestamptz`)}
          from (select ${retentionDaysOf(sql`${event.accountID}::uuid`)} as days) as retention),
        ${event.eventTime}, ${event.eventTime},
        coalesce(${event.userID ?? null}::uuid, '00000000-0000-0000-0000-000000000000'))
      on conflict (id) do nothing
      returning *
    )
    ${event.isNotification === true ? tellReaders(event) : sql`select 1 from event`}
  `.execute(queries)
}

/** How long the account keeps its events; 0: for ever. */
export function retentionDaysOf(accountID: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`coalesce(
    (select s.current_config ->> 'retentionDays' from settings s
      where s.account_id = ${accountID} and s.name = 'holdfast.events')::integer,
    ${sql.lit(RETENTION)})`
}

/** When an event is removed; null: never. */
export function expiryOf(
  days: RawBuilder<unknown>,
  eventTime: RawBuilder<unknown>,
): RawBuilder<unknown> {
  return sql`case when ${days} > 0 then ${eventTime} + make_interval(days => ${days}) end`
}

const RANKS = { indeterminate: 2, informational: 1, warning: 2, critical: 3, cleared: 1 } as const

function tellReaders({ severity, clearedSeverity }: NewEvent): RawBuilder<unknown> {
  const rank = RANKS[clearedSeverity ?? severity]
  return sql`
    , unread as (
      insert into unread_notifications
        (id, account_id, user_id, event_id, created_at, modified_at)
      select gen_random_uuid(), event.account_id, users.id, event.id, event.event_time,
        event.event_time
      from event join users on users.account_id = event.account_id
      where users.is_enabled and users.state = 'active' and exists (
        select 1 from role_bindings bound where bound.user_id = users.id
          and bound.account_id = event.account_id
          and (event.visibility is null or event.visibility ? bound.role))
      on conflict do nothing
    ), to_webhooks as (
      insert into deliveries
        (id, account_id, event_id, channel, webhook_id, next_attempt_at, created_at)
      select gen_random_uuid(), event.account_id, event.id, 'webhook', webhooks.id,
        event.event_time, event.event_time
      from event join webhooks on webhooks.account_id = event.account_id
      where webhooks.is_enabled
        and case webhooks.minimum_severity when 'critical' then 3 when 'warning' then 2 else 1 end
          <= ${sql.lit(rank)}
      on conflict do nothing
    )
    insert into deliveries
      (id, account_id, event_id, channel, user_id, next_attempt_at, created_at)
    select gen_random_uuid(), event.account_id, event.id, 'email', users.id, event.event_time,
      event.event_time
    from event join settings on settings.account_id = event.account_id
        and settings.name = 'astra.account.smtp'
        and settings.current_config ->> 'isEnabled' = 'true'
      join users on users.account_id = event.account_id
    where users.is_enabled and users.state = 'active' and position('@' in users.email) > 1
      and exists (
        select 1 from role_bindings bound where bound.user_id = users.id
          and bound.account_id = event.account_id and bound.role in ('owner', 'admin')
          and bound.role_constraints ? '*'
          and (event.visibility is null or event.visibility ? bound.role))
    on conflict do nothing`
}

function cut(text: string, lengthMax: number): string {
  const characters = [...text.toWellFormed().replaceAll('\0', '')]
  if (characters.length <= lengthMax) return characters.join('')
  return `${characters.slice(0, lengthMax - 1).join('')}…`
}
