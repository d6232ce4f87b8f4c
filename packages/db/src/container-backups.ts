// Backups as the container dialect lists and reads them: one of each instance of their app.
//
// A backup whose deletion was asked for is shown until its data is gone: until its deletion task
// has completed, in that task's own transaction.
import {
  CONTAINER_BACKUP_STATE_OF_COPY,
  type ContainerBackupState,
  type CopyState,
} from '@holdfast/domain'
import { sql } from 'kysely'
import type { ResourceSource } from './list-resources.ts'
import { isCopyHeld } from './namespace-reach.ts'
import { exactInstant, number, required, text } from './resource-fields.ts'
import { type StateDetail, sentencesOf, textOfDetails } from './state-detail.ts'
import { wordFor } from './state-expression.ts'

export interface ContainerBackup {
  /** 24 hexadecimal digits. */
  readonly id: string
  readonly accountID: string
  readonly appID: string
  readonly backupID: string
  readonly instanceID: string
  readonly bucketID: string
  readonly state: ContainerBackupState
  readonly changedAt: Date
  /** Of a run that failed, or of a deletion that has to be tried again. */
  readonly error?: { readonly message: string; readonly time: Date }
  /** Absent before there is a repository. */
  readonly repositoryPrefix?: string
  /** What of the repository brings it back; absent until it is there. */
  readonly repositorySnapshotID?: string
  readonly sizeBytes: number
  readonly createdAt: Date
  readonly modifiedAt: Date
  /** When a run that failed ended. */
  readonly deletedAt?: Date
}

interface ContainerBackupRow {
  readonly id: string
  readonly account_id: string
  readonly app_id: string
  readonly backup_id: string
  readonly instance_id: string
  readonly bucket_id: string
  readonly state: CopyState
  readonly state_unready: readonly string[]
  readonly state_details: readonly StateDetail[]
  readonly deleted_at: Date | null
  readonly created_at: Date
  readonly modified_at: Date
  readonly prefix: string | null
  readonly repository_snapshot_id: string | null
  readonly size_bytes: number
  readonly failed_deletion: {
    readonly state_details: readonly StateDetail[]
    readonly ended_at: string
  } | null
}

/** Of one whose deletion was asked for; null, so not visible, when no task has its deletion. */
const IS_BEING_DELETED = sql`(select bool_and(tasks.state <> 'completed') from tasks
  where tasks.resource_id = backups.id and tasks.kind = 'delete-backup')`

/** The latest of its deletions, when that one failed. */
const FAILED_DELETION = sql`(select to_jsonb(latest) from (
    select state, state_details, ended_at from tasks where tasks.resource_id = backups.id
      and tasks.kind = 'delete-backup' order by tasks.created_at desc limit 1) as latest
  where backups.deleted_at is not null and latest.state = 'failed')`

const SIZE = sql`(case when backups.state = 'completed' then coalesce(backups.total_bytes, 0)
  when backups.state in ('pending', 'discovering', 'running') then coalesce(backups.bytes_done, 0)
  else 0 end)`

const STATE = sql`(case when backups.deleted_at is not null then 'deleting'
  else ${wordFor(sql`backups.state`, CONTAINER_BACKUP_STATE_OF_COPY)} end)`

export const CONTAINER_BACKUPS: ResourceSource<ContainerBackup> = {
  from: sql`container_backups join backups on backups.id = container_backups.backup_id
    join apps on apps.id = backups.app_id
    left join repositories on repositories.id = backups.repository_id`,
  columns: sql`container_backups.*, backups.bucket_id, backups.state, backups.state_unready,
    backups.state_details, backups.deleted_at, backups.created_at, backups.modified_at, repositories.prefix,
    coalesce(backups.stream_snapshot_id, backups.description_snapshot_id)
      as repository_snapshot_id,
    ${SIZE} as size_bytes, ${FAILED_DELETION} as failed_deletion`,
  isVisible: sql`apps.hidden_at is null and backups.hidden_at is null
    and (backups.deleted_at is null or ${IS_BEING_DELETED})`,
  limitedTo: ({ reach }) => ({ rows: isCopyHeld(reach, 'backups') }),
  id: sql`container_backups.id`,
  idKind: 'text',
  // By the columns of an index that is in the order of their creation.
  accountID: sql`backups.account_id`,
  createdAt: sql`backups.created_at`,
  parents: { appID: sql`backups.app_id`, backupID: sql`backups.id` },
  fields: {
    id: text(sql`container_backups.id`),
    instanceID: text(sql`container_backups.instance_id`),
    state: text(STATE),
    sizeBytes: number(SIZE),
    createdAt: required(exactInstant(sql`backups.created_at`)),
    modifiedAt: exactInstant(sql`greatest(backups.modified_at, backups.deleted_at)`),
  },
  toResource: toContainerBackup,
}

function toContainerBackup(row: ContainerBackupRow): ContainerBackup {
  const state = row.deleted_at === null ? CONTAINER_BACKUP_STATE_OF_COPY[row.state] : 'deleting'
  const changedAt = changeOf(row, state)
  const error = errorOf(row, state)
  return {
    id: row.id,
    accountID: row.account_id,
    appID: row.app_id,
    backupID: row.backup_id,
    instanceID: row.instance_id,
    bucketID: row.bucket_id,
    state,
    changedAt,
    ...(error === undefined ? {} : { error }),
    ...(row.prefix === null ? {} : { repositoryPrefix: row.prefix }),
    ...(row.repository_snapshot_id === null
      ? {}
      : { repositorySnapshotID: row.repository_snapshot_id }),
    sizeBytes: row.size_bytes,
    createdAt: row.created_at,
    modifiedAt: later(row.modified_at, row.deleted_at),
    ...(state === 'deleted' ? { deletedAt: row.modified_at } : {}),
  }
}

function changeOf(row: ContainerBackupRow, state: ContainerBackupState): Date {
  if (row.deleted_at !== null) return row.deleted_at
  // While it runs, its row changes with its progress.
  return state === 'saving' ? row.created_at : row.modified_at
}

function errorOf(
  row: ContainerBackupRow,
  state: ContainerBackupState,
): ContainerBackup['error'] | undefined {
  if (state === 'deleted') {
    // The details say more, where there are any.
    const reason = textOfDetails(row.state_details) || sentencesOf(row.state_unready)
    const message = reason || `The backup is ${row.state}.`
    return { message, time: row.modified_at }
  }
  if (row.failed_deletion === null) return undefined
  const { state_details, ended_at } = row.failed_deletion
  const reason = textOfDetails(state_details)
  return { message: `Its deletion failed and begins again: ${reason}`, time: new Date(ended_at) }
}

function later(one: Date, other: Date | null): Date {
  return other === null || one > other ? one : other
}
