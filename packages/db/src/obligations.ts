// Rows of `obligations`: what must be undone, written before it is done, deleted when settled.
import { type Selectable, sql } from 'kysely'
import type { Schema } from './schema.ts'
import type { Queries } from './transaction.ts'

export const OBLIGATION_KINDS = ['volume-snapshot', 'staging', 'mover', 'turn', 'hooks'] as const
export type ObligationKind = (typeof OBLIGATION_KINDS)[number]

export interface NewObligation {
  readonly id: string
  /** Undefined for what the service does by itself. */
  readonly taskID: string | undefined
  readonly workflowID: string
  /** The service start that makes it. */
  readonly boot: string
  readonly clusterID: string | undefined
  readonly kind: ObligationKind
  /** What it concerns: a repository, an app, a volume snapshot. */
  readonly resource: string
  readonly detail: object
}

export interface Obligation extends NewObligation {
  readonly sequence: number
}

/** Repeating it with the same id is harmless and changes nothing. */
export async function insertObligation(
  { queries }: Queries,
  obligation: NewObligation,
): Promise<void> {
  await queries
    .insertInto('obligations')
    .values({
      id: obligation.id,
      task_id: obligation.taskID ?? null,
      workflow_id: obligation.workflowID,
      boot: obligation.boot,
      cluster_id: obligation.clusterID ?? null,
      kind: obligation.kind,
      resource: obligation.resource,
      detail: JSON.stringify(obligation.detail),
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute()
}

export async function updateObligationDetail(
  { queries }: Queries,
  id: string,
  detail: object,
): Promise<void> {
  await queries
    .updateTable('obligations')
    .set({ detail: JSON.stringify(detail) })
    .where('id', '=', id)
    .execute()
}

export async function deleteObligation({ queries }: Queries, id: string): Promise<void> {
  await queries.deleteFrom('obligations').where('id', '=', id).execute()
}

export async function deleteObligationsOf(
  { queries }: Queries,
  of: { readonly workflowID: string; readonly kind: ObligationKind; readonly resource: string },
): Promise<void> {
  await queries
    .deleteFrom('obligations')
    .where('workflow_id', '=', of.workflowID)
    .where('kind', '=', of.kind)
    .where('resource', '=', of.resource)
    .execute()
}

export interface ObligationFilter {
  readonly kind?: ObligationKind
  readonly workflowID?: string
  readonly boots?: readonly string[]
  readonly resource?: string
}

/** Oldest first. */
export async function listObligations(
  { queries }: Queries,
  filter: ObligationFilter,
): Promise<Obligation[]> {
  let query = queries.selectFrom('obligations').selectAll().orderBy('sequence')
  if (filter.kind !== undefined) query = query.where('kind', '=', filter.kind)
  if (filter.workflowID !== undefined) query = query.where('workflow_id', '=', filter.workflowID)
  if (filter.resource !== undefined) query = query.where('resource', '=', filter.resource)
  if (filter.boots !== undefined) query = query.where('boot', 'in', [...filter.boots])
  return (await query.execute()).map(toObligation)
}

export interface Turn {
  readonly id: string
  readonly mode: 'shared' | 'exclusive'
  readonly isGranted: boolean
  readonly waitedMs: number
}

/**
 * Joins the queue for `resource` and decides, in one transaction that no other request for it can
 * interleave, whether the request may enter now. `mayEnter` gets everyone in the queue, in order.
 */
export async function requestTurn(
  { queries }: Queries,
  request: Omit<NewObligation, 'kind' | 'detail'> & { readonly mode: Turn['mode'] },
  mayEnter: (queue: readonly Turn[], id: string) => boolean,
): Promise<boolean> {
  return await queries.transaction().execute(async (transaction) => {
    // Sequence numbers alone would not do: a later one can become visible before an earlier one.
    const inside = { queries: transaction }
    await sql`select pg_advisory_xact_lock(hashtextextended(${`turn ${request.resource}`}, 0))`.execute(
      transaction,
    )
    await insertObligation(inside, {
      ...request,
      kind: 'turn',
      detail: { mode: request.mode, isGranted: false },
    })
    const queue = await readQueue(inside, request.resource)
    const own = queue.find((turn) => turn.id === request.id)
    if (own?.isGranted === true) return true
    if (!mayEnter(queue, request.id)) return false
    await updateObligationDetail(inside, request.id, { mode: request.mode, isGranted: true })
    return true
  })
}

async function readQueue({ queries }: Queries, resource: string): Promise<Turn[]> {
  const answer = await sql<{ id: string; detail: unknown; waited_ms: number }>`
    select id, detail, (extract(epoch from now() - created_at) * 1000)::bigint as waited_ms
    from obligations where kind = 'turn' and resource = ${resource} order by sequence
  `.execute(queries)
  return answer.rows.map((row) => {
    const detail = row.detail as { mode: Turn['mode']; isGranted: boolean }
    return { id: row.id, ...detail, waitedMs: row.waited_ms }
  })
}

function toObligation(row: Selectable<Schema['obligations']>): Obligation {
  return {
    id: row.id,
    sequence: row.sequence,
    taskID: row.task_id ?? undefined,
    workflowID: row.workflow_id,
    boot: row.boot,
    clusterID: row.cluster_id ?? undefined,
    kind: row.kind as ObligationKind,
    resource: row.resource,
    detail: row.detail,
  }
}
