// Removes events whose time has come, with their notifications and deliveries.
import { sql } from 'kysely'
import { expiryOf, retentionDaysOf } from './events.ts'
import type { Queries } from './transaction.ts'

/** Of one statement, so that none holds many rows for long. */
const EVENTS_PER_STATEMENT = 2000

/**
 * A changed setting counts for what was told before as well. Answers how many are gone.
 * `now` is the instant at which their age is judged.
 */
export async function removeExpiredEvents({ queries }: Queries, now: Date): Promise<number> {
  const expiry = expiryOf(sql`retention.days`, sql`events.event_time`)
  for (;;) {
    const moved = await sql`
      with retention as materialized (
        select accounts.id as account_id, ${retentionDaysOf(sql`accounts.id`)} as days from accounts
      ), changed as (
        select events.id, ${expiry} as expiry
        from events join retention on retention.account_id = events.account_id
        where events.expires_at is distinct from ${expiry}
        limit ${EVENTS_PER_STATEMENT}
      )
      update events set expires_at = changed.expiry from changed where events.id = changed.id
    `.execute(queries)
    if ((moved.numAffectedRows ?? 0n) < EVENTS_PER_STATEMENT) break
  }
  let removed = 0
  for (;;) {
    const answer = await sql`
      delete from events where id in (
        select id from events where expires_at <= ${now} order by expires_at
        limit ${EVENTS_PER_STATEMENT} for update skip locked)
    `.execute(queries)
    const count = Number(answer.numAffectedRows ?? 0n)
    removed += count
    if (count < EVENTS_PER_STATEMENT) return removed
  }
}
