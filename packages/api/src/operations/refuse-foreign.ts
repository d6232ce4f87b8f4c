// Refuses to make what does not exist here: mirrors of apps and storage systems.
import { APPS, CLUSTERS, findResource } from '@holdfast/db'
import { type Caller, scopeOf } from './caller.ts'
import type { OperationContext } from './operation-context.ts'
import { OperationError } from './operation-failure.ts'
import { refuseDisabledHooks } from './refuse-disabled-hooks.ts'

/** What the request names must exist all the same: a wrong id is told as one. */
export async function refuseMirror(
  { database }: OperationContext,
  caller: Caller,
  { sourceAppID, clusterID }: { readonly sourceAppID: string; readonly clusterID: string },
): Promise<never> {
  const scope = scopeOf(caller)
  const source = await findResource(database, APPS, { scope, id: sourceAppID })
  if (source === undefined) {
    throw new OperationError({ code: 'mirror-source-invalid', appID: sourceAppID })
  }
  const cluster = await findResource(database, CLUSTERS, { scope, id: clusterID })
  if (cluster === undefined) {
    const member = 'destinationClusterID'
    throw new OperationError({ code: 'cluster-not-found', clusterID, member })
  }
  throw new OperationError({ code: 'mirror-unsupported', appID: sourceAppID })
}

/** Only hooks that come with the product can be overridden, and none does. */
export async function refuseHookOverride(
  { database }: OperationContext,
  { accountID }: Caller,
): Promise<never> {
  await refuseDisabledHooks(database, accountID)
  const members = [{ name: 'executionHookID', reason: 'names no hook of hookType netapp' }]
  throw new OperationError({ code: 'invalid-request', members })
}

export async function refuseStorageBackend(name: string): Promise<never> {
  throw new OperationError({ code: 'storage-backend-unreachable', name })
}
