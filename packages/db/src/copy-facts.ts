// What workflows read of backups, application snapshots and apps before they work on them.
import type { CopyState, Label } from '@holdfast/domain'
import { sql } from 'kysely'
import type { NamespaceScopedResource } from './apps.ts'
import type { CopyKind, CopyRef } from './copy-states.ts'
import type { StateDetail } from './state-detail.ts'
import type { Queries } from './transaction.ts'

export interface CopyFacts {
  readonly kind: CopyKind
  readonly id: string
  readonly accountID: string
  readonly appID: string
  readonly name: string
  readonly bucketID: string
  readonly repositoryID: string | undefined
  readonly descriptionSnapshotID: string | undefined
  readonly scheduleID: string | undefined
  readonly labels: readonly Label[]
  readonly state: CopyState
  readonly stateUnready: readonly string[]
  /** Of the app when the copy was completed. */
  readonly definition: CopiedDefinition | undefined
  readonly isDeleted: boolean
  readonly createdAt: Date
  readonly takenAt: Date | undefined
  readonly hookState: 'failed' | 'success' | undefined
  readonly hookStateDetails: readonly StateDetail[]
  /** Of a backup: the snapshot that it was given or took. */
  readonly snapshotID: string | undefined
  /** Of a snapshot: the backup that took it for itself. */
  readonly takenByBackupID: string | undefined
  /** Of a backup that keeps the stream of a command. */
  readonly isStream: boolean
  /** Of such a one, once its command has ended. */
  readonly stream: CopiedStream | undefined
}

export interface CopiedStream {
  readonly repositorySnapshotID: string
  readonly sizeBytes: number
}

export interface CopiedDefinition {
  readonly namespaceScopedResources?: readonly NamespaceScopedResource[]
}

export interface AppFacts {
  readonly id: string
  readonly accountID: string
  readonly accountName: string
  readonly name: string
  readonly state: string
  readonly labels: readonly Label[]
  readonly cluster: { readonly id: string; readonly name: string; readonly type: string }
  readonly namespaces: readonly string[]
  readonly definition: {
    readonly namespaceScopedResources: readonly NamespaceScopedResource[]
    readonly clusterScopedResources: unknown
  }
}

interface CopyRow {
  readonly id: string
  readonly account_id: string
  readonly app_id: string
  readonly name: string
  readonly bucket_id: string
  readonly repository_id: string | null
  readonly description_snapshot_id: string | null
  readonly schedule_id: string | null
  readonly labels: readonly Label[]
  readonly state: string
  readonly state_unready: readonly string[]
  readonly definition: CopiedDefinition | null
  readonly deleted_at: Date | null
  readonly created_at: Date
  readonly taken_at: Date | null
  readonly hook_state: 'failed' | 'success' | null
  readonly hook_state_details: readonly StateDetail[] | null
  readonly snapshot_id?: string | null
  readonly taken_by_backup_id?: string | null
  readonly kind?: string
  readonly stream_snapshot_id?: string | null
  readonly total_bytes?: number | null
}

/** Also of one that users do not see any more. */
export async function findCopyFacts(
  { queries }: Queries,
  { kind, id }: CopyRef,
): Promise<CopyFacts | undefined> {
  const table = sql.table(kind === 'backup' ? 'backups' : 'application_snapshots')
  const answer = await sql<CopyRow>`select * from ${table} where id = ${id}`.execute(queries)
  const row = answer.rows[0]
  return row && toCopyFacts(kind, row)
}

export async function findAppFacts(
  { queries }: Queries,
  id: string,
): Promise<AppFacts | undefined> {
  const row = await queries
    .selectFrom('apps')
    .innerJoin('clusters', 'clusters.id', 'apps.cluster_id')
    .innerJoin('accounts', 'accounts.id', 'apps.account_id')
    .select([
      'apps.id',
      'apps.account_id',
      'apps.name',
      'apps.state',
      'apps.labels',
      'apps.namespace_scoped_resources',
      'apps.cluster_scoped_resources',
      'clusters.id as cluster_id',
      'clusters.name as cluster_name',
      'clusters.cluster_type',
      'accounts.name as account_name',
    ])
    .where('apps.id', '=', id)
    .executeTakeFirst()
  if (row === undefined) return undefined
  const scoped = row.namespace_scoped_resources as readonly { readonly namespace: string }[]
  return {
    id: row.id,
    accountID: row.account_id,
    accountName: row.account_name,
    name: row.name,
    state: row.state,
    labels: row.labels as readonly Label[],
    cluster: { id: row.cluster_id, name: row.cluster_name, type: row.cluster_type },
    namespaces: [...new Set(scoped.map((resource) => resource.namespace))],
    definition: {
      namespaceScopedResources:
        row.namespace_scoped_resources as readonly NamespaceScopedResource[],
      clusterScopedResources: row.cluster_scoped_resources,
    },
  }
}

export async function listClusterRefs({
  queries,
}: Queries): Promise<{ readonly id: string; readonly type: string }[]> {
  const rows = await queries.selectFrom('clusters').select(['id', 'cluster_type']).execute()
  return rows.map((row) => ({ id: row.id, type: row.cluster_type }))
}

function toCopyFacts(kind: CopyKind, row: CopyRow): CopyFacts {
  return {
    kind,
    id: row.id,
    accountID: row.account_id,
    appID: row.app_id,
    name: row.name,
    bucketID: row.bucket_id,
    repositoryID: row.repository_id ?? undefined,
    descriptionSnapshotID: row.description_snapshot_id ?? undefined,
    scheduleID: row.schedule_id ?? undefined,
    labels: row.labels,
    state: row.state as CopyState,
    stateUnready: row.state_unready,
    definition: row.definition ?? undefined,
    isDeleted: row.deleted_at !== null,
    createdAt: row.created_at,
    takenAt: row.taken_at ?? undefined,
    hookState: row.hook_state ?? undefined,
    hookStateDetails: row.hook_state_details ?? [],
    snapshotID: row.snapshot_id ?? undefined,
    takenByBackupID: row.taken_by_backup_id ?? undefined,
    isStream: row.kind === 'stream',
    stream: toStream(row),
  }
}

function toStream({ stream_snapshot_id, total_bytes }: CopyRow): CopiedStream | undefined {
  if (stream_snapshot_id === undefined || stream_snapshot_id === null) return undefined
  return { repositorySnapshotID: stream_snapshot_id, sizeBytes: total_bytes ?? 0 }
}
