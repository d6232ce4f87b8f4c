// Tells what stock `restic` needs to open the account's repository in a bucket.
import { join } from 'node:path'
import { findBucketPlace, findRepositoryAt, openRepositorySecrets } from '@holdfast/db'
import { resticURLOf } from '@holdfast/domain'
import type { Caller } from './caller.ts'
import type { OperationContext } from './operation-context.ts'
import { OperationError } from './operation-failure.ts'

export interface RevealedRepository {
  /** For `restic -r`. */
  readonly url: string
  readonly password: string
}

export async function revealRepository(
  context: OperationContext,
  caller: Caller,
  bucketID: string,
): Promise<RevealedRepository> {
  const { database, sealing } = context
  const { accountID } = caller
  const bucket = await findBucketPlace(database, bucketID)
  if (bucket === undefined || bucket.accountID !== accountID) {
    throw new OperationError({ code: 'not-found', kind: 'bucket', id: bucketID })
  }
  const repository = await findRepositoryAt(database, accountID, { kind: 'bucket', bucketID })
  const secrets = repository && (await openRepositorySecrets(database, sealing, repository.id))
  if (repository === undefined || secrets === undefined) {
    throw new OperationError({ code: 'repository-not-made', bucketID })
  }
  const { password } = secrets
  if (bucket.s3 !== undefined) return { url: resticURLOf(bucket.s3, repository.prefix), password }
  if (bucket.localPath !== undefined) {
    return { url: join(bucket.localPath, repository.prefix), password }
  }
  throw new OperationError({ code: 'repository-not-made', bucketID })
}
