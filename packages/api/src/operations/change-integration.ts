// Integrations of a hub: buckets together with the credentials that open them. What is made, changed
// or removed here is the same bucket and the same credential that the other dialect shows.
import {
  BUCKETS,
  type Bucket,
  CREDENTIALS,
  type Credential,
  decodeKeyStore,
  deleteCredential,
  findBucketIDByIdentifier,
  findResource,
  findResourceByHexID,
  insertBucket,
  insertCredential,
  insertTask,
  inTransaction,
  integrationLabel,
  isCredentialNeeded,
  isHexID,
  type KeyStore,
  lockBuckets,
  lockCredentials,
  openCredential,
  postponeVerification,
  type Queries,
  requestVerificationOf,
  updateBucket,
  updateCredential,
} from '@holdfast/db'
import {
  type BucketProvider,
  type IntegrationValues,
  type IntegrationVendor,
  regionToldBy,
  shownValuesOf,
  type VendorValues,
  vendorOf,
} from '@holdfast/domain'
import { newVerifyTask, recordImmediateTask } from '@holdfast/workflows'
import { type BucketPlace, placeKeyOf } from './bucket-place.ts'
import {
  checkDirectory,
  followPlace,
  refuseSameBucket,
  takeOverRepository,
} from './bucket-rules.ts'
import { type Caller, scopeOf } from './caller.ts'
import { dropBucket } from './change-bucket.ts'
import {
  inWordsOfIntegrations,
  type KeyEntries,
  readIntegrationPlace,
  toKeyStore,
} from './integration-place.ts'
import type { OperationContext } from './operation-context.ts'
import { OperationError } from './operation-failure.ts'

/** As the other dialect shows what is made here. */
const BUCKET_VERSION = '1.2'
const CREDENTIAL_VERSION = '1.1'
/** In the other dialect, where a bucket may have a longer one. */
const CREDENTIAL_NAME_LENGTH_MAX = 127
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
        : await makeCredential(context, transaction, {
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
    const change = await planChange(context, transaction, { caller, present, request })
    const now = context.now()
    const { prefix } = present
    const { provider, bucketParameters } = change?.place ?? placeOf(present)
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

interface ChangePlan {
  readonly place: Pick<BucketPlace, 'provider' | 'bucketParameters'>
  /** Absent when they stay. */
  readonly keys?: KeyStore
}

interface WantedChange {
  readonly caller: Caller
  readonly present: Bucket
  readonly request: IntegrationChangeRequest
}

/** Undefined when neither place nor keys are to change. */
async function planChange(
  { sealing }: OperationContext,
  transaction: Queries,
  { caller, present, request }: WantedChange,
): Promise<ChangePlan | undefined> {
  const vendor = vendorOf(present)
  const shown = shownValuesOf(present)
  const auth = differences(request.auth, shown.auth)
  const extra = differences(request.extra, shown.extra)
  if (auth === undefined && extra === undefined) return undefined
  const key = { accountID: caller.accountID, id: present.credentialID }
  const { keyStore: kept = {} } = (await openCredential(transaction, sealing, key)) ?? {}
  const { place, entries } = readIntegrationPlace(vendor, {
    auth: { ...(vendor === 'holdfast-local' ? {} : authOf(present, kept, extra)), ...auth },
    extra: { ...shown.extra, ...extra },
  })
  refuseOtherPrefix(present, place.prefix)
  const isPlaceSaid = extra !== undefined || auth?.region !== undefined
  const keys = keysToReplace(kept, isPlaceSaid ? entries : withoutPlace(entries))
  const isSameKind = place.provider === 'generic-s3' && present.provider !== 'aws'
  return {
    // Keys alone leave the bucket where it is, however its server is written; and what is known of
    // the server beside its address is nothing that the fields can say.
    place: isPlaceSaid
      ? { ...place, provider: isSameKind ? providerOf(present) : place.provider }
      : placeOf(present),
    ...(keys === undefined ? {} : { keys }),
  }
}

function placeOf(present: Bucket): ChangePlan['place'] {
  return { provider: providerOf(present), bucketParameters: present.bucketParameters }
}

function providerOf({ provider }: Bucket): BucketProvider {
  return provider as BucketProvider
}

/** A repository stays below the prefix that it was made with. */
function refuseOtherPrefix({ id, prefix: present }: Bucket, prefix: string): void {
  if (prefix === present) return
  const reason = 'cannot be changed; make another integration for another prefix'
  throw new OperationError({
    code: 'fixed-value-changed',
    resource: `bucket ${id}`,
    members: [{ name: 'extra.prefix', reason }],
  })
}

/** What is sent and is not what is shown. */
function differences(
  sent: VendorValues | undefined,
  shown: Readonly<Record<string, string>>,
): VendorValues | undefined {
  const changed = Object.entries(sent ?? {}).filter(
    ([field, value]) => value !== undefined && (value ?? '') !== (shown[field] ?? ''),
  )
  return changed.length === 0 ? undefined : Object.fromEntries(changed)
}

/** What the fields of `auth` hold, shown or not. Another endpoint may tell another region. */
function authOf(present: Bucket, kept: KeyStore, extra: VendorValues | undefined): VendorValues {
  const { accessKey, accessSecret, region } = decodeKeyStore(kept)
  const { endpoint } = extra ?? {}
  const told = typeof endpoint === 'string' ? regionToldBy(endpoint) : undefined
  return {
    key_id: accessKey,
    secret: accessSecret,
    region: told ?? region ?? shownValuesOf(present).auth.region ?? REGION_DEFAULT,
  }
}

/** Of a bucket for which nothing says one. */
const REGION_DEFAULT = 'us-east-1'

function withoutPlace({ accessKey, accessSecret }: KeyEntries): KeyEntries {
  return { accessKey, accessSecret }
}

/** Undefined when the key store holds them already. Its other entries stay. */
function keysToReplace(kept: KeyStore, entries: KeyEntries): KeyStore | undefined {
  const present = decodeKeyStore(kept)
  if (Object.entries(entries).every(([name, value]) => present[name] === value)) return undefined
  return toKeyStore({ ...present, ...entries })
}

interface NewKeys {
  readonly caller: Caller
  readonly keys: KeyStore
  readonly now: Date
}

async function makeCredential(
  { sealing, newID }: OperationContext,
  transaction: Queries,
  {
    caller,
    bucketID,
    name,
    keys,
    now,
  }: NewKeys & { readonly bucketID: string; readonly name: string },
): Promise<string> {
  const id = newID()
  await insertCredential(transaction, sealing, {
    id,
    accountID: caller.accountID,
    name: [...name].slice(0, CREDENTIAL_NAME_LENGTH_MAX).join(''),
    keyType: 's3',
    isValid: true,
    keyStore: keys,
    version: CREDENTIAL_VERSION,
    labels: [integrationLabel(bucketID)],
    createdBy: caller.userID,
    now,
  })
  return id
}

/** A credential that others made, or that other buckets have as well, is left to them. */
async function replaceKeys(
  context: OperationContext,
  transaction: Queries,
  { bucket, caller, keys, now }: NewKeys & { readonly bucket: Bucket },
): Promise<string> {
  const credential = await findCredential(transaction, bucket)
  const isOwn = credential !== undefined && isOwnedBy(credential, bucket)
  if (!isOwn || (await isShared(transaction, bucket))) {
    const made = { caller, bucketID: bucket.id, name: bucket.name, keys, now }
    return await makeCredential(context, transaction, made)
  }
  await updateCredential(transaction, context.sealing, {
    id: credential.id,
    change: {
      name: credential.name,
      keyStore: keys,
      version: credential.version,
      modifiedBy: caller.userID,
      now,
    },
  })
  await requestVerificationOf(transaction, { credentialID: credential.id, now })
  return credential.id
}

async function dropOwnCredential(transaction: Queries, bucket: Bucket): Promise<void> {
  const credential = await findCredential(transaction, bucket)
  if (credential === undefined || !isOwnedBy(credential, bucket)) return
  if (await isShared(transaction, bucket)) return
  await deleteCredential(transaction, credential.id)
}

function isShared(transaction: Queries, { id, credentialID }: Bucket): Promise<boolean> {
  return isCredentialNeeded(transaction, { credentialID, exceptBucketID: id })
}

/** Made with it: it is changed, and goes, with that alone. */
function isOwnedBy({ labels }: Credential, bucket: Bucket): boolean {
  const own = integrationLabel(bucket.id)
  return labels.some(({ name, value }) => name === own.name && value === own.value)
}

function findCredential(
  transaction: Queries,
  { accountID, credentialID }: Bucket,
): Promise<Credential | undefined> {
  const scope = { accountID, parents: {} }
  return findResource(transaction, CREDENTIALS, { scope, id: credentialID })
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
