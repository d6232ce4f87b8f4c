// Clouds: groups of clusters with a default bucket; made, changed and removed.
import {
  CLOUDS,
  type Cloud,
  CREDENTIALS,
  findResource,
  hideCloud,
  insertCloud,
  inTransaction,
  isCloudNameTaken,
  listManagedNames,
  lockClouds,
  type Queries,
  updateCloud,
} from '@holdfast/db'
import type { Label } from '@holdfast/domain'
import type { Caller } from './caller.ts'
import type { OperationContext } from './operation-context.ts'
import { OperationError } from './operation-failure.ts'
import { requireBucket } from './require-bucket.ts'

export interface CloudRequest {
  readonly version: string
  readonly name: string
  /** In lower case. */
  readonly cloudType: string
  readonly defaultBucketID?: string
  readonly credentialID?: string
  readonly labels: readonly Label[]
}

export async function createCloud(
  { database, newID, now }: OperationContext,
  { accountID, userID }: Caller,
  request: CloudRequest,
): Promise<Cloud> {
  refuseVendorCloud(request.cloudType)
  const id = newID()
  const cloud = await inTransaction(database, async (transaction) => {
    await lockClouds(transaction, accountID)
    await checkReferences(transaction, accountID, request)
    await refuseTakenName(transaction, { accountID, name: request.name })
    await insertCloud(transaction, { ...request, id, accountID, createdBy: userID, now: now() })
    return findCloud(transaction, accountID, id)
  })
  if (cloud === undefined) throw new RangeError(`The cloud ${id} was written and is not there.`)
  return cloud
}

export interface CloudChangeRequest extends Partial<Omit<CloudRequest, 'version'>> {
  readonly id: string
  readonly version: string
  readonly checkPreconditions: (present: Cloud) => void
}

export async function changeCloud(
  context: OperationContext,
  { accountID, userID }: Caller,
  { id, checkPreconditions, cloudType, ...change }: CloudChangeRequest,
): Promise<void> {
  await inTransaction(context.database, async (transaction) => {
    await lockClouds(transaction, accountID)
    const present = await findCloud(transaction, accountID, id)
    if (present === undefined) throw missing(id)
    checkPreconditions(present)
    if (cloudType !== undefined && cloudType !== present.cloudType) {
      const reason = `is ${present.cloudType} and cannot be changed`
      throw new OperationError({
        code: 'fixed-value-changed',
        resource: `cloud ${present.name} (${id})`,
        members: [{ name: 'cloudType', reason }],
      })
    }
    await checkReferences(transaction, accountID, change)
    if (change.name !== undefined) {
      await refuseTakenName(transaction, { accountID, name: change.name, exceptID: id })
    }
    const changed = { ...change, modifiedBy: userID, now: context.now() }
    await updateCloud(transaction, { id, change: changed })
  })
  await context.inventories.refreshAll(accountID)
}

export async function removeCloud(
  { database, now }: OperationContext,
  { accountID }: Caller,
  id: string,
): Promise<void> {
  await inTransaction(database, async (transaction) => {
    await lockClouds(transaction, accountID)
    const present = await findCloud(transaction, accountID, id)
    if (present === undefined) throw missing(id)
    const clusters = await listManagedNames(transaction, id)
    if (clusters.length > 0) {
      throw new OperationError({ code: 'cloud-in-use', cloudID: id, name: present.name, clusters })
    }
    await hideCloud(transaction, { id, now: now() })
  })
}

/** Clusters of other clouds could neither be found nor added, so such a cloud would stay empty. */
function refuseVendorCloud(cloudType: string): void {
  if (cloudType === 'private') return
  const reason = 'must be private: this version finds no clusters in clouds of vendors'
  throw new OperationError({ code: 'invalid-request', members: [{ name: 'cloudType', reason }] })
}

async function checkReferences(
  transaction: Queries,
  accountID: string,
  {
    defaultBucketID: bucketID,
    credentialID: id,
  }: { readonly defaultBucketID?: string; readonly credentialID?: string },
): Promise<void> {
  if (bucketID !== undefined) {
    await requireBucket(transaction, { accountID, bucketID, member: 'defaultBucketID' })
  }
  if (id === undefined) return
  const scope = { accountID, parents: {} }
  if ((await findResource(transaction, CREDENTIALS, { scope, id })) !== undefined) return
  const reason = 'names no credential of the account'
  throw new OperationError({ code: 'invalid-request', members: [{ name: 'credentialID', reason }] })
}

async function refuseTakenName(
  transaction: Queries,
  wanted: { readonly accountID: string; readonly name: string; readonly exceptID?: string },
): Promise<void> {
  if (!(await isCloudNameTaken(transaction, wanted))) return
  throw new OperationError({ code: 'cloud-name-taken', name: wanted.name })
}

function findCloud(transaction: Queries, accountID: string, id: string) {
  return findResource(transaction, CLOUDS, { scope: { accountID, parents: {} }, id })
}

function missing(id: string): OperationError {
  return new OperationError({ code: 'not-found', kind: 'cloud', id })
}
