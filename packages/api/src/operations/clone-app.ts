// Accepts a clone: a new app, made from another app, from a snapshot or from a backup, in new
// namespaces. The app is written `provisioning`, with its task; its data comes in the background.
import {
  APPS,
  type App,
  findAppWithNamespace,
  findResource,
  insertApp,
  insertApplicationSnapshot,
  insertTask,
  inTransaction,
  lockAppRow,
  lockAppsOfCluster,
  MANAGED_CLUSTERS,
  type Queries,
} from '@holdfast/db'
import type { Label, NamespacePair, RestoreFilter } from '@holdfast/domain'
import { newTask } from '@holdfast/workflows'
import type { Caller } from './caller.ts'
import { chooseBucket } from './choose-bucket.ts'
import { type CloneSource, findCloneSource, type SourceNames } from './clone-source.ts'
import {
  type CloneTarget,
  findCloneTarget,
  memberOf,
  type StorageClassPair,
} from './clone-target.ts'
import type { OperationContext } from './operation-context.ts'
import { OperationError } from './operation-failure.ts'

export interface CloneRequest extends SourceNames {
  readonly name: string
  readonly version: string
  readonly labels: readonly Label[]
  readonly clusterID?: string
  readonly namespace?: string
  readonly namespaceMapping?: readonly NamespacePair[]
  readonly storageClassMapping?: readonly StorageClassPair[]
  readonly restoreFilter?: RestoreFilter
}

export async function cloneApp(
  context: OperationContext,
  caller: Caller,
  request: CloneRequest,
): Promise<App> {
  const { accountID } = caller
  const seen = await findCloneSource(context.database, caller, request)
  // Looking at the cluster takes time, so it is done before anything is locked.
  const target = await findCloneTarget(context, caller, { request, source: seen })
  const ids: CloneIDs = {
    appID: context.newID(),
    taskID: context.newID(),
    snapshotID: context.newID(),
    snapshotTaskID: context.newID(),
  }
  const app = await inTransaction(context.database, async (transaction) => {
    await lockAppsOfCluster(transaction, target.clusterID)
    await requireManaged(transaction, accountID, target.clusterID)
    await lockAppRow(transaction, seen.app.id)
    // Once more: now neither the app nor the copy can go or begin something else any more.
    const source = await findCloneSource(transaction, caller, request)
    await refuseClaimed(transaction, target, request)
    const clone = { context, caller, request, source, target, ids }
    await writeApp(transaction, clone)
    await writeTasks(transaction, clone)
    return findResource(transaction, APPS, { scope: { accountID, parents: {} }, id: ids.appID })
  })
  if (app === undefined) throw new RangeError(`The app ${ids.appID} was written and is not there.`)
  if (seen.copy === undefined) await context.workflows.startTask(ids.snapshotTaskID)
  await context.workflows.startTask(ids.taskID)
  return app
}

interface CloneIDs {
  readonly appID: string
  readonly taskID: string
  /** Of the snapshot that a live clone takes. */
  readonly snapshotID: string
  readonly snapshotTaskID: string
}

interface Clone {
  readonly context: OperationContext
  readonly caller: Caller
  readonly request: CloneRequest
  readonly source: CloneSource
  readonly target: CloneTarget
  readonly ids: CloneIDs
}

/** It may have been taken out of management since it was looked at. */
async function requireManaged(
  transaction: Queries,
  accountID: string,
  clusterID: string,
): Promise<void> {
  const scope = { accountID, parents: {} }
  const managed = await findResource(transaction, MANAGED_CLUSTERS, { scope, id: clusterID })
  if (managed === undefined) throw new OperationError({ code: 'cluster-not-found', clusterID })
}

/** Also a namespace that is not there (yet) can be what an app is defined by. */
async function refuseClaimed(
  transaction: Queries,
  { clusterID, pairs }: CloneTarget,
  request: CloneRequest,
): Promise<void> {
  const namespaces = pairs.map(({ destination }) => destination)
  const claimed = await findAppWithNamespace(transaction, { clusterID, namespaces })
  if (claimed === undefined) return
  const { namespace, name: appName } = claimed
  const member = memberOf(request, namespace)
  throw new OperationError({ code: 'namespace-unavailable', namespace, appName, member })
}

async function writeApp(transaction: Queries, clone: Clone): Promise<void> {
  const { context, caller, request, source, target, ids } = clone
  const { namespaceMapping, storageClassMapping, restoreFilter, snapshotID, backupID } = request
  await insertApp(transaction, {
    id: ids.appID,
    accountID: caller.accountID,
    clusterID: target.clusterID,
    name: request.name,
    version: request.version,
    namespaceScopedResources: target.pairs.map((pair) => ({
      namespace: pair.destination,
      labelSelectors:
        source.namespaces.find(({ namespace }) => namespace === pair.source)?.labelSelectors ?? [],
    })),
    state: 'provisioning',
    labels: request.labels,
    createdBy: caller.userID,
    now: context.now(),
    origin: {
      sourceAppID: source.app.id,
      sourceClusterID: source.app.cluster.id,
      ...(snapshotID === undefined ? {} : { snapshotID }),
      ...(backupID === undefined ? {} : { backupID }),
      ...(namespaceMapping === undefined ? {} : { namespaceMapping }),
      ...(storageClassMapping === undefined ? {} : { storageClassMapping }),
      ...(restoreFilter === undefined ? {} : { restoreFilter }),
    },
  })
}

async function writeTasks(transaction: Queries, clone: Clone): Promise<void> {
  const { caller, request, source, target, ids } = clone
  const { accountID, userID } = caller
  if (source.copy === undefined) await writeSnapshot(transaction, clone)
  await insertTask(
    transaction,
    newTask(ids.taskID, {
      kind: 'clone',
      accountID,
      appID: ids.appID,
      userID,
      source: source.copy ?? { kind: 'snapshot', id: ids.snapshotID },
      isOwnSnapshot: source.copy === undefined,
      namespaceMapping: target.pairs,
      ...(request.restoreFilter === undefined ? {} : { restoreFilter: request.restoreFilter }),
    }),
  )
}

/** It is listed while the clone lives from it, and goes with the clone's end. */
async function writeSnapshot(
  transaction: Queries,
  { context, caller, source, ids }: Clone,
): Promise<void> {
  const { accountID, userID } = caller
  const app = { id: source.app.id, clusterID: source.app.cluster.id }
  const bucketID = await chooseBucket(transaction, { accountID, app, mayUseAny: true })
  await insertApplicationSnapshot(transaction, {
    id: ids.snapshotID,
    accountID,
    appID: app.id,
    name: `clone-${ids.appID}`,
    bucketID,
    version: '1.3',
    labels: [],
    createdBy: userID,
    now: context.now(),
  })
  const task = { kind: 'snapshot', accountID, appID: app.id, userID } as const
  await insertTask(
    transaction,
    newTask(ids.snapshotTaskID, { ...task, snapshotID: ids.snapshotID }),
  )
}
