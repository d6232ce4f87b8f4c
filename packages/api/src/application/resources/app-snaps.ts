// Application snapshots, below their app.
import { APPLICATION_SNAPSHOTS, type ApplicationSnapshot } from '@holdfast/db'
import { COPY_STATES } from '@holdfast/domain'
import { type Static, Type } from 'typebox'
import { createSnapshot } from '../../operations/create-snapshot.ts'
import { deleteSnapshot } from '../../operations/delete-snapshot.ts'
import { APP } from '../parents.ts'
import type { ResourceDefinition, WireResource } from '../resource-definition.ts'
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

const VERSIONS = ['1.0', '1.1', '1.2', '1.3'] as const

const CreateSchema = Type.Object(
  {
    type: Type.Literal('application/astra-appSnap'),
    version: Type.Enum([...VERSIONS]),
    name: Type.Optional(DnsLabelSchema),
    bucketID: Type.Optional(SentIdSchema),
    metadata: Type.Optional(SentMetadataSchema),
  },
  { additionalProperties: false },
)

const ResponseSchema = Type.Object(
  {
    type: Type.Literal('application/astra-appSnap'),
    version: Type.Enum([...VERSIONS]),
    id: IdSchema,
    name: DnsLabelSchema,
    bucketID: IdSchema,
    scheduleID: Type.Optional(IdSchema),
    snapshotAppAsset: Type.Optional(IdSchema),
    state: Type.Enum([...COPY_STATES]),
    stateUnready: UnreadySchema,
    stateDetails: Type.Array(StateDetailSchema),
    hookState: Type.Optional(Type.Enum(['failed', 'success'])),
    hookStateDetails: Type.Optional(Type.Array(StateDetailSchema)),
    snapshotCreationTimestamp: Type.Optional(TimeSchema),
    metadata: MetadataSchema,
  },
  { additionalProperties: false },
)

export const appSnaps: ResourceDefinition<ApplicationSnapshot> = {
  name: 'appSnap',
  plural: 'appSnaps',
  vendor: 'astra',
  title: 'application snapshot',
  versions: VERSIONS,
  kind: 'snapshot',
  source: APPLICATION_SNAPSHOTS,
  response: ResponseSchema,
  fields: {
    ...COMMON_FIELDS,
    name: 'name',
    bucketID: 'bucketID',
    scheduleID: 'scheduleID',
    snapshotAppAsset: 'snapshotAppAsset',
    state: 'state',
    stateUnready: 'stateUnready',
    stateDetails: 'stateDetails',
    hookState: 'hookState',
    hookStateDetails: 'hookStateDetails',
    snapshotCreationTimestamp: 'takenAt',
  },
  toWire,
  internalProblems: { list: 100, get: 99, create: 98, update: 102, remove: 49 },
  collections: [
    {
      path: '/accounts/:account_id/k8s/v1/apps/:app_id/appSnaps',
      itemParameter: 'appSnap_id',
      parents: [APP],
      create: {
        permission: 'make-copies',
        body: CreateSchema,
        problems: [108, 127, 176],
        run: (context, { caller, parents, body }) => {
          const { name, bucketID, version, metadata } = body as Static<typeof CreateSchema>
          return createSnapshot(context, caller, {
            appID: parents.appID ?? '',
            ...(name === undefined ? {} : { name }),
            ...(bucketID === undefined ? {} : { bucketID: lowerId(bucketID) }),
            version,
            labels: metadata?.labels ?? [],
          })
        },
      },
      remove: {
        permission: 'make-copies',
        description:
          'A snapshot in progress is cancelled first. It is deleting until its data is gone.',
        problems: [142, 144],
        run: (context, { caller, parents, id }) =>
          deleteSnapshot(context, caller, { snapshotID: id, appID: parents.appID ?? '' }),
      },
    },
  ],
}

function toWire(snapshot: ApplicationSnapshot): WireResource {
  const { snapshotAppAsset } = snapshot
  return {
    type: 'application/astra-appSnap',
    version: snapshot.version,
    id: snapshot.id,
    name: snapshot.name,
    bucketID: snapshot.bucketID,
    ...(snapshot.scheduleID === undefined ? {} : { scheduleID: snapshot.scheduleID }),
    ...(snapshotAppAsset === undefined || snapshot.state !== 'completed'
      ? {}
      : { snapshotAppAsset }),
    state: snapshot.state,
    stateUnready: toWireUnready(snapshot.stateUnready),
    stateDetails: toWireStateDetails(snapshot.stateDetails),
    ...(snapshot.hookState === undefined ? {} : { hookState: snapshot.hookState }),
    ...(snapshot.hookStateDetails === undefined
      ? {}
      : { hookStateDetails: toWireStateDetails(snapshot.hookStateDetails) }),
    ...(snapshot.takenAt === undefined
      ? {}
      : { snapshotCreationTimestamp: toWireTime(snapshot.takenAt) }),
    metadata: toWireMetadata(snapshot),
  }
}
