// Changes an app: its name and definition, and on request its data, restored in place.
import {
  APPS,
  type App,
  CLUSTERS,
  type CopyRef,
  findAppWithDefinition,
  findResource,
  hasNeverBeenFilled,
  insertTask,
  inTransaction,
  lockApp,
  lockAppsOfCluster,
  type NamespaceScopedResource,
  type Queries,
  updateApp,
} from '@holdfast/db'
import type { Label, RestoreFilter } from '@holdfast/domain'
import { newTask } from '@holdfast/workflows'
import { checkAppDefinition } from './app-definition.ts'
import type { Caller } from './caller.ts'
import type { OperationContext } from './operation-context.ts'
import { type InvalidMember, OperationError } from './operation-failure.ts'
import { refreshAppAssets } from './refresh-app-assets.ts'
import { refuseBusyApp } from './refuse-busy-app.ts'
import { type AcceptedRestore, acceptRestore } from './restore-app.ts'
import { tellAppIsBack } from './tell-app.ts'

export interface AppChangeRequest {
  readonly appID: string
  readonly version: string
  readonly name?: string
  readonly labels?: readonly Label[]
  readonly namespaceScopedResources?: readonly NamespaceScopedResource[]
  readonly clusterScopedResources?: readonly unknown[]
  /** Members that never change; another value than the present one is refused. */
  readonly fixed: Readonly<Partial<Record<FixedMember, string>>>
  readonly snapshotID?: string
  readonly backupID?: string
  readonly restoreFilter?: RestoreFilter
  /** Only `ready` for a `failed` app changes something: its user has seen to it. */
  readonly state?: string
  /** `ForceUpdate: true`: the caller knows that a restore replaces what is there. */
  readonly isRestoreConfirmed: boolean
  /** `Holdfast-In-Use: allow` */
  readonly isInUseAllowed: boolean
  /** Called with the app as it is, once nobody else can change it; throws to refuse. */
  readonly checkPreconditions: (app: App) => void
}

export const FIXED_MEMBERS = ['id', 'clusterID', 'sourceAppID', 'sourceClusterID'] as const
export type FixedMember = (typeof FIXED_MEMBERS)[number]

export async function changeApp(
  context: OperationContext,
  caller: Caller,
  request: AppChangeRequest,
): Promise<void> {
  const { accountID } = caller
  const { appID } = request
  const present = await findApp(context.database, accountID, appID)
  // Looking at the cluster takes time, so it is done before anything is locked.
  const seen =
    request.namespaceScopedResources === undefined && request.clusterScopedResources === undefined
      ? undefined
      : await checkNewDefinition(context, caller, { app: present, request })
  const taskID = await inTransaction(context.database, async (transaction) => {
    if (seen !== undefined) await lockAppsOfCluster(transaction, present.clusterID)
    await lockApp(transaction, { accountID, appID })
    const app = await findApp(transaction, accountID, appID)
    request.checkPreconditions(app)
    checkFixedMembers(app, request.fixed)
    const restore = await readRestore(transaction, caller, { app, request })
    refuseMoveWhileBusy(app, request.namespaceScopedResources)
    await refuseTakenDefinition(transaction, app, request.namespaceScopedResources)
    await applyChange(transaction, { app, request, restore, caller, now: context.now() })
    if (seen !== undefined) {
      const changed = await findApp(transaction, accountID, appID)
      await refreshAppAssets({ ...context, database: transaction }, { app: changed, seen })
    }
    if (restore === undefined) return undefined
    const id = context.newID()
    const origin = { accountID, appID, userID: caller.userID }
    await insertTask(transaction, newTask(id, { ...origin, ...restore }))
    return id
  })
  if (taskID !== undefined) await context.workflows.startTask(taskID)
}

async function findApp(database: Queries, accountID: string, appID: string): Promise<App> {
  const scope = { accountID, parents: {} }
  const app = await findResource(database, APPS, { scope, id: appID })
  if (app === undefined) throw new OperationError({ code: 'not-found', kind: 'app', id: appID })
  return app
}

async function checkNewDefinition(
  context: OperationContext,
  caller: Caller,
  { app, request }: { readonly app: App; readonly request: AppChangeRequest },
) {
  const scope = { accountID: app.accountID, parents: {} }
  const cluster = await findResource(context.database, CLUSTERS, { scope, id: app.clusterID })
  if (cluster === undefined) {
    throw new OperationError({ code: 'cluster-not-found', clusterID: app.clusterID })
  }
  const seen = await context.inventories.refresh({
    id: cluster.id,
    accountID: app.accountID,
    type: cluster.clusterType,
  })
  await checkAppDefinition(context.database, {
    accountID: app.accountID,
    reach: caller.actsOn,
    cluster,
    seen,
    namespaceScopedResources: request.namespaceScopedResources ?? app.namespaceScopedResources,
    clusterScopedResources: request.clusterScopedResources ?? app.clusterScopedResources,
  })
  return seen
}

/** What is being restored was planned for the namespaces that the app has. */
function refuseMoveWhileBusy(
  app: App,
  wanted: readonly NamespaceScopedResource[] | undefined,
): void {
  if (wanted === undefined) return
  const names = new Set(wanted.map(({ namespace }) => namespace))
  const present = new Set(app.namespaceScopedResources.map(({ namespace }) => namespace))
  if (names.symmetricDifference(present).size > 0) refuseBusyApp(app)
}

function checkFixedMembers(app: App, fixed: AppChangeRequest['fixed']): void {
  const members: InvalidMember[] = FIXED_MEMBERS.filter(
    (name) => fixed[name] !== undefined && fixed[name] !== app[name],
  ).map((name) => ({ name, reason: 'cannot be changed' }))
  if (members.length === 0) return
  throw new OperationError({ code: 'fixed-value-changed', resource: `app ${app.name}`, members })
}

/** Decides whether the request asks for a restore, and whether that may begin now. */
async function readRestore(
  transaction: Queries,
  caller: Caller,
  { app, request }: { readonly app: App; readonly request: AppChangeRequest },
): Promise<AcceptedRestore | undefined> {
  const { snapshotID, backupID, restoreFilter } = withoutEcho(app, request)
  if (snapshotID !== undefined && backupID !== undefined) {
    const reason = 'exactly one of snapshotID and backupID names what to restore'
    const members = ['snapshotID', 'backupID'].map((name) => ({ name, reason }))
    throw new OperationError({ code: 'invalid-request', members })
  }
  const copy = copyOf(snapshotID, backupID)
  if (copy === undefined) {
    if (restoreFilter === undefined) return undefined
    const reason = 'belongs to a restore: snapshotID or backupID is missing'
    throw new OperationError({
      code: 'invalid-request',
      members: [{ name: 'restoreFilter', reason }],
    })
  }
  if (!request.isRestoreConfirmed) {
    throw new OperationError({ code: 'restore-not-confirmed', appID: app.id })
  }
  const { isInUseAllowed } = request
  return acceptRestore(transaction, caller, {
    app,
    copy,
    isInUseAllowed,
    ...(restoreFilter === undefined ? {} : { restoreFilter }),
  })
}

function copyOf(snapshotID: string | undefined, backupID: string | undefined): CopyRef | undefined {
  if (snapshotID !== undefined) return { kind: 'snapshot', id: snapshotID }
  return backupID === undefined ? undefined : { kind: 'backup', id: backupID }
}

/**
 * An app that was made from a copy names it. Who sends the app back as it was read asks for nothing
 * by that; only a confirmed restore does.
 */
function withoutEcho(
  app: App,
  request: AppChangeRequest,
): Pick<AppChangeRequest, 'snapshotID' | 'backupID' | 'restoreFilter'> {
  const { snapshotID, backupID, restoreFilter, isRestoreConfirmed } = request
  const isEcho =
    !isRestoreConfirmed &&
    app.sourceAppID !== undefined &&
    app.snapshotID === snapshotID &&
    app.backupID === backupID
  if (isEcho) return {}
  return {
    ...(snapshotID === undefined ? {} : { snapshotID }),
    ...(backupID === undefined ? {} : { backupID }),
    ...(restoreFilter === undefined ? {} : { restoreFilter }),
  }
}

async function refuseTakenDefinition(
  transaction: Queries,
  app: App,
  namespaceScopedResources: readonly NamespaceScopedResource[] | undefined,
): Promise<void> {
  if (namespaceScopedResources === undefined) return
  const { clusterID, id: exceptID } = app
  const wanted = { clusterID, namespaceScopedResources, exceptID }
  const other = await findAppWithDefinition(transaction, wanted)
  if (other === undefined) return
  throw new OperationError({ code: 'app-definition-taken', appID: other.id, name: other.name })
}

async function applyChange(
  transaction: Queries,
  change: {
    readonly app: App
    readonly request: AppChangeRequest
    readonly restore: AcceptedRestore | undefined
    readonly caller: Caller
    readonly now: Date
  },
): Promise<void> {
  const { app, request, restore, caller, now } = change
  const { name, labels, namespaceScopedResources } = request
  const isCleared = restore === undefined && app.state === 'failed' && request.state === 'ready'
  if (isCleared && (await hasNeverBeenFilled(transaction, app.id))) {
    throw new OperationError({ code: 'app-never-filled', appID: app.id })
  }
  if (isCleared) await tellAppIsBack(transaction, { app, accountID: app.accountID, now })
  await updateApp(transaction, app.id, {
    version: request.version,
    ...(name === undefined ? {} : { name }),
    ...(labels === undefined ? {} : { labels }),
    ...(namespaceScopedResources === undefined ? {} : { namespaceScopedResources }),
    ...(isCleared ? { state: 'ready', stateDetails: [] } : {}),
    ...(restore === undefined ? {} : { state: 'restoring', stateDetails: [] }),
    modifiedBy: caller.userID,
    now,
  })
}
