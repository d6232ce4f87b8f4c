// A container's backup and the logs of its runs as the dialect shows them.
import { type ContainerBackup, type ContainerBackupLog, hexIDOf } from '@holdfast/db'
import { CONTAINER_BACKUP_STATES } from '@holdfast/domain'
import { Type } from 'typebox'
import { toDateTime } from './scalars.ts'
import { eventsSchema, HubIdSchema, IdSchema, nullable, stateSchema } from './schemas.ts'

const CLOSED = { additionalProperties: false } as const

export const BackupSchema = Type.Object(
  {
    id: IdSchema,
    hub_id: HubIdSchema,
    container_id: IdSchema,
    instance_id: IdSchema,
    target: Type.Object(
      {
        integration_id: IdSchema,
        path: Type.String({ description: 'In the bucket; empty before there is something.' }),
        file_id: Type.String({
          description: 'The snapshot in the repository; empty before there is one.',
        }),
        size: Type.Integer({ minimum: 0, description: 'Bytes.' }),
      },
      CLOSED,
    ),
    state: stateSchema(CONTAINER_BACKUP_STATES),
    events: eventsSchema('created', 'updated', 'deleted'),
  },
  CLOSED,
)

export const BackupLogSchema = Type.Object(
  {
    id: IdSchema,
    container_id: IdSchema,
    instance_id: IdSchema,
    backup_id: IdSchema,
    hub_id: HubIdSchema,
    type: Type.Enum(['backup', 'restore']),
    log: Type.String(),
    error: nullable(Type.Object({ message: Type.String({ minLength: 1 }) }, CLOSED)),
    events: eventsSchema('created', 'updated', 'deleted'),
  },
  CLOSED,
)

export function toWireBackup(backup: ContainerBackup) {
  const { error, repositorySnapshotID: snapshotID } = backup
  return {
    id: backup.id,
    hub_id: hexIDOf(backup.accountID),
    container_id: hexIDOf(backup.appID),
    instance_id: backup.instanceID,
    target: {
      integration_id: hexIDOf(backup.bucketID),
      path: pathOf(backup),
      file_id: snapshotID ?? '',
      size: backup.sizeBytes,
    },
    state: {
      current: backup.state,
      changed: toDateTime(backup.changedAt),
      ...(error === undefined
        ? {}
        : { error: { message: error.message, time: toDateTime(error.time) } }),
    },
    events: {
      created: toDateTime(backup.createdAt),
      updated: toDateTime(backup.modifiedAt),
      deleted: toDateTime(backup.deletedAt),
    },
  }
}

/** A repository keeps each snapshot in a file that is named by its id. */
function pathOf({ repositoryPrefix, repositorySnapshotID }: ContainerBackup): string {
  if (repositoryPrefix === undefined) return ''
  return repositorySnapshotID === undefined
    ? repositoryPrefix
    : `${repositoryPrefix}snapshots/${repositorySnapshotID}`
}

export function toWireBackupLog(backup: ContainerBackup, run: ContainerBackupLog) {
  return {
    id: hexIDOf(run.id),
    container_id: hexIDOf(backup.appID),
    // Each app of a host has one instance, so a restore ran where the backup came from.
    instance_id: backup.instanceID,
    backup_id: backup.id,
    hub_id: hexIDOf(backup.accountID),
    type: run.type,
    log: run.log,
    error: run.error === undefined ? null : { message: run.error },
    events: {
      created: toDateTime(run.createdAt),
      updated: toDateTime(run.modifiedAt),
      deleted: toDateTime(undefined),
    },
  }
}
