// The roles that every account has in the container dialect from its beginning.
import { DEFAULT_ROLES } from '@holdfast/domain'
import { sql } from 'kysely'
import type { Queries } from './transaction.ts'

export async function insertDefaultRoles(
  { queries }: Queries,
  { accountID, now }: { readonly accountID: string; readonly now: Date },
): Promise<void> {
  const rows = DEFAULT_ROLES.map(({ identifier, name, rank, isRoot, capabilities }) => ({
    id: sql<string>`gen_random_uuid()`,
    account_id: accountID,
    identifier,
    name,
    rank,
    is_root: isRoot,
    default_identifier: identifier,
    has_all_capabilities: capabilities.all,
    capabilities: JSON.stringify(capabilities.specific),
    created_at: now,
    modified_at: now,
  }))
  await queries.insertInto('hub_roles').values(rows).execute()
}
