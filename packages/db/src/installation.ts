// The installation's own row: its id and the fingerprint of the key that seals its secrets.
import { sql } from 'kysely'
import type { Database } from './database.ts'

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

/** Sealed values of any table: with one of them, the key cannot be replaced. */
export async function countSealedValues({ queries }: Database): Promise<number> {
  const answer = await sql<{ count: number }>`
    select count(sealed_secrets) + count(sealed_polynomial) as count from repositories
  `.execute(queries)
  return answer.rows[0]?.count ?? 0
}

/** Changes the fingerprint while nothing is sealed; false when a sealed value was faster. */
export async function replaceMasterKeyFingerprint(
  { queries }: Database,
  masterKeyFingerprint: string,
): Promise<boolean> {
  const updated = await queries
    .updateTable('installation')
    .set({ master_key_fingerprint: masterKeyFingerprint })
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('repositories')
            .select('id')
            .where((where) =>
              where.or([
                where('sealed_secrets', 'is not', null),
                where('sealed_polynomial', 'is not', null),
              ]),
            ),
        ),
      ),
    )
    .executeTakeFirst()
  return updated.numUpdatedRows > 0n
}
