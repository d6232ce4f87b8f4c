// Roles of the hub: made, changed and deleted by those who have higher ones, out of what they have
// themselves.
import {
  deleteHubRole,
  findHubRole,
  type HubRole,
  insertHubRole,
  inTransaction,
  listHubRoles,
  lockPeople,
  type Queries,
  updateHubRole,
} from '@holdfast/db'
import { includesCapability, type RoleCapabilities } from '@holdfast/domain'
import { recordImmediateTask } from '@holdfast/workflows'
import type { Caller } from './caller.ts'
import { checkGiven, hubRankOf } from './check-capability.ts'
import type { OperationContext } from './operation-context.ts'
import { OperationError } from './operation-failure.ts'
import { refuseBoundKey } from './refuse-bound-key.ts'

/** Every list of them is read as a whole. */
const ROLES_MAX = 100

export interface RoleRequest {
  readonly identifier: string
  /** 0 to 10 */
  readonly rank: number
  readonly name?: string | null
  readonly capabilities?: RoleCapabilities
  readonly extra?: Readonly<Record<string, string>>
}

/**
 * Fails with `role-above-caller`, `capabilities-not-held`, `role-identifier-taken` and `too-many`.
 */
export async function createRole(
  context: OperationContext,
  caller: Caller,
  request: RoleRequest,
): Promise<HubRole> {
  const { accountID } = caller
  const { capabilities = { all: false, specific: [] }, extra = {} } = request
  checkBelow(caller, request)
  checkGiven(caller, capabilities)
  const id = context.newID()
  return await inTransaction(context.database, async (transaction) => {
    await lockPeople(transaction, accountID)
    const others = await listHubRoles(transaction, accountID)
    if (others.length >= ROLES_MAX) {
      throw new OperationError({ code: 'too-many', kind: 'role', countMax: ROLES_MAX })
    }
    refuseTaken(others, request.identifier)
    await insertHubRole(transaction, {
      id,
      accountID,
      identifier: request.identifier,
      name: request.name ?? undefined,
      rank: request.rank,
      capabilities,
      extra,
      createdBy: caller.userID,
      now: context.now(),
    })
    return await readBack(transaction, { accountID, id })
  })
}

export interface RoleChangeRequest extends Partial<RoleRequest> {
  /** The first 24 digits of its id. */
  readonly hexID: string
}

/**
 * What is absent stays; `name` `null` removes it. Beside the failures of `createRole`: `not-found`,
 * `role-fixed` for the one with control over all, and `fixed-value-changed` for the identifier of a
 * default one, by which scripts find it.
 */
export async function changeRole(
  context: OperationContext,
  caller: Caller,
  { hexID, ...change }: RoleChangeRequest,
): Promise<HubRole> {
  const { accountID } = caller
  return await inTransaction(context.database, async (transaction) => {
    const present = await lockRole(transaction, caller, hexID)
    const changed = {
      identifier: change.identifier ?? present.identifier,
      rank: change.rank ?? present.rank,
      name: change.name === undefined ? present.name : (change.name ?? undefined),
      capabilities: change.capabilities ?? present.capabilities,
      extra: change.extra ?? present.extra,
    }
    checkBelow(caller, changed)
    refuseBeyond(caller, { given: changed.capabilities, present: present.capabilities })
    if (changed.rank > present.rank) refuseBoundKey(caller)
    if (changed.identifier !== present.identifier) {
      refuseFixedIdentifier(present)
      refuseTaken(await listHubRoles(transaction, accountID), changed.identifier)
    }
    const { id } = present
    await updateHubRole(transaction, { ...changed, id, now: context.now() })
    return await readBack(transaction, { accountID, id })
  })
}

/**
 * Answers the id of the task that tells of it. Fails with `not-found`, `role-above-caller`,
 * `role-fixed` for a default one, and `role-in-use`.
 */
export async function removeRole(
  context: OperationContext,
  caller: Caller,
  hexID: string,
): Promise<string> {
  const { accountID, userID } = caller
  const taskID = context.newID()
  await inTransaction(context.database, async (transaction) => {
    const present = await lockRole(transaction, caller, hexID)
    const { id, identifier, counts } = present
    if (present.defaultIdentifier !== undefined) {
      const reason = 'Every hub has it; users of the service have their rights by it.'
      throw new OperationError({ code: 'role-fixed', identifier, reason })
    }
    if (counts.apiKeys > 0) {
      throw new OperationError({ code: 'role-in-use', identifier, apiKeys: counts.apiKeys })
    }
    await deleteHubRole(transaction, id)
    await recordImmediateTask(transaction, {
      id: taskID,
      accountID,
      userID,
      name: 'holdfast.hub.role.delete',
      summary: 'Delete a role',
      description: `The role ${identifier} was deleted.`,
      resourceKind: 'role',
      resourceID: id,
      now: context.now(),
    })
  })
  return taskID
}

/** One that the caller may change, until the transaction ends. */
async function lockRole(transaction: Queries, caller: Caller, hexID: string): Promise<HubRole> {
  const { accountID } = caller
  await lockPeople(transaction, accountID)
  const present = await findHubRole(transaction, { accountID, hexID })
  if (present === undefined)
    throw new OperationError({ code: 'not-found', kind: 'role', id: hexID })
  const { identifier, isRoot } = present
  if (isRoot) {
    const reason = 'It has control over all roles, and stays as it is.'
    throw new OperationError({ code: 'role-fixed', identifier, reason })
  }
  checkBelow(caller, present)
  return present
}

/** Only lower roles than one's own are made and changed. */
function checkBelow(
  caller: Caller,
  { identifier, rank }: Pick<HubRole, 'identifier' | 'rank'>,
): void {
  const rankMax = hubRankOf(caller) - 1
  if (rank <= rankMax) return
  throw new OperationError({ code: 'role-above-caller', identifier, rank, rankMax })
}

/** What the role has already is not given. */
function refuseBeyond(
  caller: Caller,
  { given, present }: { readonly given: RoleCapabilities; readonly present: RoleCapabilities },
): void {
  if (given.all && present.all) return
  const specific = given.specific.filter((one) => !includesCapability(present, one))
  checkGiven(caller, { all: given.all, specific })
  // Whoever has the role has them from anywhere.
  if (given.all || specific.length > 0) refuseBoundKey(caller)
}

function refuseFixedIdentifier({ identifier, defaultIdentifier }: HubRole): void {
  if (defaultIdentifier === undefined) return
  const members = [{ name: 'identifier', reason: 'of a default role cannot be changed' }]
  throw new OperationError({ code: 'fixed-value-changed', resource: `role ${identifier}`, members })
}

function refuseTaken(others: readonly HubRole[], identifier: string): void {
  if (!others.some((other) => other.identifier === identifier)) return
  throw new OperationError({ code: 'role-identifier-taken', identifier })
}

async function readBack(
  transaction: Queries,
  { accountID, id }: { readonly accountID: string; readonly id: string },
): Promise<HubRole> {
  const roles = await listHubRoles(transaction, accountID)
  const role = roles.find((one) => one.id === id)
  if (role === undefined) throw new RangeError(`The role ${id} was written and is not there.`)
  return role
}
