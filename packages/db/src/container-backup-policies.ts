// How a container's backups are made, kept and restored by its own commands: `integrations.backups`
// of its configuration, each member as it was given. Its cron string is that of its schedule, which
// users of the application dialect see as well: without a schedule it has none.
import { sql } from 'kysely'
import type { Queries } from './transaction.ts'

export interface ContainerBackupPolicy {
  readonly appID: string
  readonly accountID: string
  /** An id or identifier, as it was given. */
  readonly integrationID?: string
  /** Absent: chosen with each backup. */
  readonly bucketID?: string
  readonly destination?: string
  readonly backup: StreamCommand & { readonly cronString?: string }
  readonly restore?: StreamCommand
  /** Absent: for ever. */
  readonly retention?: string
  readonly scheduleID?: string
  /** Who said last how it is: whose commands these are. */
  readonly modifiedBy: string
  readonly modifiedAt: Date
}

export interface StreamCommand {
  readonly command: string
  readonly timeout?: string
}

interface PolicyRow {
  readonly app_id: string
  readonly account_id: string
  readonly integration_id: string | null
  readonly bucket_id: string | null
  readonly destination: string | null
  readonly backup_command: string
  readonly backup_timeout: string | null
  readonly restore_command: string | null
  readonly restore_timeout: string | null
  readonly retention: string | null
  readonly schedule_id: string | null
  readonly modified_by: string
  readonly modified_at: Date
  readonly cron_string: string | null
}

export async function findContainerBackupPolicy(
  database: Queries,
  appID: string,
): Promise<ContainerBackupPolicy | undefined> {
  return (await listContainerBackupPolicies(database, [appID])).get(appID)
}

/** Those of these apps that have one, by the app's id. */
export async function listContainerBackupPolicies(
  { queries }: Queries,
  appIDs: readonly string[],
): Promise<ReadonlyMap<string, ContainerBackupPolicy>> {
  const { rows } = await sql<PolicyRow>`
    select policies.*, schedules.cron_string from container_backup_policies as policies
    left join schedules on schedules.id = policies.schedule_id
    where policies.app_id = any(${[...appIDs]}::uuid[])
  `.execute(queries)
  return new Map(rows.map((row) => [row.app_id, toPolicy(row)]))
}

function toPolicy(row: PolicyRow): ContainerBackupPolicy {
  const backup = commandOf(row.backup_command, row.backup_timeout)
  return {
    appID: row.app_id,
    accountID: row.account_id,
    ...(row.integration_id === null ? {} : { integrationID: row.integration_id }),
    ...(row.bucket_id === null ? {} : { bucketID: row.bucket_id }),
    ...(row.destination === null ? {} : { destination: row.destination }),
    backup: row.cron_string === null ? backup : { ...backup, cronString: row.cron_string },
    ...(row.restore_command === null
      ? {}
      : { restore: commandOf(row.restore_command, row.restore_timeout) }),
    ...(row.retention === null ? {} : { retention: row.retention }),
    ...(row.schedule_id === null ? {} : { scheduleID: row.schedule_id }),
    modifiedBy: row.modified_by,
    modifiedAt: row.modified_at,
  }
}

function commandOf(command: string, timeout: string | null): StreamCommand {
  return { command, ...(timeout === null ? {} : { timeout }) }
}

/** What is written of it: the cron string is written with its schedule. */
export type WrittenContainerBackupPolicy = Omit<ContainerBackupPolicy, 'backup'> & {
  readonly backup: StreamCommand
}

/** Of an app whose row is locked. */
export async function writeContainerBackupPolicy(
  { queries }: Queries,
  policy: WrittenContainerBackupPolicy,
): Promise<void> {
  const content = {
    integration_id: policy.integrationID ?? null,
    bucket_id: policy.bucketID ?? null,
    destination: policy.destination ?? null,
    backup_command: policy.backup.command,
    backup_timeout: policy.backup.timeout ?? null,
    restore_command: policy.restore?.command ?? null,
    restore_timeout: policy.restore?.timeout ?? null,
    retention: policy.retention ?? null,
    schedule_id: policy.scheduleID ?? null,
    modified_at: policy.modifiedAt,
    modified_by: policy.modifiedBy,
  }
  await queries
    .insertInto('container_backup_policies')
    .values({
      app_id: policy.appID,
      account_id: policy.accountID,
      created_at: policy.modifiedAt,
      created_by: policy.modifiedBy,
      ...content,
    })
    .onConflict((conflict) => conflict.column('app_id').doUpdateSet(content))
    .execute()
}

export async function deleteContainerBackupPolicy(
  { queries }: Queries,
  appID: string,
): Promise<void> {
  await queries.deleteFrom('container_backup_policies').where('app_id', '=', appID).execute()
}

/** From now on its schedule is the application dialect's alone. */
export async function releaseScheduleOfPolicy(
  { queries }: Queries,
  scheduleID: string,
): Promise<void> {
  await queries
    .updateTable('container_backup_policies')
    .set({ schedule_id: null })
    .where('schedule_id', '=', scheduleID)
    .execute()
}

/** The bucket of its schedule was changed: `integrationID` names the same one. */
export async function setBucketOfPolicy(
  { queries }: Queries,
  of: { readonly scheduleID: string; readonly bucketID: string; readonly integrationID: string },
): Promise<void> {
  await queries
    .updateTable('container_backup_policies')
    .set({ bucket_id: of.bucketID, integration_id: of.integrationID })
    .where('schedule_id', '=', of.scheduleID)
    .execute()
}
