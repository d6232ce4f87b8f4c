// The trash: removed apps and their copies, as long as their data is kept.
import { TRASH, type TrashItem } from '@holdfast/db'
import { Type } from 'typebox'
import { deleteFromTrash } from '../../operations/trash.ts'
import { PLAIN_INTERNAL_PROBLEMS } from '../internal-problems.ts'
import type { ResourceDefinition } from '../resource-definition.ts'
import {
  COMMON_FIELDS,
  IdSchema,
  MetadataSchema,
  TimeSchema,
  toWireMetadata,
  toWireTime,
} from '../shared-schemas.ts'

const VERSIONS = ['1.0'] as const
const TYPE = 'application/holdfast-trashItem'
export const TRASH_PATH = '/accounts/:account_id/holdfast/v1/trash'

export const trashItems: ResourceDefinition<TrashItem> = {
  name: 'trashItem',
  plural: 'trashItems',
  vendor: 'holdfast',
  title: 'trash item',
  versions: VERSIONS,
  kind: 'resource',
  source: TRASH,
  response: Type.Object(
    {
      type: Type.Literal(TYPE),
      version: Type.Enum([...VERSIONS]),
      id: Type.String({ ...IdSchema, description: 'Of the app, backup or snapshot itself.' }),
      kind: Type.Enum(['app', 'appBackup', 'appSnap']),
      name: Type.String(),
      state: Type.String({ description: 'As it was when it was removed.' }),
      appID: IdSchema,
      appName: Type.String(),
      clusterID: IdSchema,
      removedTimestamp: TimeSchema,
      purgeTimestamp: Type.String({ ...TimeSchema, description: 'Its data is deleted then.' }),
      metadata: MetadataSchema,
    },
    { additionalProperties: false },
  ),
  fields: {
    ...COMMON_FIELDS,
    kind: 'kind',
    name: 'name',
    state: 'state',
    appID: 'appID',
    appName: 'appName',
    clusterID: 'clusterID',
    removedTimestamp: 'removedAt',
    purgeTimestamp: 'purgeAt',
  },
  toWire: (item) => ({
    type: TYPE,
    version: item.version,
    id: item.id,
    kind: item.kind,
    name: item.name,
    state: item.state,
    appID: item.appID,
    appName: item.appName,
    clusterID: item.clusterID,
    removedTimestamp: toWireTime(item.removedAt),
    purgeTimestamp: toWireTime(item.purgeAt),
    metadata: toWireMetadata(item),
  }),
  internalProblems: PLAIN_INTERNAL_PROBLEMS,
  collections: [
    {
      path: TRASH_PATH,
      itemParameter: 'trashItem_id',
      parents: [],
      remove: {
        permission: 'manage-apps',
        description:
          'Deletes the data for good, in the background, shown as tasks; with an app go all its copies in the trash.',
        problems: [142],
        run: (context, { caller, id }) => deleteFromTrash(context, caller, id),
      },
    },
  ],
}
