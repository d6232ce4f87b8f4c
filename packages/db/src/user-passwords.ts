// Passwords of users, as far as credentials set them: the hash is kept with the user.
import { ROLES, type Role } from './principals.ts'
import type { Queries } from './transaction.ts'

export interface PasswordOwner {
  readonly authProvider: string
  /** The highest one that a binding gives. */
  readonly role: Role | undefined
  readonly passwordHash: string | undefined
}

interface PasswordOwnerKey {
  readonly accountID: string
  readonly userID: string
}

/** Undefined when the account has no such user. */
export function findPasswordOwner(
  queries: Queries,
  key: PasswordOwnerKey,
): Promise<PasswordOwner | undefined> {
  return readPasswordOwner(queries, key, { isHeld: false })
}

/** Holds the user's row until the transaction ends. */
export function lockPasswordOwner(
  queries: Queries,
  key: PasswordOwnerKey,
): Promise<PasswordOwner | undefined> {
  return readPasswordOwner(queries, key, { isHeld: true })
}

async function readPasswordOwner(
  { queries }: Queries,
  { accountID, userID }: PasswordOwnerKey,
  { isHeld }: { readonly isHeld: boolean },
): Promise<PasswordOwner | undefined> {
  let query = queries
    .selectFrom('users')
    .select(['auth_provider', 'password_hash'])
    .where('id', '=', userID)
    .where('account_id', '=', accountID)
  if (isHeld) query = query.forNoKeyUpdate()
  const row = await query.executeTakeFirst()
  if (row === undefined) return undefined
  const bindings = await queries
    .selectFrom('role_bindings')
    .select('role')
    .where('user_id', '=', userID)
    .where('account_id', '=', accountID)
    .execute()
  return {
    authProvider: row.auth_provider,
    role: ROLES.findLast((role) => bindings.some((binding) => binding.role === role)),
    passwordHash: row.password_hash ?? undefined,
  }
}

export interface NewPassword {
  readonly userID: string
  readonly passwordHash: string
  /** The user must choose another one at the next log-in. */
  readonly isChangeNeeded: boolean
  readonly now: Date
}

/** Every session of the user ends: whoever logged in with the old password is out. */
export async function setUserPassword(
  { queries }: Queries,
  { userID, passwordHash, isChangeNeeded, now }: NewPassword,
): Promise<void> {
  await queries
    .updateTable('users')
    .set({ password_hash: passwordHash, is_password_change_needed: isChangeNeeded })
    .where('id', '=', userID)
    .execute()
  await queries
    .updateTable('sessions')
    .set({ ended_at: now })
    .where('user_id', '=', userID)
    .where('ended_at', 'is', null)
    .execute()
}
