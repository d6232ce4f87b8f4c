// Puts namespaces of a cluster under protection as an app.
import {
  APPS,
  type App,
  findAppWithDefinition,
  findResource,
  insertApp,
  inTransaction,
  lockAppsOfCluster,
  MANAGED_CLUSTERS,
  type NamespaceScopedResource,
  type Queries,
} from '@holdfast/db'
import type { Label } from '@holdfast/domain'
import { checkAppDefinition } from './app-definition.ts'
import { type Caller, scopeOf } from './caller.ts'
import type { OperationContext } from './operation-context.ts'
import { OperationError } from './operation-failure.ts'
import { refreshAppAssets } from './refresh-app-assets.ts'
import { tellApp } from './tell-app.ts'

export interface AppRequest {
  readonly name: string
  readonly version: string
  readonly labels: readonly Label[]
  readonly clusterID?: string
  readonly namespaceScopedResources?: readonly NamespaceScopedResource[]
  readonly clusterScopedResources?: readonly unknown[]
}

export async function manageApp(
  context: OperationContext,
  caller: Caller,
  request: AppRequest,
): Promise<App> {
  const { clusterID, namespaceScopedResources } = requireDefinition(request)
  const { accountID } = caller
  const scope = { accountID, parents: {} }
  const cluster = await findResource(context.database, MANAGED_CLUSTERS, {
    scope: scopeOf(caller),
    id: clusterID,
  })
  if (cluster === undefined) throw new OperationError({ code: 'cluster-not-found', clusterID })
  const seen = await context.inventories.refresh({
    id: cluster.id,
    accountID,
    type: cluster.clusterType,
  })
  await checkAppDefinition(context.database, {
    accountID,
    reach: caller.actsOn,
    cluster,
    seen,
    namespaceScopedResources,
    clusterScopedResources: request.clusterScopedResources ?? [],
  })
  const id = context.newID()
  const app = await inTransaction(context.database, async (transaction) => {
    await lockAppsOfCluster(transaction, clusterID)
    // It may have been taken out of management since it was looked at.
    const managed = await findResource(transaction, MANAGED_CLUSTERS, { scope, id: clusterID })
    if (managed === undefined) throw new OperationError({ code: 'cluster-not-found', clusterID })
    await refuseSameDefinition(transaction, { clusterID, namespaceScopedResources })
    await insertApp(transaction, {
      id,
      accountID,
      clusterID,
      name: request.name,
      version: request.version,
      namespaceScopedResources,
      // Its namespaces were just seen and its inventory is written below: there is nothing that a
      // `pending` app would still be waiting for.
      state: 'ready',
      labels: request.labels,
      createdBy: caller.userID,
      now: context.now(),
    })
    const added = { id, accountID, namespaceScopedResources }
    await refreshAppAssets({ ...context, database: transaction }, { app: added, seen })
    await tellApp(transaction, 'managed', {
      app: { id, name: request.name },
      caller,
      eventID: context.newID(),
      now: context.now(),
    })
    return findResource(transaction, APPS, { scope, id })
  })
  if (app === undefined) throw new RangeError(`The app ${id} was written and is not there.`)
  return app
}

function requireDefinition(request: AppRequest) {
  const { clusterID, namespaceScopedResources } = request
  if (clusterID !== undefined && namespaceScopedResources !== undefined) {
    return { clusterID, namespaceScopedResources }
  }
  const members = (['clusterID', 'namespaceScopedResources'] as const)
    .filter((name) => request[name] === undefined)
    .map((name) => ({ name, reason: 'is needed to manage an app' }))
  throw new OperationError({ code: 'invalid-request', members })
}

async function refuseSameDefinition(
  transaction: Queries,
  wanted: {
    readonly clusterID: string
    readonly namespaceScopedResources: readonly NamespaceScopedResource[]
  },
): Promise<void> {
  const same = await findAppWithDefinition(transaction, wanted)
  if (same !== undefined) {
    throw new OperationError({ code: 'app-exists', appID: same.id, name: same.name })
  }
}
