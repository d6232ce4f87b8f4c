// `/holdfast/backup.json`: what a repository says of one backup or application snapshot, so that
// a bucket and its key alone rebuild the catalogue. Unknown members are kept by whoever rewrites it.
import type { Consistency, CopyWarning, EntryCount, Hole, SnapshotStrategy } from './volume-copy.ts'

export const BACKUP_DESCRIPTION_VERSION = 1
export const BACKUP_DESCRIPTION_PATH = '/holdfast/backup.json'
export const BACKUP_DESCRIPTION_TAG = 'holdfast-backup'
export const SNAPSHOT_DESCRIPTION_TAG = 'holdfast-snapshot'

/** Where a repository snapshot holds the stream of a command, and how it is tagged. */
export const STREAM_PATH = '/holdfast/stream'
export const STREAM_TAG = 'stream'

export interface Label {
  readonly name: string
  readonly value: string
}

export interface DescribedVolume {
  readonly namespace: string
  readonly key: string
  readonly strategy: SnapshotStrategy
  readonly consistency: Consistency
  readonly holes: readonly Hole[]
  readonly expected: EntryCount
  readonly captured: EntryCount
  readonly warnings: readonly CopyWarning[]
  readonly warningCount: number
  /** Absent in the description of an application snapshot, whose data stays where the app runs. */
  readonly repositorySnapshotID?: string
}

export interface DescribedResource {
  readonly assetID: string
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly name: string
  readonly namespace?: string
  readonly createdAt: string
  /** What it is made of, as far as the platform says: mode and owner of a namespace on a host. */
  readonly manifest?: Readonly<Record<string, unknown>>
}

export interface DescribedHook {
  readonly id: string
  readonly name: string
  readonly action: 'restore'
  readonly stage: 'post'
  readonly matchingCriteria: readonly { readonly type: string; readonly value: string }[]
  readonly arguments: readonly string[]
  /** base64 */
  readonly source: string
  /** Were its makers owners of the account? */
  readonly mayRunAsRoot: boolean
}

export interface BackupDescription {
  readonly formatVersion: typeof BACKUP_DESCRIPTION_VERSION
  readonly account: { readonly id: string; readonly name: string }
  readonly cluster: { readonly id: string; readonly name: string; readonly type: string }
  readonly app: {
    readonly id: string
    readonly name: string
    /** `namespaceScopedResources` and `clusterScopedResources` as the app was defined. */
    readonly definition: unknown
    readonly labels: readonly Label[]
  }
  readonly backup: {
    readonly id: string
    readonly kind: 'backup' | 'snapshot'
    readonly name: string
    readonly labels: readonly Label[]
    /** RFC 3339: when it was asked for, the consistency point, and when it was described. */
    readonly createdAt: string
    readonly takenAt: string
    readonly describedAt: string
    readonly snapshotID?: string
    readonly scheduleID?: string
    readonly hookState?: 'failed' | 'success'
    readonly hookStateDetails?: readonly unknown[]
  }
  /** The app's hooks after a restore, for a restore to a new app, which has none of its own. */
  readonly restoreHooks?: readonly DescribedHook[]
  readonly resources: readonly DescribedResource[]
  /** None where it keeps a stream. */
  readonly volumes: readonly DescribedVolume[]
  /** What a command wrote. */
  readonly stream?: DescribedStream
}

export interface DescribedStream {
  readonly command: string
  readonly sizeBytes: number
  readonly repositorySnapshotID: string
  /** Of the file in that snapshot. */
  readonly path: string
}
