// The credentials that were made with an integration, and go with it.
import { type RawBuilder, type SqlBool, sql } from 'kysely'
import { hexIDOf } from './container-ids.ts'
import type { Queries } from './transaction.ts'

/** Its value is the id of the integration. */
const OWNER_LABEL = 'holdfast.io/integration'

export function integrationLabel(bucketID: string) {
  return { name: OWNER_LABEL, value: hexIDOf(bucketID) }
}

/**
 * Whether a bucket beside this one is opened with the credential, or something is still to be
 * removed from one that was.
 */
export async function isCredentialNeeded(
  { queries }: Queries,
  {
    credentialID,
    exceptBucketID,
  }: { readonly credentialID: string; readonly exceptBucketID: string },
): Promise<boolean> {
  const { rows } = await sql<{ isNeeded: boolean }>`
    select exists (select 1 from buckets as opened where opened.credential_id = ${credentialID}
      and ((opened.deleted_at is null and opened.id <> ${exceptBucketID})
        or ${isToBeEmptied('opened')})) as "isNeeded"
  `.execute(queries)
  return rows[0]?.isNeeded === true
}

/** Those that stayed for what was still to be removed when their integration was deleted. */
export async function removeUnneededCredentials({ queries }: Queries): Promise<void> {
  await sql`
    delete from credentials using buckets as gone
    where gone.credential_id = credentials.id and gone.deleted_at is not null
      and credentials.labels @> jsonb_build_array(jsonb_build_object('name', ${OWNER_LABEL}::text,
        'value', left(replace(gone.id::text, '-', ''), 24)))
      and not exists (select 1 from buckets as opened where opened.credential_id = credentials.id
        and (opened.deleted_at is null or ${isToBeEmptied('opened')}))
  `.execute(queries)
}

/** The row `bucket` is deleted, and the data of a deleted backup is still in it. */
function isToBeEmptied(bucket: string): RawBuilder<SqlBool> {
  return sql`(${sql.ref(`${bucket}.deleted_at`)} is not null and exists (
    select 1 from backups where backups.bucket_id = ${sql.ref(`${bucket}.id`)} and not exists (
      select 1 from tasks where tasks.resource_id = backups.id
        and tasks.kind = 'delete-backup' and tasks.state = 'completed')))`
}
