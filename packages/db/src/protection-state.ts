// How well its schedules protect an app, as expressions over the row `apps`.
//
// none       no schedule is switched on
// atRisk     one is, and no completed copy that a schedule made exists although a run has failed
// partial    a schedule has not (yet) made what it is to keep, or its last run failed or was missed
// protected  every schedule that is on has what it is to keep, and its last run went well
import { type RawBuilder, sql } from 'kysely'

export type ProtectionState = 'none' | 'atRisk' | 'partial' | 'protected'

/** A completed copy that users see. */
function hasCopy(table: 'backups' | 'application_snapshots', of: RawBuilder<unknown>) {
  return sql`exists (select 1 from ${sql.table(table)} as copies where ${of}
    and copies.state = 'completed' and copies.deleted_at is null and copies.hidden_at is null)`
}

const OF_SCHEDULE = sql`copies.schedule_id = policies.id`
/** What it made by a rule that it has no more does not count. */
const OF_ITS_KIND = sql`copies.kind =
  case when policies.cron_string is null then 'volumes' else 'stream' end`
const OF_APP = sql`copies.app_id = apps.id and copies.schedule_id is not null`

/** A run that was skipped, or has not ended, says nothing yet. */
const LAST_RUN = sql`(
  select runs.state from schedule_runs as runs where runs.schedule_id = policies.id
    and runs.state in ('completed', 'failed', 'missed') and not runs.was_clock_ahead
  order by runs.due_at desc limit 1)`

/** Why a policy is not met, most important first; null when it is. */
const SHORTFALL = sql`case
  when ${LAST_RUN} in ('failed', 'missed') then 'last run ' || ${LAST_RUN}
  when policies.backup_retention > 0
    and not ${hasCopy('backups', sql`${OF_SCHEDULE} and ${OF_ITS_KIND}`)} then 'no backup yet'
  when policies.snapshot_retention > 0 and not ${hasCopy('application_snapshots', OF_SCHEDULE)}
    then 'no snapshot yet' end`

const POLICIES = sql`schedules as policies
  where policies.app_id = apps.id and policies.is_enabled`

const HAS_NOTHING_GOOD = sql`not ${hasCopy('backups', OF_APP)}
  and not ${hasCopy('application_snapshots', OF_APP)}`

export const PROTECTION_STATE: RawBuilder<unknown> = sql`case
  when not exists (select 1 from ${POLICIES}) then 'none'
  when ${HAS_NOTHING_GOOD} and exists (select 1 from ${POLICIES}
    and ${LAST_RUN} in ('failed', 'missed')) then 'atRisk'
  when exists (select 1 from ${POLICIES} and ${SHORTFALL} is not null) then 'partial'
  else 'protected' end`

/** One for each policy that is not met. */
export const PROTECTION_STATE_DETAILS: RawBuilder<unknown> = sql`coalesce((
  select jsonb_agg(jsonb_build_object(
    'type', 'urn:holdfast:protection:' || replace(unmet.shortfall, ' ', '-'),
    'title', unmet.shortfall,
    'detail', format('The schedule "%s" %s.', unmet.name, case unmet.shortfall
      when 'no backup yet' then 'has no completed backup yet'
      when 'no snapshot yet' then 'has no completed snapshot yet'
      when 'last run failed' then 'failed the last time it ran'
      else 'missed its last time' end)) order by unmet.name, unmet.id)
  from (select policies.id, policies.name, ${SHORTFALL} as shortfall from ${POLICIES}) as unmet
  where unmet.shortfall is not null), '[]'::jsonb)`
