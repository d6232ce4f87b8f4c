// Table types of the schema, for Kysely. Rows never leave this package.
// `bigint` columns arrive as numbers: byte counts are safe integers (see database.ts).
import type { ColumnType, Generated, JSONColumnType } from 'kysely'

/** Written as JSON text, read as a parsed value. */
type Json = JSONColumnType<object, string, string>
type NullableJson = JSONColumnType<object | null, string | null, string | null>
type GeneratedJson = ColumnType<object, string | undefined, string>
type Instant = ColumnType<Date, Date | string, Date | string>
type NullableInstant = ColumnType<Date | null, Date | string | null, Date | string | null>
type GeneratedInstant = ColumnType<Date, Date | string | undefined, Date | string>

export interface InstallationTable {
  singleton: Generated<boolean>
  id: string
  master_key_fingerprint: string
  created_at: GeneratedInstant
}

export interface ServiceBootsTable {
  boot: string
  executor_id: string
  lock_hostname: string
  started_at: GeneratedInstant
  ended_at: NullableInstant
  stopped_at: NullableInstant
}

export interface AccountsTable {
  id: string
  name: string
  state: Generated<string>
  is_enabled: Generated<boolean>
  enabled_at: NullableInstant
  account_contact: NullableJson
  made_by_account_id: string | null
  version: Generated<string>
  labels: GeneratedJson
  created_at: GeneratedInstant
  modified_at: GeneratedInstant
  created_by: Generated<string>
  modified_by: string | null
}

export interface UsersTable {
  id: string
  account_id: string
  state: Generated<string>
  is_enabled: Generated<boolean>
  auth_provider: Generated<string>
  first_name: Generated<string>
  last_name: Generated<string>
  email: string
  auth_id: string | null
  company_name: string | null
  phone: string | null
  postal_address: NullableJson
  send_welcome_email: Generated<boolean>
  enabled_at: NullableInstant
  last_act_at: NullableInstant
  password_hash: string | null
  is_password_change_needed: Generated<boolean>
  version: Generated<string>
  labels: GeneratedJson
  created_at: GeneratedInstant
  modified_at: GeneratedInstant
  created_by: Generated<string>
  modified_by: string | null
}

export interface TokensTable {
  id: string
  account_id: string
  user_id: string
  name: string
  secret_hash: Buffer
  revoked_at: NullableInstant
  last_used_at: NullableInstant
  version: Generated<string>
  labels: GeneratedJson
  created_at: GeneratedInstant
  modified_at: GeneratedInstant
  created_by: Generated<string>
  modified_by: string | null
}

export interface RoleBindingsTable {
  id: string
  account_id: string
  user_id: string
  role: string
  role_constraints: GeneratedJson
  version: Generated<string>
  labels: GeneratedJson
  created_at: GeneratedInstant
  modified_at: GeneratedInstant
  created_by: Generated<string>
  modified_by: string | null
}

export interface CloudsTable {
  id: string
  account_id: string
  name: string
  state: Generated<string>
  state_unready: GeneratedJson
  cloud_type: string
  default_bucket_id: string | null
  credential_id: string | null
  deleted_at: NullableInstant
  version: Generated<string>
  labels: GeneratedJson
  created_at: GeneratedInstant
  modified_at: GeneratedInstant
  created_by: Generated<string>
  modified_by: string | null
}

export interface ClustersTable {
  id: string
  account_id: string
  cloud_id: string
  name: string
  cluster_type: string
  cluster_version: string
  state: Generated<string>
  state_unready: GeneratedJson
  managed_state: Generated<string>
  managed_at: NullableInstant
  default_bucket_id: string | null
  default_storage_class_id: string | null
  discovered_at: NullableInstant
  credential_id: string | null
  host_root: string | null
  home: string | null
  is_built_in: Generated<boolean>
  machine: NullableJson
  deleted_at: NullableInstant
  version: Generated<string>
  labels: GeneratedJson
  created_at: GeneratedInstant
  modified_at: GeneratedInstant
  created_by: Generated<string>
  modified_by: string | null
}

export interface NamespacesTable {
  id: string
  account_id: string
  cluster_id: string
  name: string
  uid: string
  namespace_state: Generated<string>
  kubernetes_labels: GeneratedJson
  version: Generated<string>
  labels: GeneratedJson
  created_at: GeneratedInstant
  modified_at: GeneratedInstant
  created_by: Generated<string>
  modified_by: string | null
}

export interface StorageClassesTable {
  id: string
  account_id: string
  cluster_id: string
  name: string
  provisioner: string
  is_default: Generated<boolean>
  version: Generated<string>
  labels: GeneratedJson
  created_at: GeneratedInstant
  modified_at: GeneratedInstant
  created_by: Generated<string>
  modified_by: string | null
}

export interface VolumesTable {
  id: string
  account_id: string
  cluster_id: string
  namespace: string
  key: string
  estimated_bytes: number | null
  strategies: GeneratedJson
  holes: GeneratedJson
  state: Generated<string>
  version: Generated<string>
  labels: GeneratedJson
  created_at: GeneratedInstant
  modified_at: GeneratedInstant
  created_by: Generated<string>
  modified_by: string | null
}

export interface BucketsTable {
  id: string
  account_id: string
  name: string
  provider: string
  bucket_parameters: Json
  credential_id: Generated<string>
  state: Generated<string>
  state_details: GeneratedJson
  deleted_at: NullableInstant
  place_revision: Generated<number>
  verified_at: NullableInstant
  verify_after: GeneratedInstant
  identifier: string
  vendor: string | null
  prefix: Generated<string>
  version: Generated<string>
  labels: GeneratedJson
  created_at: GeneratedInstant
  modified_at: GeneratedInstant
  created_by: Generated<string>
  modified_by: string | null
}

export interface RepositoriesTable {
  id: string
  account_id: string
  bucket_id: string | null
  cluster_id: string | null
  prefix: string
  config_id: string | null
  sealed_secrets: Buffer | null
  sealed_polynomial: Buffer | null
  created_at: GeneratedInstant
}

export interface AppsTable {
  id: string
  account_id: string
  cluster_id: string
  name: string
  namespace_scoped_resources: Json
  cluster_scoped_resources: GeneratedJson
  namespace_mapping: NullableJson
  restore_filter: NullableJson
  storage_class_mapping: NullableJson
  purge_after: NullableInstant
  state: string
  state_details: GeneratedJson
  last_resource_collection_at: NullableInstant
  source_app_id: string | null
  source_cluster_id: string | null
  backup_id: string | null
  snapshot_id: string | null
  hidden_at: NullableInstant
  version: Generated<string>
  labels: GeneratedJson
  created_at: GeneratedInstant
  modified_at: GeneratedInstant
  created_by: Generated<string>
  modified_by: string | null
}

export interface ApplicationSnapshotsTable {
  id: string
  account_id: string
  app_id: string
  name: string
  bucket_id: string
  repository_id: string | null
  description_snapshot_id: string | null
  schedule_id: string | null
  state: Generated<string>
  state_unready: GeneratedJson
  state_details: GeneratedJson
  hook_state: string | null
  hook_state_details: NullableJson
  restore_hooks: NullableJson
  taken_at: NullableInstant
  snapshot_app_asset: string | null
  taken_by_backup_id: string | null
  definition: NullableJson
  hidden_at: NullableInstant
  deleted_at: NullableInstant
  purge_after: NullableInstant
  version: Generated<string>
  labels: GeneratedJson
  created_at: GeneratedInstant
  modified_at: GeneratedInstant
  created_by: Generated<string>
  modified_by: string | null
}

export interface BackupsTable {
  id: string
  account_id: string
  app_id: string
  name: string
  bucket_id: string
  repository_id: string | null
  description_snapshot_id: string | null
  snapshot_id: string | null
  schedule_id: string | null
  state: Generated<string>
  state_unready: GeneratedJson
  state_details: GeneratedJson
  hook_state: string | null
  hook_state_details: NullableJson
  restore_hooks: NullableJson
  taken_at: NullableInstant
  total_bytes: number | null
  bytes_done: number | null
  percent_done: number | null
  definition: NullableJson
  hidden_at: NullableInstant
  deleted_at: NullableInstant
  purge_after: NullableInstant
  kind: Generated<string>
  stream_snapshot_id: string | null
  stream_added_bytes: number | null
  version: Generated<string>
  labels: GeneratedJson
  created_at: GeneratedInstant
  modified_at: GeneratedInstant
  created_by: Generated<string>
  modified_by: string | null
}

export interface InstancesTable {
  id: string
  account_id: string
  app_id: string
  identity: string
  created_at: GeneratedInstant
}

export interface ContainerBackupsTable {
  id: string
  account_id: string
  app_id: string
  backup_id: string
  instance_id: string
}

export interface ContainerBackupPoliciesTable {
  app_id: string
  account_id: string
  integration_id: string | null
  bucket_id: string | null
  destination: string | null
  backup_command: string
  backup_timeout: string | null
  restore_command: string | null
  restore_timeout: string | null
  retention: string | null
  schedule_id: string | null
  created_at: GeneratedInstant
  created_by: string
  modified_at: GeneratedInstant
  modified_by: string
}

export interface HubRolesTable {
  id: string
  account_id: string
  identifier: string
  name: string | null
  rank: number
  is_root: Generated<boolean>
  default_identifier: string | null
  has_all_capabilities: Generated<boolean>
  capabilities: GeneratedJson
  extra: NullableJson
  created_by: string | null
  created_at: GeneratedInstant
  modified_at: GeneratedInstant
}

export interface ApiKeysTable {
  id: string
  account_id: string
  name: string
  role_id: string | null
  ips: NullableJson
  secret_hash: Buffer
  created_by: string | null
  created_at: GeneratedInstant
  modified_at: GeneratedInstant
  last_used_at: NullableInstant
  deleted_at: NullableInstant
}

export interface VolumeSnapshotsTable {
  id: string
  snapshot_id: string
  namespace: string
  key: string
  strategy: string
  consistency: string
  holes: GeneratedJson
  taken_at: NullableInstant
  handle: NullableJson
  repository_id: string | null
  repository_snapshot_id: string | null
  estimated_bytes: number | null
  expected_entries: number | null
  expected_bytes: number | null
  captured_entries: number | null
  captured_bytes: number | null
  missed: GeneratedJson
  missed_count: Generated<number>
  warnings: GeneratedJson
  warning_count: Generated<number>
}

export interface BackupVolumesTable {
  id: string
  backup_id: string
  namespace: string
  key: string
  strategy: string
  consistency: string
  holes: GeneratedJson
  taken_at: NullableInstant
  repository_snapshot_id: string | null
  total_bytes: number | null
  bytes_done: Generated<number>
  expected_entries: number | null
  expected_bytes: number | null
  captured_entries: number | null
  captured_bytes: number | null
  added_bytes: number | null
  missed: GeneratedJson
  missed_count: Generated<number>
  warnings: GeneratedJson
  warning_count: Generated<number>
}

export interface AppAssetsTable {
  id: string
  account_id: string
  app_id: string | null
  snapshot_id: string | null
  backup_id: string | null
  asset_id: string
  asset_type: string
  gvk_group: string
  gvk_kind: string
  gvk_version: string
  asset_name: string
  namespace: string | null
  asset_created_at: Instant
  resource: NullableJson
  version: Generated<string>
  labels: GeneratedJson
  created_at: GeneratedInstant
  modified_at: GeneratedInstant
  created_by: Generated<string>
  modified_by: string | null
}

export interface TasksTable {
  id: string
  account_id: string
  kind: string
  workflow_id: string
  parent_task_id: string | null
  order_hint: Generated<number>
  name: string
  summary: string
  description: string
  user_id: string | null
  app_id: string | null
  resource_kind: string
  resource_id: string
  input: GeneratedJson
  state: Generated<string>
  state_details: GeneratedJson
  attempt: Generated<number>
  past_commit: Generated<boolean>
  cancel_requested_at: NullableInstant
  cancel_requested_by: string | null
  failure: NullableJson
  bytes_done: Generated<number>
  total_bytes: number | null
  percent_done: Generated<number>
  started_at: NullableInstant
  ended_at: NullableInstant
  version: Generated<string>
  labels: GeneratedJson
  created_at: GeneratedInstant
  modified_at: GeneratedInstant
  created_by: Generated<string>
  modified_by: string | null
  command_begun_at: NullableInstant
  app_ended_at: NullableInstant
}

export interface TaskLogTable {
  task_id: string
  sequence: Generated<number | null>
  logged_at: GeneratedInstant
  level: string
  step: string | null
  message: string
}

export interface TaskStepsTable {
  task_id: string
  position: number
  name: string
  state: string
  attempt: number
  started_at: GeneratedInstant
  ended_at: NullableInstant
  failure: NullableJson
}

export interface ObligationsTable {
  id: string
  sequence: Generated<number>
  task_id: string | null
  workflow_id: string
  boot: string
  cluster_id: string | null
  kind: string
  resource: string
  detail: Json
  created_at: GeneratedInstant
}

export interface SessionsTable {
  id: string
  account_id: string
  user_id: string
  secret_hash: Buffer
  created_at: GeneratedInstant
  last_used_at: GeneratedInstant
  expires_at: Instant
  ended_at: NullableInstant
}

export interface CredentialsTable {
  id: string
  account_id: string
  name: string
  key_type: string | null
  is_valid: Generated<boolean>
  valid_from: NullableInstant
  valid_until: NullableInstant
  sealed_key_store: Buffer | null
  version: Generated<string>
  labels: GeneratedJson
  created_at: GeneratedInstant
  modified_at: GeneratedInstant
  created_by: Generated<string>
  modified_by: string | null
}

export interface HookSourcesTable {
  id: string
  account_id: string
  name: string
  is_private: Generated<boolean>
  is_preloaded: Generated<boolean>
  source_type: Generated<string>
  source: string
  source_md5: string
  description: string | null
  version: Generated<string>
  labels: GeneratedJson
  created_at: GeneratedInstant
  modified_at: GeneratedInstant
  created_by: Generated<string>
  modified_by: string | null
}

export interface ExecutionHooksTable {
  id: string
  account_id: string
  app_id: string
  name: string
  hook_type: Generated<string>
  matching_criteria: GeneratedJson
  action: string
  stage: string
  hook_source_id: string
  arguments: GeneratedJson
  is_enabled: Generated<boolean>
  description: string | null
  version: Generated<string>
  labels: GeneratedJson
  created_at: GeneratedInstant
  modified_at: GeneratedInstant
  created_by: Generated<string>
  modified_by: string | null
}

export interface HookRunsTable {
  id: string
  task_id: string
  hook_id: string
  hook_name: string
  action: string
  stage: string
  namespace: string
  pod_name: string
  container_name: string
  position: number
  source: string | null
  arguments: GeneratedJson
  may_run_as_root: Generated<boolean>
  state: Generated<string>
  boot: string | null
  exit_code: number | null
  output: Generated<string>
  reason: string | null
  created_at: GeneratedInstant
  started_at: NullableInstant
  ended_at: NullableInstant
}

export interface SchedulesTable {
  id: string
  account_id: string
  app_id: string
  name: string
  is_enabled: Generated<boolean>
  granularity: string
  minute: Generated<number>
  hour: number | null
  day_of_week: number | null
  day_of_month: number | null
  recurrence_rule: string | null
  snapshot_retention: string
  backup_retention: string
  bucket_id: string | null
  replicate: Generated<boolean>
  next_run_at: NullableInstant
  cron_string: string | null
  stream_retention: string | null
  version: Generated<string>
  labels: GeneratedJson
  created_at: GeneratedInstant
  modified_at: GeneratedInstant
  created_by: Generated<string>
  modified_by: string | null
}

export interface ScheduleRunsTable {
  id: string
  schedule_id: string
  due_at: Instant
  state: string
  reason: string | null
  task_id: string | null
  snapshot_id: string | null
  backup_id: string | null
  was_clock_ahead: Generated<boolean>
  created_at: GeneratedInstant
  started_at: NullableInstant
  ended_at: NullableInstant
}

export interface EventsTable {
  id: string
  account_id: string
  sequence: Generated<number>
  name: string
  summary: string
  description: string
  source: string
  severity: string
  class: string
  event_time: Instant
  correlation_id: string
  resource_id: string
  resource_type: string
  resource_uri: string | null
  additional_resource_ids: GeneratedJson
  corrective_action: string | null
  destinations: GeneratedJson
  visibility: NullableJson
  resource_method: string | null
  resource_method_result: string | null
  user_id: string | null
  remote_address: string | null
  app_id: string | null
  expires_at: NullableInstant
  version: Generated<string>
  labels: GeneratedJson
  created_at: GeneratedInstant
  modified_at: GeneratedInstant
  created_by: Generated<string>
  modified_by: string | null
}

export interface UnreadNotificationsTable {
  id: string
  account_id: string
  user_id: string
  event_id: string
  version: Generated<string>
  labels: GeneratedJson
  created_at: GeneratedInstant
  modified_at: GeneratedInstant
  created_by: Generated<string>
  modified_by: string | null
}

export interface WebhooksTable {
  id: string
  account_id: string
  name: string
  url: string
  sealed_secret: Buffer | null
  is_enabled: Generated<boolean>
  minimum_severity: Generated<string>
  version: Generated<string>
  labels: GeneratedJson
  created_at: GeneratedInstant
  modified_at: GeneratedInstant
  created_by: Generated<string>
  modified_by: string | null
}

export interface DeliveriesTable {
  id: string
  account_id: string
  event_id: string
  channel: string
  webhook_id: string | null
  user_id: string | null
  state: Generated<string>
  attempts: Generated<number>
  next_attempt_at: GeneratedInstant
  last_error: string | null
  delivered_at: NullableInstant
  created_at: GeneratedInstant
}

export interface SettingsTable {
  id: string
  account_id: string
  name: string
  current_config: Json
  desired_config: NullableJson
  state: Generated<string>
  state_unready: GeneratedJson
  version: Generated<string>
  labels: GeneratedJson
  created_at: GeneratedInstant
  modified_at: GeneratedInstant
  created_by: Generated<string>
  modified_by: string | null
}

export interface Schema {
  installation: InstallationTable
  service_boots: ServiceBootsTable
  accounts: AccountsTable
  users: UsersTable
  tokens: TokensTable
  role_bindings: RoleBindingsTable
  clouds: CloudsTable
  clusters: ClustersTable
  namespaces: NamespacesTable
  storage_classes: StorageClassesTable
  volumes: VolumesTable
  buckets: BucketsTable
  repositories: RepositoriesTable
  apps: AppsTable
  application_snapshots: ApplicationSnapshotsTable
  backups: BackupsTable
  volume_snapshots: VolumeSnapshotsTable
  backup_volumes: BackupVolumesTable
  app_assets: AppAssetsTable
  tasks: TasksTable
  task_log: TaskLogTable
  task_steps: TaskStepsTable
  obligations: ObligationsTable
  sessions: SessionsTable
  credentials: CredentialsTable
  hook_sources: HookSourcesTable
  execution_hooks: ExecutionHooksTable
  hook_runs: HookRunsTable
  schedules: SchedulesTable
  schedule_runs: ScheduleRunsTable
  events: EventsTable
  unread_notifications: UnreadNotificationsTable
  webhooks: WebhooksTable
  deliveries: DeliveriesTable
  settings: SettingsTable
  instances: InstancesTable
  container_backups: ContainerBackupsTable
  container_backup_policies: ContainerBackupPoliciesTable
  hub_roles: HubRolesTable
  api_keys: ApiKeysTable
}
