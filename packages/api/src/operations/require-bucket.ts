// Checks a bucket that a request names, in the transaction that writes the reference to it.
import { BUCKETS, findResource, holdBucket, type Queries } from '@holdfast/db'
import { type Caller, viewerOf } from './caller.ts'
import { OperationError } from './operation-failure.ts'

/**
 * Fails with `bucket-not-found`. The bucket is not deleted before the transaction has ended; from
 * then on the reference itself keeps it.
 */
export async function requireBucket(
  transaction: Queries,
  {
    member,
    caller,
    ...bucket
  }: {
    readonly accountID: string
    readonly bucketID: string
    /** Who names it: it must be one that they see. */
    readonly caller?: Caller
    /** What names it in the request; `bucketID` when absent. */
    readonly member?: string
  },
): Promise<void> {
  const isSeen = caller === undefined || (await isBucketSeen(transaction, caller, bucket.bucketID))
  if (isSeen && (await holdBucket(transaction, bucket))) return
  const { bucketID } = bucket
  const named = member === undefined ? {} : { member }
  throw new OperationError({ code: 'bucket-not-found', bucketID, ...named })
}

async function isBucketSeen(transaction: Queries, caller: Caller, id: string): Promise<boolean> {
  const scope = { accountID: caller.accountID, parents: {}, viewer: viewerOf(caller) }
  return (await findResource(transaction, BUCKETS, { scope, id })) !== undefined
}
