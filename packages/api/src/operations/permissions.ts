// Who may do what: the one place that says which role a deed needs.
import { type Grant, ROLES, type Role } from '@holdfast/db'
import { reachOf } from '@holdfast/domain'
import type { Caller } from './caller.ts'
import { checkGiven, refuseHigherRole } from './check-capability.ts'
import { OperationError } from './operation-failure.ts'
import type { Permission } from './permission.ts'

const LOWEST_ROLE: Readonly<Record<Permission, Role>> = {
  read: 'viewer',
  'manage-apps': 'member',
  'make-copies': 'member',
  'manage-schedules': 'member',
  'cancel-tasks': 'member',
  'manage-hooks': 'member',
  // Hooks of any app may run one, so it is the whole account's.
  'manage-hook-sources': 'member',
  // Which they are is decided by whose they are.
  'mark-notifications-read': 'viewer',
  'manage-webhooks': 'admin',
  'manage-settings': 'admin',
  'manage-clouds': 'member',
  'read-metrics': 'viewer',
  // How busy the whole service is concerns those who run it.
  'read-service-metrics': 'owner',
  'manage-credentials': 'admin',
  'manage-buckets': 'admin',
  // Whoever names a directory has the service write there.
  'manage-local-buckets': 'owner',
  // An account of their own, and whose it is, is the owners' affair.
  'manage-accounts': 'owner',
  'manage-people': 'admin',
  'manage-own-user': 'member',
  'manage-own-tokens': 'member',
  // The password opens every backup of the account.
  'reveal-repository': 'admin',
}

/**
 * What is done to apps and what belongs to them, or to oneself: a role whose reach is limited is
 * enough, as far as it reaches. Everything else belongs to the account, and needs `*`.
 */
const WITHIN_REACH: ReadonlySet<Permission> = new Set([
  'read',
  'manage-apps',
  'make-copies',
  'manage-schedules',
  'cancel-tasks',
  'manage-hooks',
  'mark-notifications-read',
  'manage-own-user',
  'manage-own-tokens',
])

/** Fails with `not-permitted`; answers the caller with the reach that they have for the deed. */
export function checkPermission(caller: Caller, permission: Permission): Caller {
  const needed = LOWEST_ROLE[permission]
  const grants = grantsFor(caller, permission)
  if (grants.length > 0) {
    return { ...caller, actsOn: reachOf(grants.flatMap(({ constraints }) => constraints)) }
  }
  const role = caller.role ?? 'none'
  const isRoleEnough = caller.role !== undefined && rankOf(caller.role) >= rankOf(needed)
  throw new OperationError({
    code: 'not-permitted',
    permission,
    role,
    needed,
    ...(isRoleEnough ? { isOutOfReach: true } : {}),
  })
}

/** For a thing that the caller sees, and where a role that includes the deed does not reach. */
export function outOfReach(caller: Caller, permission: Permission): OperationError {
  return new OperationError({
    code: 'not-permitted',
    permission,
    role: caller.role ?? 'none',
    needed: LOWEST_ROLE[permission],
    isOutOfReach: true,
  })
}

export function mayDo(caller: Caller, permission: Permission): boolean {
  return grantsFor(caller, permission).length > 0
}

function grantsFor({ grants }: Caller, permission: Permission): readonly Grant[] {
  const needed = rankOf(LOWEST_ROLE[permission])
  return grants.filter(
    ({ role, constraints }) =>
      rankOf(role) >= needed && (WITHIN_REACH.has(permission) || reachOf(constraints).isUnlimited),
  )
}

/**
 * Nobody gives, takes or takes over what is more than they have: fails with `not-permitted` when
 * the caller's own role in the whole account is below `role`. Of an API key the same is asked in the
 * container dialect, too, where its role may have less than users have: `role-above-caller`,
 * `capabilities-not-held`.
 */
export function checkRank(caller: Caller, permission: Permission, role: Role | undefined): void {
  if (role === undefined) return
  const own = grantsFor(caller, permission).some((grant) => rankOf(grant.role) >= rankOf(role))
  if (own) {
    checkHubRole(caller, role)
    return
  }
  const present = caller.role ?? 'none'
  throw new OperationError({ code: 'not-permitted', permission, role: present, needed: role })
}

function checkHubRole(caller: Caller, role: Role): void {
  const { hubRolesOfUsers } = caller
  if (hubRolesOfUsers === undefined) return
  const held = hubRolesOfUsers[role]
  if (held === undefined) return
  refuseHigherRole(caller, { identifier: role, rank: held.rank })
  checkGiven(caller, held.capabilities)
}

/** Below all of them: the API key that has no role. */
function rankOf(role: Role | undefined): number {
  return role === undefined ? -1 : ROLES.indexOf(role)
}
