// What an installation begins with: an account, its owner, and where it runs and keeps backups.
import { slugOf } from '@holdfast/domain'
import { sql } from 'kysely'
import { insertAccount, insertRoleBinding, insertToken, insertUser } from './principals.ts'
import type { Queries } from './transaction.ts'
import { inTransaction } from './transaction.ts'

export interface FirstOwner {
  readonly accountID: string
  readonly userID: string
}

export interface BucketRef {
  readonly accountID: string
  readonly bucketID: string
}

export interface FirstStart {
  readonly now: Date
  readonly account: { readonly id: string; readonly name: string }
  readonly user: { readonly id: string; readonly email: string }
  readonly roleBindingID: string
  readonly token: NewOwnerToken
  readonly cloud: { readonly id: string; readonly name: string }
  readonly cluster: { readonly id: string; readonly name: string; readonly version: string }
  readonly storageClassID: string
  readonly bucket: { readonly id: string; readonly name: string; readonly path: string }
}

export interface NewOwnerToken {
  readonly id: string
  readonly name: string
  readonly secretHash: Uint8Array
}

/**
 * Writes all of it, or nothing when there is an account already; true when it was written now.
 * `beforeCommit` runs only when it is made now: what it does outside of the database (the owner's
 * token goes into a file) must hold before anybody can rely on the rows.
 */
export function recordFirstStart(
  database: Queries,
  first: FirstStart,
  beforeCommit: () => Promise<void>,
): Promise<boolean> {
  return inTransaction(database, async (transaction) => {
    // Of two services that start together on a new database, one makes the owner.
    await sql`select pg_advisory_xact_lock(hashtext('holdfast first start'))`.execute(
      transaction.queries,
    )
    const found = await transaction.queries.selectFrom('accounts').select('id').executeTakeFirst()
    if (found !== undefined) return false
    await insertPrincipals(transaction, first)
    await insertTopology(transaction, first)
    await beforeCommit()
    return true
  })
}

/** Undefined when nobody is owner any more. */
export async function findFirstOwner({ queries }: Queries): Promise<FirstOwner | undefined> {
  const row = await queries
    .selectFrom('role_bindings')
    .select(['account_id', 'user_id'])
    .where('role', '=', 'owner')
    .orderBy('created_at')
    .executeTakeFirst()
  return row && { accountID: row.account_id, userID: row.user_id }
}

/** The oldest local bucket; undefined when there is none any more. */
export async function findFirstLocalBucket({ queries }: Queries): Promise<BucketRef | undefined> {
  const row = await queries
    .selectFrom('buckets')
    .select(['account_id', 'id'])
    .where('provider', '=', 'local')
    .where('deleted_at', 'is', null)
    .orderBy('created_at')
    .executeTakeFirst()
  return row && { accountID: row.account_id, bucketID: row.id }
}

async function insertPrincipals(
  queries: Queries,
  { account, user, roleBindingID, token, now }: FirstStart,
): Promise<void> {
  const owner = { accountID: account.id, userID: user.id, now }
  const named = { email: user.email, firstName: 'Holdfast', lastName: 'Owner' }
  await insertAccount(queries, { ...account, now })
  await insertUser(queries, { id: user.id, accountID: account.id, ...named, now })
  await insertRoleBinding(queries, { id: roleBindingID, ...owner, role: 'owner' })
  await insertToken(queries, { ...token, ...owner })
}

async function insertTopology(
  { queries }: Queries,
  { account, cloud, cluster, storageClassID, bucket, now }: FirstStart,
): Promise<void> {
  const common = { account_id: account.id, created_at: now, modified_at: now }
  await queries
    .insertInto('clouds')
    .values({
      ...common,
      id: cloud.id,
      name: cloud.name,
      cloud_type: 'private',
      default_bucket_id: bucket.id,
    })
    .execute()
  await queries
    .insertInto('clusters')
    .values({
      ...common,
      id: cluster.id,
      cloud_id: cloud.id,
      name: cluster.name,
      cluster_type: 'host',
      cluster_version: cluster.version,
      managed_at: now,
      default_storage_class_id: storageClassID,
    })
    .execute()
  await queries
    .insertInto('storage_classes')
    .values({
      ...common,
      id: storageClassID,
      cluster_id: cluster.id,
      name: 'directory',
      provisioner: 'holdfast.host',
      is_default: true,
    })
    .execute()
  await queries
    .insertInto('buckets')
    .values({
      ...common,
      id: bucket.id,
      name: bucket.name,
      identifier: slugOf(bucket.name),
      provider: 'local',
      bucket_parameters: JSON.stringify({ local: { path: bucket.path } }),
    })
    .execute()
}
