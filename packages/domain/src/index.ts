export type { AppState, AppStateTransition } from './app-state.ts'
export { APP_STATE_TRANSITIONS, APP_STATES } from './app-state.ts'
export type {
  BackupDescription,
  DescribedHook,
  DescribedResource,
  DescribedStream,
  DescribedVolume,
  Label,
} from './backup-description.ts'
export {
  BACKUP_DESCRIPTION_PATH,
  BACKUP_DESCRIPTION_TAG,
  BACKUP_DESCRIPTION_VERSION,
  SNAPSHOT_DESCRIPTION_TAG,
  STREAM_PATH,
  STREAM_TAG,
} from './backup-description.ts'
export type { BucketCandidate, BucketSelectionInput } from './bucket-selection.ts'
export { selectBucket } from './bucket-selection.ts'
export type {
  Capability,
  DefaultRole,
  DefaultRoleIdentifier,
  RoleCapabilities,
} from './capabilities.ts'
export {
  applicationRoleOf,
  CAPABILITIES,
  capabilitiesBeyond,
  DEFAULT_ROLE_IDENTIFIERS,
  DEFAULT_ROLE_OF_USER,
  DEFAULT_ROLES,
  defaultRole,
  includesCapability,
  isCapability,
} from './capabilities.ts'
export type { ContainerBackupState, ContainerState, InstanceState } from './container-states.ts'
export {
  CONTAINER_BACKUP_STATE_OF_COPY,
  CONTAINER_BACKUP_STATES,
  CONTAINER_STATE_OF_APP,
  CONTAINER_STATES,
  INSTANCE_STATE_OF_APP,
  INSTANCE_STATES,
  INTEGRATION_STATE_OF_BUCKET,
  INTEGRATION_STATES,
} from './container-states.ts'
export type { CopyState } from './copy-state.ts'
export { COPY_STATES, hasCopyEnded, mayCopyMove, UNENDED_COPY_STATES } from './copy-state.ts'
export { refusalOfCronString } from './cron-rule.ts'
export type { DueDecision, DueInput, MissedTimes } from './due-decision.ts'
export { decideDue, LATE_AFTER_MS } from './due-decision.ts'
export { durationMsOf, parseDuration } from './duration.ts'
export type { HookCriterion, HookCriterionType, HookTarget } from './hook-criteria.ts'
export {
  faultOfHookExpression,
  HOOK_CRITERION_TYPES,
  HOOK_EXPRESSION_LENGTH_MAX,
  hostHookTargets,
  targetsMatching,
} from './hook-criteria.ts'
export type {
  HookAction,
  HookRunState,
  HookRunToDecide,
  HookStage,
  HookToPlan,
  PlannedHook,
} from './hook-plan.ts'
export {
  HOOK_ACTIONS,
  HOOK_RUN_STATES,
  HOOK_STAGES,
  isStageOfAction,
  planHooks,
  postHooksToRun,
} from './hook-plan.ts'
export type {
  AccountId,
  AppId,
  ApplicationSnapshotId,
  BackupId,
  BucketId,
  CloudId,
  ClusterId,
  NamespaceId,
  RepositoryId,
  ScheduleId,
  TaskId,
  UserId,
} from './ids.ts'
export { NIL_UUID, parseId } from './ids.ts'
export type { IntegrationVendor, VendorDefinition, VendorField } from './integration-vendors.ts'
export {
  INTEGRATION_VENDORS,
  isIntegrationVendor,
  VENDOR_DEFINITIONS,
} from './integration-vendors.ts'
export type { LabelRequirement, LabelSelector } from './label-selector.ts'
export { matchesLabels, parseLabelSelector, writeLabelSelector } from './label-selector.ts'
export type {
  BucketFinding,
  BucketFindingCode,
  CheckFinding,
  CommandEnd,
  CommandLocation,
  CommandReport,
  ListedSnapshot,
  Location,
  MoverEvent,
  MoverFailure,
  MoverFailureCode,
  MoverJob,
  MoverJobKind,
  MoverResults,
  RepositoryAccess,
  RepositoryKeys,
  RepositorySnapshotLabel,
  RepositoryStore,
  VolumeLocation,
} from './mover-job.ts'
export {
  BUCKET_FINDING_CODES,
  COMMAND_OUTPUT_TAIL_BYTES,
  COMMAND_STDERR_BYTES_MAX,
} from './mover-job.ts'
export type {
  MappingFault,
  NamespacePair,
  NamespacePlan,
  NamespacesToMap,
} from './namespace-mapping.ts'
export { planNamespaces } from './namespace-mapping.ts'
export { decodePathBytes, encodePathBytes, readShownPath, showPathBytes } from './path-encoding.ts'
export { printableText } from './printable-text.ts'
export type { ProductFeature } from './product-features.ts'
export { PRODUCT_FEATURES } from './product-features.ts'
export type { ProgressCount } from './progress.ts'
export { percentBeforeCommit } from './progress.ts'
export type { Recurrence, RecurrenceAnswer } from './recurrence-rule.ts'
export { parseRecurrenceRule } from './recurrence-rule.ts'
export { LOOSE_VOLUME_KEY, NAMESPACE_KIND, VOLUME_KIND } from './resource-kinds.ts'
export type {
  FilterElement,
  FilteredResource,
  FilterFault,
  RestoreFilter,
  VolumeName,
} from './restore-filter.ts'
export { checkRestoreFilter, selectResources, selectVolumes } from './restore-filter.ts'
export type { NamespaceLabel, NamespaceReach } from './role-constraint.ts'
export {
  EMPTY_REACH,
  reachOf,
  readRoleConstraint,
  UNLIMITED_REACH,
} from './role-constraint.ts'
export type {
  BucketProvider,
  KeyStoreFault,
  S3Keys,
  S3Place,
  S3Provider,
} from './s3-place.ts'
export {
  BUCKET_PROVIDERS,
  isAwsEndpoint,
  isBucketName,
  isS3Provider,
  readS3Keys,
  readServerURL,
  resticURLOf,
  S3_PROVIDERS,
  s3StoreOf,
} from './s3-place.ts'
export type { S3Store } from './s3-store.ts'
export type {
  RetentionDecision,
  RetentionInput,
  RetentionReason,
  ScheduledCopy,
  StreamRetentionInput,
} from './schedule-retention.ts'
export {
  decideRetention,
  decideStreamRetention,
  FAILURES_KEPT_MAX,
} from './schedule-retention.ts'
export type { ScheduleGranularity, ScheduleRule } from './schedule-rule.ts'
export {
  CRON_TIMES_COUNTED_MAX,
  countDueTimes,
  lastDueTime,
  nextDueTime,
  SCHEDULE_GRANULARITIES,
} from './schedule-rule.ts'
export type { ScheduleFault, ScheduleTimes } from './schedule-times.ts'
export {
  applicableTimes,
  faultsOfSentTimes,
  readScheduleTimes,
  ruleOfTimes,
} from './schedule-times.ts'
export { SUFFIX_LENGTH, scheduledCopyName } from './scheduled-name.ts'
export type {
  SettingConfig,
  SettingDefinition,
  SettingName,
  SettingSchema,
} from './setting-definitions.ts'
export { SETTING_DEFINITIONS, SETTING_NAMES } from './setting-definitions.ts'
export { slugOf } from './slug.ts'
export type { TaskKind, TaskState } from './task-state.ts'
export { isFinalTaskState, TASK_KINDS, TASK_STATES } from './task-state.ts'
export type {
  BucketAsKept,
  IntegrationValues,
  VendorFault,
  VendorPlace,
  VendorValues,
} from './vendor-place.ts'
export { readVendorPlace, regionToldBy, shownValuesOf, vendorOf } from './vendor-place.ts'
export type {
  Consistency,
  CopyWarning,
  CopyWarningCode,
  EntryCount,
  Hole,
  MissedEntry,
  SnapshotStrategy,
} from './volume-copy.ts'
export {
  CONSISTENCIES,
  CONSISTENCY_OF_STRATEGY,
  COPY_WARNING_CODES,
  NAMED_ENTRIES_MAX,
  SNAPSHOT_STRATEGIES,
} from './volume-copy.ts'
