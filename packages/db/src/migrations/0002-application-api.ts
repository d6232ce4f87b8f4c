// What the rest of the application dialect needs: protection policies, execution hooks,
// credentials, people's sessions, events and their deliveries.
import { type Kysely, sql } from 'kysely'

export const name = '0002-application-api'

export async function up(database: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(database)
}

/** What every resource carries: `metadata` of the application dialect. */
const RESOURCE_COLUMNS = `
  labels jsonb not null default '[]',
  created_at timestamptz not null default now(),
  modified_at timestamptz not null default now(),
  created_by uuid not null default '00000000-0000-0000-0000-000000000000',
  modified_by uuid`

const STATEMENTS = [
  // stopped_at: the process ended in order; ended_at: nothing is left of it.
  'alter table service_boots add column stopped_at timestamptz',
  // made_by_account_id: whose owners made it; they set it up until it is active.
  `alter table accounts
    add column account_contact jsonb,
    add column made_by_account_id uuid references accounts`,
  // As a cluster has them, where its namespaces carry labels: [{name, value}].
  `alter table namespaces add column kubernetes_labels jsonb not null default '[]'`,
  `alter table users
    add column auth_id text,
    add column company_name text,
    add column phone text,
    add column postal_address jsonb,
    add column send_welcome_email boolean not null default false,
    add column enabled_at timestamptz default now(),
    add column last_act_at timestamptz,
    add column password_hash text,
    add column is_password_change_needed boolean not null default false`,
  // A log-in of the console. secret_hash: SHA-256 of the cookie's value.
  `create table sessions (
    id uuid primary key,
    account_id uuid not null references accounts,
    user_id uuid not null references users,
    secret_hash bytea not null unique,
    created_at timestamptz not null default now(),
    last_used_at timestamptz not null default now(),
    expires_at timestamptz not null,
    ended_at timestamptz
  )`,
  'create index sessions_by_user on sessions (user_id)',
  // sealed_key_store: the map as JSON, sealed with the master key; it is never shown.
  `create table credentials (
    id uuid primary key,
    account_id uuid not null references accounts,
    name text not null,
    key_type text,
    is_valid boolean not null default true,
    valid_from timestamptz,
    valid_until timestamptz,
    sealed_key_store bytea,
    version text not null default '1.1',
    ${RESOURCE_COLUMNS}
  )`,
  'create index credentials_by_account on credentials (account_id, created_at, id)',
  // deleted_at: users do not see it any more; data that is still being removed from it can be.
  // verify_after: when it is verified next; while somebody verifies it, when that counts as lost.
  // place_revision: rises when provider, parameters or credential change; a verification of what
  // it was before says nothing.
  `alter table buckets
    add column deleted_at timestamptz,
    add column place_revision integer not null default 1,
    add column verified_at timestamptz,
    add column verify_after timestamptz not null default now() + interval '15 minutes'`,
  'create index buckets_to_verify on buckets (verify_after) where deleted_at is null',
  `alter table clouds
    add column credential_id uuid,
    add column deleted_at timestamptz,
    drop constraint clouds_account_id_name_key`,
  'create unique index clouds_by_name on clouds (account_id, name) where deleted_at is null',
  // host_root: the directory below which a host cluster's namespaces are. home: which service has
  // it, by the id of its executor. machine: what is known of the machine that the cluster is.
  // deleted_at: users do not see it any more; what was copied from it still refers to it.
  `alter table clusters
    add column credential_id uuid,
    add column host_root text,
    add column home text,
    add column is_built_in boolean not null default true,
    add column machine jsonb,
    add column deleted_at timestamptz`,
  `alter table apps
    add column storage_class_mapping jsonb,
    add column purge_after timestamptz`,
  'alter table backups add column purge_after timestamptz',
  'alter table application_snapshots add column purge_after timestamptz',
  // What was removed before there was a trash is in it from now on, for the first time that it has.
  ...['apps', 'backups', 'application_snapshots'].map(
    (table) => `update ${table} set purge_after = now() + interval '7 days'
      where hidden_at is not null`,
  ),
  'create index apps_hidden on apps (purge_after) where hidden_at is not null',
  `create table hook_sources (
    id uuid primary key,
    account_id uuid not null references accounts,
    name text not null,
    is_private boolean not null default false,
    is_preloaded boolean not null default false,
    source_type text not null default 'script',
    source text not null,
    source_md5 text not null,
    description text,
    version text not null default '1.0',
    ${RESOURCE_COLUMNS},
    unique (account_id, name)
  )`,
  `create table execution_hooks (
    id uuid primary key,
    account_id uuid not null references accounts,
    app_id uuid not null references apps on delete cascade,
    name text not null,
    hook_type text not null default 'custom',
    matching_criteria jsonb not null default '[]',
    action text not null check (action in ('snapshot', 'backup', 'restore', 'failover')),
    stage text not null check (stage in ('pre', 'post')),
    hook_source_id uuid not null references hook_sources,
    arguments jsonb not null default '[]',
    is_enabled boolean not null default true,
    description text,
    version text not null default '1.3',
    ${RESOURCE_COLUMNS},
    unique (app_id, name)
  )`,
  'create index execution_hooks_by_source on execution_hooks (hook_source_id)',
  // One row per execution of a hook: all of an operation's are planned at once, before the first
  // runs, with what they run, so that what was changed or deleted meanwhile does not keep a hook
  // from undoing what another did. source is emptied at the end. boot: the service start that runs
  // it; the hook's process is found by the row's id.
  `create table hook_runs (
    id uuid primary key,
    task_id uuid not null references tasks on delete cascade,
    hook_id uuid not null,
    hook_name text not null,
    action text not null,
    stage text not null,
    namespace text not null,
    pod_name text not null,
    container_name text not null,
    position integer not null,
    source text,
    arguments jsonb not null default '[]',
    may_run_as_root boolean not null default false,
    state text not null default 'planned'
      check (state in ('planned', 'running', 'success', 'failed', 'skipped')),
    boot text,
    exit_code integer,
    output text not null default '',
    reason text,
    created_at timestamptz not null default now(),
    started_at timestamptz,
    ended_at timestamptz
  )`,
  'create index hook_runs_by_task on hook_runs (task_id, position)',
  `create index hook_runs_running on hook_runs (boot) where state = 'running'`,
  // hooks: an app whose hooks before an operation have begun, and are owed those after it.
  `alter table obligations
    drop constraint obligations_kind_check,
    add constraint obligations_kind_check
      check (kind in ('volume-snapshot', 'staging', 'mover', 'turn', 'hooks'))`,
  // restore_hooks: the app's hooks after a restore as they were, for a restore to a new app.
  'alter table backups add column restore_hooks jsonb',
  'alter table application_snapshots add column restore_hooks jsonb',
  // Times are UTC. next_run_at: the next time it is due, null while disabled.
  `create table schedules (
    id uuid primary key,
    account_id uuid not null references accounts,
    app_id uuid not null references apps on delete cascade,
    name text not null,
    is_enabled boolean not null default true,
    granularity text not null
      check (granularity in ('hourly', 'daily', 'weekly', 'monthly', 'custom')),
    minute integer not null default 0 check (minute between 0 and 59),
    hour integer check (hour between 0 and 23),
    day_of_week integer check (day_of_week between 0 and 7),
    day_of_month integer check (day_of_month between 1 and 31),
    recurrence_rule text,
    snapshot_retention numeric not null,
    backup_retention numeric not null,
    bucket_id uuid,
    replicate boolean not null default false,
    next_run_at timestamptz,
    version text not null default '1.3',
    ${RESOURCE_COLUMNS}
  )`,
  'create index schedules_by_app on schedules (app_id)',
  'create index schedules_due on schedules (next_run_at) where next_run_at is not null',
  // One row per time that a schedule was due. missed: the service was down; skipped: the run
  // before it had not ended. was_clock_ahead: it began when a clock went wrong, and says nothing
  // about the time when that really comes.
  `create table schedule_runs (
    id uuid primary key,
    schedule_id uuid not null references schedules on delete cascade,
    due_at timestamptz not null,
    state text not null check (state in ('running', 'completed', 'failed', 'skipped', 'missed')),
    reason text,
    task_id uuid references tasks,
    snapshot_id uuid,
    backup_id uuid,
    was_clock_ahead boolean not null default false,
    created_at timestamptz not null default now(),
    started_at timestamptz,
    ended_at timestamptz
  )`,
  `create unique index schedule_runs_once on schedule_runs (schedule_id, due_at)
    where not was_clock_ahead`,
  'create index schedule_runs_by_task on schedule_runs (task_id)',
  `create index backups_by_schedule on backups (schedule_id) where schedule_id is not null`,
  `create index snapshots_by_schedule on application_snapshots (schedule_id)
    where schedule_id is not null`,
  `create unique index schedule_runs_one_at_a_time on schedule_runs (schedule_id)
    where state = 'running'`,
  // The activity log of an account. sequence rises with every event of the installation.
  `create table events (
    id uuid primary key,
    account_id uuid not null references accounts,
    sequence bigint generated always as identity unique,
    name text not null,
    summary text not null,
    description text not null,
    source text not null,
    severity text not null
      check (severity in ('cleared', 'indeterminate', 'informational', 'warning', 'critical')),
    class text not null check (class in ('system', 'user', 'security')),
    event_time timestamptz not null,
    correlation_id uuid not null,
    resource_id uuid not null,
    resource_type text not null,
    resource_uri text,
    additional_resource_ids jsonb not null default '[]',
    corrective_action text,
    destinations jsonb not null default '[]',
    visibility jsonb,
    resource_method text,
    resource_method_result text,
    user_id uuid,
    remote_address text,
    app_id uuid,
    expires_at timestamptz,
    version text not null default '1.4',
    ${RESOURCE_COLUMNS}
  )`,
  'create index events_by_account on events (account_id, created_at, id)',
  `create index notifications_by_account on events (account_id, created_at, id)
    where destinations ? 'notification'`,
  'create index events_by_resource on events (resource_id)',
  'create index events_expiring on events (expires_at) where expires_at is not null',
  `create table unread_notifications (
    id uuid primary key,
    account_id uuid not null references accounts,
    user_id uuid not null references users on delete cascade,
    event_id uuid not null references events on delete cascade,
    version text not null default '1.0',
    ${RESOURCE_COLUMNS},
    unique (user_id, event_id)
  )`,
  'create index unread_notifications_by_event on unread_notifications (event_id)',
  `create index unread_notifications_by_account
    on unread_notifications (account_id, user_id, created_at, id)`,
  // Where notifications go beside the console.
  `create table webhooks (
    id uuid primary key,
    account_id uuid not null references accounts,
    name text not null,
    url text not null,
    sealed_secret bytea,
    is_enabled boolean not null default true,
    minimum_severity text not null default 'informational',
    version text not null default '1.0',
    ${RESOURCE_COLUMNS},
    unique (account_id, name)
  )`,
  // A notification on its way to one receiver; the row is written with the event. A worker that
  // takes it puts next_attempt_at behind the longest time that sending may last: when it dies,
  // another one takes it from then on.
  `create table deliveries (
    id uuid primary key,
    account_id uuid not null references accounts,
    event_id uuid not null references events on delete cascade,
    channel text not null check (channel in ('webhook', 'email')),
    webhook_id uuid references webhooks on delete cascade,
    user_id uuid references users on delete cascade,
    state text not null default 'pending' check (state in ('pending', 'delivered', 'failed')),
    attempts integer not null default 0,
    next_attempt_at timestamptz not null default now(),
    last_error text,
    delivered_at timestamptz,
    created_at timestamptz not null default now()
  )`,
  `create unique index deliveries_once on deliveries
    (event_id, channel, coalesce(webhook_id, user_id))`,
  'create index deliveries_by_account on deliveries (account_id, created_at, id)',
  'create index deliveries_by_webhook on deliveries (webhook_id)',
  `create index deliveries_due on deliveries (next_attempt_at) where state = 'pending'`,
  `create table settings (
    id uuid primary key,
    account_id uuid not null references accounts,
    name text not null,
    current_config jsonb not null,
    desired_config jsonb,
    state text not null default 'valid' check (state in ('valid', 'pending', 'error')),
    state_unready jsonb not null default '[]',
    version text not null default '1.1',
    ${RESOURCE_COLUMNS},
    unique (account_id, name)
  )`,
  // For pages of a list in the order of names.
  `create index backups_by_name on backups (account_id, name collate "C", id)
    where deleted_at is null and hidden_at is null`,
]
