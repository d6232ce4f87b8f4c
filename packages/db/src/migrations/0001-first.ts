// The first schema. Rules that the database itself keeps: names are unique among what is not
// deleted or hidden, a repository belongs to a bucket or to a cluster, percentages are 0 to 100.
import { type Kysely, sql } from 'kysely'

export const name = '0001-first'

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
  `create table installation (
    singleton boolean primary key default true check (singleton),
    id uuid not null,
    master_key_fingerprint text not null,
    created_at timestamptz not null default now()
  )`,
  // One row per start of a service process: its lock files in repositories carry the boot.
  `create table service_boots (
    boot text primary key,
    executor_id text not null,
    lock_hostname text not null,
    started_at timestamptz not null default now(),
    ended_at timestamptz
  )`,
  `create table accounts (
    id uuid primary key,
    name text not null,
    state text not null default 'active' check (state in ('pending', 'active', 'deletePending')),
    is_enabled boolean not null default true,
    enabled_at timestamptz,
    version text not null default '1.0',
    ${RESOURCE_COLUMNS}
  )`,
  `create table users (
    id uuid primary key,
    account_id uuid not null references accounts,
    state text not null default 'active' check (state in ('pending', 'active', 'suspended')),
    is_enabled boolean not null default true,
    auth_provider text not null default 'local',
    first_name text not null default '',
    last_name text not null default '',
    email text not null,
    version text not null default '1.2',
    ${RESOURCE_COLUMNS},
    unique (account_id, email)
  )`,
  `create table tokens (
    id uuid primary key,
    account_id uuid not null references accounts,
    user_id uuid not null references users,
    name text not null,
    secret_hash bytea not null unique,
    revoked_at timestamptz,
    last_used_at timestamptz,
    version text not null default '1.0',
    ${RESOURCE_COLUMNS}
  )`,
  `create table role_bindings (
    id uuid primary key,
    account_id uuid not null references accounts,
    user_id uuid not null references users,
    role text not null check (role in ('viewer', 'member', 'admin', 'owner')),
    role_constraints jsonb not null default '["*"]',
    version text not null default '1.1',
    ${RESOURCE_COLUMNS}
  )`,
  `create table clouds (
    id uuid primary key,
    account_id uuid not null references accounts,
    name text not null,
    state text not null default 'running',
    state_unready jsonb not null default '[]',
    cloud_type text not null,
    default_bucket_id uuid,
    version text not null default '1.1',
    ${RESOURCE_COLUMNS},
    unique (account_id, name)
  )`,
  `create table clusters (
    id uuid primary key,
    account_id uuid not null references accounts,
    cloud_id uuid not null references clouds,
    name text not null,
    cluster_type text not null,
    cluster_version text not null,
    state text not null default 'running',
    state_unready jsonb not null default '[]',
    managed_state text not null default 'managed',
    managed_at timestamptz,
    default_bucket_id uuid,
    default_storage_class_id uuid,
    discovered_at timestamptz,
    version text not null default '1.7',
    ${RESOURCE_COLUMNS}
  )`,
  `create table namespaces (
    id uuid primary key,
    account_id uuid not null references accounts,
    cluster_id uuid not null references clusters,
    name text not null,
    uid text not null,
    namespace_state text not null default 'discovered'
      check (namespace_state in ('discovered', 'removed')),
    version text not null default '1.2',
    ${RESOURCE_COLUMNS},
    unique (cluster_id, name)
  )`,
  `create table storage_classes (
    id uuid primary key,
    account_id uuid not null references accounts,
    cluster_id uuid not null references clusters,
    name text not null,
    provisioner text not null,
    is_default boolean not null default false,
    version text not null default '1.1',
    ${RESOURCE_COLUMNS},
    unique (cluster_id, name)
  )`,
  `create table volumes (
    id uuid primary key,
    account_id uuid not null references accounts,
    cluster_id uuid not null references clusters,
    namespace text not null,
    key text not null,
    estimated_bytes bigint,
    strategies jsonb not null default '[]',
    holes jsonb not null default '[]',
    state text not null default 'ready' check (state in ('ready', 'removed')),
    version text not null default '1.2',
    ${RESOURCE_COLUMNS},
    unique (cluster_id, namespace, key)
  )`,
  `create table buckets (
    id uuid primary key,
    account_id uuid not null references accounts,
    name text not null,
    provider text not null,
    bucket_parameters jsonb not null,
    credential_id uuid not null default '00000000-0000-0000-0000-000000000000',
    state text not null default 'available'
      check (state in ('pending', 'available', 'failed', 'removed', 'unknown')),
    state_details jsonb not null default '[]',
    version text not null default '1.2',
    ${RESOURCE_COLUMNS}
  )`,
  // sealed_secrets holds {password, keys} sealed with the master key; nothing else knows them.
  `create table repositories (
    id uuid primary key,
    account_id uuid not null references accounts,
    bucket_id uuid references buckets,
    cluster_id uuid references clusters,
    prefix text not null,
    config_id text,
    sealed_secrets bytea,
    sealed_polynomial bytea,
    created_at timestamptz not null default now(),
    check ((bucket_id is null) <> (cluster_id is null)),
    unique (account_id, bucket_id),
    unique (account_id, cluster_id)
  )`,
  `create table apps (
    id uuid primary key,
    account_id uuid not null references accounts,
    cluster_id uuid not null references clusters,
    name text not null,
    namespace_scoped_resources jsonb not null,
    cluster_scoped_resources jsonb not null default '[]',
    namespace_mapping jsonb,
    restore_filter jsonb,
    state text not null,
    state_details jsonb not null default '[]',
    last_resource_collection_at timestamptz,
    source_app_id uuid,
    source_cluster_id uuid,
    backup_id uuid,
    snapshot_id uuid,
    hidden_at timestamptz,
    version text not null default '2.2',
    ${RESOURCE_COLUMNS}
  )`,
  `create index apps_by_account on apps (account_id, created_at, id) where hidden_at is null`,
  `create table application_snapshots (
    id uuid primary key,
    account_id uuid not null references accounts,
    app_id uuid not null references apps,
    name text not null,
    bucket_id uuid not null references buckets,
    repository_id uuid references repositories,
    description_snapshot_id text,
    schedule_id uuid,
    state text not null default 'pending',
    state_unready jsonb not null default '[]',
    state_details jsonb not null default '[]',
    hook_state text,
    hook_state_details jsonb,
    taken_at timestamptz,
    snapshot_app_asset uuid,
    taken_by_backup_id uuid,
    definition jsonb,
    hidden_at timestamptz,
    deleted_at timestamptz,
    version text not null default '1.3',
    ${RESOURCE_COLUMNS}
  )`,
  `create unique index application_snapshot_names on application_snapshots (app_id, name)
    where deleted_at is null and hidden_at is null`,
  `create index application_snapshots_by_app
    on application_snapshots (account_id, app_id, created_at, id)`,
  `create table backups (
    id uuid primary key,
    account_id uuid not null references accounts,
    app_id uuid not null references apps,
    name text not null,
    bucket_id uuid not null references buckets,
    repository_id uuid references repositories,
    description_snapshot_id text,
    snapshot_id uuid,
    schedule_id uuid,
    state text not null default 'pending',
    state_unready jsonb not null default '[]',
    state_details jsonb not null default '[]',
    hook_state text,
    hook_state_details jsonb,
    taken_at timestamptz,
    total_bytes bigint,
    bytes_done bigint,
    percent_done integer check (percent_done between 0 and 100),
    definition jsonb,
    hidden_at timestamptz,
    deleted_at timestamptz,
    version text not null default '1.2',
    ${RESOURCE_COLUMNS}
  )`,
  `create unique index backup_names on backups (app_id, name)
    where deleted_at is null and hidden_at is null`,
  `create index backups_by_account on backups (account_id, created_at, id)`,
  `create index backups_by_app on backups (account_id, app_id, created_at, id)`,
  // The copy of one volume in an application snapshot. handle: the platform's; or, for the copy
  // strategy, the snapshot in the cluster's local snapshot repository.
  `create table volume_snapshots (
    id uuid primary key,
    snapshot_id uuid not null references application_snapshots,
    namespace text not null,
    key text not null,
    strategy text not null,
    consistency text not null,
    holes jsonb not null default '[]',
    taken_at timestamptz,
    handle jsonb,
    repository_id uuid references repositories,
    repository_snapshot_id text,
    estimated_bytes bigint,
    expected_entries bigint,
    expected_bytes bigint,
    captured_entries bigint,
    captured_bytes bigint,
    missed jsonb not null default '[]',
    missed_count bigint not null default 0,
    warnings jsonb not null default '[]',
    warning_count bigint not null default 0,
    unique (snapshot_id, namespace, key)
  )`,
  `create table backup_volumes (
    id uuid primary key,
    backup_id uuid not null references backups,
    namespace text not null,
    key text not null,
    strategy text not null,
    consistency text not null,
    holes jsonb not null default '[]',
    taken_at timestamptz,
    repository_snapshot_id text,
    total_bytes bigint,
    bytes_done bigint not null default 0,
    expected_entries bigint,
    expected_bytes bigint,
    captured_entries bigint,
    captured_bytes bigint,
    added_bytes bigint,
    missed jsonb not null default '[]',
    missed_count bigint not null default 0,
    warnings jsonb not null default '[]',
    warning_count bigint not null default 0,
    unique (backup_id, namespace, key)
  )`,
  // Inventory of a live app, an application snapshot or a backup: exactly one parent.
  `create table app_assets (
    id uuid primary key,
    account_id uuid not null references accounts,
    app_id uuid references apps,
    snapshot_id uuid references application_snapshots,
    backup_id uuid references backups,
    asset_id uuid not null,
    asset_type text not null,
    gvk_group text not null,
    gvk_kind text not null,
    gvk_version text not null,
    asset_name text not null,
    namespace text,
    asset_created_at timestamptz not null,
    resource jsonb,
    version text not null default '1.1',
    ${RESOURCE_COLUMNS},
    check (num_nonnulls(app_id, snapshot_id, backup_id) = 1)
  )`,
  `create index app_assets_by_app on app_assets (app_id)`,
  `create index app_assets_by_snapshot on app_assets (snapshot_id)`,
  `create index app_assets_by_backup on app_assets (backup_id)`,
  // A durable operation as users see it. kind is the workflow; attempt rises with each execution.
  `create table tasks (
    id uuid primary key,
    account_id uuid not null references accounts,
    kind text not null,
    workflow_id text not null unique,
    parent_task_id uuid references tasks,
    order_hint integer not null default 0,
    name text not null,
    summary text not null,
    description text not null,
    user_id uuid,
    app_id uuid references apps,
    resource_kind text not null,
    resource_id uuid not null,
    input jsonb not null default '{}',
    state text not null default 'notStarted' check (state in
      ('notStarted', 'running', 'completed', 'cancelling', 'cancelled', 'failed')),
    state_details jsonb not null default '[]',
    attempt integer not null default 0,
    past_commit boolean not null default false,
    cancel_requested_at timestamptz,
    cancel_requested_by uuid,
    failure jsonb,
    bytes_done bigint not null default 0,
    total_bytes bigint,
    percent_done integer not null default 0 check (percent_done between 0 and 100),
    started_at timestamptz,
    ended_at timestamptz,
    version text not null default '1.1',
    ${RESOURCE_COLUMNS}
  )`,
  `create index tasks_by_account on tasks (account_id, created_at, id)`,
  `create index tasks_by_resource on tasks (resource_id)`,
  `create index tasks_not_final on tasks (state) where state in
    ('notStarted', 'running', 'cancelling')`,
  `create table task_log (
    task_id uuid not null references tasks,
    sequence bigint generated always as identity,
    logged_at timestamptz not null default now(),
    level text not null check (level in ('info', 'warning', 'error')),
    step text,
    message text not null,
    primary key (task_id, sequence)
  )`,
  // The steps of a task as users see them. position: the step's number in the durable workflow,
  // the same in every execution.
  `create table task_steps (
    task_id uuid not null references tasks,
    position integer not null,
    name text not null,
    state text not null check (state in ('running', 'completed', 'failed')),
    attempt integer not null,
    started_at timestamptz not null default now(),
    ended_at timestamptz,
    failure jsonb,
    primary key (task_id, position)
  )`,
  // What must be undone, written before the deed; settled rows are deleted. sequence orders those
  // that wait for their turn at one resource. task_id is absent for what the service does by itself.
  `create table obligations (
    id uuid primary key,
    sequence bigint generated always as identity,
    task_id uuid references tasks,
    workflow_id text not null,
    boot text not null,
    cluster_id uuid references clusters,
    kind text not null check (kind in ('volume-snapshot', 'staging', 'mover', 'turn')),
    resource text not null,
    detail jsonb not null,
    created_at timestamptz not null default now()
  )`,
  `create index obligations_by_workflow on obligations (workflow_id)`,
  `create index obligations_by_resource on obligations (resource, sequence)`,
]
