// What the container dialect needs: instances, streams of commands as backups, their policies,
// roles made of capabilities, and API keys.
import { type Kysely, sql } from 'kysely'
import { identifyEverything } from './identify-everything.ts'

export const name = '0003-container-api'

export async function up(database: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(database)
  await identifyEverything(database)
}

const STATEMENTS = [
  // A running unit of an app. id: 24 hexadecimal digits of the UUIDv5 of the app's id and the
  // identity, which never holds the id that an engine gave to a container or pod.
  `create table instances (
    id text primary key,
    account_id uuid not null references accounts,
    app_id uuid not null references apps on delete cascade,
    identity text not null,
    created_at timestamptz not null default now(),
    unique (app_id, identity)
  )`,
  // volumes: a copy of volumes; stream: what a command wrote. A stream's size is total_bytes.
  `alter table backups
    add column kind text not null default 'volumes' check (kind in ('volumes', 'stream')),
    add column stream_snapshot_id text,
    add column stream_added_bytes bigint`,
  // Set before a command begins that must not run twice: one that is set and not past its commit
  // was interrupted.
  'alter table tasks add column command_begun_at timestamptz',
  // Set with the state in which a restore or a clone leaves its app.
  'alter table tasks add column app_ended_at timestamptz',
  // A backup as the container dialect shows it, one for each instance. id: 24 hexadecimal digits, of
  // the UUIDv5 of the backup's id and the instance's identity, or of the id of a stream itself.
  `create table container_backups (
    id text primary key,
    account_id uuid not null references accounts,
    app_id uuid not null references apps on delete cascade,
    backup_id uuid not null references backups on delete cascade,
    instance_id text not null references instances on delete cascade,
    unique (backup_id, instance_id)
  )`,
  'create index container_backups_by_app on container_backups (app_id)',
  // cron_string: of a schedule that streams a command, as it was given; its times are shown as
  // custom ones. stream_retention: how long its backups are kept, as it was given.
  `alter table schedules
    add column cron_string text,
    add column stream_retention text`,
  // \`integrations.backups\` of a container, each member as it was given. What the schedule says of
  // times is there alone.
  `create table container_backup_policies (
    app_id uuid primary key references apps on delete cascade,
    account_id uuid not null references accounts,
    integration_id text,
    bucket_id uuid references buckets,
    destination text,
    backup_command text not null,
    backup_timeout text,
    restore_command text,
    restore_timeout text,
    retention text,
    schedule_id uuid references schedules on delete set null,
    created_at timestamptz not null default now(),
    created_by uuid not null,
    modified_at timestamptz not null default now(),
    modified_by uuid not null
  )`,
  // identifier: unique among the account's buckets that are not deleted. vendor and prefix: of one
  // that was made as an integration. What is kept lies below the prefix, which ends with a slash
  // unless it is empty.
  `alter table buckets
    add column identifier text,
    add column vendor text,
    add column prefix text not null default ''`,
  `create unique index buckets_by_identifier on buckets (account_id, identifier)
    where deleted_at is null`,
  // default_identifier: the default role that it is. capabilities: names, when not all.
  `create table hub_roles (
    id uuid primary key,
    account_id uuid not null references accounts,
    identifier text not null,
    name text,
    rank integer not null check (rank between 0 and 10),
    is_root boolean not null default false,
    default_identifier text,
    has_all_capabilities boolean not null default false,
    capabilities jsonb not null default '[]',
    extra jsonb,
    created_by uuid,
    created_at timestamptz not null default now(),
    modified_at timestamptz not null default now(),
    unique (account_id, identifier)
  )`,
  // secret_hash: SHA-256 of the secret, which is shown once. ips: null when it may come from anywhere.
  // Deleted ones stay for their names; they let go of a role that is deleted.
  `create table api_keys (
    id uuid primary key,
    account_id uuid not null references accounts,
    name text not null,
    role_id uuid references hub_roles,
    ips jsonb,
    secret_hash bytea not null unique,
    created_by uuid,
    created_at timestamptz not null default now(),
    modified_at timestamptz not null default now(),
    last_used_at timestamptz,
    deleted_at timestamptz,
    check (role_id is not null or deleted_at is not null)
  )`,
  'create index api_keys_by_role on api_keys (role_id)',
  'create index api_keys_by_account on api_keys (account_id, created_at, id)',
  "create index tasks_by_restored_copy on tasks ((input #>> '{source,id}'))",
]
