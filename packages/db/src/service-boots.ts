// Rows of `service_boots`: one per start of a service process, so that the locks a dead one left
// in repositories can be told from those of the living.
import { sql } from 'kysely'
import type { Queries } from './transaction.ts'

export interface ServiceBoot {
  readonly boot: string
  readonly executorID: string
  readonly lockHostname: string
}

export interface OpenServiceBoot extends ServiceBoot {
  /** It ended as it should; a crashed one did not get to say so. */
  readonly isStopped: boolean
}

export async function insertServiceBoot({ queries }: Queries, boot: ServiceBoot): Promise<void> {
  await queries
    .insertInto('service_boots')
    .values({
      boot: boot.boot,
      executor_id: boot.executorID,
      lock_hostname: boot.lockHostname,
    })
    .onConflict((conflict) => conflict.column('boot').doNothing())
    .execute()
}

/** Starts whose leftovers are not cleared yet, our own included. */
export async function listOpenServiceBoots({ queries }: Queries): Promise<OpenServiceBoot[]> {
  const rows = await queries
    .selectFrom('service_boots')
    .selectAll()
    .where('ended_at', 'is', null)
    .orderBy('started_at')
    .execute()
  return rows.map((row) => ({
    boot: row.boot,
    executorID: row.executor_id,
    lockHostname: row.lock_hostname,
    isStopped: row.stopped_at !== null,
  }))
}

/** The start ends in order. What it may have left is cleared all the same. */
export async function recordServiceStop({ queries }: Queries, boot: string): Promise<void> {
  await queries
    .updateTable('service_boots')
    .set({ stopped_at: sql`now()` })
    .where('boot', '=', boot)
    .execute()
}

export async function endServiceBoot({ queries }: Queries, boot: string): Promise<void> {
  await queries
    .updateTable('service_boots')
    .set({ ended_at: sql`now()` })
    .where('boot', '=', boot)
    .execute()
}
