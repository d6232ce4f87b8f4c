// The password of a local user, given as a credential of type `passwordHash`.
import { findPasswordOwner, type KeyStore, type PasswordOwner, type Queries } from '@holdfast/db'
import type { Caller } from './caller.ts'
import { readPasswordEntries } from './key-store-rules.ts'
import { type InvalidMember, OperationError } from './operation-failure.ts'
import { hashPassword, passwordFault, verifyPassword } from './passwords.ts'
import { checkRank } from './permissions.ts'
import { refuseBoundKey } from './refuse-bound-key.ts'

export interface PreparedPassword {
  readonly userID: string
  readonly passwordHash: string
  readonly isChangeNeeded: boolean
}

/** Checks and hashes it. Fails with `same-password`, `not-permitted` or `invalid-request`. */
export async function preparePassword(
  database: Queries,
  caller: Caller,
  { userID, keyStore }: { readonly userID: string; readonly keyStore: KeyStore },
): Promise<PreparedPassword> {
  refuseBoundKey(caller)
  const entries = readPasswordEntries(keyStore)
  if ('faults' in entries) throw invalid(entries.faults)
  const { password, isChangeNeeded } = entries
  const reason = passwordFault(password)
  if (reason !== undefined) throw invalid([{ name: 'keyStore.cleartext', reason }])
  const user = await findPasswordOwner(database, { accountID: caller.accountID, userID })
  const { passwordHash: presentHash } = checkPasswordOwner(caller, user)
  if (presentHash !== undefined && (await verifyPassword(password, presentHash))) {
    throw new OperationError({ code: 'same-password', userID })
  }
  return { userID, passwordHash: await hashPassword(password), isChangeNeeded }
}

/**
 * Whoever sets a password can log in with it: nobody gets more than they have that way. Fails with
 * `invalid-request` when there is no such local user, and with `not-permitted`.
 */
export function checkPasswordOwner(caller: Caller, user: PasswordOwner | undefined): PasswordOwner {
  if (user === undefined || user.authProvider !== 'local') {
    const reason = 'must be the id of a local user of the account'
    throw invalid([{ name: 'name', reason }])
  }
  checkRank(caller, 'manage-credentials', user.role)
  return user
}

function invalid(members: readonly InvalidMember[]): OperationError {
  return new OperationError({ code: 'invalid-request', members })
}
