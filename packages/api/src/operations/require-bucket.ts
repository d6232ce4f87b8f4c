// Checks a bucket that a request names, in the transaction that writes the reference to it.
import { holdBucket, type Queries } from '@holdfast/db'
import { OperationError } from './operation-failure.ts'

/**
 * Fails with `bucket-not-found`. The bucket is not deleted before the transaction has ended; from
 * then on the reference itself keeps it.
 */
export async function requireBucket(
  transaction: Queries,
  bucket: { readonly accountID: string; readonly bucketID: string },
): Promise<void> {
  if (await holdBucket(transaction, bucket)) return
  throw new OperationError({ code: 'bucket-not-found', bucketID: bucket.bucketID })
}
