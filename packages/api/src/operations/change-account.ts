// Accounts: made by owners of another one, set up, and from then on run by their own owners.
//
// pending → active → deletePending. A pending account is set up by owners of the account whose
// owner made it: its users, their roles and passwords. Once it is active it is apart from every
// other. Nothing leads back from deletePending.
import {
  ACCOUNTS,
  type Account,
  type AccountContact,
  type AccountState,
  countOwners,
  endSessionsOfAccount,
  findResource,
  insertGivenRole,
  insertInvitedUser,
  insertPendingAccount,
  inTransaction,
  isEmailTaken,
  lockPeople,
  type Queries,
  updateAccount,
} from '@holdfast/db'
import type { Label } from '@holdfast/domain'
import type { Caller } from './caller.ts'
import { refuseBadEmail } from './change-user.ts'
import type { OperationContext } from './operation-context.ts'
import { OperationError } from './operation-failure.ts'

export interface AccountRequest {
  readonly version: string
  readonly name: string
  readonly labels: readonly Label[]
}

export async function createAccount(
  context: OperationContext,
  { accountID, userID }: Caller,
  request: AccountRequest,
): Promise<Account> {
  const id = context.newID()
  await insertPendingAccount(context.database, {
    ...request,
    id,
    madeByAccountID: accountID,
    createdBy: userID,
    now: context.now(),
  })
  return await readAccount(context.database, id)
}

export interface AccountChangeRequest {
  readonly id: string
  readonly version: string
  readonly name?: string
  readonly state?: AccountState
  readonly isEnabled?: boolean
  readonly accountContact?: AccountContact
  readonly labels?: readonly Label[]
  readonly checkPreconditions: (present: Account) => void
}

export async function changeAccount(
  context: OperationContext,
  { userID }: Caller,
  { id, checkPreconditions, ...change }: AccountChangeRequest,
): Promise<void> {
  const { accountContact } = change
  if (accountContact !== undefined) refuseBadEmail(accountContact.email, 'accountContact.email')
  await inTransaction(context.database, async (transaction) => {
    await lockPeople(transaction, id)
    const present = await readAccount(transaction, id)
    checkPreconditions(present)
    checkTransition(present, change.state)
    const now = context.now()
    const isSwitchedOn = change.isEnabled === true && !present.isEnabled
    await updateAccount(transaction, {
      ...change,
      id,
      modifiedBy: userID,
      now,
      ...(isSwitchedOn ? { enabledAt: now } : {}),
    })
    if (change.isEnabled === false) await endSessionsOfAccount(transaction, { accountID: id, now })
    // As soon as the contact is known, so that the owner can be given a password before the account
    // is active and on its own.
    const isActivated = change.state === 'active' && present.state === 'pending'
    if (isActivated || (present.state === 'pending' && change.accountContact !== undefined)) {
      const contact = change.accountContact ?? present.accountContact
      await requireOwner(transaction, { context, accountID: id, contact, madeBy: userID })
    }
  })
}

/** Nobody gets in from now on. Its data is kept until it is removed by hand. */
export async function removeAccount(
  { database, now }: OperationContext,
  { userID }: Caller,
  id: string,
): Promise<void> {
  await inTransaction(database, async (transaction) => {
    await lockPeople(transaction, id)
    const { version } = await readAccount(transaction, id)
    const change = { id, version, modifiedBy: userID, now: now() }
    await updateAccount(transaction, { ...change, state: 'deletePending' })
    await endSessionsOfAccount(transaction, { accountID: id, now: now() })
  })
}

function checkTransition(present: Account, state: AccountState | undefined): void {
  if (state === undefined || state === present.state) return
  if (present.state === 'pending' && state === 'active') return
  const reason =
    state === 'deletePending' ? 'is reached with DELETE' : `is not reached from ${present.state}`
  throw new OperationError({ code: 'invalid-request', members: [{ name: 'state', reason }] })
}

/** An account begins with an owner: one that was set up, or the one that its contact says. */
async function requireOwner(
  transaction: Queries,
  owner: {
    readonly context: OperationContext
    readonly accountID: string
    readonly contact: AccountContact | undefined
    readonly madeBy: string
  },
): Promise<void> {
  const { context, accountID, contact, madeBy } = owner
  if ((await countOwners(transaction, accountID)) > 0) return
  if (contact === undefined) {
    const reason = 'is needed, or an owner among the users, before the account becomes active'
    throw new OperationError({
      code: 'invalid-request',
      members: [{ name: 'accountContact', reason }],
    })
  }
  const { email } = contact
  if (await isEmailTaken(transaction, { accountID, email })) {
    throw new OperationError({ code: 'email-taken', email })
  }
  const made = { accountID, labels: [], createdBy: madeBy, now: context.now() }
  const userID = context.newID()
  const { firstName, lastName, companyName, phone, postalAddress } = contact
  await insertInvitedUser(transaction, {
    ...made,
    id: userID,
    version: '1.2',
    email,
    firstName,
    lastName,
    ...(companyName === undefined ? {} : { companyName }),
    ...(phone === undefined ? {} : { phone }),
    postalAddress,
  })
  const role = { role: 'owner', roleConstraints: ['*'], version: '1.1' } as const
  await insertGivenRole(transaction, { ...made, ...role, id: context.newID(), userID })
}

async function readAccount(database: Queries, id: string): Promise<Account> {
  const account = await findResource(database, ACCOUNTS, {
    scope: { accountID: id, parents: {} },
    id,
  })
  if (account === undefined) throw new OperationError({ code: 'not-found', kind: 'account', id })
  return account
}
