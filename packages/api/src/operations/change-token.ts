// Tokens: made, renamed and revoked by their user, or for them by those who run the account.
import { randomBytes } from 'node:crypto'
import {
  findResource,
  insertGivenToken,
  inTransaction,
  lockPeople,
  lockToken,
  type Queries,
  revokeToken,
  TOKENS,
  type Token,
  USERS,
  updateToken,
} from '@holdfast/db'
import type { Label } from '@holdfast/domain'
import { type Caller, hashToken } from './caller.ts'
import { refuseOthers } from './change-user.ts'
import type { OperationContext } from './operation-context.ts'
import { OperationError } from './operation-failure.ts'
import { checkRank } from './permissions.ts'
import { refuseBoundKey } from './refuse-bound-key.ts'

export interface TokenRequest {
  readonly userID: string
  readonly version: string
  readonly name: string
  readonly labels: readonly Label[]
}

/** The secret is in this answer and nowhere else. */
export type NewToken = Token & { readonly secret: string }

export async function createToken(
  context: OperationContext,
  caller: Caller,
  { userID, ...request }: TokenRequest,
): Promise<NewToken> {
  refuseBoundKey(caller)
  const { accountID } = caller
  const secret = randomBytes(32).toString('base64')
  const id = context.newID()
  const token = await inTransaction(context.database, async (transaction) => {
    await lockPeople(transaction, accountID)
    await checkMayActFor(transaction, caller, userID)
    await insertGivenToken(transaction, {
      ...request,
      id,
      accountID,
      userID,
      secretHash: hashToken(secret),
      createdBy: caller.userID,
      now: context.now(),
    })
    return findToken(transaction, accountID, id)
  })
  if (token === undefined) throw new RangeError(`The token ${id} was written and is not there.`)
  return { ...token, secret }
}

export interface TokenChangeRequest {
  readonly id: string
  readonly version: string
  readonly name?: string
  readonly labels?: readonly Label[]
  /** Never changes; another one than the present is refused. */
  readonly userID?: string
  readonly checkPreconditions: (present: Token) => void
}

export async function changeToken(
  context: OperationContext,
  caller: Caller,
  { id, checkPreconditions, userID, ...change }: TokenChangeRequest,
): Promise<void> {
  await inTransaction(context.database, async (transaction) => {
    await lockToken(transaction, id)
    const present = await findToken(transaction, caller.accountID, id)
    if (present === undefined) throw missing(id)
    checkPreconditions(present)
    if (userID !== undefined && userID !== present.userID) {
      const members = [{ name: 'userID', reason: 'cannot be changed' }]
      const resource = `token ${present.name}`
      throw new OperationError({ code: 'fixed-value-changed', resource, members })
    }
    await checkMayActFor(transaction, caller, present.userID)
    await updateToken(transaction, {
      ...change,
      id,
      modifiedBy: caller.userID,
      now: context.now(),
    })
  })
}

export async function removeToken(
  { database, now }: OperationContext,
  caller: Caller,
  id: string,
): Promise<void> {
  const { accountID } = caller
  await inTransaction(database, async (transaction) => {
    await lockToken(transaction, id)
    const present = await findToken(transaction, accountID, id)
    if (present === undefined) throw missing(id)
    await checkMayActFor(transaction, caller, present.userID)
    await revokeToken(transaction, { accountID, id, now: now() })
  })
}

/** Whoever has a token of somebody can do what they can. */
async function checkMayActFor(transaction: Queries, caller: Caller, userID: string): Promise<void> {
  if (caller.apiKeyID === undefined && userID === caller.userID) return
  refuseOthers(caller)
  const scope = { accountID: caller.accountID, parents: {} }
  const user = await findResource(transaction, USERS, { scope, id: userID })
  if (user === undefined) throw new OperationError({ code: 'not-found', kind: 'user', id: userID })
  checkRank(caller, 'manage-people', user.role)
}

function findToken(transaction: Queries, accountID: string, id: string) {
  return findResource(transaction, TOKENS, { scope: { accountID, parents: {} }, id })
}

function missing(id: string): OperationError {
  return new OperationError({ code: 'not-found', kind: 'token', id })
}
