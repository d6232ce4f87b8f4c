// Checks a bucket that a request names, in the transaction that writes the reference to it.
import { holdBucket, type Queries } from '@holdfast/db'
import { OperationError } from './operation-failure.ts'

/**
 * Fails with `bucket-not-found`. The bucket is not deleted before the transaction has ended; from
 * then on the reference itself keeps it.
 */
export async function requireBucket(
  transaction: Queries,
  {
    member,
    ...bucket
  }: {
    readonly accountID: string
    readonly bucketID: string
    /** What names it in the request; `bucketID` when absent. */
    readonly member?: string
  },
): Promise<void> {
  if (await holdBucket(transaction, bucket)) return
  const { bucketID } = bucket
  const named = member === undefined ? {} : { member }
  throw new OperationError({ code: 'bucket-not-found', bucketID, ...named })
}
