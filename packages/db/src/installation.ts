// The installation's own row: its id and the fingerprint of the key that seals its secrets.
import type { Database } from './database.ts'
import { isSealedOnlyWith } from './sealed-columns.ts'
import type { Sealing } from './sealing.ts'

export interface Installation {
  readonly id: string
  readonly masterKeyFingerprint: string
}

export async function findInstallation({ queries }: Database): Promise<Installation | undefined> {
  const row = await queries
    .selectFrom('installation')
    .select(['id', 'master_key_fingerprint'])
    .executeTakeFirst()
  return row && { id: row.id, masterKeyFingerprint: row.master_key_fingerprint }
}

/**
 * Writes the row unless there is one, and answers what is there: of two services that start
 * together on a new database, both get the first one's.
 */
export async function registerInstallation(
  database: Database,
  { id, masterKeyFingerprint }: Installation,
): Promise<Installation> {
  await database.queries
    .insertInto('installation')
    .values({ id, master_key_fingerprint: masterKeyFingerprint })
    .onConflict((conflict) => conflict.column('singleton').doNothing())
    .execute()
  return (await findInstallation(database)) ?? { id, masterKeyFingerprint }
}

/**
 * Makes the key that seals now the installation's, unless a value was sealed with a key that does
 * not open any more: false then.
 */
export async function replaceMasterKeyFingerprint(
  { queries }: Database,
  { keyID, keyIDs }: Pick<Sealing, 'keyID' | 'keyIDs'>,
): Promise<boolean> {
  const updated = await queries
    .updateTable('installation')
    .set({ master_key_fingerprint: keyID })
    .where(isSealedOnlyWith(keyIDs))
    .executeTakeFirst()
  return updated.numUpdatedRows > 0n
}
