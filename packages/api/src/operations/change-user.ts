// Users of an account: invited, changed and removed by those who run it.
import {
  ACCOUNTS,
  countOwners,
  deleteUser,
  endSessionsOfUser,
  findResource,
  insertInvitedUser,
  inTransaction,
  isEmailTaken,
  lockPeople,
  type Queries,
  USERS,
  type User,
  type UserProfile,
  type UserState,
  updateUser,
} from '@holdfast/db'
import type { Label } from '@holdfast/domain'
import type { Caller } from './caller.ts'
import type { OperationContext } from './operation-context.ts'
import { OperationError } from './operation-failure.ts'
import { checkRank, mayDo } from './permissions.ts'

export interface UserRequest extends Partial<UserProfile> {
  readonly version: string
  readonly email: string
  readonly authProvider?: string
  readonly labels: readonly Label[]
}

/** A new user is active and may nothing: a role binding and a password, or a token, come next. */
export async function createUser(
  context: OperationContext,
  caller: Caller,
  request: UserRequest,
): Promise<User> {
  const { accountID, userID } = caller
  refuseDirectory(request.authProvider)
  refuseBadEmail(request.email)
  const { authProvider: _local, ...profile } = request
  const id = context.newID()
  const user = await inTransaction(context.database, async (transaction) => {
    await lockPeople(transaction, accountID)
    await refuseTakenEmail(transaction, { accountID, email: request.email })
    await insertInvitedUser(transaction, {
      firstName: '',
      lastName: '',
      ...profile,
      id,
      accountID,
      createdBy: userID,
      now: context.now(),
    })
    return findUser(transaction, accountID, id)
  })
  if (user === undefined) throw new RangeError(`The user ${id} was written and is not there.`)
  return user
}

export interface UserChangeRequest extends Partial<UserProfile> {
  readonly id: string
  readonly version: string
  readonly authProvider?: string
  readonly state?: UserState
  readonly isEnabled?: boolean
  readonly email?: string
  readonly labels?: readonly Label[]
  readonly checkPreconditions: (present: User) => void
}

export async function changeUser(
  context: OperationContext,
  caller: Caller,
  { id, checkPreconditions, authProvider, ...change }: UserChangeRequest,
): Promise<void> {
  const { accountID, userID } = caller
  if (change.email !== undefined) refuseBadEmail(change.email)
  await inTransaction(context.database, async (transaction) => {
    await lockPeople(transaction, accountID)
    const present = await findUser(transaction, accountID, id)
    if (present === undefined) throw missing(id)
    checkPreconditions(present)
    refuseFixed(present, authProvider)
    checkMayChange(caller, present, change)
    if (change.email !== undefined) {
      await refuseTakenEmail(transaction, { accountID, email: change.email, exceptID: id })
    }
    const now = context.now()
    const isSwitchedOn = change.isEnabled === true && !present.isEnabled
    await updateUser(transaction, {
      ...change,
      id,
      modifiedBy: userID,
      now,
      ...(isSwitchedOn ? { enabledAt: now } : {}),
    })
    if (change.isEnabled === false || change.state === 'suspended') {
      await endSessionsOfUser(transaction, { userID: id, now })
    }
    await keepAnOwner(transaction, accountID)
  })
}

export async function removeUser(
  { database }: OperationContext,
  caller: Caller,
  id: string,
): Promise<void> {
  const { accountID } = caller
  await inTransaction(database, async (transaction) => {
    await lockPeople(transaction, accountID)
    const present = await findUser(transaction, accountID, id)
    if (present === undefined) throw missing(id)
    checkRank(caller, 'manage-people', present.role)
    await deleteUser(transaction, { accountID, id })
    await keepAnOwner(transaction, accountID)
  })
}

/**
 * An active account that nobody can run would be lost: fails with `last-owner`. To be called at the
 * end of the transaction, with people locked.
 */
export async function keepAnOwner(transaction: Queries, accountID: string): Promise<void> {
  const scope = { accountID, parents: {} }
  const account = await findResource(transaction, ACCOUNTS, { scope, id: accountID })
  if (account?.state !== 'active' || (await countOwners(transaction, accountID)) > 0) return
  throw new OperationError({ code: 'last-owner', accountID })
}

/** Users themselves change what describes them, and nothing that decides what they may. */
function checkMayChange(
  caller: Caller,
  present: User,
  change: Pick<UserChangeRequest, 'state' | 'isEnabled' | 'email' | 'authID'>,
): void {
  const isOwn = caller.userID === present.id
  const isDeciding =
    (change.state !== undefined && change.state !== present.state) ||
    (change.isEnabled !== undefined && change.isEnabled !== present.isEnabled) ||
    (change.email !== undefined && change.email !== present.email) ||
    (change.authID !== undefined && change.authID !== present.authID)
  if (!isOwn || (isDeciding && !mayDo(caller, 'manage-people'))) refuseOthers(caller)
  if (!isOwn) checkRank(caller, 'manage-people', present.role)
  if (change.state === 'pending' && present.state !== 'pending') {
    const reason = 'a local user is active or suspended'
    throw new OperationError({ code: 'invalid-request', members: [{ name: 'state', reason }] })
  }
}

/** For what a role that only reaches its own user may not do to others. */
export function refuseOthers(caller: Caller): void {
  if (mayDo(caller, 'manage-people')) return
  throw new OperationError({
    code: 'not-permitted',
    permission: 'manage-people',
    role: caller.role ?? 'none',
    needed: 'admin',
  })
}

function refuseDirectory(authProvider: string | undefined): void {
  if (authProvider === undefined || authProvider === 'local') return
  throw new OperationError({ code: 'directory-not-connected', member: 'authProvider' })
}

function refuseFixed(present: User, authProvider: string | undefined): void {
  if (authProvider === undefined || authProvider === present.authProvider) return
  const members = [{ name: 'authProvider', reason: 'cannot be changed' }]
  throw new OperationError({
    code: 'fixed-value-changed',
    resource: `user ${present.email}`,
    members,
  })
}

/** `name`: the member that holds it. */
export function refuseBadEmail(email: string, name = 'email'): void {
  // What mail systems accept is wider than any pattern; this much they all demand.
  if (/^[^\s\p{Cc}@<>,;]+@[^\s\p{Cc}@<>,;]+$/u.test(email) && email.length <= 320) return
  const reason = 'must be one e-mail address'
  throw new OperationError({ code: 'invalid-request', members: [{ name, reason }] })
}

async function refuseTakenEmail(
  transaction: Queries,
  wanted: { readonly accountID: string; readonly email: string; readonly exceptID?: string },
): Promise<void> {
  if (!(await isEmailTaken(transaction, wanted))) return
  throw new OperationError({ code: 'email-taken', email: wanted.email })
}

function findUser(transaction: Queries, accountID: string, id: string) {
  return findResource(transaction, USERS, { scope: { accountID, parents: {} }, id })
}

function missing(id: string): OperationError {
  return new OperationError({ code: 'not-found', kind: 'user', id })
}
