// Which account a request is about: the caller's own, or one that they are setting up.
import { isSetUpBy } from '@holdfast/db'
import { defaultRole, UNLIMITED_REACH } from '@holdfast/domain'
import type { Caller } from './caller.ts'
import type { OperationContext } from './operation-context.ts'
import { OperationError } from './operation-failure.ts'
import type { Permission } from './permission.ts'
import { mayDo } from './permissions.ts'

/** What may be changed before an account is active: its people, what they may, and itself. */
const BEFORE_ACTIVE: ReadonlySet<Permission> = new Set([
  'read',
  'manage-accounts',
  'manage-people',
  'manage-own-user',
  'manage-own-tokens',
  'manage-credentials',
])

/**
 * Answers the caller as they act there. Fails with `not-found` for another account, and with
 * `account-not-active`.
 */
export async function enterAccount(
  { database }: Pick<OperationContext, 'database'>,
  caller: Caller,
  { accountID, permission }: { readonly accountID: string; readonly permission: Permission },
): Promise<Caller> {
  if (accountID === caller.accountID) return caller
  const maker = caller.accountID
  const isMaker =
    mayDo(caller, 'manage-accounts') && (await isSetUpBy(database, { id: accountID, maker }))
  if (!isMaker) throw new OperationError({ code: 'not-found', kind: 'account', id: accountID })
  if (!BEFORE_ACTIVE.has(permission)) {
    throw new OperationError({ code: 'account-not-active', accountID, state: 'pending' })
  }
  return {
    ...caller,
    accountID,
    role: 'owner',
    grants: [{ role: 'owner', constraints: ['*'], hubRole: defaultRole('owner') }],
    sees: UNLIMITED_REACH,
    actsOn: UNLIMITED_REACH,
  }
}
