// The credential that is made with an integration and belongs to it alone.
import {
  type Bucket,
  CREDENTIALS,
  type Credential,
  deleteCredential,
  findResource,
  insertCredential,
  integrationLabel,
  isCredentialNeeded,
  type KeyStore,
  type Queries,
  requestVerificationOf,
  updateCredential,
} from '@holdfast/db'
import type { Caller } from './caller.ts'
import type { OperationContext } from './operation-context.ts'

/** As the other dialect shows what is made here. */
const CREDENTIAL_VERSION = '1.1'
/** There, where a bucket may have a longer one. */
const CREDENTIAL_NAME_LENGTH_MAX = 127

interface NewKeys {
  readonly caller: Caller
  readonly keys: KeyStore
  readonly now: Date
}

export async function makeOwnCredential(
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
export async function replaceKeys(
  context: OperationContext,
  transaction: Queries,
  { bucket, caller, keys, now }: NewKeys & { readonly bucket: Bucket },
): Promise<string> {
  const credential = await findCredential(transaction, bucket)
  const isOwn = credential !== undefined && isOwnedBy(credential, bucket)
  if (!isOwn || (await isShared(transaction, bucket))) {
    const made = { caller, bucketID: bucket.id, name: bucket.name, keys, now }
    return await makeOwnCredential(context, transaction, made)
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

export async function dropOwnCredential(transaction: Queries, bucket: Bucket): Promise<void> {
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
