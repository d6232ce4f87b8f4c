// Why an operation refused. Both dialects answer every code; a new one does not compile until
// they do.
import type { Role } from '@holdfast/db'
import type { Capability } from '@holdfast/domain'
import type { Permission } from './permission.ts'

/** Names a member of the request that caused the failure, in domain words. */
export interface InvalidMember {
  readonly name: string
  readonly reason: string
  /** It is not there. */
  readonly isMissing?: boolean
}

export type MissingKind =
  | 'account'
  | 'app'
  | 'instance'
  | 'backup'
  | 'snapshot'
  | 'task'
  | 'bucket'
  | 'credential'
  | 'user'
  | 'token'
  | 'role binding'
  | 'group'
  | 'cloud'
  | 'cluster'
  | 'collection'
  | 'setting'
  | 'resource'
  | 'role'
  | 'API key'

export type OperationFailure =
  | { readonly code: 'token-missing' }
  | { readonly code: 'token-invalid' }
  | { readonly code: 'user-disabled'; readonly email: string }
  | { readonly code: 'address-not-allowed'; readonly address: string }
  | {
      readonly code: 'capability-missing'
      readonly capability: Capability
      /** It is there in some namespaces, and the hub's would be needed. */
      readonly isOutOfReach?: true
    }
  | {
      readonly code: 'not-permitted'
      readonly permission: Permission
      readonly role: Role | 'none'
      readonly needed: Role
      /** The role would do, but it does not reach so far. */
      readonly isOutOfReach?: true
    }
  | { readonly code: 'key-bound-to-addresses' }
  | {
      readonly code: 'role-above-caller'
      readonly identifier: string
      readonly rank: number
      /** The highest that the caller may. */
      readonly rankMax: number
    }
  | { readonly code: 'capabilities-not-held'; readonly capabilities: readonly Capability[] }
  | { readonly code: 'role-fixed'; readonly identifier: string; readonly reason: string }
  | { readonly code: 'role-identifier-taken'; readonly identifier: string }
  | { readonly code: 'role-in-use'; readonly identifier: string; readonly apiKeys: number }
  | { readonly code: 'too-many'; readonly kind: 'role' | 'API key'; readonly countMax: number }
  | { readonly code: 'login-refused' }
  | { readonly code: 'audit-unavailable' }
  | { readonly code: 'login-throttled'; readonly retryAfterSeconds: number }
  | { readonly code: 'password-change-needed'; readonly email: string }
  | { readonly code: 'cross-site-request'; readonly origin: string }
  | { readonly code: 'email-taken'; readonly email: string }
  | { readonly code: 'last-owner'; readonly accountID: string }
  | { readonly code: 'account-not-active'; readonly accountID: string; readonly state: string }
  | { readonly code: 'directory-not-connected'; readonly member: string }
  | {
      readonly code: 'not-found'
      readonly kind: MissingKind
      readonly id: string
      /** Where the body names it; absent: the path does. */
      readonly member?: string
    }
  | { readonly code: 'invalid-request'; readonly members: readonly InvalidMember[] }
  | {
      readonly code: 'fixed-value-changed'
      readonly resource: string
      readonly members: readonly InvalidMember[]
    }
  | { readonly code: 'backup-name-taken'; readonly appID: string; readonly name: string }
  | { readonly code: 'snapshot-name-taken'; readonly appID: string; readonly name: string }
  | { readonly code: 'bucket-not-found'; readonly bucketID: string; readonly member?: string }
  | { readonly code: 'no-bucket-available'; readonly appID: string }
  | { readonly code: 'bucket-not-available'; readonly bucketID: string; readonly state: string }
  | { readonly code: 'snapshot-not-found'; readonly snapshotID: string; readonly appID?: string }
  | { readonly code: 'snapshot-not-completed'; readonly snapshotID: string; readonly state: string }
  | {
      readonly code: 'snapshot-not-restorable'
      readonly snapshotID: string
      readonly state: string
    }
  | { readonly code: 'backup-not-found'; readonly backupID: string }
  | { readonly code: 'backup-not-restorable'; readonly backupID: string; readonly state: string }
  | { readonly code: 'copy-of-other-app'; readonly copyID: string; readonly appID: string }
  | { readonly code: 'backup-pending'; readonly backupID: string; readonly name: string }
  | {
      readonly code: 'snapshot-in-use'
      readonly snapshotID: string
      readonly backupID: string
      readonly backupName: string
    }
  | { readonly code: 'copy-being-restored'; readonly copyID: string; readonly appID: string }
  | { readonly code: 'restore-not-confirmed'; readonly appID: string }
  | { readonly code: 'copies-unended'; readonly appID: string }
  | { readonly code: 'app-restoring'; readonly appID: string }
  | { readonly code: 'app-not-ready'; readonly appID: string; readonly state: string }
  | { readonly code: 'app-backup-running'; readonly appID: string }
  | { readonly code: 'trash-item-needs-app'; readonly itemID: string; readonly appID: string }
  | {
      readonly code: 'trash-item-needs-cluster'
      readonly appID: string
      readonly clusterID: string
    }
  | { readonly code: 'app-never-filled'; readonly appID: string }
  | { readonly code: 'source-app-not-found'; readonly appID: string }
  | { readonly code: 'source-not-on-cluster'; readonly appID: string; readonly clusterID: string }
  | { readonly code: 'restore-filter-invalid'; readonly members: readonly InvalidMember[] }
  | {
      readonly code: 'storage-class-not-found'
      readonly storageClass: string
      readonly clusterID: string
      readonly member: string
    }
  | {
      readonly code: 'namespace-unavailable'
      readonly namespace: string
      readonly appName: string
      readonly member: string
    }
  | { readonly code: 'selective-restore-unsupported'; readonly appID: string }
  | { readonly code: 'clone-unsupported'; readonly appID: string; readonly reason: string }
  | { readonly code: 'backup-command-missing'; readonly appID: string }
  | { readonly code: 'restore-command-missing'; readonly appID: string }
  | { readonly code: 'stream-not-clonable'; readonly backupID: string; readonly appID: string }
  | { readonly code: 'cluster-not-found'; readonly clusterID: string; readonly member?: string }
  | { readonly code: 'cloud-name-taken'; readonly name: string }
  | {
      readonly code: 'cloud-in-use'
      readonly cloudID: string
      readonly name: string
      readonly clusters: readonly string[]
    }
  | { readonly code: 'cluster-not-creatable'; readonly cloudID: string }
  | { readonly code: 'cluster-managed'; readonly clusterID: string; readonly name: string }
  | {
      readonly code: 'cluster-not-manageable'
      readonly clusterID: string
      readonly name: string
      readonly reason: string
    }
  | {
      readonly code: 'cluster-fixed'
      readonly clusterID: string
      readonly name: string
      readonly clusterType: string
    }
  | {
      readonly code: 'cluster-in-use'
      readonly clusterID: string
      readonly reason: string
      readonly remedy: string
    }
  | { readonly code: 'cluster-configured'; readonly clusterID: string; readonly name: string }
  | { readonly code: 'trident-missing'; readonly clusterID: string; readonly name: string }
  | {
      readonly code: 'storage-class-invalid'
      readonly clusterID: string
      readonly storageClassID: string
      readonly member: string
    }
  | { readonly code: 'mirror-source-invalid'; readonly appID: string }
  | { readonly code: 'mirror-unsupported'; readonly appID: string }
  | { readonly code: 'storage-backend-unreachable'; readonly name: string }
  | { readonly code: 'namespace-not-found'; readonly namespace: string; readonly member: string }
  | { readonly code: 'namespace-removed'; readonly namespace: string; readonly member: string }
  | { readonly code: 'app-exists'; readonly appID: string; readonly name: string }
  | { readonly code: 'app-definition-taken'; readonly appID: string; readonly name: string }
  | { readonly code: 'kind-unknown'; readonly member: string }
  | { readonly code: 'task-not-cancellable'; readonly taskID: string }
  | {
      readonly code: 'schedule-exists'
      readonly appID: string
      readonly scheduleID: string
      readonly name: string
      /** What is the same. */
      readonly member: 'name' | 'granularity'
    }
  | { readonly code: 'webhook-name-taken'; readonly name: string }
  | { readonly code: 'hooks-disabled' }
  | { readonly code: 'hook-name-taken'; readonly appID: string; readonly name: string }
  | { readonly code: 'hook-read-only'; readonly name: string }
  | { readonly code: 'hook-source-name-taken'; readonly name: string }
  | { readonly code: 'hook-source-read-only'; readonly name: string }
  | {
      readonly code: 'hook-source-in-use'
      readonly name: string
      readonly hook: string
      readonly app: string
    }
  | { readonly code: 'password-exists'; readonly credentialID: string; readonly userID: string }
  | { readonly code: 'password-in-use'; readonly credentialID: string; readonly userID: string }
  | { readonly code: 'same-password'; readonly userID: string }
  | { readonly code: 'kubeconfig-exists'; readonly credentialID: string; readonly name: string }
  | { readonly code: 'kubeconfig-invalid'; readonly reason: string }
  | { readonly code: 'bucket-exists'; readonly bucketID: string; readonly name: string }
  | {
      readonly code: 'bucket-identifier-taken'
      readonly bucketID: string
      readonly identifier: string
    }
  | { readonly code: 'bucket-server-mismatch'; readonly provider: string; readonly server: string }
  | {
      readonly code: 'bucket-in-use'
      readonly bucketID: string
      readonly backups: number
      readonly snapshots: number
      readonly schedules: number
      /** Containers whose backups go there, beside those schedules. */
      readonly containers: number
    }
  | { readonly code: 'bucket-is-cloud-default'; readonly bucketID: string; readonly cloud: string }
  | {
      readonly code: 'bucket-is-cluster-default'
      readonly bucketID: string
      readonly cluster: string
    }
  | { readonly code: 'repository-not-made'; readonly bucketID: string }
  | { readonly code: 'cluster-unreachable'; readonly clusterID: string; readonly reason: string }

export class OperationError extends Error {
  override readonly name = 'OperationError'
  readonly failure: OperationFailure

  constructor(failure: OperationFailure) {
    super(`The operation was refused: ${failure.code}.`)
    this.failure = failure
  }
}

export function isOperationError(error: unknown): error is OperationError {
  return error instanceof Error && error.name === 'OperationError' && 'failure' in error
}
