// State transitions that workflows make: of backups, application snapshots and apps.
//
// Every statement carries the execution that makes it and changes nothing for an overtaken one;
// each answers whether it changed a row. Repeating one with the same execution is harmless.
import type { AppState } from '@holdfast/domain'
import { sql } from 'kysely'
import type { StateDetail } from './state-detail.ts'
import { isCurrentExecution, type TaskExecution } from './tasks.ts'
import type { Queries } from './transaction.ts'

export type CopyKind = 'backup' | 'snapshot'

export interface CopyRef {
  readonly kind: CopyKind
  readonly id: string
}

const TABLES = { backup: sql.table('backups'), snapshot: sql.table('application_snapshots') }

/** `pending` → `discovering`, `discovering` → `running`; one that is further stays. */
export async function advanceCopy(
  { queries }: Queries,
  execution: TaskExecution,
  { kind, id, to }: CopyRef & { readonly to: 'discovering' | 'running' },
): Promise<boolean> {
  const from = to === 'discovering' ? sql`('pending')` : sql`('pending', 'discovering')`
  const answer = await sql`
    update ${TABLES[kind]} set state = ${to}, state_unready = '[]', modified_at = now()
    where id = ${id} and state in ${from} and ${isCurrentExecution(execution)}
  `.execute(queries)
  return answer.numAffectedRows === 1n
}

/** What it waits for, at most 127 characters each; empty when it goes on. */
export async function noteCopyWaiting(
  { queries }: Queries,
  execution: TaskExecution,
  { kind, id, sentences }: CopyRef & { readonly sentences: readonly string[] },
): Promise<boolean> {
  const answer = await sql`
    update ${TABLES[kind]} set state_unready = ${JSON.stringify(sentences)}::jsonb, modified_at = now()
    where id = ${id} and state in ('pending', 'discovering', 'running')
      and state_unready <> ${JSON.stringify(sentences)}::jsonb
      and ${isCurrentExecution(execution)}
  `.execute(queries)
  return answer.numAffectedRows === 1n
}

/** A copy that ended or is being deleted keeps its state, so a late failure changes nothing. */
export async function failCopy(
  { queries }: Queries,
  execution: TaskExecution,
  failed: CopyRef & {
    readonly sentences: readonly string[]
    readonly stateDetails: readonly StateDetail[]
  },
): Promise<boolean> {
  const answer = await sql`
    update ${TABLES[failed.kind]} set state = 'failed',
      state_unready = ${JSON.stringify(failed.sentences)}::jsonb,
      state_details = ${JSON.stringify(failed.stateDetails)}::jsonb, modified_at = now()
    where id = ${failed.id} and state in ('pending', 'discovering', 'running')
      and ${isCurrentExecution(execution)}
  `.execute(queries)
  return answer.numAffectedRows === 1n
}

/** The bucket's repository holds (or will hold) the copy or its description. */
export async function setCopyRepository(
  { queries }: Queries,
  execution: TaskExecution,
  { kind, id, repositoryID }: CopyRef & { readonly repositoryID: string },
): Promise<void> {
  await sql`
    update ${TABLES[kind]} set repository_id = ${repositoryID}
    where id = ${id} and ${isCurrentExecution(execution)}
  `.execute(queries)
}

/** The consistency point. Without hooks, all of them (none) ended well. */
export async function setSnapshotTaken(
  { queries }: Queries,
  execution: TaskExecution,
  { snapshotID, takenAt }: { readonly snapshotID: string; readonly takenAt: Date },
): Promise<void> {
  await sql`
    update application_snapshots set taken_at = ${takenAt.toISOString()},
      hook_state = coalesce(hook_state, 'success'),
      hook_state_details = coalesce(hook_state_details, '[]'), modified_at = now()
    where id = ${snapshotID} and ${isCurrentExecution(execution)}
  `.execute(queries)
}

/** A backup has its snapshot's consistency point and hook results. */
export async function takeOverSnapshot(
  { queries }: Queries,
  execution: TaskExecution,
  { backupID, snapshotID }: { readonly backupID: string; readonly snapshotID: string },
): Promise<void> {
  await sql`
    update backups set taken_at = s.taken_at, hook_state = s.hook_state,
      hook_state_details = s.hook_state_details, modified_at = now()
    from application_snapshots s
    where backups.id = ${backupID} and s.id = ${snapshotID}
      and ${isCurrentExecution(execution)}
  `.execute(queries)
}

/** One statement: the snapshot is completed and its task is past its commit. */
export async function commitSnapshot(
  { queries }: Queries,
  execution: TaskExecution,
  commit: {
    readonly snapshotID: string
    readonly descriptionSnapshotID: string
    readonly rootAssetID: string | undefined
    readonly definition: object
  },
): Promise<boolean> {
  const answer = await sql`
    with task as (
      update tasks set past_commit = true, modified_at = now()
      where id = ${execution.taskID} and attempt = ${execution.attempt}
        and (cancel_requested_at is null or past_commit)
        and exists (select 1 from application_snapshots
          where id = ${commit.snapshotID} and state in ('running', 'completed'))
      returning id
    )
    update application_snapshots set state = 'completed', state_unready = '[]', state_details = '[]',
      description_snapshot_id = ${commit.descriptionSnapshotID},
      snapshot_app_asset = ${commit.rootAssetID ?? null},
      definition = ${JSON.stringify(commit.definition)}::jsonb, modified_at = now()
    where id = ${commit.snapshotID} and state in ('running', 'completed')
      and exists (select 1 from task)
  `.execute(queries)
  return answer.numAffectedRows === 1n
}

/**
 * One statement: the backup is completed, 100 percent, all bytes done, and its task is past its
 * commit. False: overtaken, or cancelled before.
 */
export async function commitBackup(
  { queries }: Queries,
  execution: TaskExecution,
  commit: {
    readonly backupID: string
    readonly descriptionSnapshotID: string
    readonly totalBytes: number
    readonly definition: object
  },
): Promise<boolean> {
  const answer = await sql`
    with task as (
      update tasks set past_commit = true, bytes_done = ${commit.totalBytes}::bigint,
        total_bytes = ${commit.totalBytes}::bigint, modified_at = now()
      where id = ${execution.taskID} and attempt = ${execution.attempt}
        and (cancel_requested_at is null or past_commit)
        and exists (select 1 from backups
          where id = ${commit.backupID} and state in ('running', 'completed'))
      returning id
    )
    update backups set state = 'completed', state_unready = '[]', state_details = '[]',
      percent_done = 100, bytes_done = ${commit.totalBytes}::bigint,
      total_bytes = ${commit.totalBytes}::bigint,
      description_snapshot_id = ${commit.descriptionSnapshotID},
      definition = ${JSON.stringify(commit.definition)}::jsonb, modified_at = now()
    where id = ${commit.backupID} and state in ('running', 'completed')
      and exists (select 1 from task)
  `.execute(queries)
  return answer.numAffectedRows === 1n
}

/** The row of the snapshot that a backup takes for itself, and the backup's reference to it. */
export async function insertSnapshotOfBackup(
  { queries }: Queries,
  execution: TaskExecution,
  snapshot: { readonly id: string; readonly name: string; readonly backupID: string },
): Promise<boolean> {
  const answer = await sql`
    with backup as (
      select id, account_id, app_id, bucket_id, created_by, schedule_id from backups
      where id = ${snapshot.backupID} and ${isCurrentExecution(execution)}
    ), made as (
      insert into application_snapshots
        (id, account_id, app_id, name, bucket_id, created_by, schedule_id, taken_by_backup_id)
      select ${snapshot.id}, account_id, app_id, ${snapshot.name}, bucket_id, created_by,
        schedule_id, id from backup
      on conflict (id) do nothing
    )
    update backups set snapshot_id = ${snapshot.id}, modified_at = now()
    from backup where backups.id = backup.id
  `.execute(queries)
  return answer.numAffectedRows === 1n
}

/** The snapshot's data is gone: nobody sees it any more, its name is free. */
export async function markSnapshotGone({ queries }: Queries, snapshotID: string): Promise<void> {
  await sql`
    update application_snapshots set deleted_at = coalesce(deleted_at, now()), modified_at = now()
    where id = ${snapshotID}
  `.execute(queries)
}

/** A deletion that failed: the snapshot stays, as failed, and may be deleted again. */
export async function failSnapshotDeletion(
  { queries }: Queries,
  execution: TaskExecution,
  failed: {
    readonly snapshotID: string
    readonly sentences: readonly string[]
    readonly stateDetails: readonly StateDetail[]
  },
): Promise<void> {
  await sql`
    update application_snapshots set state = 'failed',
      state_unready = ${JSON.stringify(failed.sentences)}::jsonb,
      state_details = ${JSON.stringify(failed.stateDetails)}::jsonb, modified_at = now()
    where id = ${failed.snapshotID} and state = 'deleting' and ${isCurrentExecution(execution)}
  `.execute(queries)
}

/** The data of a new app is in its place: what there is now is being looked at. */
export async function advanceAppToDiscovering(
  { queries }: Queries,
  execution: TaskExecution,
  appID: string,
): Promise<void> {
  await sql`
    update apps set state = 'discovering', modified_at = now()
    where id = ${appID} and state = 'provisioning' and ${isCurrentExecution(execution)}
  `.execute(queries)
}

/**
 * Ends a restore or a clone; an app whose data is not being brought any more keeps its state. Each
 * task does so once: whoever repeats it after a crash may find the app with the next restore.
 */
export async function endAppRestore(
  { queries }: Queries,
  execution: TaskExecution,
  end: {
    readonly appID: string
    readonly state: AppState
    readonly stateDetails: readonly StateDetail[]
  },
): Promise<boolean> {
  const answer = await sql`
    with task as (
      update tasks set app_ended_at = now()
      where id = ${execution.taskID} and attempt = ${execution.attempt} and app_ended_at is null
      returning id
    )
    update apps set state = ${end.state},
      state_details = ${JSON.stringify(end.stateDetails)}::jsonb, modified_at = now()
    where id = ${end.appID} and state in ('restoring', 'provisioning', 'discovering')
      and exists (select 1 from task)
  `.execute(queries)
  return answer.numAffectedRows === 1n
}
