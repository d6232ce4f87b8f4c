// The trash: what was removed comes back, or goes for good.
import {
  findAppFacts,
  findAppWithDefinition,
  findResource,
  insertTask,
  inTransaction,
  isBeingRestored,
  listResources,
  lockAppRow,
  lockAppsOfCluster,
  MANAGED_CLUSTERS,
  markApplicationSnapshotDeleting,
  markBackupDeleted,
  type Queries,
  recordEvent,
  removePurgedApp,
  TRASH,
  type TrashItem,
  unhideApp,
  unhideBackup,
} from '@holdfast/db'
import { beginPurge, newTask } from '@holdfast/workflows'
import { type Caller, scopeOf } from './caller.ts'
import type { OperationContext } from './operation-context.ts'
import { OperationError } from './operation-failure.ts'

/**
 * An app comes back with all its copies; its schedules stay switched off. A backup comes back alone
 * when its app stays away: it is listed for the account, and clones can be made of it.
 */
export async function restoreFromTrash(
  context: OperationContext,
  caller: Caller,
  itemID: string,
): Promise<void> {
  const { database } = context
  const seen = await findItem(database, caller, itemID)
  await inTransaction(database, async (transaction) => {
    if (seen.kind === 'app') await lockAppsOfCluster(transaction, seen.clusterID)
    await lockAppRow(transaction, seen.appID)
    const item = await findItem(transaction, caller, itemID)
    const now = context.now()
    if (item.kind === 'appSnap') {
      throw new OperationError({ code: 'trash-item-needs-app', itemID, appID: item.appID })
    }
    if (item.kind === 'app') {
      await refuseUnmanaged(transaction, item)
      await refuseTakenDefinition(transaction, item)
      await unhideApp(transaction, { appID: item.id, now })
    } else {
      await unhideBackup(transaction, { backupID: item.id, now })
    }
    await tell(transaction, { context, caller, item, what: 'restored' })
  })
}

/** The data of an item is deleted in the background; the item is gone at once. */
export async function deleteFromTrash(
  context: OperationContext,
  caller: Caller,
  itemID: string,
): Promise<void> {
  const { database } = context
  const seen = await findItem(database, caller, itemID)
  const taskIDs = await inTransaction(database, async (transaction) => {
    await lockAppRow(transaction, seen.appID)
    const item = await findItem(transaction, caller, itemID)
    await tell(transaction, { context, caller, item, what: 'deleted' })
    const begun = await beginDeletion(transaction, { context, caller, item })
    // Of an app without copies nothing else is to be waited for.
    await removePurgedApp(transaction, item.appID)
    return begun
  })
  for (const taskID of taskIDs) await context.workflows.startTask(taskID)
}

/** An item that a restore or a clone reads stays; it goes when its time is up. */
export async function emptyTrash(context: OperationContext, caller: Caller): Promise<void> {
  for (const appID of await listApps(context.database, caller)) {
    await deleteFromTrash(context, caller, appID).catch(unlessKept)
  }
}

async function findItem(database: Queries, caller: Caller, id: string): Promise<TrashItem> {
  const scope = scopeOf(caller)
  const item = await findResource(database, TRASH, { scope, id })
  if (item !== undefined) return item
  throw new OperationError({ code: 'not-found', kind: 'resource', id })
}

async function refuseUnmanaged(
  transaction: Queries,
  { id: appID, accountID, clusterID }: TrashItem,
): Promise<void> {
  const scope = { accountID, parents: {} }
  if (await findResource(transaction, MANAGED_CLUSTERS, { scope, id: clusterID })) return
  throw new OperationError({ code: 'trash-item-needs-cluster', appID, clusterID })
}

async function refuseTakenDefinition(transaction: Queries, item: TrashItem): Promise<void> {
  const app = await findAppFacts(transaction, item.id)
  if (app === undefined)
    throw new RangeError(`The app ${item.id} was in the trash and is not there.`)
  const { namespaceScopedResources } = app.definition
  const wanted = { clusterID: item.clusterID, namespaceScopedResources, exceptID: item.id }
  const other = await findAppWithDefinition(transaction, wanted)
  if (other === undefined) return
  throw new OperationError({ code: 'app-definition-taken', appID: other.id, name: other.name })
}

interface TrashDeed {
  readonly context: OperationContext
  readonly caller: Caller
  readonly item: TrashItem
}

/** Answers the tasks to start. */
async function beginDeletion(
  transaction: Queries,
  { context, caller, item }: TrashDeed,
): Promise<readonly string[]> {
  const { accountID, userID } = caller
  const { id, appID } = item
  const now = context.now()
  if (item.kind === 'app') {
    const request = { appID, accountID, userID, now, newID: context.newID }
    const answer = await beginPurge(transaction, request)
    if (answer.code === 'begun') return answer.taskIDs
    if (answer.code === 'in-use') throw beingRestored(answer.copyID, appID)
    throw new OperationError({ code: 'not-found', kind: 'resource', id })
  }
  if (await isBeingRestored(transaction, id)) throw beingRestored(id, appID)
  const taskID = context.newID()
  const origin = { accountID, appID, userID }
  if (item.kind === 'appBackup') {
    await markBackupDeleted(transaction, { backupID: id, now })
    const request = { ...origin, kind: 'delete-backup', backupID: id } as const
    await insertTask(transaction, newTask(taskID, request))
  } else {
    await markApplicationSnapshotDeleting(transaction, { snapshotID: id, now })
    const request = { ...origin, kind: 'delete-snapshot', snapshotID: id } as const
    await insertTask(transaction, newTask(taskID, request))
  }
  return [taskID]
}

function beingRestored(copyID: string, appID: string): OperationError {
  return new OperationError({ code: 'copy-being-restored', copyID, appID })
}

const KIND_NAMES = { app: 'app', appBackup: 'backup', appSnap: 'snapshot' } as const

async function tell(
  transaction: Queries,
  { context, caller, item, what }: TrashDeed & { readonly what: 'restored' | 'deleted' },
): Promise<void> {
  const kind = KIND_NAMES[item.kind]
  await recordEvent(transaction, {
    id: context.newID(),
    accountID: caller.accountID,
    name: `holdfast.trash.${what}`,
    summary:
      what === 'restored'
        ? `The ${kind} ${item.name} is back from the trash`
        : `The ${kind} ${item.name} leaves the trash for good`,
    description:
      what === 'restored'
        ? `The ${kind} ${item.name} of the app ${item.appName} was restored from the trash.`
        : `The data of the ${kind} ${item.name} of the app ${item.appName} is being deleted.`,
    source: 'trash',
    severity: 'informational',
    class: 'user',
    eventTime: context.now(),
    correlationID: item.id,
    resourceID: item.id,
    resourceName: item.kind,
    appID: item.appID,
    userID: caller.userID,
  })
}

const ITEMS_PER_PAGE = 200

async function listApps(database: Queries, caller: Caller): Promise<string[]> {
  const query = {
    scope: scopeOf(caller),
    where: [{ field: 'kind', path: [], operator: 'eq', value: 'app' }],
    limit: ITEMS_PER_PAGE,
  } as const
  let page = await listResources(database, TRASH, query)
  const ids = page.resources.map(({ id }) => id)
  while (page.next !== undefined) {
    page = await listResources(database, TRASH, { ...query, after: page.next })
    ids.push(...page.resources.map(({ id }) => id))
  }
  return ids
}

/** Gone meanwhile, or in use: neither keeps the rest from going. */
function unlessKept(error: unknown): void {
  if (!(error instanceof Error) || !('failure' in error)) throw error
  const { code } = (error as OperationError).failure
  if (code !== 'not-found' && code !== 'copy-being-restored') throw error
}
