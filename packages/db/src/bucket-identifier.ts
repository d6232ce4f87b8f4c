// By which name a bucket is known as an integration: made from its own, unique in its account.
import { slugOf } from '@holdfast/domain'
import { hexIDOf } from './container-ids.ts'
import type { Queries } from './transaction.ts'

/** The slug of its name, or that with its id where another bucket has it. */
export async function freeBucketIdentifier(
  { queries }: Queries,
  bucket: { readonly id: string; readonly accountID: string; readonly name: string },
): Promise<string> {
  const slug = slugOf(bucket.name) || 'bucket'
  const taken = await queries
    .selectFrom('buckets')
    .select('id')
    .where('account_id', '=', bucket.accountID)
    .where('identifier', '=', slug)
    .where('deleted_at', 'is', null)
    .executeTakeFirst()
  return taken === undefined ? slug : `${slug}-${hexIDOf(bucket.id)}`
}

/** Undefined when no bucket of the account that is not deleted has it. */
export async function findBucketIDByIdentifier(
  { queries }: Queries,
  { accountID, identifier }: { readonly accountID: string; readonly identifier: string },
): Promise<string | undefined> {
  const row = await queries
    .selectFrom('buckets')
    .select('id')
    .where('account_id', '=', accountID)
    .where('identifier', '=', identifier)
    .where('deleted_at', 'is', null)
    .executeTakeFirst()
  return row?.id
}
