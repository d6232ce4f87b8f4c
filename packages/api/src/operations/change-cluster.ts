// Clusters: renamed, forgotten, brought under management and taken out of it. Which there are, the
// configuration of the services says, not the API.
import {
  CLUSTERS,
  type Cluster,
  findResource,
  hasStorageClass,
  hideCluster,
  inTransaction,
  lockAppsOfCluster,
  lockClouds,
  MANAGED_CLUSTERS,
  type Queries,
  updateCluster,
} from '@holdfast/db'
import type { Label } from '@holdfast/domain'
import type { Caller } from './caller.ts'
import type { OperationContext } from './operation-context.ts'
import { OperationError } from './operation-failure.ts'
import { requireBucket } from './require-bucket.ts'

export interface ManageRequest {
  readonly id: string
  readonly version: string
  readonly defaultBucketID?: string
  readonly defaultStorageClassID?: string
  readonly wantsTrident: boolean
  readonly labels?: readonly Label[]
}

/** From now on apps can be defined there. */
export async function manageCluster(
  { database, now }: OperationContext,
  { accountID, userID }: Caller,
  request: ManageRequest,
): Promise<Cluster> {
  const { id, ...change } = request
  const managed = await inTransaction(database, async (transaction) => {
    await lockClouds(transaction, accountID)
    const present = await findCluster(transaction, accountID, id)
    if (present === undefined) {
      throw new OperationError({ code: 'cluster-not-found', clusterID: id, member: 'id' })
    }
    const { name, state } = present
    if (present.managedState === 'managed') {
      throw new OperationError({ code: 'cluster-managed', clusterID: id, name })
    }
    if (state === 'removed') {
      const [reason = 'It cannot be reached.'] = present.stateUnready
      throw new OperationError({ code: 'cluster-not-manageable', clusterID: id, name, reason })
    }
    await checkChange(transaction, present, request)
    await updateCluster(transaction, {
      id,
      change: { ...change, isManaged: true, modifiedBy: userID, now: now() },
    })
    return findCluster(transaction, accountID, id)
  })
  if (managed === undefined) throw new RangeError(`The cluster ${id} was managed and is gone.`)
  return managed
}

export interface ClusterRequest {
  readonly id: string
  readonly version: string
  readonly name?: string
  readonly credentialID?: string
  readonly defaultBucketID?: string
  readonly defaultStorageClassID?: string
  readonly wantsTrident: boolean
  readonly labels?: readonly Label[]
  readonly checkPreconditions: (present: Cluster) => void
}

export async function changeCluster(
  context: OperationContext,
  { accountID, userID }: Caller,
  { id, checkPreconditions, credentialID, ...change }: ClusterRequest,
): Promise<void> {
  await inTransaction(context.database, async (transaction) => {
    await lockClouds(transaction, accountID)
    const present = await findCluster(transaction, accountID, id)
    if (present === undefined) throw missing(id)
    checkPreconditions(present)
    if (credentialID !== undefined) {
      const { name, clusterType } = present
      throw new OperationError({ code: 'cluster-fixed', clusterID: id, name, clusterType })
    }
    await checkChange(transaction, present, change)
    const changed = { ...change, modifiedBy: userID, now: context.now() }
    await updateCluster(transaction, { id, change: changed })
  })
}

/** The cluster stays below its cloud. */
export async function unmanageCluster(
  { database, now }: OperationContext,
  { accountID, userID }: Caller,
  id: string,
): Promise<void> {
  await inTransaction(database, async (transaction) => {
    await lockClouds(transaction, accountID)
    // An app that is being defined there is seen, or finds the cluster unmanaged.
    await lockAppsOfCluster(transaction, id)
    const scope = { accountID, parents: {} }
    const present = await findResource(transaction, MANAGED_CLUSTERS, { scope, id })
    if (present === undefined) throw missing(id)
    if (present.hasApps) {
      const reason = 'Apps are defined on it.'
      const remedy = 'Delete its apps first.'
      throw new OperationError({ code: 'cluster-in-use', clusterID: id, reason, remedy })
    }
    const { version } = present
    const change = { version, isManaged: false, modifiedBy: userID, now: now() }
    await updateCluster(transaction, { id, change })
  })
}

/** Only of one that no service has any more: any other would be there again with the next start. */
export async function removeCluster(
  { database, now }: OperationContext,
  { accountID }: Caller,
  id: string,
): Promise<void> {
  await inTransaction(database, async (transaction) => {
    await lockClouds(transaction, accountID)
    await lockAppsOfCluster(transaction, id)
    const present = await findCluster(transaction, accountID, id)
    if (present === undefined) throw missing(id)
    if (present.managedState === 'managed') {
      const reason = 'It is managed.'
      const remedy = 'Delete it from the managed clusters first.'
      throw new OperationError({ code: 'cluster-in-use', clusterID: id, reason, remedy })
    }
    if (present.state !== 'removed') {
      throw new OperationError({ code: 'cluster-configured', clusterID: id, name: present.name })
    }
    await hideCluster(transaction, { id, now: now() })
  })
}

interface CheckedChange {
  readonly defaultBucketID?: string
  readonly defaultStorageClassID?: string
  readonly wantsTrident: boolean
}

async function checkChange(
  transaction: Queries,
  { id: clusterID, accountID, name }: Cluster,
  { defaultBucketID: bucketID, defaultStorageClassID: classID, wantsTrident }: CheckedChange,
): Promise<void> {
  if (wantsTrident) throw new OperationError({ code: 'trident-missing', clusterID, name })
  if (bucketID !== undefined) {
    await requireBucket(transaction, { accountID, bucketID, member: 'defaultBucketID' })
  }
  if (classID === undefined) return
  if (await hasStorageClass(transaction, { clusterID, id: classID })) return
  throw new OperationError({
    code: 'storage-class-invalid',
    clusterID,
    storageClassID: classID,
    member: 'defaultStorageClass',
  })
}

function findCluster(transaction: Queries, accountID: string, id: string) {
  return findResource(transaction, CLUSTERS, { scope: { accountID, parents: {} }, id })
}

function missing(id: string): OperationError {
  return new OperationError({ code: 'not-found', kind: 'cluster', id })
}
