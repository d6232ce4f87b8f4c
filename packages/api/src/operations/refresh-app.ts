// Looks at a live app again, so that its assets are read as they are now.
import { APPS, findResource, inTransaction, lockApp } from '@holdfast/db'
import type { OperationContext } from './operation-context.ts'
import { isOperationError } from './operation-failure.ts'
import { refreshAppAssets } from './refresh-app-assets.ts'

/** When the cluster cannot be reached the last inventory stands; its time says how old it is. */
export async function refreshApp(
  context: OperationContext,
  { accountID, appID }: { readonly accountID: string; readonly appID: string },
): Promise<void> {
  const scope = { accountID, parents: {} }
  const app = await findResource(context.database, APPS, { scope, id: appID })
  if (app === undefined) return
  const cluster = { id: app.clusterID, accountID, type: app.clusterType }
  const seen = await context.inventories.refresh(cluster).catch((error: unknown) => {
    if (isOperationError(error) && error.failure.code === 'cluster-unreachable') return undefined
    throw error
  })
  if (seen === undefined) return
  await inTransaction(context.database, async (transaction) => {
    const locked = await lockApp(transaction, { accountID, appID })
    if (locked === undefined) return
    await refreshAppAssets({ ...context, database: transaction }, { app, seen })
  })
}
