// When buckets are verified, and what came of it.
import { sql } from 'kysely'
import type { StateDetail } from './state-detail.ts'
import type { Queries } from './transaction.ts'

/** The condition that is told while a bucket cannot be used. */
export const BUCKET_UNAVAILABLE = 'holdfast.bucket.unavailable'

export interface ClaimedBucket {
  readonly id: string
  readonly accountID: string
  readonly name: string
  readonly provider: string
  readonly prefix: string
  readonly state: string
  readonly placeRevision: number
}

/**
 * Takes buckets whose verification is due; until `leaseUntil` nobody else does. What a dead
 * process took is due again then.
 */
export async function claimBucketsToVerify(
  { queries }: Queries,
  {
    now,
    leaseUntil,
    limit,
  }: { readonly now: Date; readonly leaseUntil: Date; readonly limit: number },
): Promise<ClaimedBucket[]> {
  const { rows } = await sql<ClaimedBucket>`
    update buckets set verify_after = ${leaseUntil}
    where id in (
      select id from buckets where verify_after <= ${now} and deleted_at is null
      order by verify_after limit ${limit} for update skip locked
    )
    returning id, account_id as "accountID", name, provider, prefix, state,
      place_revision as "placeRevision"
  `.execute(queries)
  return rows
}

/** The same for one, whether it is due or not; undefined when there is none. */
export async function claimBucketToVerify(
  { queries }: Queries,
  { bucketID, leaseUntil }: { readonly bucketID: string; readonly leaseUntil: Date },
): Promise<ClaimedBucket | undefined> {
  return await queries
    .updateTable('buckets')
    .set({ verify_after: leaseUntil })
    .where('id', '=', bucketID)
    .where('deleted_at', 'is', null)
    .returning([
      'id',
      'account_id as accountID',
      'name',
      'provider',
      'prefix',
      'state',
      'place_revision as placeRevision',
    ])
    .executeTakeFirst()
}

export interface BucketVerdict {
  readonly id: string
  /** What was verified: a bucket that was changed since is verified anew. */
  readonly placeRevision: number
  readonly state: 'available' | 'failed' | 'removed' | 'unknown'
  readonly stateDetails: readonly StateDetail[]
  readonly verifyAfter: Date
  readonly now: Date
}

/** The state before; undefined when the bucket was changed or deleted, and nothing was written. */
export async function recordBucketVerdict(
  { queries }: Queries,
  verdict: BucketVerdict,
): Promise<string | undefined> {
  const present = await queries
    .selectFrom('buckets')
    .select(['state', 'place_revision'])
    .where('id', '=', verdict.id)
    .where('deleted_at', 'is', null)
    .forNoKeyUpdate()
    .executeTakeFirst()
  if (present === undefined || present.place_revision !== verdict.placeRevision) return undefined
  await queries
    .updateTable('buckets')
    .set({
      state: verdict.state,
      state_details: JSON.stringify(verdict.stateDetails),
      verified_at: verdict.now,
      verify_after: verdict.verifyAfter,
      // Entity tags follow what is shown; looking again and finding the same changes nothing.
      ...(present.state === verdict.state ? {} : { modified_at: verdict.now }),
    })
    .where('id', '=', verdict.id)
    .execute()
  return present.state
}

/** Tries again later; its state stays. */
export async function postponeVerification(
  { queries }: Queries,
  { id, verifyAfter }: { readonly id: string; readonly verifyAfter: Date },
): Promise<void> {
  await queries
    .updateTable('buckets')
    .set({ verify_after: verifyAfter })
    .where('id', '=', id)
    .execute()
}

/** Of all buckets that this credential opens. */
export async function requestVerificationOf(
  { queries }: Queries,
  { credentialID, now }: { readonly credentialID: string; readonly now: Date },
): Promise<void> {
  await queries
    .updateTable('buckets')
    .set({ verify_after: now, place_revision: sql<number>`place_revision + 1` })
    .where('credential_id', '=', credentialID)
    .execute()
}
