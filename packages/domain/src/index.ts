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
export type {
  CheckFinding,
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
} from './mover-job.ts'
export { decodePathBytes, encodePathBytes } from './path-encoding.ts'
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
