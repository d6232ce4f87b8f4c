// Conditions that last: told once when they begin, and once, as cleared, when they end.
import { sql } from 'kysely'
import { type EventSeverity, type NewEvent, recordEvent } from './events.ts'
import type { Queries } from './transaction.ts'

/** What the beginning and the end of a condition have in common. */
export interface ConditionKey {
  readonly accountID: string
  readonly resourceID: string
  /** `holdfast.cluster.unreachable`: the name of both events. */
  readonly name: string
}

/** An id of its own and the correlation are made here; the rest as in any event. */
export type NewCondition = Omit<NewEvent, 'id' | 'correlationID' | 'isNotification'>

export interface ConditionEnd extends ConditionKey {
  /** How it is now, at least 3 characters. */
  readonly description: string
  readonly eventTime: Date
}

interface PresentRow {
  readonly summary: string
  readonly source: string
  readonly severity: EventSeverity
  readonly correlation_id: string
  readonly resource_type: string
  readonly resource_uri: string | null
  readonly app_id: string | null
}

/**
 * A notification, unless the condition was told already and has not ended. To be called in the
 * transaction of what it tells. True when it was told now.
 */
export async function raiseCondition(
  transaction: Queries,
  condition: NewCondition,
): Promise<boolean> {
  const present = await lockCondition(transaction, condition)
  if (present !== undefined && present.severity !== 'cleared') return false
  const id = await newUuid(transaction)
  await recordEvent(transaction, { ...condition, id, correlationID: id, isNotification: true })
  return true
}

/**
 * Tells the end with the summary and the correlation of the beginning, or nothing when there is
 * no condition that was told. To be called in the transaction of what it tells.
 */
export async function clearCondition(transaction: Queries, end: ConditionEnd): Promise<boolean> {
  const present = await lockCondition(transaction, end)
  if (present === undefined || present.severity === 'cleared') return false
  await recordEvent(transaction, {
    ...end,
    id: await newUuid(transaction),
    summary: present.summary,
    source: present.source,
    severity: 'cleared',
    clearedSeverity: present.severity,
    class: 'system',
    correlationID: present.correlation_id,
    resourceName: present.resource_type.replace('application/astra-', ''),
    ...(present.resource_uri === null ? {} : { resourceURI: present.resource_uri }),
    ...(present.app_id === null ? {} : { appID: present.app_id }),
    isNotification: true,
  })
  return true
}

/** The last event of the condition. Of two services that see it at once one tells it. */
async function lockCondition(
  { queries }: Queries,
  { accountID, resourceID, name }: ConditionKey,
): Promise<PresentRow | undefined> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`${name} ${resourceID}`}, 0))`.execute(
    queries,
  )
  const { rows } = await sql<PresentRow>`
    select summary, source, severity, correlation_id, resource_type, resource_uri, app_id
    from events
    where resource_id = ${resourceID} and name = ${name} and account_id = ${accountID}
    order by sequence desc limit 1
  `.execute(queries)
  return rows[0]
}

async function newUuid({ queries }: Queries): Promise<string> {
  const { rows } = await sql<{ id: string }>`select gen_random_uuid() as id`.execute(queries)
  const [row] = rows
  if (row === undefined) throw new Error('The database made no id.')
  return row.id
}
