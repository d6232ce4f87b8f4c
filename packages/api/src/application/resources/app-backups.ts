// Backups of apps: below their app, and all of an account in one view.
import { BACKUPS, type Backup } from '@holdfast/db'
import { COPY_STATES } from '@holdfast/domain'
import { type Static, Type } from 'typebox'
import { createBackup } from '../../operations/create-backup.ts'
import { deleteBackup } from '../../operations/delete-backup.ts'
import { APP } from '../parents.ts'
import type { RemoveMethod, ResourceDefinition, WireResource } from '../resource-definition.ts'
import { lowerId } from '../sent-values.ts'
import {
  COMMON_FIELDS,
  DnsLabelSchema,
  IdSchema,
  MetadataSchema,
  SentIdSchema,
  SentMetadataSchema,
  StateDetailSchema,
  TimeSchema,
  toWireMetadata,
  toWireStateDetails,
  toWireTime,
  toWireUnready,
  UnreadySchema,
} from '../shared-schemas.ts'

const VERSIONS = ['1.0', '1.1', '1.2'] as const

const CreateSchema = Type.Object(
  {
    type: Type.Literal('application/astra-appBackup'),
    version: Type.Enum([...VERSIONS]),
    name: Type.Optional(DnsLabelSchema),
    bucketID: Type.Optional(SentIdSchema),
    snapshotID: Type.Optional(SentIdSchema),
    metadata: Type.Optional(SentMetadataSchema),
  },
  { additionalProperties: false },
)

const ResponseSchema = Type.Object(
  {
    type: Type.Literal('application/astra-appBackup'),
    version: Type.Enum([...VERSIONS]),
    id: IdSchema,
    name: DnsLabelSchema,
    bucketID: IdSchema,
    snapshotID: Type.Optional(IdSchema),
    scheduleID: Type.Optional(IdSchema),
    // `deleting` is never shown: a backup is gone for its users when its deletion was accepted.
    state: Type.Enum(COPY_STATES.filter((state) => state !== 'deleting')),
    stateUnready: UnreadySchema,
    hookState: Type.Optional(Type.Enum(['failed', 'success'])),
    hookStateDetails: Type.Optional(Type.Array(StateDetailSchema)),
    backupCreationTimestamp: Type.Optional(TimeSchema),
    totalBytes: Type.Optional(Type.Integer({ minimum: 0 })),
    bytesDone: Type.Optional(Type.Integer({ minimum: 0 })),
    percentDone: Type.Optional(Type.Number({ minimum: 0, maximum: 100 })),
    metadata: MetadataSchema,
  },
  { additionalProperties: false },
)

const remove: RemoveMethod = {
  permission: 'make-copies',
  description:
    'A running backup is cancelled first. The backup is gone at once; its data goes in the background, shown as a task.',
  problems: [128, 142],
  run: async (context, { caller, parents, id }) => {
    const within = parents.appID === undefined ? {} : { appID: parents.appID }
    await deleteBackup(context, caller, { backupID: id, ...within })
  },
}

export const appBackups: ResourceDefinition<Backup> = {
  name: 'appBackup',
  plural: 'appBackups',
  vendor: 'astra',
  title: 'application backup',
  versions: VERSIONS,
  kind: 'backup',
  source: BACKUPS,
  response: ResponseSchema,
  fields: {
    ...COMMON_FIELDS,
    name: 'name',
    bucketID: 'bucketID',
    snapshotID: 'snapshotID',
    scheduleID: 'scheduleID',
    state: 'state',
    stateUnready: 'stateUnready',
    hookState: 'hookState',
    hookStateDetails: 'hookStateDetails',
    backupCreationTimestamp: 'takenAt',
    totalBytes: 'totalBytes',
    bytesDone: 'bytesDone',
    percentDone: 'percentDone',
  },
  toWire,
  internalProblems: { list: 96, get: 95, create: 94, update: 102, remove: 97 },
  collections: [
    {
      path: '/accounts/:account_id/topology/v1/appBackups',
      itemParameter: 'appBackup_id',
      parents: [],
      remove,
    },
    {
      path: '/accounts/:account_id/k8s/v1/apps/:app_id/appBackups',
      itemParameter: 'appBackup_id',
      parents: [APP],
      create: {
        permission: 'make-copies',
        body: CreateSchema,
        problems: [46, 108, 111, 127, 143],
        run: (context, { caller, parents, body }) => {
          const { name, bucketID, snapshotID, version, metadata } = body as Static<
            typeof CreateSchema
          >
          return createBackup(context, caller, {
            appID: parents.appID ?? '',
            ...(name === undefined ? {} : { name }),
            ...(bucketID === undefined ? {} : { bucketID: lowerId(bucketID) }),
            ...(snapshotID === undefined ? {} : { snapshotID: lowerId(snapshotID) }),
            version,
            labels: metadata?.labels ?? [],
          })
        },
      },
      remove,
    },
  ],
}

function toWire(backup: Backup): WireResource {
  return {
    type: 'application/astra-appBackup',
    version: backup.version,
    id: backup.id,
    name: backup.name,
    bucketID: backup.bucketID,
    ...(backup.snapshotID === undefined ? {} : { snapshotID: backup.snapshotID }),
    ...(backup.scheduleID === undefined ? {} : { scheduleID: backup.scheduleID }),
    state: backup.state,
    stateUnready: toWireUnready(backup.stateUnready),
    ...(backup.hookState === undefined ? {} : { hookState: backup.hookState }),
    ...(backup.hookStateDetails === undefined
      ? {}
      : { hookStateDetails: toWireStateDetails(backup.hookStateDetails) }),
    ...(backup.takenAt === undefined
      ? {}
      : { backupCreationTimestamp: toWireTime(backup.takenAt) }),
    ...(backup.totalBytes === undefined ? {} : { totalBytes: backup.totalBytes }),
    ...(backup.bytesDone === undefined ? {} : { bytesDone: backup.bytesDone }),
    ...(backup.percentDone === undefined ? {} : { percentDone: backup.percentDone }),
    metadata: toWireMetadata(backup),
  }
}
