// Events: what happened in an account. An event is written in the transaction of what it tells, so
// that nothing happens untold and nothing is told that did not happen.
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
  /** 3 to 79 characters. */
  readonly summary: string
  /** 3 to 1023 characters. */
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
  readonly correctiveAction?: string
  /** True: it is a notification, which someone should read. */
  readonly isNotification?: boolean
  readonly appID?: string
  readonly userID?: string
  readonly remoteAddress?: string
  readonly method?: 'options' | 'post' | 'get' | 'put' | 'delete'
  /** HTTP status. */
  readonly methodResult?: string
}

/** Joins the caller's transaction. Repeating it with the same id is harmless. */
export async function recordEvent({ queries }: Queries, event: NewEvent): Promise<void> {
  await queries
    .insertInto('events')
    .values({
      id: event.id,
      account_id: event.accountID,
      name: event.name,
      summary: event.summary,
      description: event.description,
      source: event.source,
      severity: event.severity,
      class: event.class,
      event_time: event.eventTime,
      correlation_id: event.correlationID,
      resource_id: event.resourceID,
      resource_type: `application/astra-${event.resourceName}`,
      resource_uri: event.resourceURI ?? null,
      additional_resource_ids: JSON.stringify(event.additionalResourceIDs ?? []),
      corrective_action: event.correctiveAction ?? null,
      destinations: JSON.stringify(event.isNotification === true ? ['notification'] : []),
      user_id: event.userID ?? null,
      remote_address: event.remoteAddress ?? null,
      app_id: event.appID ?? null,
      resource_method: event.method ?? null,
      resource_method_result: event.methodResult ?? null,
      created_at: event.eventTime,
      modified_at: event.eventTime,
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute()
}
