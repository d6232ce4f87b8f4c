export type { Database, DatabaseOptions } from './database.ts'
export {
  createDatabaseIfMissing,
  openDatabase,
  POOL_SIZE_DEFAULT,
  pingDatabase,
} from './database.ts'
export type { DatabaseFailure } from './database-error.ts'
export { DatabaseError, isDatabaseError } from './database-error.ts'
export type { ExecutorLock, ExecutorLockOptions } from './executor-lock.ts'
export { isExecutorAlive, takeExecutorLock } from './executor-lock.ts'
export type { Installation } from './installation.ts'
export {
  countSealedValues,
  findInstallation,
  registerInstallation,
  replaceMasterKeyFingerprint,
} from './installation.ts'
export { migrateDatabase, migrationNames } from './migrate.ts'
export type { Sealing } from './sealing.ts'
export { createSealing, MASTER_KEY_BYTES } from './sealing.ts'
export type { CancelAnswer, NewTask } from './tasks.ts'
export { insertTask, requestTaskCancel, workflowIDOf } from './tasks.ts'
