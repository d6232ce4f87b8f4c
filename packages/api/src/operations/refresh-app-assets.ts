// Writes down what a live app consists of now.
import { type App, replaceAssetsOfApp } from '@holdfast/db'
import type { SeenInventory } from './cluster-inventories.ts'
import type { OperationContext, Queries } from './operation-context.ts'

export interface AppInventory {
  readonly app: Pick<App, 'id' | 'accountID' | 'namespaceScopedResources'>
  readonly seen: SeenInventory
}

/** Call in a transaction. */
export async function refreshAppAssets(
  context: Pick<OperationContext, 'newID' | 'now'> & { readonly database: Queries },
  { app, seen }: AppInventory,
): Promise<void> {
  const namespaces = new Set(app.namespaceScopedResources.map((resource) => resource.namespace))
  const assets = seen.resources.filter(
    ({ namespace, name, kind }) =>
      (namespace !== undefined && namespaces.has(namespace)) ||
      (kind === 'Namespace' && namespaces.has(name)),
  )
  await replaceAssetsOfApp(context.database, {
    accountID: app.accountID,
    appID: app.id,
    assets: assets.map((asset) => ({ ...asset, id: context.newID() })),
    now: context.now(),
  })
}
