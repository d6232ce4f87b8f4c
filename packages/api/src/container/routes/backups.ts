// Backups of a container: read, restored and deleted, and what their runs logged. They are made by
// the container's configuration, or in the other dialect.
import { CONTAINER_BACKUPS, type ContainerBackup, listContainerBackupLogs } from '@holdfast/db'
import { type Static, Type } from 'typebox'
import { deleteBackup } from '../../operations/delete-backup.ts'
import type { OperationContext } from '../../operations/operation-context.ts'
import { requestRestore } from '../../operations/restore-app.ts'
import { BackupLogSchema, BackupSchema, toWireBackup, toWireBackupLog } from '../backup-view.ts'
import { findContainer, findContainerBackup, findInstance } from '../find-container.ts'
import { IncludedIntegrationsSchema, includeIntegrations } from '../included-integrations.ts'
import { JobDescriptorSchema } from '../job-schemas.ts'
import { describeJob } from '../job-view.ts'
import { listBatches } from '../list-page.ts'
import { RequestError } from '../request-failure.ts'
import type { Includes, RouteDefinition, RouteRequest } from '../route-definition.ts'

const TAG = 'backups'
const PATH = '/v1/containers/:containerId/backups'

const SORT_FIELDS = {
  id: 'id',
  instance_id: 'instanceID',
  'state.current': 'state',
  'target.size': 'sizeBytes',
  'events.created': 'createdAt',
  'events.updated': 'modifiedAt',
} as const

const TaskBody = Type.Object(
  {
    action: Type.Enum(['restore']),
    contents: Type.Object(
      {
        instance_id: Type.String({ description: 'Of the container: where it is restored into.' }),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
)

const TaskHeaders = Type.Object({
  'Holdfast-In-Use': Type.Optional(
    Type.String({ description: '"allow" restores although processes use the volumes.' }),
  ),
})

const IncludesSchema = Type.Object(
  { integrations: IncludedIntegrationsSchema },
  { additionalProperties: false },
)

export const BACKUPS_ROUTES: readonly RouteDefinition[] = [
  {
    method: 'GET',
    path: PATH,
    operationID: 'getBackups',
    summary: 'List the backups of a container',
    description:
      'Of copies of volumes, and of what a command wrote. One that failed is deleted, with the reason in state.error, until it is deleted.',
    tag: TAG,
    capability: 'containers-backups-view',
    query: { include: ['integrations'], sort: Object.keys(SORT_FIELDS), isPaged: true },
    success: { status: 200, data: Type.Array(BackupSchema), includes: IncludesSchema },
    run: async (context, request) => {
      const { caller, query } = request
      const { id: appID } = await findContainer(context, request)
      const bucketIDs = new Set<string>()
      const batches = listBatches(context, CONTAINER_BACKUPS, {
        caller,
        query,
        sortFields: SORT_FIELDS,
        parents: { appID },
      })
      return {
        batches: shownOf(batches, bucketIDs),
        ...(query.include.has('integrations')
          ? { includes: () => includesOf(context, request, bucketIDs) }
          : {}),
      }
    },
  },
  {
    method: 'GET',
    path: `${PATH}/:backupId`,
    operationID: 'getBackup',
    summary: 'Read a backup',
    tag: TAG,
    capability: 'containers-backups-view',
    query: { include: ['integrations'] },
    success: { status: 200, data: BackupSchema, includes: IncludesSchema },
    run: async (context, request) => {
      const backup = await findContainerBackup(context, request)
      const data = toWireBackup(backup)
      if (!request.query.include.has('integrations')) return { data }
      return { data, includes: await includesOf(context, request, [backup.bucketID]) }
    },
  },
  {
    method: 'DELETE',
    path: `${PATH}/:backupId`,
    operationID: 'removeBackup',
    summary: 'Delete a backup',
    description:
      'One that still runs is stopped first. It is deleting until its data is gone from the bucket, and not found afterwards.',
    tag: TAG,
    capability: 'containers-backups-manage',
    success: { status: 202, data: JobDescriptorSchema },
    run: async (context, request) => {
      const { caller } = request
      const backup = await findUndeleted(context, request)
      const { taskID } = await deleteBackup(context, caller, backup).catch(async (error) => {
        // Somebody else's deletion of it may have begun meanwhile.
        await findUndeleted(context, request)
        throw error
      })
      return { data: await describeJob(context, { ...caller, taskID, action: 'delete' }) }
    },
  },
  {
    method: 'POST',
    path: `${PATH}/:backupId/tasks`,
    operationID: 'createBackupTask',
    summary: 'Restore a backup',
    description:
      'What is there is replaced: volumes by those of the backup; of what a command wrote, the restore command of the present configuration gets it on its standard input. Volumes that are in use are refused, unless the header Holdfast-In-Use: allow says otherwise.',
    tag: TAG,
    capability: 'containers-backups-manage',
    headers: TaskHeaders,
    body: TaskBody,
    success: { status: 202, data: JobDescriptorSchema },
    run: async (context, request) => {
      const { caller, headers } = request
      const { action, contents } = request.body as Static<typeof TaskBody>
      const backup = await findContainerBackup(context, request)
      const { id, backupID, appID, state } = backup
      await findInstance(context, { caller, appID }, contents.instance_id)
      if (state !== 'live') throw new RequestError({ code: 'backup-not-live', backupID: id, state })
      const { taskID } = await requestRestore(context, caller, {
        appID,
        backupID,
        isInUseAllowed: headers['holdfast-in-use']?.toString().trim().toLowerCase() === 'allow',
      })
      return { data: await describeJob(context, { ...caller, taskID, action }) }
    },
  },
  {
    method: 'GET',
    path: `${PATH}/:backupId/logs`,
    operationID: 'getBackupLogs',
    summary: 'Read the logs of a backup',
    description:
      'One of each run that made or restored it, the oldest first: of its log the end, and of many runs the latest.',
    tag: TAG,
    capability: 'containers-backups-view',
    success: { status: 200, data: Type.Array(BackupLogSchema) },
    run: async (context, request) => {
      const backup = await findContainerBackup(context, request)
      const logs = await listContainerBackupLogs(context.database, backup)
      return { data: logs.map((log) => toWireBackupLog(backup, log)) }
    },
  },
]

async function findUndeleted(
  context: OperationContext,
  request: RouteRequest,
): Promise<ContainerBackup> {
  const backup = await findContainerBackup(context, request)
  if (backup.state !== 'deleting') return backup
  throw new RequestError({ code: 'backup-deleting', backupID: backup.id })
}

/** Notes the buckets, which are few however many backups there are. */
async function* shownOf(
  batches: AsyncIterable<readonly ContainerBackup[]>,
  bucketIDs: Set<string>,
): AsyncGenerator<readonly unknown[]> {
  for await (const backups of batches) {
    for (const { bucketID } of backups) bucketIDs.add(bucketID)
    yield backups.map(toWireBackup)
  }
}

async function includesOf(
  context: OperationContext,
  { caller }: RouteRequest,
  bucketIDs: Iterable<string>,
): Promise<Includes> {
  return { integrations: await includeIntegrations(context, caller, [...bucketIDs]) }
}
