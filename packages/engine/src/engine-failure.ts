// Every way in which the engine fails, as typed facts.
import type { ObjectKind } from './backend/backend.ts'
import type { BlobId, BlobType, IndexId, KeyId, LockId, PackId, SnapshotId } from './format/ids.ts'

export type EngineFailure =
  | { readonly code: 'object-not-found'; readonly kind: ObjectKind; readonly name: string }
  /** Fewer bytes are stored than were asked for. */
  | {
      readonly code: 'object-truncated'
      readonly kind: ObjectKind
      readonly name: string
      readonly expectedBytes: number
      readonly foundBytes: number
    }
  /** May pass by itself: the backend retries it, and so may a step. */
  | { readonly code: 'backend-unavailable'; readonly url: string; readonly reason: string }
  /** Does not pass by itself: `reason` begins with the errno name where there is one. */
  | { readonly code: 'backend-failed'; readonly url: string; readonly reason: string }
  | { readonly code: 'backend-read-only'; readonly url: string; readonly operation: string }
  | {
      readonly code: 'no-space'
      readonly path: string
      readonly freeBytes: number
      /** What must be free for the write, the floor included. */
      readonly neededBytes: number
    }
  | { readonly code: 'repository-not-found'; readonly url: string }
  | { readonly code: 'repository-exists'; readonly url: string; readonly found: ObjectKind }
  | { readonly code: 'repository-version-unsupported'; readonly version: number }
  | { readonly code: 'wrong-password' }
  | { readonly code: 'key-corrupt'; readonly keyId: KeyId; readonly reason: string }
  | { readonly code: 'config-corrupt'; readonly reason: string }
  /** A MAC that does not match, or bytes too short to hold one: a wrong key or damage. */
  | { readonly code: 'seal-broken'; readonly sealedBytes: number }
  | { readonly code: 'pack-corrupt'; readonly packId: PackId; readonly reason: string }
  | { readonly code: 'index-corrupt'; readonly indexId: IndexId; readonly reason: string }
  | { readonly code: 'snapshot-corrupt'; readonly snapshotId: SnapshotId; readonly reason: string }
  | { readonly code: 'lock-unreadable'; readonly lockId: LockId; readonly reason: string }
  | { readonly code: 'blob-not-found'; readonly type: BlobType; readonly blobId: BlobId }
  | {
      readonly code: 'blob-corrupt'
      readonly type: BlobType
      readonly blobId: BlobId
      readonly reason: string
    }
  /** What was encoded does not decode to what went in; nothing was stored. */
  | { readonly code: 'encoding-damaged'; readonly reason: string }
  | {
      readonly code: 'format-invalid'
      readonly part: 'config' | 'snapshot' | 'tree'
      readonly reason: string
    }
  | { readonly code: 'polynomial-invalid'; readonly reason: string }
  | {
      readonly code: 'repository-locked'
      /** Host name and process of the holder. */
      readonly lockedBy: string
      /** RFC 3339 */
      readonly lockedAt: string
      readonly exclusive: boolean
      readonly lockId: LockId
    }
  | { readonly code: 'lock-lost'; readonly reason: string }
  | { readonly code: 'worker-died'; readonly reason: string }
  /** The directory to back up itself; `errno` is `ENOENT` when it is gone. */
  | { readonly code: 'source-unreadable'; readonly path: string; readonly errno: string }
  | { readonly code: 'path-not-found'; readonly snapshotId: SnapshotId; readonly path: string }
  | { readonly code: 'target-unusable'; readonly path: string; readonly reason: string }
  /** What was restored is not what the trees say. */
  | { readonly code: 'restore-incomplete'; readonly path: string; readonly reason: string }

export type EngineFailureCode = EngineFailure['code']

type FailureOf<Code extends EngineFailureCode> = Extract<EngineFailure, { readonly code: Code }>

export class EngineError extends Error {
  readonly failure: EngineFailure

  constructor(failure: EngineFailure, options?: { readonly cause?: unknown }) {
    super(describeFailure(failure), options)
    this.name = 'EngineError'
    this.failure = failure
  }
}

/** By brand, so that an error that crossed a process or a durable step is still recognised. */
export function isEngineError(error: unknown): error is EngineError {
  return (
    error instanceof Error &&
    error.name === 'EngineError' &&
    'failure' in error &&
    typeof error.failure === 'object'
  )
}

/** The failure if `error` is ours and has this code. */
export function failureOf<Code extends EngineFailureCode>(
  error: unknown,
  code: Code,
): FailureOf<Code> | undefined {
  return isEngineError(error) && error.failure.code === code
    ? (error.failure as FailureOf<Code>)
    : undefined
}

/** Would the same work, begun anew later, have a chance? */
export function isRetryable(failure: EngineFailure): boolean {
  switch (failure.code) {
    case 'backend-unavailable':
    case 'repository-locked':
    case 'lock-lost':
    case 'worker-died':
    case 'encoding-damaged':
      return true
    case 'object-not-found':
    case 'object-truncated':
    case 'backend-failed':
    case 'backend-read-only':
    case 'no-space':
    case 'repository-not-found':
    case 'repository-exists':
    case 'repository-version-unsupported':
    case 'wrong-password':
    case 'key-corrupt':
    case 'config-corrupt':
    case 'seal-broken':
    case 'pack-corrupt':
    case 'index-corrupt':
    case 'snapshot-corrupt':
    case 'lock-unreadable':
    case 'blob-not-found':
    case 'blob-corrupt':
    case 'format-invalid':
    case 'polynomial-invalid':
    case 'source-unreadable':
    case 'path-not-found':
    case 'target-unusable':
    case 'restore-incomplete':
      return false
    default: {
      const never: never = failure
      return never
    }
  }
}

/** A sentence for people: what happened, to what, and where it helps what to do next. */
export function describeFailure(failure: EngineFailure): string {
  switch (failure.code) {
    case 'object-not-found':
      return `${failure.kind}/${failure.name} is not in the repository.`
    case 'object-truncated':
      return `${failure.kind}/${failure.name} holds ${failure.foundBytes} bytes where ${failure.expectedBytes} were expected.`
    case 'backend-unavailable':
      return `The storage at ${failure.url} did not answer: ${failure.reason}.`
    case 'backend-failed':
      return `The storage at ${failure.url} failed: ${failure.reason}.`
    case 'backend-read-only':
      return `${failure.operation} was refused: ${failure.url} is open for reading only.`
    case 'no-space':
      return `${failure.path} has ${failure.freeBytes} bytes free and ${failure.neededBytes} are needed: free some space and repeat.`
    case 'repository-not-found':
      return `There is no repository at ${failure.url}.`
    case 'repository-exists':
      return `${failure.url} is not empty (it has ${failure.found}): choose another place or open what is there.`
    case 'repository-version-unsupported':
      return `Repository format version ${failure.version} is not supported.`
    case 'wrong-password':
      return 'No key of the repository opens with this password.'
    case 'key-corrupt':
      return `Key ${failure.keyId} cannot be read: ${failure.reason}.`
    case 'config-corrupt':
      return `The repository's config cannot be read: ${failure.reason}.`
    case 'seal-broken':
      return `Sealed bytes (${failure.sealedBytes}) do not match their authentication code: damage or another key.`
    case 'pack-corrupt':
      return `Pack ${failure.packId} is damaged: ${failure.reason}.`
    case 'index-corrupt':
      return `Index ${failure.indexId} is damaged: ${failure.reason}.`
    case 'snapshot-corrupt':
      return `Snapshot ${failure.snapshotId} is damaged: ${failure.reason}.`
    case 'lock-unreadable':
      return `Lock ${failure.lockId} cannot be read: ${failure.reason}.`
    case 'blob-not-found':
      return `The ${failure.type} blob ${failure.blobId} is not in the index.`
    case 'blob-corrupt':
      return `The ${failure.type} blob ${failure.blobId} is damaged: ${failure.reason}.`
    case 'encoding-damaged':
      return `A blob did not survive its own encoding (${failure.reason}); nothing was stored. Test this machine's memory.`
    case 'format-invalid':
      return `The ${failure.part} is not in restic's format: ${failure.reason}.`
    case 'polynomial-invalid':
      return `The chunker polynomial cannot be used: ${failure.reason}.`
    case 'repository-locked':
      return `The repository is locked ${failure.exclusive ? 'exclusively ' : ''}by ${failure.lockedBy} since ${failure.lockedAt}.`
    case 'lock-lost':
      return `The lock on the repository was lost: ${failure.reason}.`
    case 'worker-died':
      return `A worker thread ended unexpectedly: ${failure.reason}.`
    case 'source-unreadable':
      return `${failure.path} cannot be backed up: it could not be read (${failure.errno}).`
    case 'path-not-found':
      return `Snapshot ${failure.snapshotId} does not hold ${failure.path}.`
    case 'target-unusable':
      return `Nothing can be restored into ${failure.path}: ${failure.reason}.`
    case 'restore-incomplete':
      return `The restored tree in ${failure.path} is not what was backed up: ${failure.reason}.`
    default: {
      const never: never = failure
      return never
    }
  }
}
