// What holds for a bucket whichever dialect puts it somewhere.
import {
  countBucketUse,
  forgetRepositoryIsMade,
  listKnownBuckets,
  moveRepository,
  type Queries,
} from '@holdfast/db'
import { type BucketPlace, LOCAL_MEMBER, placeKeyOf, serverOf } from './bucket-place.ts'
import type { Caller } from './caller.ts'
import type { OperationContext } from './operation-context.ts'
import { OperationError } from './operation-failure.ts'
import { checkPermission } from './permissions.ts'

/** Whether the caller may have a bucket in this directory. */
export async function checkDirectory(
  context: OperationContext,
  caller: Caller,
  path: string,
): Promise<void> {
  checkPermission(caller, 'manage-local-buckets')
  const reason = await context.refuseLocalBucket(path)
  if (reason === undefined) return
  throw new OperationError({ code: 'invalid-request', members: [{ name: LOCAL_MEMBER, reason }] })
}

type Place = Pick<BucketPlace, 'provider' | 'bucketParameters'> & { readonly prefix?: string }

interface NamedPlace {
  readonly accountID: string
  readonly name: string
  readonly place: Place
  readonly exceptID?: string
}

/** Two rows for one place would be two repositories with two passwords in it. */
export async function refuseSameBucket(
  transaction: Queries,
  { accountID, name, place, exceptID }: NamedPlace,
): Promise<void> {
  const key = placeKeyOf(place)
  for (const other of await listKnownBuckets(transaction, accountID)) {
    if (other.isDeleted || other.id === exceptID) continue
    const isSameName =
      other.name === name &&
      other.provider === place.provider &&
      serverOf(other) === serverOf(place)
    if (!isSameName && placeKeyOf(other) !== key) continue
    throw new OperationError({ code: 'bucket-exists', bucketID: other.id, name: other.name })
  }
}

interface BucketAt {
  readonly accountID: string
  readonly bucketID: string
  readonly place: Place
}

/** What was kept there by a bucket that was deleted since has its password in that row. */
export async function takeOverRepository(
  transaction: Queries,
  { accountID, bucketID, place }: BucketAt,
): Promise<void> {
  const key = placeKeyOf(place)
  for (const other of await listKnownBuckets(transaction, accountID)) {
    if (!other.isDeleted || placeKeyOf(other) !== key) continue
    if (!(await moveRepository(transaction, { from: other.id, to: bucketID }))) continue
    // Somebody may have emptied the bucket: the next backup opens it, or makes it anew.
    await forgetRepositoryIsMade(transaction, bucketID)
    return
  }
}

/** A bucket with copies was moved with its data; one without begins anew. */
export async function followPlace(transaction: Queries, at: BucketAt): Promise<void> {
  const { backups, snapshots } = await countBucketUse(transaction, at.bucketID)
  if (backups + snapshots > 0) return
  await forgetRepositoryIsMade(transaction, at.bucketID)
  await takeOverRepository(transaction, at)
}
