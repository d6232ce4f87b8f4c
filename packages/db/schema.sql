create table accounts (
  id uuid not null,
  name text not null,
  state text not null default 'active'::text,
  is_enabled boolean not null default true,
  enabled_at timestamp with time zone,
  version text not null default '1.0'::text,
  labels jsonb not null default '[]'::jsonb,
  created_at timestamp with time zone not null default now(),
  modified_at timestamp with time zone not null default now(),
  created_by uuid not null default '00000000-0000-0000-0000-000000000000'::uuid,
  modified_by uuid,
  account_contact jsonb,
  made_by_account_id uuid,
  constraint accounts_made_by_account_id_fkey FOREIGN KEY (made_by_account_id) REFERENCES accounts(id),
  constraint accounts_pkey PRIMARY KEY (id),
  constraint accounts_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'active'::text, 'deletePending'::text])))
);

create table api_keys (
  id uuid not null,
  account_id uuid not null,
  name text not null,
  role_id uuid,
  ips jsonb,
  secret_hash bytea not null,
  created_by uuid,
  created_at timestamp with time zone not null default now(),
  modified_at timestamp with time zone not null default now(),
  last_used_at timestamp with time zone,
  deleted_at timestamp with time zone,
  constraint api_keys_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts(id),
  constraint api_keys_check CHECK (((role_id IS NOT NULL) OR (deleted_at IS NOT NULL))),
  constraint api_keys_pkey PRIMARY KEY (id),
  constraint api_keys_role_id_fkey FOREIGN KEY (role_id) REFERENCES hub_roles(id),
  constraint api_keys_secret_hash_key UNIQUE (secret_hash)
);
CREATE INDEX api_keys_by_account ON public.api_keys USING btree (account_id, created_at, id);
CREATE INDEX api_keys_by_role ON public.api_keys USING btree (role_id);

create table app_assets (
  id uuid not null,
  account_id uuid not null,
  app_id uuid,
  snapshot_id uuid,
  backup_id uuid,
  asset_id uuid not null,
  asset_type text not null,
  gvk_group text not null,
  gvk_kind text not null,
  gvk_version text not null,
  asset_name text not null,
  namespace text,
  asset_created_at timestamp with time zone not null,
  resource jsonb,
  version text not null default '1.1'::text,
  labels jsonb not null default '[]'::jsonb,
  created_at timestamp with time zone not null default now(),
  modified_at timestamp with time zone not null default now(),
  created_by uuid not null default '00000000-0000-0000-0000-000000000000'::uuid,
  modified_by uuid,
  constraint app_assets_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts(id),
  constraint app_assets_app_id_fkey FOREIGN KEY (app_id) REFERENCES apps(id),
  constraint app_assets_backup_id_fkey FOREIGN KEY (backup_id) REFERENCES backups(id),
  constraint app_assets_check CHECK ((num_nonnulls(app_id, snapshot_id, backup_id) = 1)),
  constraint app_assets_pkey PRIMARY KEY (id),
  constraint app_assets_snapshot_id_fkey FOREIGN KEY (snapshot_id) REFERENCES application_snapshots(id)
);
CREATE INDEX app_assets_by_app ON public.app_assets USING btree (app_id);
CREATE INDEX app_assets_by_backup ON public.app_assets USING btree (backup_id);
CREATE INDEX app_assets_by_snapshot ON public.app_assets USING btree (snapshot_id);

create table application_snapshots (
  id uuid not null,
  account_id uuid not null,
  app_id uuid not null,
  name text not null,
  bucket_id uuid not null,
  repository_id uuid,
  description_snapshot_id text,
  schedule_id uuid,
  state text not null default 'pending'::text,
  state_unready jsonb not null default '[]'::jsonb,
  state_details jsonb not null default '[]'::jsonb,
  hook_state text,
  hook_state_details jsonb,
  taken_at timestamp with time zone,
  snapshot_app_asset uuid,
  taken_by_backup_id uuid,
  definition jsonb,
  hidden_at timestamp with time zone,
  deleted_at timestamp with time zone,
  version text not null default '1.3'::text,
  labels jsonb not null default '[]'::jsonb,
  created_at timestamp with time zone not null default now(),
  modified_at timestamp with time zone not null default now(),
  created_by uuid not null default '00000000-0000-0000-0000-000000000000'::uuid,
  modified_by uuid,
  purge_after timestamp with time zone,
  restore_hooks jsonb,
  constraint application_snapshots_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts(id),
  constraint application_snapshots_app_id_fkey FOREIGN KEY (app_id) REFERENCES apps(id),
  constraint application_snapshots_bucket_id_fkey FOREIGN KEY (bucket_id) REFERENCES buckets(id),
  constraint application_snapshots_pkey PRIMARY KEY (id),
  constraint application_snapshots_repository_id_fkey FOREIGN KEY (repository_id) REFERENCES repositories(id)
);
CREATE UNIQUE INDEX application_snapshot_names ON public.application_snapshots USING btree (app_id, name) WHERE ((deleted_at IS NULL) AND (hidden_at IS NULL));
CREATE INDEX application_snapshots_by_app ON public.application_snapshots USING btree (account_id, app_id, created_at, id);
CREATE INDEX snapshots_by_schedule ON public.application_snapshots USING btree (schedule_id) WHERE (schedule_id IS NOT NULL);

create table apps (
  id uuid not null,
  account_id uuid not null,
  cluster_id uuid not null,
  name text not null,
  namespace_scoped_resources jsonb not null,
  cluster_scoped_resources jsonb not null default '[]'::jsonb,
  namespace_mapping jsonb,
  restore_filter jsonb,
  state text not null,
  state_details jsonb not null default '[]'::jsonb,
  last_resource_collection_at timestamp with time zone,
  source_app_id uuid,
  source_cluster_id uuid,
  backup_id uuid,
  snapshot_id uuid,
  hidden_at timestamp with time zone,
  version text not null default '2.2'::text,
  labels jsonb not null default '[]'::jsonb,
  created_at timestamp with time zone not null default now(),
  modified_at timestamp with time zone not null default now(),
  created_by uuid not null default '00000000-0000-0000-0000-000000000000'::uuid,
  modified_by uuid,
  storage_class_mapping jsonb,
  purge_after timestamp with time zone,
  constraint apps_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts(id),
  constraint apps_cluster_id_fkey FOREIGN KEY (cluster_id) REFERENCES clusters(id),
  constraint apps_pkey PRIMARY KEY (id)
);
CREATE INDEX apps_by_account ON public.apps USING btree (account_id, created_at, id) WHERE (hidden_at IS NULL);
CREATE INDEX apps_hidden ON public.apps USING btree (purge_after) WHERE (hidden_at IS NOT NULL);

create table backup_volumes (
  id uuid not null,
  backup_id uuid not null,
  namespace text not null,
  key text not null,
  strategy text not null,
  consistency text not null,
  holes jsonb not null default '[]'::jsonb,
  taken_at timestamp with time zone,
  repository_snapshot_id text,
  total_bytes bigint,
  bytes_done bigint not null default 0,
  expected_entries bigint,
  expected_bytes bigint,
  captured_entries bigint,
  captured_bytes bigint,
  added_bytes bigint,
  missed jsonb not null default '[]'::jsonb,
  missed_count bigint not null default 0,
  warnings jsonb not null default '[]'::jsonb,
  warning_count bigint not null default 0,
  constraint backup_volumes_backup_id_fkey FOREIGN KEY (backup_id) REFERENCES backups(id),
  constraint backup_volumes_backup_id_namespace_key_key UNIQUE (backup_id, namespace, key),
  constraint backup_volumes_pkey PRIMARY KEY (id)
);

create table backups (
  id uuid not null,
  account_id uuid not null,
  app_id uuid not null,
  name text not null,
  bucket_id uuid not null,
  repository_id uuid,
  description_snapshot_id text,
  snapshot_id uuid,
  schedule_id uuid,
  state text not null default 'pending'::text,
  state_unready jsonb not null default '[]'::jsonb,
  state_details jsonb not null default '[]'::jsonb,
  hook_state text,
  hook_state_details jsonb,
  taken_at timestamp with time zone,
  total_bytes bigint,
  bytes_done bigint,
  percent_done integer,
  definition jsonb,
  hidden_at timestamp with time zone,
  deleted_at timestamp with time zone,
  version text not null default '1.2'::text,
  labels jsonb not null default '[]'::jsonb,
  created_at timestamp with time zone not null default now(),
  modified_at timestamp with time zone not null default now(),
  created_by uuid not null default '00000000-0000-0000-0000-000000000000'::uuid,
  modified_by uuid,
  purge_after timestamp with time zone,
  restore_hooks jsonb,
  kind text not null default 'volumes'::text,
  stream_snapshot_id text,
  stream_added_bytes bigint,
  constraint backups_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts(id),
  constraint backups_app_id_fkey FOREIGN KEY (app_id) REFERENCES apps(id),
  constraint backups_bucket_id_fkey FOREIGN KEY (bucket_id) REFERENCES buckets(id),
  constraint backups_kind_check CHECK ((kind = ANY (ARRAY['volumes'::text, 'stream'::text]))),
  constraint backups_percent_done_check CHECK (((percent_done >= 0) AND (percent_done <= 100))),
  constraint backups_pkey PRIMARY KEY (id),
  constraint backups_repository_id_fkey FOREIGN KEY (repository_id) REFERENCES repositories(id)
);
CREATE UNIQUE INDEX backup_names ON public.backups USING btree (app_id, name) WHERE ((deleted_at IS NULL) AND (hidden_at IS NULL));
CREATE INDEX backups_by_account ON public.backups USING btree (account_id, created_at, id);
CREATE INDEX backups_by_app ON public.backups USING btree (account_id, app_id, created_at, id);
CREATE INDEX backups_by_name ON public.backups USING btree (account_id, name COLLATE "C", id) WHERE ((deleted_at IS NULL) AND (hidden_at IS NULL));
CREATE INDEX backups_by_schedule ON public.backups USING btree (schedule_id) WHERE (schedule_id IS NOT NULL);

create table buckets (
  id uuid not null,
  account_id uuid not null,
  name text not null,
  provider text not null,
  bucket_parameters jsonb not null,
  credential_id uuid not null default '00000000-0000-0000-0000-000000000000'::uuid,
  state text not null default 'available'::text,
  state_details jsonb not null default '[]'::jsonb,
  version text not null default '1.2'::text,
  labels jsonb not null default '[]'::jsonb,
  created_at timestamp with time zone not null default now(),
  modified_at timestamp with time zone not null default now(),
  created_by uuid not null default '00000000-0000-0000-0000-000000000000'::uuid,
  modified_by uuid,
  deleted_at timestamp with time zone,
  place_revision integer not null default 1,
  verified_at timestamp with time zone,
  verify_after timestamp with time zone not null default (now() + '00:15:00'::interval),
  identifier text not null,
  vendor text,
  prefix text not null default ''::text,
  constraint buckets_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts(id),
  constraint buckets_pkey PRIMARY KEY (id),
  constraint buckets_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'available'::text, 'failed'::text, 'removed'::text, 'unknown'::text])))
);
CREATE UNIQUE INDEX buckets_by_identifier ON public.buckets USING btree (account_id, identifier) WHERE (deleted_at IS NULL);
CREATE INDEX buckets_to_verify ON public.buckets USING btree (verify_after) WHERE (deleted_at IS NULL);

create table clouds (
  id uuid not null,
  account_id uuid not null,
  name text not null,
  state text not null default 'running'::text,
  state_unready jsonb not null default '[]'::jsonb,
  cloud_type text not null,
  default_bucket_id uuid,
  version text not null default '1.1'::text,
  labels jsonb not null default '[]'::jsonb,
  created_at timestamp with time zone not null default now(),
  modified_at timestamp with time zone not null default now(),
  created_by uuid not null default '00000000-0000-0000-0000-000000000000'::uuid,
  modified_by uuid,
  credential_id uuid,
  deleted_at timestamp with time zone,
  constraint clouds_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts(id),
  constraint clouds_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX clouds_by_name ON public.clouds USING btree (account_id, name) WHERE (deleted_at IS NULL);

create table clusters (
  id uuid not null,
  account_id uuid not null,
  cloud_id uuid not null,
  name text not null,
  cluster_type text not null,
  cluster_version text not null,
  state text not null default 'running'::text,
  state_unready jsonb not null default '[]'::jsonb,
  managed_state text not null default 'managed'::text,
  managed_at timestamp with time zone,
  default_bucket_id uuid,
  default_storage_class_id uuid,
  discovered_at timestamp with time zone,
  version text not null default '1.7'::text,
  labels jsonb not null default '[]'::jsonb,
  created_at timestamp with time zone not null default now(),
  modified_at timestamp with time zone not null default now(),
  created_by uuid not null default '00000000-0000-0000-0000-000000000000'::uuid,
  modified_by uuid,
  credential_id uuid,
  host_root text,
  home text,
  is_built_in boolean not null default true,
  machine jsonb,
  deleted_at timestamp with time zone,
  constraint clusters_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts(id),
  constraint clusters_cloud_id_fkey FOREIGN KEY (cloud_id) REFERENCES clouds(id),
  constraint clusters_pkey PRIMARY KEY (id)
);

create table container_backup_policies (
  app_id uuid not null,
  account_id uuid not null,
  integration_id text,
  bucket_id uuid,
  destination text,
  backup_command text not null,
  backup_timeout text,
  restore_command text,
  restore_timeout text,
  retention text,
  schedule_id uuid,
  created_at timestamp with time zone not null default now(),
  created_by uuid not null,
  modified_at timestamp with time zone not null default now(),
  modified_by uuid not null,
  constraint container_backup_policies_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts(id),
  constraint container_backup_policies_app_id_fkey FOREIGN KEY (app_id) REFERENCES apps(id) ON DELETE CASCADE,
  constraint container_backup_policies_bucket_id_fkey FOREIGN KEY (bucket_id) REFERENCES buckets(id),
  constraint container_backup_policies_pkey PRIMARY KEY (app_id),
  constraint container_backup_policies_schedule_id_fkey FOREIGN KEY (schedule_id) REFERENCES schedules(id) ON DELETE SET NULL
);

create table container_backups (
  id text not null,
  account_id uuid not null,
  app_id uuid not null,
  backup_id uuid not null,
  instance_id text not null,
  constraint container_backups_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts(id),
  constraint container_backups_app_id_fkey FOREIGN KEY (app_id) REFERENCES apps(id) ON DELETE CASCADE,
  constraint container_backups_backup_id_fkey FOREIGN KEY (backup_id) REFERENCES backups(id) ON DELETE CASCADE,
  constraint container_backups_backup_id_instance_id_key UNIQUE (backup_id, instance_id),
  constraint container_backups_instance_id_fkey FOREIGN KEY (instance_id) REFERENCES instances(id) ON DELETE CASCADE,
  constraint container_backups_pkey PRIMARY KEY (id)
);
CREATE INDEX container_backups_by_app ON public.container_backups USING btree (app_id);

create table credentials (
  id uuid not null,
  account_id uuid not null,
  name text not null,
  key_type text,
  is_valid boolean not null default true,
  valid_from timestamp with time zone,
  valid_until timestamp with time zone,
  sealed_key_store bytea,
  version text not null default '1.1'::text,
  labels jsonb not null default '[]'::jsonb,
  created_at timestamp with time zone not null default now(),
  modified_at timestamp with time zone not null default now(),
  created_by uuid not null default '00000000-0000-0000-0000-000000000000'::uuid,
  modified_by uuid,
  constraint credentials_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts(id),
  constraint credentials_pkey PRIMARY KEY (id)
);
CREATE INDEX credentials_by_account ON public.credentials USING btree (account_id, created_at, id);

create table deliveries (
  id uuid not null,
  account_id uuid not null,
  event_id uuid not null,
  channel text not null,
  webhook_id uuid,
  user_id uuid,
  state text not null default 'pending'::text,
  attempts integer not null default 0,
  next_attempt_at timestamp with time zone not null default now(),
  last_error text,
  delivered_at timestamp with time zone,
  created_at timestamp with time zone not null default now(),
  constraint deliveries_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts(id),
  constraint deliveries_channel_check CHECK ((channel = ANY (ARRAY['webhook'::text, 'email'::text]))),
  constraint deliveries_event_id_fkey FOREIGN KEY (event_id) REFERENCES events(id) ON DELETE CASCADE,
  constraint deliveries_pkey PRIMARY KEY (id),
  constraint deliveries_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'delivered'::text, 'failed'::text]))),
  constraint deliveries_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE,
  constraint deliveries_webhook_id_fkey FOREIGN KEY (webhook_id) REFERENCES webhooks(id) ON DELETE CASCADE
);
CREATE INDEX deliveries_by_account ON public.deliveries USING btree (account_id, created_at, id);
CREATE INDEX deliveries_by_webhook ON public.deliveries USING btree (webhook_id);
CREATE INDEX deliveries_due ON public.deliveries USING btree (next_attempt_at) WHERE (state = 'pending'::text);
CREATE UNIQUE INDEX deliveries_once ON public.deliveries USING btree (event_id, channel, COALESCE(webhook_id, user_id));

create table events (
  id uuid not null,
  account_id uuid not null,
  sequence bigint not null generated always as identity,
  name text not null,
  summary text not null,
  description text not null,
  source text not null,
  severity text not null,
  class text not null,
  event_time timestamp with time zone not null,
  correlation_id uuid not null,
  resource_id uuid not null,
  resource_type text not null,
  resource_uri text,
  additional_resource_ids jsonb not null default '[]'::jsonb,
  corrective_action text,
  destinations jsonb not null default '[]'::jsonb,
  visibility jsonb,
  resource_method text,
  resource_method_result text,
  user_id uuid,
  remote_address text,
  app_id uuid,
  expires_at timestamp with time zone,
  version text not null default '1.4'::text,
  labels jsonb not null default '[]'::jsonb,
  created_at timestamp with time zone not null default now(),
  modified_at timestamp with time zone not null default now(),
  created_by uuid not null default '00000000-0000-0000-0000-000000000000'::uuid,
  modified_by uuid,
  constraint events_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts(id),
  constraint events_class_check CHECK ((class = ANY (ARRAY['system'::text, 'user'::text, 'security'::text]))),
  constraint events_pkey PRIMARY KEY (id),
  constraint events_sequence_key UNIQUE (sequence),
  constraint events_severity_check CHECK ((severity = ANY (ARRAY['cleared'::text, 'indeterminate'::text, 'informational'::text, 'warning'::text, 'critical'::text])))
);
CREATE INDEX events_by_account ON public.events USING btree (account_id, created_at, id);
CREATE INDEX events_by_resource ON public.events USING btree (resource_id);
CREATE INDEX events_expiring ON public.events USING btree (expires_at) WHERE (expires_at IS NOT NULL);
CREATE INDEX notifications_by_account ON public.events USING btree (account_id, created_at, id) WHERE (destinations ? 'notification'::text);

create table execution_hooks (
  id uuid not null,
  account_id uuid not null,
  app_id uuid not null,
  name text not null,
  hook_type text not null default 'custom'::text,
  matching_criteria jsonb not null default '[]'::jsonb,
  action text not null,
  stage text not null,
  hook_source_id uuid not null,
  arguments jsonb not null default '[]'::jsonb,
  is_enabled boolean not null default true,
  description text,
  version text not null default '1.3'::text,
  labels jsonb not null default '[]'::jsonb,
  created_at timestamp with time zone not null default now(),
  modified_at timestamp with time zone not null default now(),
  created_by uuid not null default '00000000-0000-0000-0000-000000000000'::uuid,
  modified_by uuid,
  constraint execution_hooks_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts(id),
  constraint execution_hooks_action_check CHECK ((action = ANY (ARRAY['snapshot'::text, 'backup'::text, 'restore'::text, 'failover'::text]))),
  constraint execution_hooks_app_id_fkey FOREIGN KEY (app_id) REFERENCES apps(id) ON DELETE CASCADE,
  constraint execution_hooks_app_id_name_key UNIQUE (app_id, name),
  constraint execution_hooks_hook_source_id_fkey FOREIGN KEY (hook_source_id) REFERENCES hook_sources(id),
  constraint execution_hooks_pkey PRIMARY KEY (id),
  constraint execution_hooks_stage_check CHECK ((stage = ANY (ARRAY['pre'::text, 'post'::text])))
);
CREATE INDEX execution_hooks_by_source ON public.execution_hooks USING btree (hook_source_id);

create table holdfast_migrations (
  name character varying(255) not null,
  "timestamp" character varying(255) not null,
  constraint holdfast_migrations_pkey PRIMARY KEY (name)
);

create table holdfast_migrations_lock (
  id character varying(255) not null,
  is_locked integer not null default 0,
  constraint holdfast_migrations_lock_pkey PRIMARY KEY (id)
);

create table hook_runs (
  id uuid not null,
  task_id uuid not null,
  hook_id uuid not null,
  hook_name text not null,
  action text not null,
  stage text not null,
  namespace text not null,
  pod_name text not null,
  container_name text not null,
  "position" integer not null,
  source text,
  arguments jsonb not null default '[]'::jsonb,
  may_run_as_root boolean not null default false,
  state text not null default 'planned'::text,
  boot text,
  exit_code integer,
  output text not null default ''::text,
  reason text,
  created_at timestamp with time zone not null default now(),
  started_at timestamp with time zone,
  ended_at timestamp with time zone,
  constraint hook_runs_pkey PRIMARY KEY (id),
  constraint hook_runs_state_check CHECK ((state = ANY (ARRAY['planned'::text, 'running'::text, 'success'::text, 'failed'::text, 'skipped'::text]))),
  constraint hook_runs_task_id_fkey FOREIGN KEY (task_id) REFERENCES tasks(id) ON DELETE CASCADE
);
CREATE INDEX hook_runs_by_task ON public.hook_runs USING btree (task_id, "position");
CREATE INDEX hook_runs_running ON public.hook_runs USING btree (boot) WHERE (state = 'running'::text);

create table hook_sources (
  id uuid not null,
  account_id uuid not null,
  name text not null,
  is_private boolean not null default false,
  is_preloaded boolean not null default false,
  source_type text not null default 'script'::text,
  source text not null,
  source_md5 text not null,
  description text,
  version text not null default '1.0'::text,
  labels jsonb not null default '[]'::jsonb,
  created_at timestamp with time zone not null default now(),
  modified_at timestamp with time zone not null default now(),
  created_by uuid not null default '00000000-0000-0000-0000-000000000000'::uuid,
  modified_by uuid,
  constraint hook_sources_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts(id),
  constraint hook_sources_account_id_name_key UNIQUE (account_id, name),
  constraint hook_sources_pkey PRIMARY KEY (id)
);

create table hub_roles (
  id uuid not null,
  account_id uuid not null,
  identifier text not null,
  name text,
  rank integer not null,
  is_root boolean not null default false,
  default_identifier text,
  has_all_capabilities boolean not null default false,
  capabilities jsonb not null default '[]'::jsonb,
  extra jsonb,
  created_by uuid,
  created_at timestamp with time zone not null default now(),
  modified_at timestamp with time zone not null default now(),
  constraint hub_roles_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts(id),
  constraint hub_roles_account_id_identifier_key UNIQUE (account_id, identifier),
  constraint hub_roles_pkey PRIMARY KEY (id),
  constraint hub_roles_rank_check CHECK (((rank >= 0) AND (rank <= 10)))
);

create table installation (
  singleton boolean not null default true,
  id uuid not null,
  master_key_fingerprint text not null,
  created_at timestamp with time zone not null default now(),
  constraint installation_pkey PRIMARY KEY (singleton),
  constraint installation_singleton_check CHECK (singleton)
);

create table instances (
  id text not null,
  account_id uuid not null,
  app_id uuid not null,
  identity text not null,
  created_at timestamp with time zone not null default now(),
  constraint instances_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts(id),
  constraint instances_app_id_fkey FOREIGN KEY (app_id) REFERENCES apps(id) ON DELETE CASCADE,
  constraint instances_app_id_identity_key UNIQUE (app_id, identity),
  constraint instances_pkey PRIMARY KEY (id)
);

create table namespaces (
  id uuid not null,
  account_id uuid not null,
  cluster_id uuid not null,
  name text not null,
  uid text not null,
  namespace_state text not null default 'discovered'::text,
  version text not null default '1.2'::text,
  labels jsonb not null default '[]'::jsonb,
  created_at timestamp with time zone not null default now(),
  modified_at timestamp with time zone not null default now(),
  created_by uuid not null default '00000000-0000-0000-0000-000000000000'::uuid,
  modified_by uuid,
  kubernetes_labels jsonb not null default '[]'::jsonb,
  constraint namespaces_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts(id),
  constraint namespaces_cluster_id_fkey FOREIGN KEY (cluster_id) REFERENCES clusters(id),
  constraint namespaces_cluster_id_name_key UNIQUE (cluster_id, name),
  constraint namespaces_namespace_state_check CHECK ((namespace_state = ANY (ARRAY['discovered'::text, 'removed'::text]))),
  constraint namespaces_pkey PRIMARY KEY (id)
);

create table obligations (
  id uuid not null,
  sequence bigint not null generated always as identity,
  task_id uuid,
  workflow_id text not null,
  boot text not null,
  cluster_id uuid,
  kind text not null,
  resource text not null,
  detail jsonb not null,
  created_at timestamp with time zone not null default now(),
  constraint obligations_cluster_id_fkey FOREIGN KEY (cluster_id) REFERENCES clusters(id),
  constraint obligations_kind_check CHECK ((kind = ANY (ARRAY['volume-snapshot'::text, 'staging'::text, 'mover'::text, 'turn'::text, 'hooks'::text]))),
  constraint obligations_pkey PRIMARY KEY (id),
  constraint obligations_task_id_fkey FOREIGN KEY (task_id) REFERENCES tasks(id)
);
CREATE INDEX obligations_by_resource ON public.obligations USING btree (resource, sequence);
CREATE INDEX obligations_by_workflow ON public.obligations USING btree (workflow_id);

create table repositories (
  id uuid not null,
  account_id uuid not null,
  bucket_id uuid,
  cluster_id uuid,
  prefix text not null,
  config_id text,
  sealed_secrets bytea,
  sealed_polynomial bytea,
  created_at timestamp with time zone not null default now(),
  constraint repositories_account_id_bucket_id_key UNIQUE (account_id, bucket_id),
  constraint repositories_account_id_cluster_id_key UNIQUE (account_id, cluster_id),
  constraint repositories_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts(id),
  constraint repositories_bucket_id_fkey FOREIGN KEY (bucket_id) REFERENCES buckets(id),
  constraint repositories_check CHECK (((bucket_id IS NULL) <> (cluster_id IS NULL))),
  constraint repositories_cluster_id_fkey FOREIGN KEY (cluster_id) REFERENCES clusters(id),
  constraint repositories_pkey PRIMARY KEY (id)
);

create table role_bindings (
  id uuid not null,
  account_id uuid not null,
  user_id uuid not null,
  role text not null,
  role_constraints jsonb not null default '["*"]'::jsonb,
  version text not null default '1.1'::text,
  labels jsonb not null default '[]'::jsonb,
  created_at timestamp with time zone not null default now(),
  modified_at timestamp with time zone not null default now(),
  created_by uuid not null default '00000000-0000-0000-0000-000000000000'::uuid,
  modified_by uuid,
  constraint role_bindings_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts(id),
  constraint role_bindings_pkey PRIMARY KEY (id),
  constraint role_bindings_role_check CHECK ((role = ANY (ARRAY['viewer'::text, 'member'::text, 'admin'::text, 'owner'::text]))),
  constraint role_bindings_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
);

create table schedule_runs (
  id uuid not null,
  schedule_id uuid not null,
  due_at timestamp with time zone not null,
  state text not null,
  reason text,
  task_id uuid,
  snapshot_id uuid,
  backup_id uuid,
  was_clock_ahead boolean not null default false,
  created_at timestamp with time zone not null default now(),
  started_at timestamp with time zone,
  ended_at timestamp with time zone,
  constraint schedule_runs_pkey PRIMARY KEY (id),
  constraint schedule_runs_schedule_id_fkey FOREIGN KEY (schedule_id) REFERENCES schedules(id) ON DELETE CASCADE,
  constraint schedule_runs_state_check CHECK ((state = ANY (ARRAY['running'::text, 'completed'::text, 'failed'::text, 'skipped'::text, 'missed'::text]))),
  constraint schedule_runs_task_id_fkey FOREIGN KEY (task_id) REFERENCES tasks(id)
);
CREATE INDEX schedule_runs_by_task ON public.schedule_runs USING btree (task_id);
CREATE UNIQUE INDEX schedule_runs_once ON public.schedule_runs USING btree (schedule_id, due_at) WHERE (NOT was_clock_ahead);
CREATE UNIQUE INDEX schedule_runs_one_at_a_time ON public.schedule_runs USING btree (schedule_id) WHERE (state = 'running'::text);

create table schedules (
  id uuid not null,
  account_id uuid not null,
  app_id uuid not null,
  name text not null,
  is_enabled boolean not null default true,
  granularity text not null,
  minute integer not null default 0,
  hour integer,
  day_of_week integer,
  day_of_month integer,
  recurrence_rule text,
  snapshot_retention numeric not null,
  backup_retention numeric not null,
  bucket_id uuid,
  replicate boolean not null default false,
  next_run_at timestamp with time zone,
  version text not null default '1.3'::text,
  labels jsonb not null default '[]'::jsonb,
  created_at timestamp with time zone not null default now(),
  modified_at timestamp with time zone not null default now(),
  created_by uuid not null default '00000000-0000-0000-0000-000000000000'::uuid,
  modified_by uuid,
  cron_string text,
  stream_retention text,
  constraint schedules_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts(id),
  constraint schedules_app_id_fkey FOREIGN KEY (app_id) REFERENCES apps(id) ON DELETE CASCADE,
  constraint schedules_day_of_month_check CHECK (((day_of_month >= 1) AND (day_of_month <= 31))),
  constraint schedules_day_of_week_check CHECK (((day_of_week >= 0) AND (day_of_week <= 7))),
  constraint schedules_granularity_check CHECK ((granularity = ANY (ARRAY['hourly'::text, 'daily'::text, 'weekly'::text, 'monthly'::text, 'custom'::text]))),
  constraint schedules_hour_check CHECK (((hour >= 0) AND (hour <= 23))),
  constraint schedules_minute_check CHECK (((minute >= 0) AND (minute <= 59))),
  constraint schedules_pkey PRIMARY KEY (id)
);
CREATE INDEX schedules_by_app ON public.schedules USING btree (app_id);
CREATE INDEX schedules_due ON public.schedules USING btree (next_run_at) WHERE (next_run_at IS NOT NULL);

create table service_boots (
  boot text not null,
  executor_id text not null,
  lock_hostname text not null,
  started_at timestamp with time zone not null default now(),
  ended_at timestamp with time zone,
  stopped_at timestamp with time zone,
  constraint service_boots_pkey PRIMARY KEY (boot)
);

create table sessions (
  id uuid not null,
  account_id uuid not null,
  user_id uuid not null,
  secret_hash bytea not null,
  created_at timestamp with time zone not null default now(),
  last_used_at timestamp with time zone not null default now(),
  expires_at timestamp with time zone not null,
  ended_at timestamp with time zone,
  constraint sessions_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts(id),
  constraint sessions_pkey PRIMARY KEY (id),
  constraint sessions_secret_hash_key UNIQUE (secret_hash),
  constraint sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
);
CREATE INDEX sessions_by_user ON public.sessions USING btree (user_id);

create table settings (
  id uuid not null,
  account_id uuid not null,
  name text not null,
  current_config jsonb not null,
  desired_config jsonb,
  state text not null default 'valid'::text,
  state_unready jsonb not null default '[]'::jsonb,
  version text not null default '1.1'::text,
  labels jsonb not null default '[]'::jsonb,
  created_at timestamp with time zone not null default now(),
  modified_at timestamp with time zone not null default now(),
  created_by uuid not null default '00000000-0000-0000-0000-000000000000'::uuid,
  modified_by uuid,
  constraint settings_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts(id),
  constraint settings_account_id_name_key UNIQUE (account_id, name),
  constraint settings_pkey PRIMARY KEY (id),
  constraint settings_state_check CHECK ((state = ANY (ARRAY['valid'::text, 'pending'::text, 'error'::text])))
);

create table storage_classes (
  id uuid not null,
  account_id uuid not null,
  cluster_id uuid not null,
  name text not null,
  provisioner text not null,
  is_default boolean not null default false,
  version text not null default '1.1'::text,
  labels jsonb not null default '[]'::jsonb,
  created_at timestamp with time zone not null default now(),
  modified_at timestamp with time zone not null default now(),
  created_by uuid not null default '00000000-0000-0000-0000-000000000000'::uuid,
  modified_by uuid,
  constraint storage_classes_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts(id),
  constraint storage_classes_cluster_id_fkey FOREIGN KEY (cluster_id) REFERENCES clusters(id),
  constraint storage_classes_cluster_id_name_key UNIQUE (cluster_id, name),
  constraint storage_classes_pkey PRIMARY KEY (id)
);

create table task_log (
  task_id uuid not null,
  sequence bigint not null generated always as identity,
  logged_at timestamp with time zone not null default now(),
  level text not null,
  step text,
  message text not null,
  constraint task_log_level_check CHECK ((level = ANY (ARRAY['info'::text, 'warning'::text, 'error'::text]))),
  constraint task_log_pkey PRIMARY KEY (task_id, sequence),
  constraint task_log_task_id_fkey FOREIGN KEY (task_id) REFERENCES tasks(id)
);

create table task_steps (
  task_id uuid not null,
  "position" integer not null,
  name text not null,
  state text not null,
  attempt integer not null,
  started_at timestamp with time zone not null default now(),
  ended_at timestamp with time zone,
  failure jsonb,
  constraint task_steps_pkey PRIMARY KEY (task_id, "position"),
  constraint task_steps_state_check CHECK ((state = ANY (ARRAY['running'::text, 'completed'::text, 'failed'::text]))),
  constraint task_steps_task_id_fkey FOREIGN KEY (task_id) REFERENCES tasks(id)
);

create table tasks (
  id uuid not null,
  account_id uuid not null,
  kind text not null,
  workflow_id text not null,
  parent_task_id uuid,
  order_hint integer not null default 0,
  name text not null,
  summary text not null,
  description text not null,
  user_id uuid,
  app_id uuid,
  resource_kind text not null,
  resource_id uuid not null,
  input jsonb not null default '{}'::jsonb,
  state text not null default 'notStarted'::text,
  state_details jsonb not null default '[]'::jsonb,
  attempt integer not null default 0,
  past_commit boolean not null default false,
  cancel_requested_at timestamp with time zone,
  cancel_requested_by uuid,
  failure jsonb,
  bytes_done bigint not null default 0,
  total_bytes bigint,
  percent_done integer not null default 0,
  started_at timestamp with time zone,
  ended_at timestamp with time zone,
  version text not null default '1.1'::text,
  labels jsonb not null default '[]'::jsonb,
  created_at timestamp with time zone not null default now(),
  modified_at timestamp with time zone not null default now(),
  created_by uuid not null default '00000000-0000-0000-0000-000000000000'::uuid,
  modified_by uuid,
  command_begun_at timestamp with time zone,
  app_ended_at timestamp with time zone,
  constraint tasks_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts(id),
  constraint tasks_app_id_fkey FOREIGN KEY (app_id) REFERENCES apps(id),
  constraint tasks_parent_task_id_fkey FOREIGN KEY (parent_task_id) REFERENCES tasks(id),
  constraint tasks_percent_done_check CHECK (((percent_done >= 0) AND (percent_done <= 100))),
  constraint tasks_pkey PRIMARY KEY (id),
  constraint tasks_state_check CHECK ((state = ANY (ARRAY['notStarted'::text, 'running'::text, 'completed'::text, 'cancelling'::text, 'cancelled'::text, 'failed'::text]))),
  constraint tasks_workflow_id_key UNIQUE (workflow_id)
);
CREATE INDEX tasks_by_account ON public.tasks USING btree (account_id, created_at, id);
CREATE INDEX tasks_by_resource ON public.tasks USING btree (resource_id);
CREATE INDEX tasks_by_restored_copy ON public.tasks USING btree (((input #>> '{source,id}'::text[])));
CREATE INDEX tasks_not_final ON public.tasks USING btree (state) WHERE (state = ANY (ARRAY['notStarted'::text, 'running'::text, 'cancelling'::text]));

create table tokens (
  id uuid not null,
  account_id uuid not null,
  user_id uuid not null,
  name text not null,
  secret_hash bytea not null,
  revoked_at timestamp with time zone,
  last_used_at timestamp with time zone,
  version text not null default '1.0'::text,
  labels jsonb not null default '[]'::jsonb,
  created_at timestamp with time zone not null default now(),
  modified_at timestamp with time zone not null default now(),
  created_by uuid not null default '00000000-0000-0000-0000-000000000000'::uuid,
  modified_by uuid,
  constraint tokens_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts(id),
  constraint tokens_pkey PRIMARY KEY (id),
  constraint tokens_secret_hash_key UNIQUE (secret_hash),
  constraint tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
);

create table unread_notifications (
  id uuid not null,
  account_id uuid not null,
  user_id uuid not null,
  event_id uuid not null,
  version text not null default '1.0'::text,
  labels jsonb not null default '[]'::jsonb,
  created_at timestamp with time zone not null default now(),
  modified_at timestamp with time zone not null default now(),
  created_by uuid not null default '00000000-0000-0000-0000-000000000000'::uuid,
  modified_by uuid,
  constraint unread_notifications_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts(id),
  constraint unread_notifications_event_id_fkey FOREIGN KEY (event_id) REFERENCES events(id) ON DELETE CASCADE,
  constraint unread_notifications_pkey PRIMARY KEY (id),
  constraint unread_notifications_user_id_event_id_key UNIQUE (user_id, event_id),
  constraint unread_notifications_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);
CREATE INDEX unread_notifications_by_account ON public.unread_notifications USING btree (account_id, user_id, created_at, id);
CREATE INDEX unread_notifications_by_event ON public.unread_notifications USING btree (event_id);

create table users (
  id uuid not null,
  account_id uuid not null,
  state text not null default 'active'::text,
  is_enabled boolean not null default true,
  auth_provider text not null default 'local'::text,
  first_name text not null default ''::text,
  last_name text not null default ''::text,
  email text not null,
  version text not null default '1.2'::text,
  labels jsonb not null default '[]'::jsonb,
  created_at timestamp with time zone not null default now(),
  modified_at timestamp with time zone not null default now(),
  created_by uuid not null default '00000000-0000-0000-0000-000000000000'::uuid,
  modified_by uuid,
  auth_id text,
  company_name text,
  phone text,
  postal_address jsonb,
  send_welcome_email boolean not null default false,
  enabled_at timestamp with time zone default now(),
  last_act_at timestamp with time zone,
  password_hash text,
  is_password_change_needed boolean not null default false,
  constraint users_account_id_email_key UNIQUE (account_id, email),
  constraint users_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts(id),
  constraint users_pkey PRIMARY KEY (id),
  constraint users_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'active'::text, 'suspended'::text])))
);

create table volume_snapshots (
  id uuid not null,
  snapshot_id uuid not null,
  namespace text not null,
  key text not null,
  strategy text not null,
  consistency text not null,
  holes jsonb not null default '[]'::jsonb,
  taken_at timestamp with time zone,
  handle jsonb,
  repository_id uuid,
  repository_snapshot_id text,
  estimated_bytes bigint,
  expected_entries bigint,
  expected_bytes bigint,
  captured_entries bigint,
  captured_bytes bigint,
  missed jsonb not null default '[]'::jsonb,
  missed_count bigint not null default 0,
  warnings jsonb not null default '[]'::jsonb,
  warning_count bigint not null default 0,
  constraint volume_snapshots_pkey PRIMARY KEY (id),
  constraint volume_snapshots_repository_id_fkey FOREIGN KEY (repository_id) REFERENCES repositories(id),
  constraint volume_snapshots_snapshot_id_fkey FOREIGN KEY (snapshot_id) REFERENCES application_snapshots(id),
  constraint volume_snapshots_snapshot_id_namespace_key_key UNIQUE (snapshot_id, namespace, key)
);

create table volumes (
  id uuid not null,
  account_id uuid not null,
  cluster_id uuid not null,
  namespace text not null,
  key text not null,
  estimated_bytes bigint,
  strategies jsonb not null default '[]'::jsonb,
  holes jsonb not null default '[]'::jsonb,
  state text not null default 'ready'::text,
  version text not null default '1.2'::text,
  labels jsonb not null default '[]'::jsonb,
  created_at timestamp with time zone not null default now(),
  modified_at timestamp with time zone not null default now(),
  created_by uuid not null default '00000000-0000-0000-0000-000000000000'::uuid,
  modified_by uuid,
  constraint volumes_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts(id),
  constraint volumes_cluster_id_fkey FOREIGN KEY (cluster_id) REFERENCES clusters(id),
  constraint volumes_cluster_id_namespace_key_key UNIQUE (cluster_id, namespace, key),
  constraint volumes_pkey PRIMARY KEY (id),
  constraint volumes_state_check CHECK ((state = ANY (ARRAY['ready'::text, 'removed'::text])))
);

create table webhooks (
  id uuid not null,
  account_id uuid not null,
  name text not null,
  url text not null,
  sealed_secret bytea,
  is_enabled boolean not null default true,
  minimum_severity text not null default 'informational'::text,
  version text not null default '1.0'::text,
  labels jsonb not null default '[]'::jsonb,
  created_at timestamp with time zone not null default now(),
  modified_at timestamp with time zone not null default now(),
  created_by uuid not null default '00000000-0000-0000-0000-000000000000'::uuid,
  modified_by uuid,
  constraint webhooks_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts(id),
  constraint webhooks_account_id_name_key UNIQUE (account_id, name),
  constraint webhooks_pkey PRIMARY KEY (id)
);
