export type {
  Account,
  AccountChange,
  AccountContact,
  AccountState,
  PendingAccount,
  PostalAddress,
} from './accounts.ts'
export {
  ACCOUNT_STATES,
  ACCOUNTS,
  insertPendingAccount,
  isAccountKnown,
  isSetUpBy,
  lockPeople,
  updateAccount,
} from './accounts.ts'
export { hasNeverBeenFilled, isBeingRestored } from './active-restores.ts'
export type { ApiKey } from './api-keys.ts'
export {
  deleteApiKey,
  findApiKey,
  insertApiKey,
  isApiKey,
  listApiKeys,
  updateApiKey,
} from './api-keys.ts'
export type { AppAsset, NewAppAsset } from './app-assets.ts'
export { APP_ASSETS, replaceAssetsOfApp } from './app-assets.ts'
export type {
  ApplicationSnapshot,
  LockedApplicationSnapshot,
  NewApplicationSnapshot,
} from './application-snapshots.ts'
export {
  APPLICATION_SNAPSHOTS,
  findBackupUsingSnapshot,
  insertApplicationSnapshot,
  lockApplicationSnapshot,
  markApplicationSnapshotDeleting,
} from './application-snapshots.ts'
export type {
  App,
  AppChange,
  AppOrigin,
  LockedApp,
  NamespaceScopedResource,
  NewApp,
} from './apps.ts'
export {
  APPS,
  findAppWithDefinition,
  findAppWithNamespace,
  hideApp,
  insertApp,
  lockApp,
  lockAppRow,
  lockAppsOfCluster,
  updateApp,
} from './apps.ts'
export type { Backup, BackupKind, LockedBackup, NewBackup } from './backups.ts'
export { BACKUPS, insertBackup, lockBackup, markBackupDeleted } from './backups.ts'
export type {
  BucketChange,
  BucketDefaults,
  BucketKey,
  BucketUse,
  KnownBucket,
  NewBucket,
} from './bucket-changes.ts'
export {
  countBucketUse,
  findBucketDefaults,
  forgetRepositoryIsMade,
  holdBucket,
  insertBucket,
  listKnownBuckets,
  lockBucket,
  lockBuckets,
  markBucketDeleted,
  moveRepository,
  updateBucket,
} from './bucket-changes.ts'
export { findBucketIDByIdentifier } from './bucket-identifier.ts'
export type {
  BucketStoreAnswer,
  BucketStoreRefusal,
  BucketStoreRequest,
} from './bucket-stores.ts'
export { credentialRefusal, decodeKeyStore, openBucketStore } from './bucket-stores.ts'
export type { BucketVerdict, ClaimedBucket } from './bucket-verification.ts'
export {
  BUCKET_UNAVAILABLE,
  claimBucketsToVerify,
  claimBucketToVerify,
  postponeVerification,
  recordBucketVerdict,
  requestVerificationOf,
} from './bucket-verification.ts'
export type { Bucket, BucketChoices, BucketParameters } from './buckets.ts'
export {
  BUCKETS,
  INTEGRATIONS,
  integrationsMatching,
  listBucketChoices,
  s3PlaceOf,
} from './buckets.ts'
export type { CloudChange, ClusterChange, NewCloud } from './cloud-changes.ts'
export {
  hasStorageClass,
  hideCloud,
  hideCluster,
  insertCloud,
  isCloudNameTaken,
  listManagedNames,
  lockClouds,
  updateCloud,
  updateCluster,
} from './cloud-changes.ts'
export type { ClusterInventory, SeenVolume } from './cluster-inventory.ts'
export {
  recordClusterReachable,
  recordClusterUnreachable,
  recordInventory,
} from './cluster-inventory.ts'
export { isPassingDatabaseFailure } from './connection-failure.ts'
export type { ContainerBackupLog } from './container-backup-logs.ts'
export { listContainerBackupLogs } from './container-backup-logs.ts'
export type {
  ContainerBackupPolicy,
  StreamCommand,
  WrittenContainerBackupPolicy,
} from './container-backup-policies.ts'
export {
  deleteContainerBackupPolicy,
  findContainerBackupPolicy,
  listContainerBackupPolicies,
  releaseScheduleOfPolicy,
  setBucketOfPolicy,
  writeContainerBackupPolicy,
} from './container-backup-policies.ts'
export type { ContainerBackup } from './container-backups.ts'
export { CONTAINER_BACKUPS } from './container-backups.ts'
export {
  derivedHexID,
  HOST_INSTANCE_IDENTITY,
  hexIDOf,
  isHexID,
  uuidRangeOf,
} from './container-ids.ts'
export type {
  Container,
  ContainerFilter,
} from './containers.ts'
export { CONTAINERS, containersMatching } from './containers.ts'
export type { CopyAsset } from './copy-assets.ts'
export { deleteCopyAssets, insertCopyAssets, listCopyAssets } from './copy-assets.ts'
export type { AppFacts, CopiedDefinition, CopyFacts } from './copy-facts.ts'
export { findAppFacts, findCopyFacts, listClusterRefs } from './copy-facts.ts'
export { setBackupHooks, setSnapshotHooks } from './copy-hooks.ts'
export type { CopyKind, CopyRef } from './copy-states.ts'
export {
  advanceAppToDiscovering,
  advanceCopy,
  commitBackup,
  commitSnapshot,
  endAppRestore,
  failCopy,
  failSnapshotDeletion,
  insertSnapshotOfBackup,
  markSnapshotGone,
  noteCopyWaiting,
  setCopyRepository,
  setSnapshotTaken,
  takeOverSnapshot,
} from './copy-states.ts'
export type { CreatingApiKey, CreatingUser, Creators } from './creators.ts'
export { listCreators } from './creators.ts'
export type {
  Credential,
  CredentialChange,
  KeyStore,
  NewCredential,
  OpenedCredential,
} from './credentials.ts'
export {
  CREDENTIALS,
  deleteCredential,
  findCredentialNamed,
  insertCredential,
  lockCredentials,
  openCredential,
  openCredentialsOfType,
  updateCredential,
} from './credentials.ts'
export type { Database, DatabaseOptions } from './database.ts'
export {
  createDatabaseIfMissing,
  openDatabase,
  POOL_SIZE_DEFAULT,
  pingDatabase,
} from './database.ts'
export type { DatabaseFailure } from './database-error.ts'
export { DatabaseError, isDatabaseError } from './database-error.ts'
export type {
  Delivery,
  DeliveryChannel,
  DeliveryState,
  MailReader,
  TakeDeliveries,
  TakenDelivery,
  WebhookTarget,
} from './deliveries.ts'
export {
  DELIVERIES,
  DELIVERY_CHANNELS,
  DELIVERY_STATES,
  findEvent,
  findMailReader,
  findWebhookTarget,
  insertTestDelivery,
  recordDelivered,
  recordDeliveryFailure,
  takeDeliveries,
} from './deliveries.ts'
export type {
  ApiResource,
  ClusterNode,
  Feature,
  MachineDescription,
} from './derived-resources.ts'
export { API_RESOURCES, CLUSTER_NODES, FEATURES, NOTHING } from './derived-resources.ts'
export type { ConditionEnd, ConditionKey, NewCondition } from './event-conditions.ts'
export { clearCondition, raiseCondition } from './event-conditions.ts'
export { removeExpiredEvents } from './event-expiry.ts'
export type { EventRecord, UnreadNotification } from './event-resource.ts'
export {
  EVENTS,
  markNotificationRead,
  NOTIFICATIONS,
  NOTIFIED_USERS,
  UNREAD_NOTIFICATIONS,
} from './event-resource.ts'
export type { EventSeverity, NewEvent } from './events.ts'
export { EVENT_SEVERITIES, recordEvent } from './events.ts'
export type {
  ExecutionHook,
  ExecutionHookChange,
  NewExecutionHook,
  RunnableHook,
} from './execution-hooks.ts'
export {
  deleteExecutionHook,
  EXECUTION_HOOKS,
  findRestoreHooks,
  insertExecutionHook,
  isAccountOwner,
  isExecutionHookNameTaken,
  listRunnableHooks,
  recordRestoreHooks,
  updateExecutionHook,
} from './execution-hooks.ts'
export type { ExecutorLock, ExecutorLockOptions } from './executor-lock.ts'
export { isExecutorAlive, takeExecutorLock } from './executor-lock.ts'
export type { FailedDeletion } from './failed-deletions.ts'
export { listFailedDeletions, lockFailedDeletion } from './failed-deletions.ts'
export type { FoundByHexID, HexIDKind } from './find-by-hex-id.ts'
export { findByHexID } from './find-by-hex-id.ts'
export type { BucketRef, FirstOwner, FirstStart } from './first-start.ts'
export { findFirstLocalBucket, findFirstOwner, recordFirstStart } from './first-start.ts'
export type { Group } from './groups.ts'
export { GROUPS } from './groups.ts'
export type { HookRun, HookRunEnd, NewHookRun } from './hook-runs.ts'
export {
  claimHookRun,
  endHookRun,
  insertHookRuns,
  listHookRuns,
  listRunningHookRuns,
  skipHookRuns,
  startHookRun,
} from './hook-runs.ts'
export type { HookSetting } from './hook-setting.ts'
export { readHookSetting } from './hook-setting.ts'
export type { HookSource, HookSourceChange, NewHookSource } from './hook-sources.ts'
export {
  deleteHookSource,
  findHookOfSource,
  HOOK_SOURCES,
  insertHookSource,
  isHookSourceNameTaken,
  lockHooks,
  updateHookSource,
} from './hook-sources.ts'
export type {
  HostClusterPlace,
  RegisteredHostClusters,
  ServedHostClusters,
} from './host-clusters.ts'
export { registerHostClusters } from './host-clusters.ts'
export type { HubRole } from './hub-roles.ts'
export {
  deleteHubRole,
  findHubRole,
  insertHubRole,
  listHubRoles,
  updateHubRole,
} from './hub-roles.ts'
export type { Installation } from './installation.ts'
export {
  findInstallation,
  registerInstallation,
  replaceMasterKeyFingerprint,
} from './installation.ts'
export type { Instance, InstanceFilter } from './instances.ts'
export { INSTANCES, instancesMatching } from './instances.ts'
export {
  integrationLabel,
  isCredentialNeeded,
  removeUnneededCredentials,
} from './integration-credentials.ts'
export type { Job, JobFilter, JobStep } from './jobs.ts'
export { JOBS, jobsMatching } from './jobs.ts'
export type {
  FieldCondition,
  FieldExpression,
  FieldKind,
  FieldOrder,
  LimitedView,
  LimitedViewer,
  Operator,
  PageKey,
  ParentKey,
  ResourcePage,
  ResourceQuery,
  ResourceScope,
  ResourceSource,
  Viewer,
} from './list-resources.ts'
export {
  countResources,
  findResource,
  findResourceByHexID,
  listResources,
  OPERATORS,
} from './list-resources.ts'
export type { MailRelay, MailRelayAnswer } from './mail-relay.ts'
export { openMailRelay } from './mail-relay.ts'
export type { AccountMeasures, AppMeasure, ServiceMeasures, StateCount } from './measures.ts'
export { APPS_MEASURED_MAX, measureAccount, measureService } from './measures.ts'
export { migrateDatabase, migrationNames } from './migrate.ts'
export { lockNamespace, updateNamespaceLabels } from './namespace-labels.ts'
export { listNamespacesOutOfReach } from './namespace-reach.ts'
export type {
  NewObligation,
  Obligation,
  ObligationFilter,
  ObligationKind,
  Turn,
} from './obligations.ts'
export {
  deleteObligation,
  deleteObligationsOf,
  insertObligation,
  listObligations,
  OBLIGATION_KINDS,
  requestTurn,
  updateObligationDetail,
} from './obligations.ts'
export type {
  Grant,
  NewAccount,
  NewRoleBinding,
  NewToken,
  NewUser,
  Principal,
  Role,
} from './principals.ts'
export {
  findApiKeyPrincipal,
  findPrincipal,
  highestRole,
  insertAccount,
  insertRoleBinding,
  insertToken,
  insertUser,
  ROLES,
  revokeTokensOfUser,
  switchOn,
} from './principals.ts'
export {
  isAppBeingPurged,
  listAppsBeingPurged,
  listAppsToPurge,
  listHiddenCopies,
  markAppPurging,
  removePurgedApp,
} from './purge.ts'
export type { BucketPlace, Repository, RepositoryHome, RepositorySecrets } from './repositories.ts'
export {
  completeRepository,
  findBucketPlace,
  findPolynomial,
  findRepository,
  findRepositoryAt,
  openRepositorySecrets,
  registerRepository,
} from './repositories.ts'
export type { RepositoryPlace } from './repository-places.ts'
export { listRepositoryPlaces } from './repository-places.ts'
export type { ResourceCommon } from './resource-fields.ts'
export type { GivenRole, RoleBinding, RoleChange } from './role-bindings.ts'
export {
  deleteRoleBinding,
  insertGivenRole,
  ROLE_BINDINGS,
  updateRoleBinding,
} from './role-bindings.ts'
export { CRON_LABELS, withoutCronLabels } from './schedule-labels.ts'
export type {
  LockedSchedule,
  NewScheduleRun,
  ScheduleRun,
  ScheduleRunEnd,
  ScheduleRunState,
} from './schedule-runs.ts'
export {
  countSkipsSince,
  disownRunsAhead,
  endScheduleRun,
  insertScheduleRun,
  listDueSchedules,
  listEnabledSchedules,
  lockSchedule,
  noteCopyOfRun,
  removeOldScheduleRuns,
  SCHEDULE_RUN_STATES,
  SCHEDULE_RUNS,
  setNextRun,
  setTaskOfRun,
} from './schedule-runs.ts'
export { listScheduledCopies } from './scheduled-copies.ts'
export type { NewSchedule, Schedule, ScheduleContent, ScheduleUpdate } from './schedules.ts'
export {
  deleteSchedule,
  findSchedule,
  insertSchedule,
  lockSchedulesOfApp,
  SCHEDULES,
  updateSchedule,
} from './schedules.ts'
export type { SealedColumn } from './sealed-columns.ts'
export { listSealingKeyIDs, SEALED_COLUMNS, sealAllAnew } from './sealed-columns.ts'
export type { Sealing } from './sealing.ts'
export { createSealing, MASTER_KEY_BYTES } from './sealing.ts'
export type { OpenServiceBoot, ServiceBoot } from './service-boots.ts'
export {
  endServiceBoot,
  insertServiceBoot,
  listOpenServiceBoots,
  recordServiceStop,
} from './service-boots.ts'
export type { LoginCandidate, NewSession, SessionUse } from './sessions.ts'
export {
  endSession,
  endSessionsOfAccount,
  endSessionsOfUser,
  findLoginCandidates,
  findSessionPrincipal,
  insertSession,
} from './sessions.ts'
export type {
  AccountSetting,
  SettingChange,
  SettingState,
} from './settings.ts'
export {
  ACCOUNT_SETTINGS,
  ensureSettings,
  lockSetting,
  readSetting,
  SETTING_STATES,
  updateSetting,
} from './settings.ts'
export { type StateDetail, textOfDetails } from './state-detail.ts'
export type { RecordedStream } from './stream-copies.ts'
export { recordStream, writeStreamProgress } from './stream-copies.ts'
export type { CommandBegin } from './task-commands.ts'
export {
  beginTaskCommand,
  endTaskCommand,
  findTaskCommand,
  forgetTaskCommand,
} from './task-commands.ts'
export type { TaskLogLine } from './task-log.ts'
export { writeTaskLog } from './task-log.ts'
export type { TaskProgress } from './task-progress.ts'
export { writeMoveProgress, writeTaskProgress } from './task-progress.ts'
export type { TaskLogEntry, TaskStep } from './task-records.ts'
export { TASK_LOG, TASK_STEPS } from './task-records.ts'
export type { Task } from './task-resource.ts'
export { TASKS } from './task-resource.ts'
export type { TaskStepRef } from './task-steps.ts'
export { endTaskStep, hasBegunStep, startTaskStep } from './task-steps.ts'
export type { TaskSubject } from './task-subject.ts'
export { countUnendedTasks, findTaskSubject } from './task-subject.ts'
export type {
  CancelAnswer,
  NewTask,
  TaskEnd,
  TaskExecution,
  TaskSignal,
  WorkflowTask,
} from './tasks.ts'
export {
  beginTaskExecution,
  endTask,
  findTask,
  findTaskSignal,
  findUnendedTaskOf,
  insertCompletedTask,
  insertTask,
  isPastCommit,
  listTasksNotStarted,
  listUnendedTasks,
  maxAttemptOfChildren,
  passCommit,
  requestChildCancel,
  requestTaskCancel,
  workflowIDOf,
} from './tasks.ts'
export type { GivenToken, Token, TokenChange } from './tokens.ts'
export {
  insertGivenToken,
  lockToken,
  revokeToken,
  revokeTokensOfOthers,
  TOKENS,
  updateToken,
} from './tokens.ts'
export type { Cloud, Cluster, Namespace, StorageClass, Volume } from './topology.ts'
export {
  CLOUDS,
  CLUSTERS,
  MANAGED_CLUSTERS,
  NAMESPACES,
  STORAGE_CLASSES,
  VOLUMES,
  VOLUMES_OF_APP,
} from './topology.ts'
export type { Queries } from './transaction.ts'
export { inTransaction } from './transaction.ts'
export type { TrashItem, TrashKind } from './trash.ts'
export { TRASH, unhideApp, unhideBackup } from './trash.ts'
export { listUnendedSnapshotTasks } from './unended-snapshot-tasks.ts'
export type { NewPassword, PasswordOwner } from './user-passwords.ts'
export { findPasswordOwner, lockPasswordOwner, setUserPassword } from './user-passwords.ts'
export type {
  AuthProvider,
  InvitedUser,
  User,
  UserChange,
  UserProfile,
  UserState,
} from './users.ts'
export {
  AUTH_PROVIDERS,
  countOwners,
  deleteUser,
  insertInvitedUser,
  isEmailTaken,
  USER_STATES,
  USERS,
  updateUser,
} from './users.ts'
export type { VolumeCopy } from './volume-copies.ts'
export { BACKUP_VOLUMES, SNAPSHOT_VOLUMES } from './volume-copies.ts'
export type {
  BackupVolumeRecord,
  NewVolumeCopy,
  RecordedCopy,
  VolumeCoverage,
  VolumeSnapshotRecord,
} from './volume-records.ts'
export {
  deleteBackupVolumes,
  deleteVolumeSnapshots,
  findBackupVolume,
  insertBackupVolumes,
  insertVolumeSnapshots,
  listBackupVolumes,
  listLiveVolumeSnapshotIDs,
  listVolumeSnapshots,
  recordLocalCopy,
  recordMovedVolume,
  recordVolumeSnapshot,
} from './volume-records.ts'
export type { NewWebhook, Webhook, WebhookChange, WebhookSeverity } from './webhooks.ts'
export {
  deleteWebhook,
  insertWebhook,
  isWebhookNameTaken,
  lockWebhooks,
  updateWebhook,
  WEBHOOK_SEVERITIES,
  WEBHOOKS,
} from './webhooks.ts'
