// API keys of the hub: made, changed and deleted by people and by other keys, never with more than
// whoever does it has.
import { randomBytes } from 'node:crypto'
import {
  type ApiKey,
  deleteApiKey,
  findApiKey,
  findHubRole,
  type HubRole,
  hexIDOf,
  insertApiKey,
  inTransaction,
  listApiKeys,
  lockPeople,
  type Queries,
  updateApiKey,
} from '@holdfast/db'
import { isAddressOrNetwork } from './allowed-addresses.ts'
import { API_KEY_PREFIX, type Caller, hashToken } from './caller.ts'
import { checkGiven, refuseHigherRole } from './check-capability.ts'
import type { OperationContext } from './operation-context.ts'
import { OperationError } from './operation-failure.ts'
import { refuseBoundKey } from './refuse-bound-key.ts'

/** Every list of them is read as a whole. */
const KEYS_MAX = 1000
/** More would be a list that nobody oversees; networks have prefixes. */
const IPS_MAX = 100

export interface ApiKeyRequest {
  readonly name: string
  /** The first 24 digits of its id. */
  readonly roleHexID: string
  /** Addresses and networks; none, like `null`: it may come from anywhere. */
  readonly ips?: readonly string[] | null
}

/** The secret is in this answer and nowhere else. */
export type NewApiKey = ApiKey & { readonly secret: string }

/**
 * Fails with `role-above-caller`, `capabilities-not-held`, `key-bound-to-addresses`,
 * `invalid-request` and `too-many`.
 */
export async function createApiKey(
  context: OperationContext,
  caller: Caller,
  { name, roleHexID, ips }: ApiKeyRequest,
): Promise<NewApiKey> {
  refuseBoundKey(caller)
  const { accountID } = caller
  checkAddresses(ips ?? [])
  const id = context.newID()
  const secret = `${API_KEY_PREFIX}${randomBytes(32).toString('base64url')}`
  const key = await inTransaction(context.database, async (transaction) => {
    await lockPeople(transaction, accountID)
    const others = await listApiKeys(transaction, accountID)
    if (others.length >= KEYS_MAX) {
      throw new OperationError({ code: 'too-many', kind: 'API key', countMax: KEYS_MAX })
    }
    const role = await requireGivable(transaction, caller, roleHexID)
    await insertApiKey(transaction, {
      id,
      accountID,
      name,
      roleID: role.id,
      ips: listed(ips) ?? undefined,
      secretHash: hashToken(secret),
      createdBy: caller.userID,
      now: context.now(),
    })
    return await findKey(transaction, { accountID, hexID: hexIDOf(id) })
  })
  return { ...key, secret }
}

export interface ApiKeyChangeRequest extends Partial<ApiKeyRequest> {
  /** The first 24 digits of its id. */
  readonly hexID: string
}

/** What is absent stays. Fails as `createApiKey` does, and with `not-found`. */
export async function changeApiKey(
  context: OperationContext,
  caller: Caller,
  { hexID, name, roleHexID, ips }: ApiKeyChangeRequest,
): Promise<ApiKey> {
  refuseBoundKey(caller)
  const { accountID } = caller
  checkAddresses(ips ?? [])
  return await inTransaction(context.database, async (transaction) => {
    const { id, roleID } = await lockKey(transaction, caller, hexID)
    const role =
      roleHexID === undefined || roleHexID === hexIDOf(roleID)
        ? undefined
        : await requireGivable(transaction, caller, roleHexID)
    await updateApiKey(transaction, {
      id,
      now: context.now(),
      ...(name === undefined ? {} : { name }),
      ...(role === undefined ? {} : { roleID: role.id }),
      ...(ips === undefined ? {} : { ips: listed(ips) }),
    })
    return await findKey(transaction, { accountID, hexID })
  })
}

/** Answers what it was. Fails with `not-found` and `role-above-caller`. */
export async function removeApiKey(
  context: OperationContext,
  caller: Caller,
  hexID: string,
): Promise<ApiKey & { readonly deletedAt: Date }> {
  const deletedAt = context.now()
  const key = await inTransaction(context.database, async (transaction) => {
    const present = await lockKey(transaction, caller, hexID)
    await deleteApiKey(transaction, { id: present.id, now: deletedAt })
    return present
  })
  return { ...key, modifiedAt: deletedAt, deletedAt }
}

/** One that the caller may change, until the transaction ends: nobody touches higher ones. */
async function lockKey(transaction: Queries, caller: Caller, hexID: string): Promise<ApiKey> {
  const { accountID } = caller
  await lockPeople(transaction, accountID)
  const key = await findKey(transaction, { accountID, hexID })
  const role = await findHubRole(transaction, { accountID, hexID: hexIDOf(key.roleID) })
  if (role !== undefined) refuseHigherRole(caller, role)
  return key
}

/** The role, when the caller may give it. */
async function requireGivable(
  transaction: Queries,
  caller: Caller,
  hexID: string,
): Promise<HubRole> {
  const role = await findHubRole(transaction, { accountID: caller.accountID, hexID })
  if (role === undefined) {
    const members = [{ name: 'role_id', reason: 'names no role of the hub' }]
    throw new OperationError({ code: 'invalid-request', members })
  }
  refuseHigherRole(caller, role)
  checkGiven(caller, role.capabilities)
  return role
}

function checkAddresses(ips: readonly string[]): void {
  const members = ips.flatMap((text, at) =>
    isAddressOrNetwork(text)
      ? []
      : [{ name: `ips[${at}]`, reason: 'must be an address, or a network such as 192.0.2.0/24' }],
  )
  if (ips.length > IPS_MAX) {
    members.push({ name: 'ips', reason: `has more than ${IPS_MAX} elements` })
  }
  if (members.length > 0) throw new OperationError({ code: 'invalid-request', members })
}

/** A list of none would make a key that nobody can use; it says what `null` says. */
function listed(ips: readonly string[] | null | undefined): readonly string[] | null {
  return ips === undefined || ips === null || ips.length === 0 ? null : ips
}

async function findKey(
  transaction: Queries,
  { accountID, hexID }: { readonly accountID: string; readonly hexID: string },
): Promise<ApiKey> {
  const key = await findApiKey(transaction, { accountID, hexID })
  if (key === undefined) throw new OperationError({ code: 'not-found', kind: 'API key', id: hexID })
  return key
}
