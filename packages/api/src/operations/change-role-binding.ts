// Role bindings: who has which role, and how far it reaches.
import {
  deleteRoleBinding,
  deleteUser,
  findResource,
  insertGivenRole,
  inTransaction,
  lockPeople,
  type Queries,
  ROLE_BINDINGS,
  ROLES,
  type Role,
  type RoleBinding,
  revokeTokensOfOthers,
  USERS,
  type User,
  updateRoleBinding,
} from '@holdfast/db'
import { type Label, readRoleConstraint } from '@holdfast/domain'
import type { Caller } from './caller.ts'
import { keepAnOwner } from './change-user.ts'
import type { OperationContext } from './operation-context.ts'
import { type InvalidMember, OperationError } from './operation-failure.ts'
import { checkRank } from './permissions.ts'
import { refuseBoundKey } from './refuse-bound-key.ts'

/** More would be a list that nobody oversees; groups of namespaces have labels. */
const CONSTRAINTS_MAX = 100

export interface RoleBindingRequest {
  readonly version: string
  /** The nil id stands for none. */
  readonly userID?: string
  readonly groupID?: string
  readonly accountID: string
  readonly role: Role
  readonly roleConstraints?: readonly string[]
  readonly labels: readonly Label[]
  /** The user in the path. */
  readonly pathUserID?: string
}

const NIL_ID = '00000000-0000-0000-0000-000000000000'

export async function createRoleBinding(
  context: OperationContext,
  caller: Caller,
  request: RoleBindingRequest,
): Promise<RoleBinding> {
  refuseBoundKey(caller)
  const { accountID } = caller
  const userID = readUserID(caller, request)
  const roleConstraints = request.roleConstraints ?? ['*']
  checkConstraints(roleConstraints)
  const { version, role, labels } = request
  checkRank(caller, 'manage-people', role)
  const id = context.newID()
  const now = context.now()
  const binding = await inTransaction(context.database, async (transaction) => {
    await lockPeople(transaction, accountID)
    const user = await findUser(transaction, accountID, userID)
    if (user === undefined) throw invalid([{ name: 'userID', reason: 'names no user' }])
    checkRank(caller, 'manage-people', user.role)
    const given = { id, accountID, userID, role, roleConstraints, version, labels, now }
    await insertGivenRole(transaction, { ...given, createdBy: caller.userID })
    await dropForeignTokens(transaction, { caller, user, role, now })
    return findBinding(transaction, accountID, id)
  })
  if (binding === undefined) throw new RangeError(`The binding ${id} was written and is not there.`)
  return binding
}

export interface RoleBindingChangeRequest {
  readonly id: string
  readonly version: string
  readonly role: Role
  readonly roleConstraints?: readonly string[]
  readonly labels?: readonly Label[]
  /** Members that never change; another value than the present one is refused. */
  readonly fixed: Readonly<Partial<Record<'userID' | 'groupID' | 'accountID', string>>>
  readonly checkPreconditions: (present: RoleBinding) => void
}

export async function changeRoleBinding(
  context: OperationContext,
  caller: Caller,
  { id, checkPreconditions, fixed, ...change }: RoleBindingChangeRequest,
): Promise<void> {
  refuseBoundKey(caller)
  const { accountID } = caller
  checkConstraints(change.roleConstraints ?? [])
  checkRank(caller, 'manage-people', change.role)
  await inTransaction(context.database, async (transaction) => {
    await lockPeople(transaction, accountID)
    const present = await findBinding(transaction, accountID, id)
    if (present === undefined) throw missing(id)
    checkPreconditions(present)
    refuseFixed(present, fixed)
    const user = await findUser(transaction, accountID, present.userID)
    if (user === undefined) throw missing(id)
    checkRank(caller, 'manage-people', user.role)
    const now = context.now()
    await updateRoleBinding(transaction, { ...change, id, modifiedBy: caller.userID, now })
    await dropForeignTokens(transaction, { caller, user, role: change.role, now })
    await keepAnOwner(transaction, accountID)
  })
}

/** A user without any binding could do nothing: they go with the last one. */
export async function removeRoleBinding(
  { database }: OperationContext,
  caller: Caller,
  id: string,
): Promise<void> {
  const { accountID } = caller
  await inTransaction(database, async (transaction) => {
    await lockPeople(transaction, accountID)
    const present = await findBinding(transaction, accountID, id)
    if (present === undefined) throw missing(id)
    const { userID } = present
    const user = await findUser(transaction, accountID, userID)
    checkRank(caller, 'manage-people', user?.role)
    const left = await deleteRoleBinding(transaction, { id, userID })
    if (left === 0 && user?.authProvider !== 'ldap') {
      await deleteUser(transaction, { accountID, id: userID })
    }
    await keepAnOwner(transaction, accountID)
  })
}

function readUserID(caller: Caller, request: RoleBindingRequest): string {
  const { accountID, pathUserID } = request
  const resource = `account ${caller.accountID}`
  if (accountID !== caller.accountID) {
    const members = [{ name: 'accountID', reason: 'is not the account in the path' }]
    throw new OperationError({ code: 'fixed-value-changed', resource, members })
  }
  if (request.groupID !== undefined && request.groupID !== NIL_ID) {
    throw new OperationError({ code: 'directory-not-connected', member: 'groupID' })
  }
  const sent = request.userID === NIL_ID ? undefined : request.userID
  if (pathUserID !== undefined && sent !== undefined && sent !== pathUserID) {
    const members = [{ name: 'userID', reason: 'is not the user in the path' }]
    throw new OperationError({ code: 'fixed-value-changed', resource, members })
  }
  const userID = sent ?? pathUserID
  if (userID === undefined) {
    throw invalid([{ name: 'userID', reason: 'must name the user who gets the role' }])
  }
  return userID
}

function checkConstraints(constraints: readonly string[]): void {
  const members = constraints.flatMap((text, at): InvalidMember[] => {
    if (readRoleConstraint(text) !== undefined) return []
    const reason =
      "must be *, namespaces:*, namespaces:*.*, namespaces:id='<id>', namespaces:id='<id>'.* or namespaces:kubernetesLabels='<key>=<value>'.*"
    return [{ name: `roleConstraints[${at}]`, reason }]
  })
  if (constraints.length > CONSTRAINTS_MAX) {
    members.push({ name: 'roleConstraints', reason: `has more than ${CONSTRAINTS_MAX} elements` })
  }
  if (members.length > 0) throw invalid(members)
}

async function dropForeignTokens(
  transaction: Queries,
  raise: {
    readonly caller: Caller
    readonly user: User
    readonly role: Role
    readonly now: Date
  },
): Promise<void> {
  const { caller, user, role, now } = raise
  const former = user.role === undefined ? -1 : ROLES.indexOf(user.role)
  if (ROLES.indexOf(role) <= former) return
  await revokeTokensOfOthers(transaction, { userID: user.id, exceptBy: caller.userID, now })
}

function refuseFixed(present: RoleBinding, fixed: RoleBindingChangeRequest['fixed']): void {
  const values = { userID: present.userID, groupID: NIL_ID, accountID: present.accountID }
  const members = (['userID', 'groupID', 'accountID'] as const)
    .filter((name) => fixed[name] !== undefined && fixed[name] !== values[name])
    .map((name) => ({ name, reason: 'cannot be changed' }))
  if (members.length === 0) return
  const resource = `role binding ${present.id}`
  throw new OperationError({ code: 'fixed-value-changed', resource, members })
}

function findUser(transaction: Queries, accountID: string, id: string) {
  return findResource(transaction, USERS, { scope: { accountID, parents: {} }, id })
}

function findBinding(transaction: Queries, accountID: string, id: string) {
  return findResource(transaction, ROLE_BINDINGS, { scope: { accountID, parents: {} }, id })
}

function invalid(members: readonly InvalidMember[]): OperationError {
  return new OperationError({ code: 'invalid-request', members })
}

function missing(id: string): OperationError {
  return new OperationError({ code: 'not-found', kind: 'role binding', id })
}
