// The mover's own failures, and what each failure of the engine means to whoever gave the job.
import type { MoverFailure } from '@holdfast/domain'
import { describeFailure, type EngineFailure, isEngineError } from '@holdfast/engine'
import { describeErrno } from '@holdfast/filesystem'

export class MoverError extends Error {
  readonly failure: MoverFailure

  constructor(failure: MoverFailure) {
    super(failure.code)
    this.name = 'MoverError'
    this.failure = failure
  }
}

/** Undefined for an error that is a defect: the mover must then die with a trace. */
export function moverFailureOf(error: unknown): MoverFailure | undefined {
  if (error instanceof MoverError) return error.failure
  return isEngineError(error) ? fromEngineFailure(error.failure) : undefined
}

function fromEngineFailure(failure: EngineFailure): MoverFailure {
  const reason = describeFailure(failure)
  switch (failure.code) {
    case 'wrong-password':
      return { code: 'wrong-password' }
    case 'repository-locked': {
      const { lockedBy, lockedAt, exclusive } = failure
      return { code: 'repository-locked', lockedBy, lockedAt, exclusive }
    }
    case 'lock-lost':
      return { code: 'lock-lost', reason: failure.reason }
    case 'no-space': {
      const { path, freeBytes, neededBytes } = failure
      return { code: 'no-space', path, freeBytes, neededBytes }
    }
    case 'repository-not-found':
      return { code: 'repository-not-found', location: failure.url }
    case 'backend-failed':
    case 'backend-read-only':
      return { code: 'repository-refused', reason }
    case 'backend-unavailable':
    case 'worker-died':
      return { code: 'repository-unreachable', reason }
    case 'object-not-found':
      return failure.kind === 'snapshots'
        ? { code: 'snapshot-not-found', repositorySnapshotID: failure.name }
        : { code: 'repository-damaged', reason }
    case 'path-not-found':
      return { code: 'snapshot-not-found', repositorySnapshotID: failure.snapshotId }
    case 'source-unreadable':
      return failure.errno === 'ENOENT' || failure.errno === 'ENOTDIR'
        ? { code: 'source-vanished', path: failure.path }
        : { code: 'source-unreadable', path: failure.path, reason: describeErrno(failure.errno) }
    case 'target-unusable':
      return { code: 'target-not-writable', path: failure.path, reason: failure.reason }
    case 'restore-incomplete':
      return { code: 'verification-failed', path: failure.path, reason: failure.reason }
    case 'object-truncated':
    case 'repository-exists':
    case 'repository-version-unsupported':
    case 'key-corrupt':
    case 'config-corrupt':
    case 'seal-broken':
    case 'pack-corrupt':
    case 'index-corrupt':
    case 'snapshot-corrupt':
    case 'lock-unreadable':
    case 'blob-not-found':
    case 'blob-corrupt':
    case 'encoding-damaged':
    case 'format-invalid':
      return { code: 'repository-damaged', reason }
    case 'polynomial-invalid':
      return { code: 'invalid-job', reason }
    default: {
      const never: never = failure
      return never
    }
  }
}
