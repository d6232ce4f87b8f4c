// Who may do what: the one place that says which role a deed needs.
import { ROLES, type Role } from '@holdfast/db'
import type { Caller } from './caller.ts'
import { OperationError } from './operation-failure.ts'
import type { Permission } from './permission.ts'

const LOWEST_ROLE: Readonly<Record<Permission, Role>> = {
  read: 'viewer',
  'manage-apps': 'member',
  'make-copies': 'member',
  'cancel-tasks': 'member',
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
  // The password opens every backup of the account.
  'reveal-repository': 'admin',
}

export function checkPermission(caller: Caller, permission: Permission): void {
  const needed = LOWEST_ROLE[permission]
  if (caller.role !== undefined && rankOf(caller.role) >= rankOf(needed)) return
  throw new OperationError({
    code: 'not-permitted',
    permission,
    role: caller.role ?? 'none',
    needed,
  })
}

function rankOf(role: Role): number {
  return ROLES.indexOf(role)
}
