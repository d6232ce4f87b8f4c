export type { AwkwardTreeOptions } from './awkward-tree.ts'
export { awkwardTreeOptions, describeTree, makeAwkwardTree, noise } from './awkward-tree.ts'
export type { BackendUnderTest } from './backend-conformance.ts'
export { describeBackend } from './backend-conformance.ts'
export type { FakeClock } from './fake-clock.ts'
export { fakeClock } from './fake-clock.ts'
export type { Fault, FaultyBackend, FaultyOperation } from './faulty-backend.ts'
export { withFaults } from './faulty-backend.ts'
export type { MemoryBackend } from './memory-backend.ts'
export { memoryBackend } from './memory-backend.ts'
export type { S3Server, StartS3ServerOptions } from './s3-server.ts'
export { S3_SERVER_MISSING, startS3Server, VERSITYGW_MISSING } from './s3-server.ts'
export type { ScriptedAnswer, ScriptedS3Server } from './scripted-s3-server.ts'
export { s3Error, startScriptedS3Server } from './scripted-s3-server.ts'
export type { TestCertificates } from './test-certificates.ts'
export { makeTestCertificates, OPENSSL_MISSING } from './test-certificates.ts'
export type {
  ThrowawayDirectory,
  ThrowawayRepository,
  ThrowawayRepositoryOptions,
} from './throwaway-repository.ts'
export {
  CHEAP_KDF_PARAMETERS,
  localBackendIn,
  makeThrowawayDirectory,
  makeThrowawayRepository,
  THROWAWAY_PASSWORD,
  THROWAWAY_POLYNOMIAL,
} from './throwaway-repository.ts'
