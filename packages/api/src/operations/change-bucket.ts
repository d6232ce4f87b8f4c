// Buckets: made, changed and removed. Whether one can be used is found by its verification, which
// follows every change by itself.
import {
  BUCKET_UNAVAILABLE,
  BUCKETS,
  type Bucket,
  type BucketParameters,
  clearCondition,
  countBucketUse,
  decodeKeyStore,
  findBucketDefaults,
  findResource,
  insertBucket,
  inTransaction,
  lockBucket,
  lockBuckets,
  markBucketDeleted,
  openCredential,
  type Queries,
  updateBucket,
} from '@holdfast/db'
import { type Label, readS3Keys } from '@holdfast/domain'
import {
  type BucketPlace,
  placeKeyOf,
  readBucketPlace,
  type SentBucketParameters,
} from './bucket-place.ts'
import {
  checkDirectory,
  followPlace,
  refuseSameBucket,
  takeOverRepository,
} from './bucket-rules.ts'
import type { Caller } from './caller.ts'
import type { OperationContext } from './operation-context.ts'
import { OperationError } from './operation-failure.ts'

/** The credential of a directory. */
const NIL = '00000000-0000-0000-0000-000000000000'

export interface BucketRequest {
  readonly name?: string
  readonly version: string
  readonly provider: string
  readonly parameters: SentBucketParameters
  readonly credentialID: string
  readonly labels: readonly Label[]
}

export async function createBucket(
  context: OperationContext,
  caller: Caller,
  request: BucketRequest,
): Promise<Bucket> {
  const { accountID } = caller
  const { credentialID, version, labels } = request
  const place = readBucketPlace(request)
  await checkAccess(context, caller, place, credentialID)
  const id = context.newID()
  const name = request.name ?? place.providerName
  const bucket = await inTransaction(context.database, async (transaction) => {
    await lockBuckets(transaction, accountID)
    await refuseSameBucket(transaction, { accountID, name, place })
    await insertBucket(transaction, {
      id,
      accountID,
      name,
      provider: place.provider,
      bucketParameters: place.bucketParameters,
      credentialID,
      version,
      labels,
      createdBy: caller.userID,
      now: context.now(),
    })
    await takeOverRepository(transaction, { accountID, bucketID: id, place })
    return findBucket(transaction, accountID, id)
  })
  if (bucket === undefined) throw new RangeError(`The bucket ${id} was written and is not there.`)
  return bucket
}

export interface BucketChangeRequest {
  readonly id: string
  readonly version: string
  readonly name?: string
  readonly provider?: string
  /** Members of members may be missing: they stay. */
  readonly parameters?: {
    readonly s3?: Partial<BucketParameters['s3'] & object>
    readonly local?: Partial<BucketParameters['local'] & object>
    readonly gcp?: object
    readonly azure?: object
  }
  readonly credentialID?: string
  readonly labels?: readonly Label[]
  readonly checkPreconditions: (present: Bucket) => void
}

export async function changeBucket(
  context: OperationContext,
  caller: Caller,
  { id, checkPreconditions, ...request }: BucketChangeRequest,
): Promise<void> {
  const { accountID } = caller
  const seen = await findBucket(context.database, accountID, id)
  if (seen === undefined) throw missing(id)
  const change = readChange(seen, request)
  if (change !== undefined) await checkAccess(context, caller, change.place, change.credentialID)
  await inTransaction(context.database, async (transaction) => {
    await lockBuckets(transaction, accountID)
    const present = await findBucket(transaction, accountID, id)
    if (present === undefined) throw missing(id)
    checkPreconditions(present)
    const place = { ...(change?.place ?? placeOf(present)), prefix: present.prefix }
    const name = request.name ?? present.name
    await refuseSameBucket(transaction, { accountID, name, place, exceptID: id })
    const { version, labels } = request
    await updateBucket(transaction, {
      id,
      change: {
        version,
        name,
        ...(labels === undefined ? {} : { labels }),
        ...(change === undefined
          ? {}
          : { place: { ...change.place, credentialID: change.credentialID } }),
        isPending: change !== undefined || present.state !== 'available',
        modifiedBy: caller.userID,
        now: context.now(),
      },
    })
    if (change !== undefined && placeKeyOf(present) !== placeKeyOf(place)) {
      await followPlace(transaction, { accountID, bucketID: id, place })
    }
  })
}

/** Fails with `bucket-is-cloud-default`, `bucket-is-cluster-default` and `bucket-in-use`. */
export async function removeBucket(
  context: OperationContext,
  { accountID }: Caller,
  id: string,
): Promise<void> {
  await inTransaction(context.database, (transaction) =>
    dropBucket(transaction, { accountID, id, now: context.now() }),
  )
}

/** The same within the caller's transaction. */
export async function dropBucket(
  transaction: Queries,
  { accountID, id, now }: { readonly accountID: string; readonly id: string; readonly now: Date },
): Promise<void> {
  await lockBuckets(transaction, accountID)
  if (!(await lockBucket(transaction, { accountID, bucketID: id }))) throw missing(id)
  const { cloud, cluster } = await findBucketDefaults(transaction, id)
  if (cloud !== undefined) {
    throw new OperationError({ code: 'bucket-is-cloud-default', bucketID: id, cloud })
  }
  if (cluster !== undefined) {
    throw new OperationError({ code: 'bucket-is-cluster-default', bucketID: id, cluster })
  }
  const use = await countBucketUse(transaction, id)
  if (Object.values(use).some((count) => count > 0)) {
    throw new OperationError({ code: 'bucket-in-use', bucketID: id, ...use })
  }
  await markBucketDeleted(transaction, { id, now })
  await clearCondition(transaction, {
    accountID,
    resourceID: id,
    name: BUCKET_UNAVAILABLE,
    description: 'The bucket was deleted.',
    eventTime: now,
  })
}

interface PlaceChange {
  readonly place: BucketPlace
  readonly credentialID: string
}

/** Undefined when neither place nor credential is named. */
function readChange(
  present: Bucket,
  {
    provider = present.provider,
    parameters,
    credentialID = present.credentialID,
  }: Omit<BucketChangeRequest, 'id' | 'checkPreconditions'>,
): PlaceChange | undefined {
  const merged = mergeParameters(present, parameters ?? {})
  if ((provider === 'local') !== (present.provider === 'local')) {
    const reason = `is ${present.provider}; a directory does not become a bucket of a server`
    throw new OperationError({
      code: 'fixed-value-changed',
      resource: `bucket ${present.id}`,
      members: [{ name: 'provider', reason }],
    })
  }
  const place = readBucketPlace({ provider, parameters: merged })
  const isSame =
    provider === present.provider &&
    credentialID === present.credentialID &&
    JSON.stringify(place.bucketParameters) === JSON.stringify(placeOf(present).bucketParameters)
  return isSame ? undefined : { place, credentialID }
}

function mergeParameters(
  { bucketParameters: present }: Bucket,
  sent: NonNullable<BucketChangeRequest['parameters']>,
): SentBucketParameters {
  const { s3, local, ...others } = sent
  const mergedS3 = { ...present.s3, ...s3 }
  const mergedLocal = { ...present.local, ...local }
  return {
    ...others,
    ...(present.s3 === undefined && s3 === undefined ? {} : { s3: withS3Members(mergedS3) }),
    ...(present.local === undefined && local === undefined
      ? {}
      : { local: { path: mergedLocal.path ?? '' } }),
  }
}

function withS3Members({
  serverURL = '',
  bucketName = '',
}: Partial<BucketParameters['s3'] & object>) {
  return { serverURL, bucketName }
}

function placeOf({ provider, bucketParameters }: Bucket): BucketPlace {
  return readBucketPlace({ provider, parameters: bucketParameters })
}

/** Whether the caller may have a bucket there, and whether the credential is one for it. */
async function checkAccess(
  context: OperationContext,
  caller: Caller,
  { provider, bucketParameters }: BucketPlace,
  credentialID: string,
): Promise<void> {
  if (provider !== 'local') {
    await checkCredential(context, { accountID: caller.accountID, id: credentialID })
    return
  }
  await checkDirectory(context, caller, bucketParameters.local?.path ?? '')
  if (credentialID !== NIL) {
    const reason = 'must be the nil UUID: a directory needs none'
    throw invalid('credentialID', reason)
  }
}

async function checkCredential(
  { database, sealing }: OperationContext,
  key: { readonly accountID: string; readonly id: string },
): Promise<void> {
  const credential = await openCredential(database, sealing, key)
  if (credential === undefined) throw invalid('credentialID', 'names no credential of the account')
  const { keyType = 'generic', isValid, keyStore } = credential
  if (keyType !== 's3' && keyType !== 'generic') {
    throw invalid('credentialID', `names a credential of type ${keyType}; it must be s3`)
  }
  if (!isValid) throw invalid('credentialID', 'names a credential that is marked as not valid')
  const read = readS3Keys(decodeKeyStore(keyStore))
  if (!('faults' in read)) return
  const faults = read.faults.map(({ name, reason }) => `${name} ${reason}`).join(', ')
  throw invalid('credentialID', `names a credential whose keyStore cannot be used: ${faults}`)
}

function findBucket(database: Queries, accountID: string, id: string) {
  return findResource(database, BUCKETS, { scope: { accountID, parents: {} }, id })
}

function invalid(name: string, reason: string): OperationError {
  return new OperationError({ code: 'invalid-request', members: [{ name, reason }] })
}

function missing(id: string): OperationError {
  return new OperationError({ code: 'not-found', kind: 'bucket', id })
}
