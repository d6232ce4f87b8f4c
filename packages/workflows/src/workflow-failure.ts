// Why a workflow failed: one union over everything that its steps meet.
import { isPassingDatabaseFailure } from '@holdfast/db'
import type { MoverFailure } from '@holdfast/domain'
import type { PlatformFailure } from '@holdfast/platforms'

type OwnFailure =
  /** A user asked for it, or the service (`cancelledBy` absent). */
  | { readonly code: 'cancelled'; readonly cancelledBy?: string }
  | { readonly code: 'app-not-found'; readonly appID: string }
  | { readonly code: 'copy-not-found'; readonly copyID: string }
  /** The restore's source is not (any more) completed. */
  | { readonly code: 'copy-not-completed'; readonly copyID: string; readonly state: string }
  | { readonly code: 'app-without-volumes'; readonly app: string }
  /** The snapshot that a clone takes of its source did not come about. */
  | { readonly code: 'source-not-copied'; readonly reason: string }
  /** The copy has a volume in a namespace that the app's definition does not name any more. */
  | { readonly code: 'namespace-not-of-app'; readonly namespace: string }
  | { readonly code: 'cluster-unreachable'; readonly cluster: string }
  | { readonly code: 'bucket-not-supported'; readonly bucket: string }
  /** What the database holds of it, its credential above all, does not open it. */
  | { readonly code: 'bucket-not-usable'; readonly bucket: string; readonly reason: string }
  /** What a verification that a user asked for has found. */
  | { readonly code: 'bucket-not-verified'; readonly bucket: string; readonly reason: string }
  /** Of the buckets that a scheduled copy may go to, none can be used now. */
  | { readonly code: 'no-bucket-available'; readonly app: string; readonly reason: string }
  /** Expected and captured differ; `paths` names the first entries. */
  | {
      readonly code: 'copy-incomplete'
      readonly missed: readonly { readonly path: string; readonly reason: string }[]
      readonly missedCount: number
    }
  /** What was restored is not what was captured. */
  | { readonly code: 'restore-incomplete'; readonly expected: number; readonly found: number }
  /** A hook before a snapshot: nothing was copied. */
  | {
      readonly code: 'hook-failed'
      readonly hook: string
      readonly namespace: string
      readonly action: string
      readonly stage: string
      readonly reason: string
    }
  /** By the rules of hooks; nothing was done. */
  | { readonly code: 'command-refused'; readonly namespace: string; readonly reason: string }
  /** The schedule's time had come; when its run began there was no command any more. */
  | { readonly code: 'command-not-configured'; readonly app: string }
  /** A restore's command that had begun: the data is as it left it. */
  | { readonly code: 'command-interrupted'; readonly reason: string }
  | { readonly code: 'database-unreachable'; readonly reason: string }
  /** The durable workflow itself is gone although its task has not ended. */
  | { readonly code: 'workflow-lost' }
  /** A defect of the product: an invariant does not hold. */
  | { readonly code: 'invariant-broken'; readonly reason: string }

export type WorkflowFailure = (OwnFailure | MoverFailure | PlatformFailure) & {
  /** `/<namespace>/<key>` of the volume that it concerns. */
  readonly volume?: string
}

export type WorkflowFailureCode = WorkflowFailure['code']

export class WorkflowError extends Error {
  readonly failure: WorkflowFailure

  constructor(failure: WorkflowFailure, cause?: unknown) {
    super(
      `${failure.code}: ${JSON.stringify(failure)}`,
      cause === undefined ? undefined : { cause },
    )
    this.name = 'WorkflowError'
    this.failure = failure
  }
}

/** Also of an error that came back from a durable step as a plain `Error`. */
export function failureOf(error: unknown): WorkflowFailure {
  if (error instanceof Error && 'failure' in error) {
    if (error.name === 'WorkflowError' || error.name === 'PlatformError') {
      return error.failure as WorkflowFailure
    }
  }
  const reason = error instanceof Error ? error.message : String(error)
  if (isPassingDatabaseFailure(error)) return { code: 'database-unreachable', reason }
  return { code: 'invariant-broken', reason }
}

/** True when the same step may succeed a little later without anybody doing anything. */
export function isRetryable(failure: WorkflowFailure): boolean {
  switch (failure.code) {
    case 'mover-died':
    case 'stopped': // by somebody else: our own stops are told by their signal
    case 'lock-lost':
    case 'repository-locked':
    case 'repository-unreachable':
    case 'platform-unreachable':
    case 'cluster-unreachable':
    case 'database-unreachable':
      return true
    case 'cancelled':
    case 'app-not-found':
    case 'copy-not-found':
    case 'copy-not-completed':
    case 'app-without-volumes':
    case 'source-not-copied':
    case 'namespace-not-of-app':
    case 'bucket-not-supported':
    case 'bucket-not-usable':
    case 'bucket-not-verified':
    case 'no-bucket-available':
    case 'copy-incomplete':
    case 'restore-incomplete':
    case 'hook-failed':
    case 'command-failed':
    case 'command-refused':
    case 'command-not-configured':
    case 'command-interrupted':
    case 'workflow-lost':
    case 'invariant-broken':
    case 'repository-refused':
    case 'repository-not-found':
    case 'repository-damaged':
    case 'wrong-password':
    case 'no-space':
    case 'source-vanished':
    case 'source-unreadable':
    case 'target-not-writable':
    case 'snapshot-not-found':
    case 'verification-failed':
    case 'invalid-job':
    case 'namespace-not-found':
    case 'namespace-exists':
    case 'volume-not-found':
    case 'volume-in-use':
    case 'not-enough-space':
    case 'snapshot-failed':
    case 'exchange-failed':
      return false
    default: {
      const never: never = failure
      return never
    }
  }
}
