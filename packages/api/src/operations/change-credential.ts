// Credentials: made, changed and removed. What they hold is checked by its type, sealed, and never
// shown; the password of a user is kept as a hash with its user.
import {
  CREDENTIALS,
  type Credential,
  deleteCredential,
  findCredentialNamed,
  findResource,
  insertCredential,
  inTransaction,
  type KeyStore,
  lockCredentials,
  lockPasswordOwner,
  openCredentialsOfType,
  type Queries,
  requestVerificationOf,
  setUserPassword,
  updateCredential,
} from '@holdfast/db'
import { type Label, parseId } from '@holdfast/domain'
import type { Caller } from './caller.ts'
import { type KeyType, keyStoreFaults, readKubeconfig } from './key-store-rules.ts'
import type { OperationContext } from './operation-context.ts'
import { type InvalidMember, OperationError } from './operation-failure.ts'
import {
  checkPasswordOwner,
  type PreparedPassword,
  preparePassword,
} from './password-credential.ts'

interface CredentialFacts {
  readonly keyType?: KeyType
  readonly isValid?: boolean
  readonly validFrom?: Date
  readonly validUntil?: Date
  readonly name: string
  readonly keyStore: KeyStore
  readonly version: string
}

export interface CredentialRequest extends CredentialFacts {
  readonly labels: readonly Label[]
}

export async function createCredential(
  context: OperationContext,
  caller: Caller,
  request: CredentialRequest,
): Promise<Credential> {
  const { accountID, userID } = caller
  checkValidity(request)
  const id = context.newID()
  const password = await prepare(context, caller, request.keyType, request)
  const credential = await inTransaction(context.database, async (transaction) => {
    const now = context.now()
    await lockCredentials(transaction, accountID)
    await refuseSameCredential(context, transaction, { accountID, ...request })
    if (password !== undefined) await applyPassword(transaction, caller, password, now)
    const { keyStore, isValid = true, ...facts } = request
    await insertCredential(transaction, context.sealing, {
      ...facts,
      name: password?.userID ?? request.name,
      id,
      accountID,
      isValid,
      ...(password === undefined ? { keyStore } : {}),
      createdBy: userID,
      now,
    })
    return findCredential(transaction, accountID, id)
  })
  if (credential === undefined) {
    throw new RangeError(`The credential ${id} was written and is not there.`)
  }
  return credential
}

export interface CredentialChangeRequest extends CredentialFacts {
  readonly id: string
  readonly labels?: readonly Label[]
  readonly checkPreconditions: (present: Credential) => void
}

export async function changeCredential(
  context: OperationContext,
  caller: Caller,
  { id, checkPreconditions, ...request }: CredentialChangeRequest,
): Promise<void> {
  const { accountID } = caller
  const seen = await findCredential(context.database, accountID, id)
  if (seen === undefined) throw missing(id)
  const keyType = (seen.keyType as KeyType | undefined) ?? request.keyType
  // Hashing takes its time, so it is done before anything is locked.
  refuseFixedChange(seen, request)
  const password = await prepare(context, caller, keyType, request)
  await inTransaction(context.database, async (transaction) => {
    const now = context.now()
    await lockCredentials(transaction, accountID)
    const present = await findCredential(transaction, accountID, id)
    if (present === undefined) throw missing(id)
    checkPreconditions(present)
    refuseFixedChange(present, request)
    checkValidity({ ...validityOf(present), ...request })
    const same = { accountID, ...request, ...(keyType === undefined ? {} : { keyType }) }
    await refuseSameCredential(context, transaction, { ...same, exceptID: id })
    if (password !== undefined) await applyPassword(transaction, caller, password, now)
    const { keyStore, ...facts } = request
    const change = {
      ...facts,
      ...(password === undefined ? { keyStore } : { name: password.userID }),
      modifiedBy: caller.userID,
      now,
    }
    await updateCredential(transaction, context.sealing, { id, change })
    await requestVerificationOf(transaction, { credentialID: id, now })
  })
}

/** What used it breaks: a bucket fails its next verification, which is at once. */
export async function removeCredential(
  context: OperationContext,
  { accountID }: Caller,
  id: string,
): Promise<void> {
  await inTransaction(context.database, async (transaction) => {
    await lockCredentials(transaction, accountID)
    const present = await findCredential(transaction, accountID, id)
    if (present === undefined) throw missing(id)
    if (present.keyType === 'passwordHash') {
      const userID = present.name
      const user = await lockPasswordOwner(transaction, { accountID, userID })
      if (user !== undefined) {
        throw new OperationError({ code: 'password-in-use', credentialID: id, userID })
      }
    }
    await deleteCredential(transaction, id)
    await requestVerificationOf(transaction, { credentialID: id, now: context.now() })
  })
}

/** Checks the key store; what a password becomes is answered. */
async function prepare(
  context: OperationContext,
  caller: Caller,
  keyType: KeyType | undefined,
  { name, keyStore }: Pick<CredentialFacts, 'name' | 'keyStore'>,
): Promise<PreparedPassword | undefined> {
  const faults = keyStoreFaults(keyType, keyStore)
  if (faults.length > 0) throw invalid(faults)
  if (keyType === 'kubeconfig') {
    const read = readKubeconfig(keyStore)
    if ('reason' in read) throw new OperationError({ code: 'kubeconfig-invalid', ...read })
  }
  if (keyType !== 'passwordHash') return undefined
  const userID = parseId<string>(name)
  if (userID === undefined) throw invalid([{ name: 'name', reason: 'must be the id of a user' }])
  return preparePassword(context.database, caller, { userID, keyStore })
}

async function applyPassword(
  transaction: Queries,
  caller: Caller,
  { userID, passwordHash, isChangeNeeded }: PreparedPassword,
  now: Date,
): Promise<void> {
  const user = await lockPasswordOwner(transaction, { accountID: caller.accountID, userID })
  checkPasswordOwner(caller, user)
  await setUserPassword(transaction, { userID, passwordHash, isChangeNeeded, now })
}

interface SameCredential extends CredentialFacts {
  readonly accountID: string
  readonly exceptID?: string
}

/** A user has one password, a cluster one kubeconfig. */
async function refuseSameCredential(
  { sealing }: OperationContext,
  transaction: Queries,
  { accountID, keyType, name, keyStore, exceptID }: SameCredential,
): Promise<void> {
  if (keyType === 'passwordHash') {
    const userID = name.toLowerCase()
    const found = await findCredentialNamed(transaction, { accountID, keyType, name: userID })
    if (found === undefined || found === exceptID) return
    throw new OperationError({ code: 'password-exists', credentialID: found, userID })
  }
  if (keyType !== 'kubeconfig') return
  const server = serverOf(keyStore)
  for (const other of await openCredentialsOfType(transaction, sealing, { accountID, keyType })) {
    if (other.id === exceptID || serverOf(other.keyStore) !== server) continue
    const { id: credentialID, name: otherName } = other
    throw new OperationError({ code: 'kubeconfig-exists', credentialID, name: otherName })
  }
}

function serverOf(keyStore: KeyStore): string | undefined {
  const read = readKubeconfig(keyStore)
  return 'server' in read ? read.server : undefined
}

function refuseFixedChange(
  present: Credential,
  { keyType, name }: Pick<CredentialFacts, 'keyType' | 'name'>,
): void {
  const members: InvalidMember[] = []
  if (present.keyType !== undefined && keyType !== undefined && keyType !== present.keyType) {
    members.push({ name: 'keyType', reason: `is ${present.keyType} and cannot be changed` })
  }
  if (present.keyType === 'passwordHash' && name.toLowerCase() !== present.name) {
    members.push({ name: 'name', reason: 'is the id of its user and cannot be changed' })
  }
  if (members.length === 0) return
  const resource = `credential ${present.id}`
  throw new OperationError({ code: 'fixed-value-changed', resource, members })
}

type Validity = Pick<CredentialFacts, 'validFrom' | 'validUntil'>

function validityOf({ validFrom, validUntil }: Credential): Validity {
  return {
    ...(validFrom === undefined ? {} : { validFrom }),
    ...(validUntil === undefined ? {} : { validUntil }),
  }
}

function checkValidity({ validFrom, validUntil }: Validity): void {
  if (validFrom === undefined || validUntil === undefined || validFrom <= validUntil) return
  const reason = 'must not be before validFromTimestamp'
  throw invalid([{ name: 'validUntilTimestamp', reason }])
}

function findCredential(database: Queries, accountID: string, id: string) {
  const scope = { accountID, parents: {} }
  return findResource(database, CREDENTIALS, { scope, id })
}

function invalid(members: readonly InvalidMember[]): OperationError {
  return new OperationError({ code: 'invalid-request', members })
}

function missing(id: string): OperationError {
  return new OperationError({ code: 'not-found', kind: 'credential', id })
}
