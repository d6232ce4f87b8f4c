export type {
  ArchiveCount,
  ArchiveObserver,
  ArchiveOutcome,
  ArchiveSource,
  ArchiveWarning,
  ArchiveWarningCode,
} from './archiver/archive-source.ts'
export type {
  Backend,
  BackendReader,
  ByteRange,
  ListedObject,
  ObjectHandle,
  ObjectKind,
} from './backend/backend.ts'
export { OBJECT_KINDS } from './backend/backend.ts'
export type { FreeSpaceFloorOptions, Space } from './backend/free-space-floor.ts'
export { freeSpaceFloor, withFreeSpaceFloor } from './backend/free-space-floor.ts'
export type { LocalDirectoryOptions } from './backend/local-directory.ts'
export { localDirectoryBackend } from './backend/local-directory.ts'
export { measureSpace } from './backend/measure-space.ts'
export { asReadOnly } from './backend/read-only.ts'
export type { RetryOptions } from './backend/retry.ts'
export { DEFAULT_RETRY, withRetry } from './backend/retry.ts'
export { s3Backend } from './backend/s3.ts'
export type { S3Options, S3Timeouts } from './backend/s3-connection.ts'
export { DEFAULT_S3_TIMEOUTS } from './backend/s3-connection.ts'
export type { S3Trouble } from './backend/s3-trouble.ts'
export type { S3Trial, S3TrialStep, S3TrialTrouble } from './backend/try-s3-bucket.ts'
export { tryS3Bucket } from './backend/try-s3-bucket.ts'
export type { Clock } from './clock.ts'
export { systemClock } from './clock.ts'
export type { BackupLabel, BackupOptions, BackupResult } from './commands/backup.ts'
export { backup } from './commands/backup.ts'
export type {
  BackupStreamOptions,
  BackupStreamResult,
  StreamOutcome,
} from './commands/backup-stream.ts'
export { backupStream } from './commands/backup-stream.ts'
export type { CheckOptions, CheckProgress } from './commands/check.ts'
export { check } from './commands/check.ts'
export type { CheckCode, CheckFinding, CheckSeverity } from './commands/check-findings.ts'
export { CHECK_CODES } from './commands/check-findings.ts'
export type { CopyOptions, CopyPlan, PlanCopyOptions } from './commands/copy.ts'
export { copySnapshot, planCopy } from './commands/copy.ts'
export type { DescribeOptions } from './commands/describe.ts'
export { describe } from './commands/describe.ts'
export type { ForgetOptions, ForgetSelection, StoredSnapshot } from './commands/forget.ts'
export { forget, planForget } from './commands/forget.ts'
export type { ListSnapshotsOptions } from './commands/list-snapshots.ts'
export { listSnapshots } from './commands/list-snapshots.ts'
export type { PruneOptions, PruneResult } from './commands/prune.ts'
export { DEFAULT_MAX_UNUSED_RATIO, prune } from './commands/prune.ts'
export type { OpenStreamOptions, StoredStream } from './commands/read-stream.ts'
export { openStream } from './commands/read-stream.ts'
export type { RestoreOptions } from './commands/restore.ts'
export { restore } from './commands/restore.ts'
export type { KdfParameters } from './crypto/key-file.ts'
export { DEFAULT_KDF_PARAMETERS } from './crypto/key-file.ts'
export type { MasterKeyText } from './crypto/master-key.ts'
export { decodeMasterKey, encodeMasterKey } from './crypto/master-key.ts'
export type { RandomBytes } from './crypto/random.ts'
export { secureRandomBytes } from './crypto/random.ts'
export type { MasterKey } from './crypto/sealed-bytes.ts'
export type { EngineFailure, EngineFailureCode } from './engine-failure.ts'
export {
  describeFailure,
  EngineError,
  failureOf,
  isEngineError,
  isRetryable,
} from './engine-failure.ts'
export type { JsonValue, UnknownMembers } from './format/go-json.ts'
export type { BlobId, BlobType, IndexId, LockId, PackId, SnapshotId } from './format/ids.ts'
export { parseObjectId } from './format/ids.ts'
export type { Snapshot, SnapshotSummary } from './format/snapshot.ts'
export type { BlobIndex, IndexedLocation, IndexedPack } from './index/blob-index.ts'
export type { AcquireLockOptions, RepositoryLock } from './lock/held-lock.ts'
export type { LocksContext } from './lock/list-locks.ts'
export { listLocks, removeLocksOfHosts } from './lock/list-locks.ts'
export type { LockHolder, LockRecord } from './lock/lock-file.ts'
export type { WaitForLockOptions } from './lock/repository-lock.ts'
export { acquireLock, waitForLock } from './lock/repository-lock.ts'
export type {
  InitializedRepository,
  InitRepositoryOptions,
  OpenRepositoryOptions,
  RepositoryCredentials,
} from './open-repository.ts'
export { initRepository, openRepository } from './open-repository.ts'
export type {
  BlobLocation,
  BlobReader,
  BlobWriter,
  Repository,
  SavedBlob,
  SealedBlob,
  SnapshotStore,
} from './repository.ts'
export type { RestoreCount, RestoreObserver, RestoreWarning } from './restorer/restore-observer.ts'
