// What a backup or an application snapshot should have captured of each volume, and what it did.
import { BACKUP_VOLUMES, SNAPSHOT_VOLUMES, type VolumeCopy } from '@holdfast/db'
import { CONSISTENCIES, COPY_WARNING_CODES, SNAPSHOT_STRATEGIES } from '@holdfast/domain'
import { Type } from 'typebox'
import { PLAIN_INTERNAL_PROBLEMS } from '../internal-problems.ts'
import { BACKUP, SNAPSHOT } from '../parents.ts'
import type { ResourceDefinition, WireResource } from '../resource-definition.ts'
import {
  IdSchema,
  MetadataSchema,
  TimeSchema,
  toWireMetadata,
  toWireTime,
} from '../shared-schemas.ts'

const VERSIONS = ['1.0'] as const
const CLOSED = { additionalProperties: false } as const

const CountSchema = Type.Object(
  { entries: Type.Integer({ minimum: 0 }), bytes: Type.Integer({ minimum: 0 }) },
  CLOSED,
)

const definition: Omit<ResourceDefinition<VolumeCopy>, 'source' | 'collections'> = {
  name: 'volumeCopy',
  plural: 'volumeCopies',
  vendor: 'holdfast',
  title: 'volume copy',
  versions: VERSIONS,
  kind: 'resource',
  response: Type.Object(
    {
      type: Type.Literal('application/holdfast-volumeCopy'),
      version: Type.Enum([...VERSIONS]),
      id: IdSchema,
      name: Type.String({ minLength: 1, description: '<namespace>/<key>' }),
      namespace: Type.String({ minLength: 1 }),
      key: Type.String({ minLength: 1 }),
      strategy: Type.Enum([...SNAPSHOT_STRATEGIES]),
      consistency: Type.Enum([...CONSISTENCIES]),
      holes: Type.Array(
        Type.Object({ path: Type.String(), reason: Type.Enum(['mount', 'subvolume']) }, CLOSED),
      ),
      takenTimestamp: Type.Optional(TimeSchema),
      repositorySnapshotID: Type.Optional(Type.String()),
      expected: Type.Optional(CountSchema),
      captured: Type.Optional(CountSchema),
      missed: Type.Array(Type.Object({ path: Type.String(), reason: Type.String() }, CLOSED)),
      missedCount: Type.Integer({ minimum: 0 }),
      warnings: Type.Array(
        Type.Object(
          {
            code: Type.Enum([...COPY_WARNING_CODES]),
            path: Type.String(),
            message: Type.String(),
          },
          CLOSED,
        ),
      ),
      warningCount: Type.Integer({ minimum: 0 }),
      metadata: MetadataSchema,
    },
    CLOSED,
  ),
  fields: {
    id: 'id',
    name: 'name',
    namespace: 'namespace',
    key: 'key',
    strategy: 'strategy',
    consistency: 'consistency',
    holes: 'holes',
    takenTimestamp: 'takenAt',
    repositorySnapshotID: 'repositorySnapshotID',
    expected: 'expected',
    captured: 'captured',
    missed: 'missed',
    missedCount: 'missedCount',
    warnings: 'warnings',
    warningCount: 'warningCount',
  },
  toWire,
  internalProblems: PLAIN_INTERNAL_PROBLEMS,
}

export const backupVolumes: ResourceDefinition<VolumeCopy> = {
  ...definition,
  source: BACKUP_VOLUMES,
  collections: [
    {
      path: '/accounts/:account_id/holdfast/v1/appBackups/:appBackup_id/volumes',
      itemParameter: 'volume_id',
      hasItem: false,
      parents: [BACKUP],
    },
  ],
}

export const snapshotVolumes: ResourceDefinition<VolumeCopy> = {
  ...definition,
  source: SNAPSHOT_VOLUMES,
  collections: [
    {
      path: '/accounts/:account_id/holdfast/v1/appSnaps/:appSnap_id/volumes',
      itemParameter: 'volume_id',
      hasItem: false,
      parents: [SNAPSHOT],
    },
  ],
}

function toWire(copy: VolumeCopy): WireResource {
  const { expected, captured, repositorySnapshotID } = copy
  return {
    type: 'application/holdfast-volumeCopy',
    version: copy.version,
    id: copy.id,
    name: `${copy.namespace}/${copy.key}`,
    namespace: copy.namespace,
    key: copy.key,
    strategy: copy.strategy,
    consistency: copy.consistency,
    holes: copy.holes,
    ...(copy.takenAt === undefined ? {} : { takenTimestamp: toWireTime(copy.takenAt) }),
    ...(repositorySnapshotID === undefined ? {} : { repositorySnapshotID }),
    ...(expected === undefined ? {} : { expected }),
    ...(captured === undefined ? {} : { captured }),
    missed: copy.missed,
    missedCount: copy.missedCount,
    warnings: copy.warnings,
    warningCount: copy.warningCount,
    metadata: toWireMetadata(copy),
  }
}
