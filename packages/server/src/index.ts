export type { ServiceConfig } from './config.ts'
export { readConfig } from './config.ts'
export type { Log } from './log.ts'
export { createLog } from './log.ts'
export type { OwnerFile } from './owner-file.ts'
export { readOwnerFile } from './owner-file.ts'
export { resetOwner } from './owner-reset.ts'
export type {
  EmbeddedPostgres,
  EmbeddedPostgresOptions,
  PostgresEvent,
} from './postgres/embedded-postgres.ts'
export { startEmbeddedPostgres } from './postgres/embedded-postgres.ts'
export type { PostgresFailure } from './postgres/postgres-error.ts'
export { PostgresError } from './postgres/postgres-error.ts'
export { makeRecoveryKit } from './recovery-kit.ts'
export type { RunServiceOptions } from './run-service.ts'
export { describeStartFailure, runService } from './run-service.ts'
export type { ServerFailure } from './server-error.ts'
export { ServerError } from './server-error.ts'
export type { RunningService, ServiceOptions } from './service.ts'
export { startService } from './service.ts'
export type { GivenSettings, Setting, SettingVariable } from './settings.ts'
export { SETTINGS } from './settings.ts'
