// Integrations of a hub: buckets together with the credentials that open them. What is made, changed
// or removed here is the same bucket and the same credential that the other dialect shows.
import {
  BUCKETS,
  type Bucket,
  findBucketIDByIdentifier,
  findResource,
  findResourceByHexID,
  insertBucket,
  insertTask,
  inTransaction,
  isHexID,
  lockBuckets,
  lockCredentials,
  postponeVerification,
  type Queries,
  updateBucket,
} from '@holdfast/db'
import type { IntegrationValues, IntegrationVendor, VendorValues } from '@holdfast/domain'
import { newVerifyTask, recordImmediateTask } from '@holdfast/workflows'
import { placeKeyOf } from './bucket-place.ts'
import {
  checkDirectory,
  followPlace,
  refuseSameBucket,
  takeOverRepository,
} from './bucket-rules.ts'
import { type Caller, scopeOf } from './caller.ts'
import { dropBucket } from './change-bucket.ts'
import { dropOwnCredential, makeOwnCredential, replaceKeys } from './integration-credential.ts'
import { inWordsOfIntegrations, readIntegrationPlace, toKeyStore } from './integration-place.ts'
import type { OperationContext } from './operation-context.ts'
import { OperationError } from './operation-failure.ts'
import { placeOfIntegration, planIntegrationChange } from './plan-integration-change.ts'

/** As the other dialect shows what is made here. */
const BUCKET_VERSION = '1.2'
const NO_CREDENTIAL = '00000000-0000-0000-0000-000000000000'

export interface IntegrationRequest extends IntegrationValues {
  readonly name: string
  readonly identifier: string
  readonly vendor: IntegrationVendor
}

/** Fails with `invalid-request`, `bucket-exists` and `bucket-identifier-taken`. */
export async function createIntegration(
  context: OperationContext,
  caller: Caller,
  request: IntegrationRequest,
): Promise<Bucket> {
  const { accountID, userID } = caller
  const { name, identifier, vendor } = request
  checkIdentifier(identifier)
  const { place, entries } = readIntegrationPlace(vendor, request)
  await checkPlace(context, caller, place.bucketParameters.local?.path)
  const id = context.newID()
  return await inTransaction(context.database, async (transaction) => {
    await lockPlaces(transaction, accountID)
    await refuseTaken(transaction, { accountID, identifier })
    await refuseSameBucket(transaction, { accountID, name, place })
    const now = context.now()
    const credentialID =
      place.provider === 'local'
        ? NO_CREDENTIAL
        : await makeOwnCredential(context, transaction, {
            caller,
            bucketID: id,
            name,
            keys: toKeyStore(entries),
            now,
          })
    await insertBucket(transaction, {
      id,
      accountID,
      name,
      provider: place.provider,
      bucketParameters: place.bucketParameters,
      credentialID,
      version: BUCKET_VERSION,
      labels: [],
      identifier,
      vendor,
      prefix: place.prefix,
      createdBy: userID,
      now,
    })
    await takeOverRepository(transaction, { accountID, bucketID: id, place })
    return await readBack(transaction, caller, id)
  })
}

export interface IntegrationChangeRequest {
  /** The first 24 digits of the bucket's id. */
  readonly hexID: string
  readonly name?: string
  readonly identifier?: string
  /** What is absent stays; what is null is taken away. */
  readonly auth?: VendorValues
  readonly extra?: VendorValues
}

/** Beside the failures of `createIntegration`: `not-found`. */
export async function changeIntegration(
  context: OperationContext,
  caller: Caller,
  request: IntegrationChangeRequest,
): Promise<Bucket> {
  const { accountID, userID } = caller
  const { hexID, name, identifier } = request
  if (identifier !== undefined) checkIdentifier(identifier)
  const seen = await findIntegration(context.database, caller, hexID)
  const { id } = seen
  if (seen.provider === 'local') await checkPlace(context, caller, request.extra?.path ?? undefined)
  return await inTransaction(context.database, async (transaction) => {
    await lockPlaces(transaction, accountID)
    const present = await findIntegration(transaction, caller, hexID)
    if (identifier !== undefined) {
      await refuseTaken(transaction, { accountID, identifier, exceptID: id })
    }
    const change = await planIntegrationChange(context, transaction, { caller, present, request })
    const now = context.now()
    const { prefix } = present
    const { provider, bucketParameters } = change?.place ?? placeOfIntegration(present)
    const place = { provider, bucketParameters, prefix }
    const newName = name ?? present.name
    await refuseSameBucket(transaction, { accountID, name: newName, place, exceptID: id })
    const keys = change?.keys
    const credentialID =
      keys === undefined
        ? present.credentialID
        : await replaceKeys(context, transaction, { caller, bucket: present, keys, now })
    await updateBucket(transaction, {
      id,
      change: {
        version: present.version,
        name: newName,
        ...(identifier === undefined ? {} : { identifier }),
        ...(change === undefined ? {} : { place: { ...place, credentialID } }),
        isPending: change !== undefined || present.state !== 'available',
        modifiedBy: userID,
        now,
      },
    })
    if (change !== undefined && placeKeyOf(present) !== placeKeyOf(place)) {
      await followPlace(transaction, { accountID, bucketID: id, place })
    }
    return await readBack(transaction, caller, id)
  })
}

/**
 * It is gone when this has answered, and its job tells so. Fails with `not-found` and as
 * `removeBucket` does.
 */
export async function removeIntegration(
  context: OperationContext,
  caller: Caller,
  hexID: string,
): Promise<{ readonly taskID: string }> {
  const { accountID, userID } = caller
  const taskID = context.newID()
  await inTransaction(context.database, async (transaction) => {
    await lockPlaces(transaction, accountID)
    const bucket = await findIntegration(transaction, caller, hexID)
    const now = context.now()
    await dropBucket(transaction, { accountID, id: bucket.id, now })
    await dropOwnCredential(transaction, bucket)
    await recordImmediateTask(transaction, {
      id: taskID,
      accountID,
      userID,
      name: 'holdfast.hub.integration.delete',
      summary: 'Deletion of an integration',
      description: `Forgets the integration ${bucket.identifier}; what is in its bucket stays there.`,
      resourceKind: 'bucket',
      resourceID: bucket.id,
      now,
    })
  })
  return { taskID }
}

/** Fails with `not-found`. */
export async function verifyIntegration(
  context: OperationContext,
  caller: Caller,
  hexID: string,
): Promise<{ readonly taskID: string }> {
  const { accountID, userID } = caller
  const taskID = context.newID()
  await inTransaction(context.database, async (transaction) => {
    await lockPlaces(transaction, accountID)
    const { id, state, version } = await findIntegration(transaction, caller, hexID)
    const now = context.now()
    if (state !== 'available') {
      const change = { version, isPending: true, modifiedBy: userID, now }
      await updateBucket(transaction, { id, change })
    }
    // The task tries it; the round that tries all buckets need not do so as well.
    const verifyAfter = new Date(now.getTime() + TASK_HAS_TRIED_MS)
    await postponeVerification(transaction, { id, verifyAfter })
    await insertTask(transaction, newVerifyTask(taskID, { accountID, userID, bucketID: id }))
  })
  await context.workflows.startTask(taskID)
  return { taskID }
}

/** Longer than a try takes. Should the task never come to it, the round does. */
const TASK_HAS_TRIED_MS = 120_000

/** Always in this order, before any row is locked. */
async function lockPlaces(transaction: Queries, accountID: string): Promise<void> {
  await lockBuckets(transaction, accountID)
  await lockCredentials(transaction, accountID)
}

/** Outside of the transaction, since it looks at the machine. */
async function checkPlace(
  context: OperationContext,
  caller: Caller,
  path: string | undefined,
): Promise<void> {
  if (path === undefined) return
  await inWordsOfIntegrations(() => checkDirectory(context, caller, path))
}

function checkIdentifier(identifier: string): void {
  if (!isHexID(identifier)) return
  const reason = 'must not look like an id: 24 hexadecimal digits'
  throw new OperationError({ code: 'invalid-request', members: [{ name: 'identifier', reason }] })
}

async function refuseTaken(
  transaction: Queries,
  {
    accountID,
    identifier,
    exceptID,
  }: { readonly accountID: string; readonly identifier: string; readonly exceptID?: string },
): Promise<void> {
  const bucketID = await findBucketIDByIdentifier(transaction, { accountID, identifier })
  if (bucketID === undefined || bucketID === exceptID) return
  throw new OperationError({ code: 'bucket-identifier-taken', bucketID, identifier })
}

async function findIntegration(database: Queries, caller: Caller, hexID: string): Promise<Bucket> {
  const bucket = await findResourceByHexID(database, BUCKETS, { scope: scopeOf(caller), hexID })
  if (bucket !== undefined) return bucket
  throw new OperationError({ code: 'not-found', kind: 'bucket', id: hexID })
}

async function readBack(transaction: Queries, caller: Caller, id: string): Promise<Bucket> {
  const bucket = await findResource(transaction, BUCKETS, { scope: scopeOf(caller), id })
  if (bucket === undefined) throw new RangeError(`The bucket ${id} was written and is not there.`)
  return bucket
}
