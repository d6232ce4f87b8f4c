// Chooses the bucket of a new copy, or checks the one that was named.
import { listBucketChoices, type Queries } from '@holdfast/db'
import { selectBucket } from '@holdfast/domain'
import type { Caller } from './caller.ts'
import { OperationError } from './operation-failure.ts'
import { requireBucket } from './require-bucket.ts'

export interface BucketWish {
  readonly accountID: string
  /** Who names the bucket; it must be one that they see. */
  readonly caller?: Caller
  readonly app: { readonly id: string; readonly clusterID: string }
  readonly bucketID?: string
  /** A backup may go to any bucket, a snapshot's description only to a default one. */
  readonly mayUseAny: boolean
}

/** Fails with `bucket-not-found`, `bucket-not-available` or `no-bucket-available`. */
export async function chooseBucket(transaction: Queries, wish: BucketWish): Promise<string> {
  const { accountID, app, bucketID, caller } = wish
  const choices = await listBucketChoices(transaction, { accountID, clusterID: app.clusterID })
  if (bucketID !== undefined) {
    const named = choices.buckets.find((bucket) => bucket.id === bucketID)
    if (named === undefined) throw new OperationError({ code: 'bucket-not-found', bucketID })
    // Before anything is said of it: one that the caller does not see is not there.
    await requireBucket(transaction, { accountID, bucketID, ...(caller && { caller }) })
    if (named.state === 'available') return bucketID
    throw new OperationError({ code: 'bucket-not-available', bucketID, state: named.state })
  }
  const selected = selectBucket({ ...choices, mayUseAny: wish.mayUseAny })
  if (selected === undefined) {
    throw new OperationError({ code: 'no-bucket-available', appID: app.id })
  }
  await requireBucket(transaction, { accountID, bucketID: selected })
  return selected
}
